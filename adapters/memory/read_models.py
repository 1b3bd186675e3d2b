"""Projections' rows in memory, versioned and fenced as in Postgres."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from adapters.memory.event_log import MemoryEventLog
from adapters.read_models import (
    BookingRow,
    Checkpoint,
    Difference,
    Level,
    Projection,
    Row,
    TripRow,
)
from adapters.read_tables import PROJECTIONS, TABLES
from domain.log import Recorded


class MemoryReadModels:
    """Implements `adapters.read_models.ReadModels`; the tail comes from the log in memory."""

    def __init__(self, log: MemoryEventLog) -> None:
        self.log = log
        self.positions: dict[tuple[Projection, int], int] = {(name, 1): 0 for name in PROJECTIONS}
        self.live: dict[str, int] = dict.fromkeys(TABLES, 1)
        self.kept: dict[str, dict[tuple[int, str], Any]] = {name: {} for name in TABLES}

    async def checkpoint(self, name: Projection, version: int | None = None) -> int:
        await asyncio.sleep(0)
        position = self.positions.get((name, version or self.live[name]))
        if position is None:
            raise LookupError(f"{name} has no version {version}")
        return position

    async def checkpoints(self) -> Sequence[Checkpoint]:
        await asyncio.sleep(0)
        return [
            Checkpoint(name=name, version=version, position=at, live=self.live[name] == version)
            for (name, version), at in sorted(self.positions.items())
        ]

    async def apply(
        self,
        name: Projection,
        rows: Sequence[Row],
        from_position: int,
        to_position: int,
        version: int | None = None,
    ) -> bool:
        await asyncio.sleep(0)
        written = version or self.live[name]
        if self.positions.get((name, written)) != from_position:
            return False
        self.positions[(name, written)] = to_position
        key = TABLES[name].key
        for row in rows:
            stored = replace(row, doc=plain(row.doc)) if isinstance(row, BookingRow) else row
            self.kept[name][(written, getattr(row, key))] = stored
        return True

    async def begin_rebuild(self, name: Projection) -> int:
        await asyncio.sleep(0)
        version = 1 + max(v for n, v in self.positions if n == name)
        self.positions[(name, version)] = 0
        return version

    async def go_live(self, name: Projection, version: int, level: Level | None = None) -> None:
        if level is not None:
            await self.levelled(name, level)
        if (name, version) not in self.positions:
            raise LookupError(f"{name} has no version {version}")
        self.live[name] = version
        for key in [k for k in self.positions if k[0] == name and k[1] != version]:
            self.forget(name, key[1])

    async def compare(self, name: Projection, version: int, level: Level) -> Difference | None:
        await self.levelled(name, level)
        kept = self.kept[name]
        for key in sorted({key for _, key in kept}):
            live, made = kept.get((self.live[name], key)), kept.get((version, key))
            differ = [
                column
                for column in TABLES[name].fields
                if column != TABLES[name].key
                and getattr(live, column, None) != getattr(made, column, None)
            ]
            if differ:
                return Difference(name=name, key=key, columns=tuple(differ))
        return None

    async def levelled(self, name: Projection, level: Level) -> None:
        """Until the live version did not move while the other came to where it is."""
        while True:
            position = await self.checkpoint(name)
            await level(position)
            if self.positions[(name, self.live[name])] == position:
                return

    async def drop(self, name: Projection, version: int) -> None:
        await asyncio.sleep(0)
        if self.live[name] != version:
            self.forget(name, version)

    def forget(self, name: Projection, version: int) -> None:
        self.positions.pop((name, version), None)
        rows = self.kept[name]
        for key in [k for k in rows if k[0] == version]:
            del rows[key]

    async def rows(self, name: Projection, keys: Sequence[str], version: int) -> Sequence[Any]:
        await asyncio.sleep(0)
        wanted = sorted({(version, key) for key in keys})
        return [self.kept[name][key] for key in wanted if key in self.kept[name]]

    async def trips(self, trip_ids: Sequence[str], version: int | None = None) -> list[TripRow]:
        return list(await self.rows("trip_details", trip_ids, version or self.live["trip_details"]))

    async def trip_with_tail(self, trip_id: str) -> tuple[TripRow | None, Sequence[Recorded]]:
        await asyncio.sleep(0)
        row = self.kept["trip_details"].get((self.live["trip_details"], trip_id))
        # Nothing may be recorded between the row and the tail, so the log's rows are read here.
        after = row.position if row else 0
        rows = self.log.by_trip.get(trip_id, [])
        return row, [self.log.recorded(r) for r in rows if r.notification.id > after]

    async def booking(self, booking_id: str) -> BookingRow | None:
        found = await self.bookings([booking_id])
        return found[0] if found else None

    async def booking_by_code(self, code: str) -> BookingRow | None:
        found = await self.live_bookings(lambda row: row.code == code)
        return found[0] if found else None

    async def bookings_of_group(self, group_id: str) -> Sequence[BookingRow]:
        return await self.live_bookings(lambda row: row.group_id == group_id)

    async def bookings_of_trip(self, trip_id: str) -> Sequence[BookingRow]:
        return await self.live_bookings(lambda row: row.trip_id == trip_id)

    async def bookings(
        self, booking_ids: Sequence[str], version: int | None = None
    ) -> Sequence[BookingRow]:
        await asyncio.sleep(0)
        read = version or self.live["bookings"]
        found = (self.kept["bookings"].get((read, booking)) for booking in set(booking_ids))
        return sorted((row for row in found if row), key=lambda row: row.code)

    async def live_bookings(self, wanted: Callable[[BookingRow], bool]) -> list[BookingRow]:
        await asyncio.sleep(0)
        live = self.live["bookings"]
        rows = (row for (version, _), row in self.kept["bookings"].items() if version == live)
        return sorted((row for row in rows if wanted(row)), key=lambda row: row.code)


def plain(doc: dict[str, Any]) -> dict[str, Any]:
    """As it would come back from JSON."""
    return msgspec.json.decode(msgspec.json.encode(doc), type=dict[str, Any])
