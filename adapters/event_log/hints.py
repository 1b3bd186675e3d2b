"""Hints that there is something new to read, inside a process and between processes. A hint may
be lost or come for nothing: whoever waits for one reads afterwards, and reads again in any case."""

from __future__ import annotations

import asyncio
from asyncio import Task
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from weakref import WeakKeyDictionary

import asyncpg

CHANNEL = "tripledger"
# Nobody waits longer than this for a hint from another process.
POLL_S = 1.0
# Who tells of every commit, thousands a second, keeps everybody busy listening.
TELL_PAUSE_S = 0.005
# A hint that a crash takes with it is missed by nobody, so appends need not wait for its flush.
NOT_FLUSHED = {"synchronous_commit": "off"}
RECONNECT_PAUSE_S_MIN = 0.05
RECONNECT_PAUSE_S_MAX = 2.0


class Bell:
    """Wakes everyone who waits. A ring that came between two waits of one task ends the second
    at once, so that nothing is missed by "read, then wait"."""

    def __init__(self) -> None:
        self.rings = 0
        self.next_ring = asyncio.Event()
        self.heard: WeakKeyDictionary[Task[Any], int] = WeakKeyDictionary()

    def ring(self) -> None:
        self.rings += 1
        ringing, self.next_ring = self.next_ring, asyncio.Event()
        ringing.set()

    async def wait(self, timeout_s: float) -> None:
        task = asyncio.current_task()
        assert task is not None
        if self.heard.get(task, 0) == self.rings:
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    await self.next_ring.wait()
        self.heard[task] = self.rings


class Hints:
    """A bell for the log and one for the outbox, rung here and in every other process.

    NOTIFY goes out on a connection of its own, never in the transaction it tells of (commits with
    a NOTIFY wait for each other), and once for all that happened since the last one: the first
    after a quiet moment at once, the next a few milliseconds later.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.log = Bell()
        self.work = Bell()
        self.untold: set[str] = set()
        self.stir = asyncio.Event()

    @classmethod
    @asynccontextmanager
    async def listening(cls, url: str) -> AsyncIterator[Hints]:
        hints = cls(url)
        task = asyncio.create_task(hints.run(), name="hints")
        try:
            yield hints
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def tell_of_events(self) -> None:
        self.log.ring()
        self.tell("log")

    def tell_of_work(self) -> None:
        self.work.ring()
        self.tell("work")

    def tell(self, topic: str) -> None:
        self.untold.add(topic)
        self.stir.set()

    def ring_all(self) -> None:
        self.log.ring()
        self.work.ring()

    async def run(self) -> None:
        """Listen and tell for ever, on one connection after another."""
        pause = RECONNECT_PAUSE_S_MIN
        while True:
            # A driver that loses its server has many ways to say so, and none may end this loop.
            with suppress(Exception):
                connection = await asyncpg.connect(self.url, server_settings=NOT_FLUSHED)
                pause = RECONNECT_PAUSE_S_MIN
                try:
                    await self.serve(connection)
                finally:
                    connection.terminate()
            await asyncio.sleep(pause)
            pause = min(2 * pause, RECONNECT_PAUSE_S_MAX)

    async def serve(self, connection: asyncpg.Connection) -> None:
        own_pid = connection.get_server_pid()

        def heard(_connection: object, pid: int, _channel: str, topic: object) -> None:
            if pid != own_pid:
                (self.work if topic == "work" else self.log).ring()

        connection.add_termination_listener(lambda _connection: self.stir.set())
        await connection.add_listener(CHANNEL, heard)
        # What was told while nobody listened is lost: everyone looks once.
        self.ring_all()
        while not connection.is_closed():
            await self.stir.wait()
            self.stir.clear()
            topics, self.untold = self.untold, set()
            for topic in sorted(topics):
                await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, topic)
            await asyncio.sleep(TELL_PAUSE_S)
