"""Mistakes in the log, the outbox and the read models."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

from adapters.memory.event_log import MemoryEventLog
from adapters.memory.outbox import MemoryOutbox
from adapters.memory.read_models import MemoryReadModels
from domain.log import Append, Appended, Recorded, Task
from tests.simulation.planted.composition import Composition, Instead
from tests.simulation.planted.suppliers import A_FLIGHT, A_STAY

MOMENT_S = 1.0
UNCOMMITTED = timedelta(seconds=2)


class Overtaking(Instead):
    """Some of what was just recorded is not committed yet, while what came later is."""

    async def read_all(self, *asked: Any) -> list[Recorded]:
        latest = self.real.clock.now() - UNCOMMITTED
        return [
            recorded
            for recorded in await self.real.read_all(*asked)
            if recorded.recorded_at < latest or int(recorded.event_id[-1], 16) % 4
        ]


class FollowingAnUnorderedLog(Composition):
    breaks = frozenset({"R3"})

    def store(self, store: Any) -> Any:
        return Overtaking(store) if isinstance(store, MemoryEventLog) else store


class Careless(Instead):
    """What was true when it was looked at is taken to be true still."""

    async def append(self, append: Append) -> Appended:
        rows = self.real.by_trip[append.trip_id]
        ends = {str(r.notification.originator_id): r.notification.originator_version for r in rows}
        events = []
        for event in append.events:
            ends[event.stream_id] = ends.get(event.stream_id, 0) + 1
            events.append(replace(event, stream_version=ends[event.stream_id]))
        head = rows[-1].notification.id if rows else 0
        appended: Appended = await self.real.append(
            replace(append, expected_position=head, events=events)
        )
        return appended


class CheckingFirstAndRecordingLater(Composition):
    breaks = frozenset({"M1", "M2", "S1", "P1", "P4"})

    def store(self, store: Any) -> Any:
        return Careless(store) if isinstance(store, MemoryEventLog) else store


class Forgetful(Instead):
    async def append(self, append: Append) -> Appended:
        appended: Appended = await self.real.append(replace(append, effects=()))
        await asyncio.sleep(MOMENT_S)
        for effect in append.effects:
            kind = effect.kind.value
            self.real.outbox.put(kind, effect.key, effect.subject, effect.due, append.trip_id)
        return appended


class AskingForWorkAfterTheFacts(Composition):
    needs = frozenset({"crashes"})
    breaks = frozenset({"P1", "M1"})

    def store(self, store: Any) -> Any:
        return Forgetful(store) if isinstance(store, MemoryEventLog) else store


class Unfenced(Instead):
    """Whoever once had the task may still do with it what they like. Leases run out sooner than
    workers think, and the word that something will be sent takes longer than that."""

    async def claim(self, now: Any, limit: int, _lease_s: float) -> Any:
        return await self.real.claim(now, limit, MOMENT_S)

    async def announce(self, task: Task, _now: Any) -> bool:
        await asyncio.sleep(2 * MOMENT_S)
        self.real.tasks[task.key].sent = True
        return True

    async def finish(self, task: Task) -> None:
        self.real.tasks[task.key].give_back("done")


class LeasingWithoutFencing(Composition):
    breaks = frozenset({"S1"})
    begins = ((*A_FLIGHT, "sells_twice"), (*A_STAY, "sells_twice"))

    def store(self, store: Any) -> Any:
        return Unfenced(store) if isinstance(store, MemoryOutbox) else store


class Premature(Instead):
    async def claim(self, *asked: Any) -> Any:
        tasks = await self.real.claim(*asked)
        for task in tasks:
            await self.real.finish(task)
        return tasks


class FinishingBeforeDoing(Composition):
    needs = frozenset({"crashes", "stripe"})
    breaks = frozenset({"P1", "M1"})

    def store(self, store: Any) -> Any:
        return Premature(store) if isinstance(store, MemoryOutbox) else store


class AheadOfItself(Instead):
    async def apply(
        self, name: Any, rows: Any, start: int, end: int, version: int | None = None
    ) -> bool:
        if not await self.real.apply(name, [], start, end, version):
            return False
        await asyncio.sleep(MOMENT_S)
        written: bool = await self.real.apply(name, rows, end, end, version)
        return written


class MovingTheCheckpointBeforeTheRows(Composition):
    needs = frozenset({"crashes"})
    breaks = frozenset({"R3"})

    def store(self, store: Any) -> Any:
        return AheadOfItself(store) if isinstance(store, MemoryReadModels) else store
