"""Looking around in the log, newest events first, without ever reading much of it at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from adapters.database import Database, as_uuid
from adapters.event_log.codec import EventCodec, UnreadableStoredEvent
from adapters.event_log.postgres import COLUMNS, recorded
from domain.log import Recorded

# A filter that few events pass looks at so many and then says how far it has come.
LOOKED_AT_MAX = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What of the log is wanted; what is not said does not matter."""

    tenant: str | None = None
    topic: str | None = None
    trip_id: str | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """An event of which only the place can be told."""

    position: int
    topic: str
    trip_id: str
    recorded_at: datetime
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPage:
    """`older` is the position to go on before; None: nothing older is there."""

    events: Sequence[Recorded | Unreadable]
    older: int | None


WINDOW = """
SELECT notification_id AS first FROM tripledger.trip_events
WHERE notification_id < $1 ORDER BY notification_id DESC OFFSET $2 LIMIT 1
"""

NEWEST = f"""
SELECT {COLUMNS} FROM tripledger.trip_events
WHERE notification_id < $1 AND notification_id >= $2 AND ($3::text IS NULL OR topic = $3)
ORDER BY notification_id DESC LIMIT $4
"""

# Said in a way that only the tenant's own index can answer.
NEWEST_OF_TENANT = f"""
SELECT {COLUMNS} FROM (
    SELECT * FROM tripledger.trip_events
    WHERE (tenant, notification_id) < ($3, $1) AND tenant >= $3
    ORDER BY tenant DESC, notification_id DESC LIMIT $5
) AS looked_at
WHERE $2::text IS NULL OR topic = $2
ORDER BY notification_id DESC LIMIT $4
"""

LAST_OF_TENANT = """
SELECT min(notification_id) AS first, count(*) AS events FROM (
    SELECT notification_id FROM tripledger.trip_events
    WHERE (tenant, notification_id) < ($2, $1) AND tenant >= $2
    ORDER BY tenant DESC, notification_id DESC LIMIT $3
) AS looked_at
"""

OF_TRIP = f"""
SELECT {COLUMNS} FROM tripledger.trip_events
WHERE trip_id = $1 AND notification_id < $2 AND ($3::text IS NULL OR topic = $3)
    AND ($4::text IS NULL OR tenant = $4)
ORDER BY notification_id DESC LIMIT $5
"""

NEXT_TIME = """
SELECT notification_id, recorded_at FROM tripledger.trip_events
WHERE notification_id >= $1 ORDER BY notification_id LIMIT 1
"""

EVERYTHING = 2**62


class LogBrowser:
    """Reads for people; whoever must not miss anything follows the log instead."""

    def __init__(self, database: Database, codec: EventCodec) -> None:
        self.pool = database.pool
        self.codec = codec

    async def page(self, sought: Sought, before: int | None = None, limit: int = 50) -> LogPage:
        end = before or EVERYTHING
        if sought.until is not None:
            end = min(end, await position_after(self.pool, sought.until))
        if sought.trip_id is not None:
            return await self.of_trip(sought, end, limit)
        if sought.tenant is not None:
            return await self.of_tenant(sought, end, limit)
        window = await self.pool.fetchval(WINDOW, end, LOOKED_AT_MAX - 1)
        rows = await self.pool.fetch(NEWEST, end, window or 0, sought.topic, limit + 1)
        return self.told(rows, limit, window)

    async def of_trip(self, sought: Sought, end: int, limit: int) -> LogPage:
        rows = await self.pool.fetch(
            OF_TRIP, as_uuid(sought.trip_id or ""), end, sought.topic, sought.tenant, limit + 1
        )
        return self.told(rows, limit, None)

    async def of_tenant(self, sought: Sought, end: int, limit: int) -> LogPage:
        rows = await self.pool.fetch(
            NEWEST_OF_TENANT, end, sought.topic, sought.tenant, limit + 1, LOOKED_AT_MAX
        )
        looked = None
        if len(rows) <= limit and sought.topic is not None:
            seen = await self.pool.fetchrow(LAST_OF_TENANT, end, sought.tenant, LOOKED_AT_MAX)
            looked = seen["first"] if seen["events"] == LOOKED_AT_MAX else None
        return self.told(rows, limit, looked)

    def told(self, rows: Sequence[asyncpg.Record], limit: int, looked: int | None) -> LogPage:
        """`looked`: the first position that was looked at, where the log goes on before it."""
        if len(rows) > limit:
            older: int | None = rows[limit - 1]["notification_id"]
        else:
            older = looked
        return LogPage(events=[self.read(row) for row in rows[:limit]], older=older)

    def read(self, row: asyncpg.Record) -> Recorded | Unreadable:
        try:
            return recorded(row, self.codec)
        except UnreadableStoredEvent as error:
            return Unreadable(
                position=row["notification_id"],
                topic=row["topic"],
                trip_id=str(row["trip_id"]),
                recorded_at=row["recorded_at"],
                why=str(error),
            )


async def position_after(pool: asyncpg.Pool, moment: datetime) -> int:
    """The first position recorded after a moment, found by halving: times follow positions, but
    for what several processes wrote in the same instant."""
    last = await pool.fetchval("SELECT max(notification_id) FROM tripledger.trip_events")
    low, high = 1, int(last or 0) + 1
    while low < high:
        middle = (low + high) // 2
        row = await pool.fetchrow(NEXT_TIME, middle)
        if row is None or row["recorded_at"] > moment:
            high = middle
        else:
            low = int(row["notification_id"]) + 1
    return low
