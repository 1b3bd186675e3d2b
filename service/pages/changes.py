"""Wakes the open pages of a trip when the trip has moved, following the log once for all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import structlog
from aiohttp import web

from domain.log import UnreadableEvent
from domain.ports import EventLog

log = structlog.get_logger("service.pages")

PAGES_MAX = 500
BATCH_EVENTS = 1_000
POLL_S = 1.0
PAUSE_AFTER_ERROR_S = 2.0


def trips_of(tenant: str | None) -> str:
    """What to listen for to hear of every trip of a tenant's, or of everybody's."""
    return "everybody" if tenant is None else f"tenant {tenant}"


class TooManyPages(Exception):
    """More pages want to be told than one process tells; they look by themselves meanwhile."""


class Changes:
    """Each listening page holds an event that is set when it should look at its trip again. It
    may be set for nothing; it is never left unset after something happened."""

    def __init__(self, events: EventLog) -> None:
        self.events = events
        self.pages: dict[str, set[asyncio.Event]] = {}
        self.wanted = asyncio.Event()
        self.closed = False

    @contextmanager
    def of(self, what: str) -> Iterator[asyncio.Event]:
        """What is set whenever this trip, or one of `trips_of`, may have moved, until the block
        ends."""
        if sum(len(waiting) for waiting in self.pages.values()) >= PAGES_MAX:
            raise TooManyPages(what)
        rung = asyncio.Event()
        self.pages.setdefault(what, set()).add(rung)
        self.wanted.set()
        try:
            yield rung
        finally:
            self.pages[what].discard(rung)
            if not self.pages[what]:
                del self.pages[what]

    def close(self) -> None:
        """Let every open page go: the process is about to end."""
        self.closed = True
        self.ring_all()

    def ring(self, what: str) -> None:
        for rung in self.pages.get(what, ()):
            rung.set()

    def ring_all(self) -> None:
        for what in self.pages:
            self.ring(what)

    async def run(self) -> None:
        """Follow the log while any page listens."""
        while True:
            await self.wanted.wait()
            try:
                await self.follow()
            except UnreadableEvent as error:
                # The pages look for themselves; following goes on behind what cannot be read.
                log.error("changes_unreadable", reason=str(error))
            except Exception as error:
                log.warning("changes_failed", reason=type(error).__name__, exc_info=True)
            await asyncio.sleep(PAUSE_AFTER_ERROR_S if self.pages else 0)

    async def follow(self) -> None:
        position = await self.events.last_position()
        # Whoever listens already may have missed what was written before this position.
        self.ring_all()
        while self.pages:
            recorded = await self.events.read_all(position, BATCH_EVENTS)
            if not recorded:
                await self.events.changed(POLL_S)
                continue
            of_tenants = {trips_of(each.cause.tenant) for each in recorded}
            for what in {*of_tenants, trips_of(None), *(each.trip_id for each in recorded)}:
                self.ring(what)
            position = recorded[-1].position
        self.wanted.clear()


def changes_in(app: web.Application, events: EventLog) -> Changes:
    """What open pages listen to, for as long as the application lives."""
    changes = Changes(events)

    async def following(_: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(changes.run(), name="page-changes")
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def let_go(_: web.Application) -> None:
        changes.close()

    app.cleanup_ctx.append(following)
    app.on_shutdown.append(let_go)
    return changes
