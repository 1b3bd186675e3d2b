"""Read models made again from event 1, beside those that are read: to take their place, or to prove
that they are what the log says."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from adapters.read_models import Difference, Projection, ReadModels
from domain.ports import EventLog
from service.workers.projector import Projector

# What is left at the change-over is folded while the live rows stand still.
LITTLE_LEFT = 500
APPROACHES_MAX = 20

Told = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    name: Projection
    version: int
    events: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """`difference`: the first row that is not what the log says; None: each is, byte for byte."""

    name: Projection
    events: int
    difference: Difference | None


class Rebuilding:
    """One new version on its way through the log; the service may go on working meanwhile."""

    def __init__(
        self, log: EventLog, models: ReadModels, name: Projection, version: int, told: Told
    ) -> None:
        self.log = log
        self.projector = Projector(log, models, name, poll_s=0)
        self.models = models
        self.name = name
        self.version = version
        self.told = told
        self.events = 0

    async def follow_log(self) -> None:
        """To the end of the log; writers who go on are followed until little is left."""
        end = await self.log.last_position()
        for _ in range(APPROACHES_MAX):
            await self.follow(end)
            before, end = end, await self.log.last_position()
            if end - before <= LITTLE_LEFT:
                return

    async def follow(self, until: int) -> None:
        while folded := await self.projector.catch_up(self.version, until):
            self.events += folded
            self.told(await self.models.checkpoint(self.name, self.version))


@asynccontextmanager
async def rebuilding(
    log: EventLog, models: ReadModels, name: Projection, told: Told
) -> AsyncIterator[Rebuilding]:
    """A version that is dropped at the end unless it has gone live."""
    version = await models.begin_rebuild(name)
    try:
        yield Rebuilding(log, models, name, version, told)
    finally:
        await models.drop(name, version)


async def rebuild(
    log: EventLog, models: ReadModels, name: Projection, told: Told = lambda position: None
) -> Rebuilt:
    """Fold the log again from event 1 beside the old rows, then let the new ones be read.
    `told` hears the positions reached."""
    async with rebuilding(log, models, name, told) as fresh:
        await fresh.follow_log()
        await models.go_live(name, fresh.version, fresh.follow)
        return Rebuilt(name=name, version=fresh.version, events=fresh.events)


async def compare_with_log(
    log: EventLog, models: ReadModels, name: Projection, told: Told = lambda position: None
) -> Compared:
    """Fold the log again from event 1 up to where the live rows are, and compare them all."""
    async with rebuilding(log, models, name, told) as fresh:
        await fresh.follow(await models.checkpoint(name))
        found = await models.compare(name, fresh.version, fresh.follow)
        return Compared(name=name, events=fresh.events, difference=found)
