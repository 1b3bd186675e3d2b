"""Keeps the read models: folds what is new in the log into rows, and remembers how far it got."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from adapters.event_log.codec import UnreadableStoredEvent
from adapters.read_models import Checkpoint, Projection, ReadModels, Row
from domain.log import Recorded, UnreadableEvent
from domain.ports import EventLog
from service.workers.failing import pause_s
from service.workers.folds import FOLDS, TOPICS_BEGIN
from service.workers.pages import Pages

log = structlog.get_logger()

BATCH_EVENTS = 1_000
# What comes within this time is folded together: a transaction for each event costs the doors more.
GATHER_S = 0.02


class Projector:
    """One read model's follower. Several may run: the checkpoint lets only one be right."""

    def __init__(self, log: Pages, models: ReadModels, name: Projection, poll_s: float) -> None:
        self.log = log
        self.models = models
        self.name = name
        self.poll_s = poll_s
        self.reached: int | None = None

    async def run(self) -> None:
        failures = 0
        while True:
            try:
                if self.seen_the_end() or not await self.catch_up():
                    await self.log.changed(self.poll_s)
                    await asyncio.sleep(GATHER_S)
                failures = 0
            except UnreadableEvent as error:
                # It will not get better by itself; the other read models go on without this one.
                log.error("projection_stopped", projection=self.name, reason=str(error))
                return
            except Exception as error:
                log.warning(
                    "projection_failed",
                    projection=self.name,
                    reason=type(error).__name__,
                    exc_info=True,
                )
                failures += 1
                await asyncio.sleep(pause_s(failures))

    def seen_the_end(self) -> bool:
        return self.reached is not None and self.log.at_end(self.reached)

    async def catch_up(self, version: int | None = None, until: int | None = None) -> int:
        """Fold one batch, not beyond `until`; answers how many events it held. While the read model
        is paused only a rebuild, which is read by nobody yet, goes on."""
        self.reached = None
        point = await self.place(version)
        if point.paused and version is None:
            return 0
        written, start = point.version, point.position
        try:
            batch = await self.log.read_all(start, BATCH_EVENTS)
        except UnreadableStoredEvent as error:
            return await self.pass_by(error, written, start, until)
        if until is not None:
            batch = [recorded for recorded in batch if recorded.position <= until]
        if not batch:
            self.reached = start
            return 0
        rows = await self.fold(batch, written)
        end = batch[-1].position
        if await self.models.apply(self.name, rows, start, end, written):
            self.reached = end
        return len(batch)

    async def place(self, version: int | None) -> Checkpoint:
        """Where a version (default: the live one) is: rows that are read of one version must never
        be written to another that has just taken its place."""
        for point in await self.models.checkpoints():
            wanted = point.live if version is None else point.version == version
            if point.name == self.name and wanted:
                return point
        raise LookupError(f"{self.name} has no version {version}")

    async def pass_by(
        self, error: UnreadableStoredEvent, version: int, start: int, until: int | None
    ) -> int:
        """Go on behind an event that this read model would not have looked at."""
        if error.position is None or needs(self.name, error.topic):
            raise error
        if until is not None and error.position > until:
            return 0
        await self.models.apply(self.name, [], start, error.position, version)
        return 1

    async def fold(self, batch: Sequence[Recorded], version: int) -> Sequence[Row]:
        return await FOLDS[self.name](self.models, batch, version)


def needs(name: Projection, topic: str) -> bool:
    """Whether the read model looks at events of this topic."""
    return topic.startswith(TOPICS_BEGIN[name])


async def stopped_by(
    log: EventLog, name: Projection, position: int
) -> UnreadableStoredEvent | None:
    """The event behind `position` that stops the read model, as the log itself says: whoever asks
    is told so whether or not a follower is running. None: it can go on."""
    try:
        await log.read_all(position, 1)
    except UnreadableStoredEvent as error:
        return error if needs(name, error.topic) else None
    return None
