"""The event log in memory: the same encoded bytes, refusals and order as in Postgres."""

from __future__ import annotations

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from eventsourcing.persistence import Notification

from adapters.event_log.appending import EventIdsReused, check, continued
from adapters.event_log.codec import EventCodec, UnreadableStoredEvent
from adapters.event_log.hints import Bell
from adapters.memory.outbox import MemoryOutbox
from domain.log import Append, Appended, Cause, Recorded, TripMoved
from domain.ports import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One event as it is kept: its payload encoded."""

    notification: Notification
    event_id: str
    trip_id: str
    recorded_at: datetime
    cause: Cause


class MemoryEventLog:
    """Implements `domain.ports.EventLog`. Without a `clock` events carry the machine's time."""

    def __init__(
        self, codec: EventCodec, outbox: MemoryOutbox | None = None, clock: Clock | None = None
    ) -> None:
        self.codec = codec
        self.outbox = outbox or MemoryOutbox()
        self.clock = clock
        self.rows: list[Row] = []
        self.by_event_id: dict[str, Row] = {}
        self.by_trip: defaultdict[str, list[Row]] = defaultdict(list)
        self.by_stream: defaultdict[str, list[Row]] = defaultdict(list)
        self.bell = Bell()

    async def append(self, append: Append) -> Appended:
        check(append)
        stored = [self.codec.store(new) for new in append.events]
        # Others get their turn between what the caller has read and what it writes.
        await asyncio.sleep(0)
        known = [self.by_event_id.get(str(UUID(new.event_id))) for new in append.events]
        trip_id = str(UUID(append.trip_id))
        trip = self.by_trip[trip_id]
        head = trip[-1].notification.id if trip else 0
        moved = head != append.expected_position or not self.versions_follow(append)
        # Whoever has not seen what was recorded may be telling it again; others may not.
        if moved and all(known):
            self.bell.ring()
            return appended([row for row in known if row], duplicate=True)
        if any(known):
            raise EventIdsReused("some of these event ids are recorded already")
        if moved:
            raise TripMoved(append.trip_id)
        now = self.clock.now() if self.clock else datetime.now(UTC)
        recorded_at = max(now, trip[-1].recorded_at) if trip else now
        written = []
        for new, event in zip(append.events, stored, strict=True):
            row = Row(
                notification=Notification(**vars(event), id=len(self.rows) + 1),
                event_id=str(UUID(new.event_id)),
                trip_id=trip_id,
                recorded_at=recorded_at,
                cause=append.cause,
            )
            self.keep(row)
            written.append(row)
        for effect in append.effects:
            self.outbox.put(effect.kind.value, effect.key, effect.subject, effect.due, trip_id)
        self.bell.ring()
        return appended(written, duplicate=False)

    def versions_follow(self, append: Append) -> bool:
        """Every stream goes on where it ended."""
        before = continued(append.events)
        return all(len(self.by_stream[str(s)]) == version for s, version in before.items())

    def keep(self, row: Row) -> None:
        self.rows.append(row)
        self.by_event_id[row.event_id] = row
        self.by_trip[row.trip_id].append(row)
        self.by_stream[str(row.notification.originator_id)].append(row)

    async def read_trip(self, trip_id: str, after: int = 0) -> Sequence[Recorded]:
        await asyncio.sleep(0)
        rows = self.by_trip.get(trip_id.lower(), [])
        return [self.recorded(row) for row in rows if row.notification.id > after]

    async def read_stream(self, stream_id: str, after_version: int = 0) -> Sequence[Recorded]:
        await asyncio.sleep(0)
        rows = self.by_stream.get(stream_id.lower(), [])
        return [self.recorded(row) for row in rows[max(after_version, 0) :]]

    async def read_all(
        self, after: int, limit: int, tenant: str | None = None
    ) -> Sequence[Recorded]:
        """An unreadable event ends the page before it; it is raised when it comes first."""
        await asyncio.sleep(0)
        page: list[Recorded] = []
        for row in self.rows[max(after, 0) :]:
            if len(page) == limit:
                break
            if tenant is not None and row.cause.tenant != tenant:
                continue
            try:
                page.append(self.recorded(row))
            except UnreadableStoredEvent:
                if not page:
                    raise
                break
        return page

    async def pages(
        self, after: int, limit: int, tenant: str | None = None
    ) -> AsyncGenerator[Sequence[Recorded]]:
        while page := await self.read_all(after, limit, tenant):
            yield page
            after = page[-1].position

    async def last_position(self) -> int:
        await asyncio.sleep(0)
        return len(self.rows)

    @property
    def rings(self) -> int:
        return self.bell.rings

    async def changed(self, timeout_s: float) -> None:
        await self.bell.wait(timeout_s)

    def recorded(self, row: Row) -> Recorded:
        notification = row.notification
        return Recorded(
            position=notification.id,
            event_id=row.event_id,
            trip_id=row.trip_id,
            stream_id=str(notification.originator_id),
            stream_version=notification.originator_version,
            topic=notification.topic,
            event=self.codec.read(notification, notification.id),
            recorded_at=row.recorded_at,
            cause=row.cause,
        )

    def digest(self) -> str:
        """A fingerprint of everything recorded: equal runs have equal ones."""
        return hashlib.sha256(repr(self.rows).encode()).hexdigest()


def appended(rows: Sequence[Row], *, duplicate: bool) -> Appended:
    return Appended(
        first_position=rows[0].notification.id,
        last_position=rows[-1].notification.id,
        recorded_at=rows[0].recorded_at,
        duplicate=duplicate,
    )
