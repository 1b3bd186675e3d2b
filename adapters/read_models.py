"""Rows that projections made of the log, written together with how far the log was seen.

A projection may have several versions side by side (one is rebuilt while another is read); readers
see the live one. Each batch of rows moves its version's checkpoint from where it was to where it
is by compare-and-set: of two runners of one projection only one can be right.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

import asyncpg

from adapters.database import Database, as_uuid, rows_touched
from adapters.event_log.codec import EventCodec
from adapters.event_log.postgres import COLUMNS, recorded
from adapters.read_tables import TABLES
from adapters.read_tables import BookingRow as BookingRow
from adapters.read_tables import Projection as Projection
from adapters.read_tables import Row as Row
from adapters.read_tables import TripRow as TripRow
from domain.log import Recorded


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """How far a version is. `paused`: an operator wants the read model to stay where it is."""

    name: Projection
    version: int
    position: int
    live: bool
    paused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A row that is not the same in two versions: its key, and what differs."""

    name: str
    key: str
    columns: tuple[str, ...]


# Brings a version that is being made to the position where the live one is held.
Level = Callable[[int], Awaitable[None]]


class ReadModels(Protocol):
    async def checkpoint(self, name: Projection, version: int | None = None) -> int:
        """The position up to which a version (default: the live one) has seen the log."""
        ...

    async def checkpoints(self) -> Sequence[Checkpoint]: ...

    async def apply(
        self,
        name: Projection,
        rows: Sequence[Row],
        from_position: int,
        to_position: int,
        version: int | None = None,
    ) -> bool:
        """Write the rows and move the checkpoint, both or neither. False: the checkpoint is not
        at `from_position`, somebody else moved it, or the live version is paused."""
        ...

    async def begin_rebuild(self, name: Projection) -> int:
        """A new empty version at position 0; answers its number."""
        ...

    async def go_live(self, name: Projection, version: int, level: Level | None = None) -> None:
        """Read this version from now on, and drop the others. `level` is called while the live
        version is held where it is: what was read before the change is never newer than after."""
        ...

    async def compare(self, name: Projection, version: int, level: Level) -> Difference | None:
        """The first row in which a version differs from the live one, both at one position."""
        ...

    async def drop(self, name: Projection, version: int) -> None:
        """Forget a version that is not live."""
        ...

    async def rows(self, name: Projection, keys: Sequence[str], version: int) -> Sequence[Any]:
        """The rows there are under these keys, in the order of the keys."""
        ...

    async def trips(self, trip_ids: Sequence[str], version: int | None = None) -> list[TripRow]:
        """The rows there are of these trips."""
        ...

    async def trip_with_tail(self, trip_id: str) -> tuple[TripRow | None, Sequence[Recorded]]:
        """The live row and the trip's events after it, as of one instant: together they are the
        trip as it is now, however far behind the projection may be."""
        ...

    async def booking(self, booking_id: str) -> BookingRow | None: ...

    async def booking_by_code(self, code: str) -> BookingRow | None: ...

    async def bookings_of_group(self, group_id: str) -> Sequence[BookingRow]: ...

    async def bookings_of_trip(self, trip_id: str) -> Sequence[BookingRow]: ...

    async def bookings(
        self, booking_ids: Sequence[str], version: int | None = None
    ) -> Sequence[BookingRow]:
        """The rows there are of these bookings."""
        ...


MOVE_CHECKPOINT = """
UPDATE tripledger.checkpoints SET position = $4
WHERE name = $1 AND position = $3 AND CASE WHEN $2::int IS NULL THEN live ELSE version = $2 END
AND NOT (live AND EXISTS (SELECT FROM tripledger.projection_pauses p WHERE p.name = $1))
RETURNING version
"""

FOLDED_COLUMNS = 3
TRIP_WITH_TAIL = f"""
SELECT r.tenant AS row_tenant, r.position AS row_position, r.state AS row_state, e.*
FROM (VALUES ($1::uuid)) AS wanted (trip_id)
LEFT JOIN tripledger.read_trip_details r
    ON r.version = tripledger.live_version('trip_details') AND r.trip_id = wanted.trip_id
LEFT JOIN LATERAL (
    SELECT {COLUMNS} FROM tripledger.trip_events t
    WHERE t.trip_id = wanted.trip_id AND t.notification_id > coalesce(r.position, 0)
) AS e ON true
ORDER BY e.notification_id
"""

