"""Reports of what is said differently, in memory."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from adapters.memory.event_log import MemoryEventLog
from adapters.operators.reconciliations import DEAD_AFTER, KEPT, Drift, Run

CHECKED_OUT = "trip.checkout-initialized.v1"


@dataclass(slots=True)
class KeptRun:
    """A run, when it last gave a sign of life, and what it has found so far by its key."""

    run: Run
    alive_at: datetime
    found: dict[str, Drift]


class MemoryReconciliations:
    """Implements `adapters.operators.reconciliations.Reconciliations`; trips are the log's."""

    def __init__(self, log: MemoryEventLog) -> None:
        self.log = log
        self.runs: dict[str, KeptRun] = {}
        self.settled: dict[str, tuple[str, str, datetime]] = {}

    async def claim(
        self, now: datetime, *, every: timedelta, overlap: timedelta, first_look: timedelta
    ) -> Run | None:
        await asyncio.sleep(0)
        whole = [kept for kept in self.runs.values() if kept.run.trip_id is None]
        for kept in whole:
            lives = kept.run.finished_at is not None or kept.alive_at > now - DEAD_AFTER
            if lives and kept.run.started_at > now - every:
                return None
        ended = [kept.run.started_at for kept in whole if kept.run.finished_at is not None]
        return self.begun(now, max(ended) - overlap if ended else now - first_look, None)

    async def begin(self, now: datetime, since: datetime, trip_id: str | None) -> Run:
        await asyncio.sleep(0)
        for run_id, kept in list(self.runs.items()):
            if kept.run.started_at < now - KEPT:
                del self.runs[run_id]
        return self.begun(now, since, str(UUID(trip_id)) if trip_id else None)

    def begun(self, now: datetime, since: datetime, trip_id: str | None) -> Run:
        run = Run(run_id=str(uuid4()), started_at=now, since=since, trip_id=trip_id)
        self.runs[run.run_id] = KeptRun(run, now, {})
        return run

    async def alive(self, run: Run, now: datetime, compared: int) -> None:
        await asyncio.sleep(0)
        if kept := self.runs.get(run.run_id):
            kept.alive_at = now
            kept.run = replace(kept.run, compared=compared)

    async def add(self, run: Run, drift: Drift, now: datetime) -> None:
        await asyncio.sleep(0)
        found = self.runs[run.run_id].found
        if known := found.get(drift.key):
            found[drift.key] = replace(known, done=drift.done)
            return
        before = (kept.found.get(drift.key) for kept in self.runs.values())
        seen = [each.first_seen_at for each in before if each and each.first_seen_at]
        found[drift.key] = replace(drift, first_seen_at=min(seen, default=now))

    async def finish(self, run: Run, now: datetime, compared: int) -> None:
        await self.alive(run, now, compared)
        if kept := self.runs.get(run.run_id):
            kept.run = replace(kept.run, finished_at=now)

    async def last(self, *, of_one_trip: bool = False) -> Run | None:
        await asyncio.sleep(0)
        ended = [
            kept.run
            for kept in self.runs.values()
            if kept.run.finished_at is not None and (of_one_trip or kept.run.trip_id is None)
        ]
        return max(ended, key=lambda run: run.started_at, default=None)

    async def drifts(self, run: Run, tenant: str | None = None) -> Sequence[Drift]:
        await asyncio.sleep(0)
        kept = self.runs.get(run.run_id)
        found = [d for d in kept.found.values() if tenant in {None, d.tenant}] if kept else []
        return sorted(found, key=lambda drift: (drift.first_seen_at, drift.key))

    async def trips_since(self, since: datetime) -> list[str]:
        """Found by halving, as in Postgres: times follow positions."""
        await asyncio.sleep(0)
        rows = self.log.rows
        first = bisect_right(rows, since, key=lambda row: row.recorded_at)
        moved = sorted({row.trip_id for row in rows[first:]})
        return [trip_id for trip_id in moved if self.checked_out(trip_id)]

    def checked_out(self, trip_id: str) -> bool:
        return any(r.notification.topic == CHECKED_OUT for r in self.log.by_trip[trip_id])

    async def accept(self, key: str, reason: str, by: str, now: datetime) -> None:
        await asyncio.sleep(0)
        self.settled.setdefault(key, (reason, by, now))

    async def accepted(self, keys: Sequence[str]) -> set[str]:
        await asyncio.sleep(0)
        return self.settled.keys() & set(keys)
