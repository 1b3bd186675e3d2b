"""Read models made again from event 1, beside those that are read: to take their place, or to prove
that they are what the log says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from adapters.read_models import Difference, Projection, ReadModels
from domain.ports import EventLog
from service.workers.pages import Pages
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

    def __init__(self, pages: Pages, models: ReadModels, name: Projection, version: int) -> None:
        self.projector = Projector(pages, models, name, poll_s=0)
        self.name = name
        self.version = version
        self.events = 0

    async def step(self, until: int) -> int:
        """One page further, not beyond `until`; answers how many events it held."""
        folded = await self.projector.catch_up(self.version, until)
        self.events += folded
        return folded

    async def follow(self, until: int) -> None:
        while await self.step(until):
            pass


async def follow_together(all_of_them: Sequence[Rebuilding], until: int, told: Told) -> None:
    """All to `until`, page by page; raises what stopped one of them when none works any more."""
    while True:
        steps = [one.step(until) for one in all_of_them]
        answers = await asyncio.gather(*steps, return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        if not any(answers):
            return
        told(max(one.events for one in all_of_them))


@asynccontextmanager
async def rebuilding(
    pages: Pages, models: ReadModels, name: Projection
) -> AsyncIterator[Rebuilding]:
    """A version that is dropped at the end unless it has gone live."""
    version = await models.begin_rebuild(name)
    try:
        yield Rebuilding(pages, models, name, version)
    finally:
        await models.drop(name, version)


async def rebuild(
    log: EventLog,
    models: ReadModels,
    names: Sequence[Projection],
    told: Told = lambda events: None,
) -> Sequence[Rebuilt]:
    """Fold the log again from event 1 beside the old rows, once for all these read models, then
    let the new rows be read. `told` hears how many events were folded."""
    async with AsyncExitStack() as stack:
        pages = Pages(log)
        fresh = [await stack.enter_async_context(rebuilding(pages, models, n)) for n in names]
        end = await log.last_position()
        for _ in range(APPROACHES_MAX):
            await follow_together(fresh, end, told)
            # Writers who go on are followed until little is left.
            before, end = end, await log.last_position()
            if end - before <= LITTLE_LEFT:
                break
        for one in fresh:
            await models.go_live(one.name, one.version, one.follow)
        return [Rebuilt(name=o.name, version=o.version, events=o.events) for o in fresh]


async def compare_with_log(
    log: EventLog, models: ReadModels, name: Projection, told: Told = lambda events: None
) -> Compared:
    """Fold the log again from event 1 up to where the live rows are, and compare them all."""
    async with rebuilding(Pages(log), models, name) as fresh:
        await follow_together([fresh], await models.checkpoint(name), told)
        found = await models.compare(name, fresh.version, fresh.follow)
        return Compared(name=name, events=fresh.events, difference=found)
