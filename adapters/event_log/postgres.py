"""The event log in Postgres: appends in groups, reads in commit order, and a hint after each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import asyncpg
import msgspec
from eventsourcing.persistence import StoredEvent

from adapters.database import Database, as_uuid
from adapters.event_log.appending import EventIdsReused, check
from adapters.event_log.codec import EventCodec, UnreadableStoredEvent
from adapters.event_log.committer import Committer, Prepared, encode_meta
from adapters.event_log.hints import POLL_S
from domain.log import Append, Appended, Cause, Recorded, TripMoved
from domain.ports import Clock

VERIFY_S_MAX = 3600.0

# In the order in which `recorded` takes them. Ids come as the text they are read as.
COLUMNS = """notification_id, event_id::text, trip_id::text, originator_id::text,
    originator_version, topic, state, recorded_at, tenant, meta::text AS meta"""
# Events of one append share theirs, and are read one after another.
CAUSES_KEPT = 256


PAGE = f"""
SELECT {COLUMNS} FROM tripledger.trip_events
WHERE notification_id > $1 ORDER BY notification_id LIMIT $2
"""

# Said in a way that only the tenant's own index can answer. Asked for `tenant = $3` in order, the
# planner likes to walk through everybody's events in the hope of meeting enough of the tenant's.
PAGE_OF_TENANT = f"""
SELECT {COLUMNS} FROM tripledger.trip_events
WHERE (tenant, notification_id) > ($3, $1) AND tenant <= $3
ORDER BY tenant, notification_id LIMIT $2
"""


@dataclass(frozen=True, slots=True)
class BrokenLink:
    """An event that is not what was recorded, or that follows one which is missing."""

    position: int
    stream_id: str
    stream_version: int


class PostgresEventLog:
    """Implements `domain.ports.EventLog`. Without a `clock` events carry the database's time."""

    def __init__(
        self,
        database: Database,
        codec: EventCodec,
        committer: Committer,
        clock: Clock | None = None,
    ) -> None:
        self.database = database
        self.codec = codec
        self.committer = committer
        self.clock = clock

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, database: Database, codec: EventCodec, clock: Clock | None = None
    ) -> AsyncIterator[PostgresEventLog]:
        """A log that takes appends until the block ends."""
        async with Committer.running(database.url) as committer:
            yield cls(database, codec, committer, clock)

    async def append(self, append: Append) -> Appended:
        check(append)
        prepared = Prepared(
            append=append,
            stored=[self.codec.store(new) for new in append.events],
            meta=meta_of(append.cause),
            at=self.clock.now() if self.clock else None,
        )
        outcome = await self.committer.commit(prepared)
        match outcome.verdict:
            case "moved":
                raise TripMoved(append.trip_id)
            case "reused":
                raise EventIdsReused("some of these event ids are recorded already")
        self.database.hints.tell_of_events()
        if append.effects:
            self.database.hints.tell_of_work()
        return Appended(
            first_position=outcome.first_position,
            last_position=outcome.last_position,
            recorded_at=outcome.recorded_at,
            duplicate=outcome.verdict == "duplicate",
        )

    async def read_trip(self, trip_id: str, after: int = 0) -> Sequence[Recorded]:
        rows = await self.database.pool.fetch(
            f"SELECT {COLUMNS} FROM tripledger.trip_events"
            " WHERE trip_id = $1 AND notification_id > $2 ORDER BY notification_id",
            as_uuid(trip_id),
            after,
        )
        return [recorded(row, self.codec) for row in rows]

    async def read_stream(self, stream_id: str, after_version: int = 0) -> Sequence[Recorded]:
        rows = await self.database.pool.fetch(
            f"SELECT {COLUMNS} FROM tripledger.trip_events"
            " WHERE originator_id = $1 AND originator_version > $2 ORDER BY originator_version",
            as_uuid(stream_id),
            after_version,
        )
        return [recorded(row, self.codec) for row in rows]

    async def read_all(
        self, after: int, limit: int, tenant: str | None = None
    ) -> Sequence[Recorded]:
        """An unreadable event ends the page before it; it is raised when it comes first."""
        return readable_prefix(await self.rows(after, limit, tenant), self.codec)

    async def pages(
        self, after: int, limit: int, tenant: str | None = None
    ) -> AsyncGenerator[Sequence[Recorded]]:
        """The database reads the next page while this one is decoded and used."""
        coming = asyncio.create_task(self.rows(after, limit, tenant))
        try:
            while rows := await coming:
                coming = asyncio.create_task(self.rows(rows[-1][0], limit, tenant))
                await asyncio.sleep(0)  # so that it is asked for before there is work here
                page = readable_prefix(rows, self.codec)
                yield page
                for row in rows[len(page) :]:
                    recorded(row, self.codec)  # raises
        finally:
            coming.cancel()

    async def rows(self, after: int, limit: int, tenant: str | None) -> Sequence[asyncpg.Record]:
        if tenant is None:
            rows = await self.database.pool.fetch(PAGE, after, limit)
        else:
            rows = await self.database.pool.fetch(PAGE_OF_TENANT, after, limit, tenant)
        return list(rows)

    async def last_position(self) -> int:
        position = await self.database.pool.fetchval(
            "SELECT notification_id FROM tripledger.trip_events"
            " ORDER BY notification_id DESC LIMIT 1"
        )
        return int(position or 0)

    @property
    def rings(self) -> int:
        return self.database.hints.log.rings

    async def changed(self, timeout_s: float) -> None:
        await self.database.hints.log.wait(min(timeout_s, POLL_S))

    async def broken_links(self) -> Sequence[BrokenLink]:
        """Reads the whole log: what was changed, moved or removed since it was recorded."""
        rows = await self.database.pool.fetch(
            "SELECT position, stream_id, stream_version FROM tripledger.broken_links"
            " ORDER BY position",
            timeout=VERIFY_S_MAX,
        )
        return [BrokenLink(r["position"], str(r["stream_id"]), r["stream_version"]) for r in rows]


def meta_of(cause: Cause) -> str:
    return encode_meta(
        {
            "actor": cause.actor,
            "request_id": cause.request_id,
            "causation": cause.causation,
            "correlation": cause.correlation,
            "trace": cause.trace,
        }
    )


@lru_cache(CAUSES_KEPT)
def cause_of(tenant: str, meta: str) -> Cause:
    facts: dict[str, Any] = msgspec.json.decode(meta)
    return Cause(
        tenant=tenant,
        actor=facts.get("actor", ""),
        request_id=facts.get("request_id"),
        causation=facts.get("causation"),
        correlation=facts.get("correlation"),
        trace=facts.get("trace"),
    )


def recorded(columns: Iterable[Any], codec: EventCodec) -> Recorded:
    """The `COLUMNS` of a row as what they say; raises UnreadableStoredEvent."""
    position, event_id, trip_id, stream_id, version, topic, state, at, tenant, meta = columns
    event = codec.read_present(topic, state)
    if event is None:
        event = codec.read(StoredEvent(stream_id, version, topic, state), position)
    cause = cause_of(tenant, meta)
    return Recorded(position, event_id, trip_id, stream_id, version, topic, event, at, cause)


def readable_prefix(rows: Sequence[asyncpg.Record], codec: EventCodec) -> Sequence[Recorded]:
    page: list[Recorded] = []
    for row in rows:
        try:
            page.append(recorded(row, codec))
        except UnreadableStoredEvent:
            if not page:
                raise
            break
    return page