BOOKING_COLUMNS = "booking_id, code, group_id, trip_id, tenant, position, doc"

SWEEP_ROWS = 10_000
# Whole tables are read for a comparison.
COMPARE_S_MAX = 3600.0


class PostgresReadModels:
    """Implements `ReadModels`."""

    def __init__(self, database: Database, codec: EventCodec) -> None:
        self.pool = database.pool
        self.codec = codec

    async def checkpoint(self, name: Projection, version: int | None = None) -> int:
        position = await self.pool.fetchval(
            "SELECT position FROM tripledger.checkpoints WHERE name = $1"
            " AND CASE WHEN $2::int IS NULL THEN live ELSE version = $2 END",
            name,
            version,
        )
        if position is None:
            raise LookupError(f"{name} has no version {version}")
        return int(position)

    async def checkpoints(self) -> Sequence[Checkpoint]:
        rows = await self.pool.fetch(
            "SELECT name, version, position, live, paused_at IS NOT NULL AS paused"
            " FROM tripledger.checkpoints LEFT JOIN tripledger.projection_pauses USING (name)"
            " ORDER BY name, version"
        )
        return [Checkpoint(**dict(row)) for row in rows]

    async def apply(
        self,
        name: Projection,
        rows: Sequence[Row],
        from_position: int,
        to_position: int,
        version: int | None = None,
    ) -> bool:
        async with self.pool.acquire() as connection, connection.transaction():
            moved = await connection.fetchval(
                MOVE_CHECKPOINT, name, version, from_position, to_position
            )
            if moved is None:
                return False
            if rows:
                table = TABLES[name]
                await connection.execute(table.write, moved, *table.columns(rows))
            return True

    async def begin_rebuild(self, name: Projection) -> int:
        version = await self.pool.fetchval(
            "INSERT INTO tripledger.checkpoints (name, version, live)"
            " SELECT name, max(version) + 1, false FROM tripledger.checkpoints"
            " WHERE name = $1 GROUP BY name RETURNING version",
            name,
        )
        return int(version)

    async def go_live(self, name: Projection, version: int, level: Level | None = None) -> None:
        async with self.held(name) as (connection, _, position):
            if level is not None:
                await level(position)
            await connection.execute(
                "DELETE FROM tripledger.checkpoints WHERE name = $1 AND version <> $2",
                name,
                version,
            )
            went = await connection.fetchval(
                "UPDATE tripledger.checkpoints SET live = true"
                " WHERE name = $1 AND version = $2 RETURNING version",
                name,
                version,
            )
            if went is None:
                raise LookupError(f"{name} has no version {version}")
        await self.sweep(name)

    async def compare(self, name: Projection, version: int, level: Level) -> Difference | None:
        async with self.held(name) as (connection, live, position):
            await level(position)
            for query in TABLES[name].differences:
                row = await connection.fetchrow(query, live, version, timeout=COMPARE_S_MAX)
                if row is not None:
                    return Difference(name=name, key=row["key"], columns=tuple(row["differ"]))
        return None

    async def drop(self, name: Projection, version: int) -> None:
        await self.pool.execute(
            "DELETE FROM tripledger.checkpoints WHERE name = $1 AND version = $2 AND NOT live",
            name,
            version,
        )
        await self.sweep(name)

    @asynccontextmanager
    async def held(self, name: Projection) -> AsyncIterator[tuple[asyncpg.Connection, int, int]]:
        """A transaction in which the live version stays where it is, its number and position."""
        async with self.pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(
                "SELECT version, position FROM tripledger.checkpoints"
                " WHERE name = $1 AND live FOR UPDATE",
                name,
            )
            yield connection, row["version"], row["position"]

    async def sweep(self, name: Projection) -> None:
        """Remove rows of versions that are no more, a few at a time: nobody waits for it."""
        table = TABLES[name].name
        gone = await self.pool.fetch(
            f"SELECT DISTINCT version FROM tripledger.{table} EXCEPT"
            " SELECT version FROM tripledger.checkpoints WHERE name = $1",
            name,
            timeout=COMPARE_S_MAX,
        )
        for (version,) in gone:
            deleted = SWEEP_ROWS
            while deleted == SWEEP_ROWS:
                status = await self.pool.execute(
                    f"DELETE FROM tripledger.{table} WHERE ctid = ANY(ARRAY("
                    f"SELECT ctid FROM tripledger.{table} WHERE version = $1 LIMIT $2))",
                    version,
                    SWEEP_ROWS,
                )
                deleted = rows_touched(status)

    async def rows(self, name: Projection, keys: Sequence[str], version: int) -> Sequence[Any]:
        table = TABLES[name]
        found = await self.pool.fetch(table.read, version, known_uuids(keys))
        return [table.row_of(row) for row in found]

    async def trips(self, trip_ids: Sequence[str], version: int | None = None) -> list[TripRow]:
        rows = await self.pool.fetch(
            "SELECT trip_id, tenant, position, state FROM tripledger.read_trip_details"
            " WHERE version = coalesce($2, tripledger.live_version('trip_details'))"
            " AND trip_id = ANY($1::uuid[]) ORDER BY trip_id",
            known_uuids(trip_ids),
            version,
        )
        return [
            TripRow(
                trip_id=str(row["trip_id"]),
                tenant=row["tenant"],
                position=row["position"],
                state=row["state"],
            )
            for row in rows
        ]

    async def trip_with_tail(self, trip_id: str) -> tuple[TripRow | None, Sequence[Recorded]]:
        rows = await self.pool.fetch(TRIP_WITH_TAIL, as_uuid(trip_id))
        first = rows[0]
        seen = None
        if first["row_position"] is not None:
            seen = TripRow(
                trip_id=str(UUID(trip_id)),
                tenant=first["row_tenant"],
                position=first["row_position"],
                state=first["row_state"],
            )
        tail = [
            recorded(row[FOLDED_COLUMNS:], self.codec)
            for row in rows
            if row["notification_id"] is not None
        ]
        return seen, tail

    async def booking(self, booking_id: str) -> BookingRow | None:
        found = await self.bookings([booking_id])
        return found[0] if found else None

    async def booking_by_code(self, code: str) -> BookingRow | None:
        found = await self.live_bookings("code = $1", code)
        return found[0] if found else None

    async def bookings_of_group(self, group_id: str) -> Sequence[BookingRow]:
        return await self.live_bookings("group_id = $1", as_uuid(group_id))

    async def bookings_of_trip(self, trip_id: str) -> Sequence[BookingRow]:
        return await self.live_bookings("trip_id = $1", as_uuid(trip_id))

    async def bookings(
        self, booking_ids: Sequence[str], version: int | None = None
    ) -> Sequence[BookingRow]:
        rows = await self.pool.fetch(
            f"SELECT {BOOKING_COLUMNS} FROM tripledger.read_bookings"
            " WHERE version = coalesce($2, tripledger.live_version('bookings'))"
            " AND booking_id = ANY($1::uuid[]) ORDER BY code",
            known_uuids(booking_ids),
            version,
        )
        return [booking_row(row) for row in rows]

    async def live_bookings(self, where: str, value: object) -> Sequence[BookingRow]:
        rows = await self.pool.fetch(
            f"SELECT {BOOKING_COLUMNS} FROM tripledger.read_bookings"
            f" WHERE version = tripledger.live_version('bookings') AND {where} ORDER BY code",
            value,
        )
        return [booking_row(row) for row in rows]


def known_uuids(ids: Sequence[str]) -> list[UUID]:
    return [uuid for uuid in map(as_uuid, ids) if uuid is not None]


def booking_row(row: asyncpg.Record) -> BookingRow:
    return BookingRow(
        booking_id=str(row["booking_id"]),
        code=row["code"],
        group_id=str(row["group_id"]),
        trip_id=str(row["trip_id"]),
        tenant=row["tenant"],
        position=row["position"],
        doc=row["doc"],
    )
