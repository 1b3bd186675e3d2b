"""Finding trips: by anything that stands for one somewhere, and by what state they are in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from adapters.database import Database
from adapters.operators.paging import Cursor, Page, rows_wanted
from adapters.read_tables import TABLES, TRIP_LIST, TripListRow

# Words of states stand in statements as they are; nothing else looks like one.
WORD = re.compile(r"[a-z_]{1,40}")

COLUMNS = ", ".join(field for field in TABLES[TRIP_LIST].fields if field != "state")

Order = Literal["newest", "oldest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TripFilter:
    """What trips to show; what is None or empty does not matter. `words` are what a trip is found
    by (any of them), in lower case; `created_from` and `created_until` bound when it was begun.

    Words of `status`, `payment` and `waits_for` that do not exist find nothing.
    """

    tenant: str | None = None
    words: tuple[str, ...] = ()
    status: str | None = None
    payment: str | None = None
    waits_for: str | None = None
    unfulfilled: bool = False
    incident: bool = False
    created_from: datetime | None = None
    created_until: datetime | None = None
    order: Order = "newest"

    @property
    def facets(self) -> list[str]:
        named = {"status": self.status, "payment": self.payment, "waits": self.waits_for}
        states = " ".join(f"{name}:{word}" for name, word in named.items() if word)
        facets = [states] if states else []
        if self.unfulfilled:
            facets.append("money:unfulfilled")
        if self.incident:
            facets.append("incident:open")
        return facets

    @property
    def known(self) -> bool:
        """Whether every word could be one of a state."""
        return all(WORD.fullmatch(w) for w in (self.status, self.payment, self.waits_for) if w)


class PostgresTripList:
    """The live rows of `trip_list`, a page at a time."""

    def __init__(self, database: Database) -> None:
        self.pool = database.pool

    async def trip(self, trip_id: str) -> TripListRow | None:
        found = (await self.page(TripFilter(words=(trip_id.lower(),)), limit=2)).rows
        return next((row for row in found if row.trip_id == trip_id.lower()), None)

    async def page(
        self, wanted: TripFilter, after: str | None = None, limit: int = 50
    ) -> Page[TripListRow]:
        """In the order the trips were begun. Raises CursorUnusable."""
        cursor = Cursor.parse(after) if after else None
        if not wanted.known:
            return Page(rows=(), after=None)
        statement, arguments = page_of(wanted, cursor, rows_wanted(limit))
        found = await self.pool.fetch(statement, *arguments)
        rows = tuple(TABLES[TRIP_LIST].row_of({**row, "state": b""}) for row in found)
        shown = rows[: rows_wanted(limit) - 1]
        more = len(rows) > len(shown)
        last = shown[-1] if more else None
        return Page(
            rows=shown,
            after=Cursor(last.created_at, UUID(last.trip_id)).text() if last else None,
        )


def page_of(wanted: TripFilter, cursor: Cursor | None, rows: int) -> tuple[str, Sequence[Any]]:
    """The statement for a page. Facets are words of ours and stand in it as they are: only so
    does the planner know which are rare."""
    arguments: list[Any] = []

    def given(value: Any) -> str:
        arguments.append(value)
        return f"${len(arguments)}"

    where = ["version = tripledger.live_version('trip_list')"]
    if wanted.tenant is not None:
        where.append(f"tenant = {given(wanted.tenant)}")
    if wanted.words:
        where.append(f"found_by && {given(list(wanted.words))}::text[]")
    if wanted.facets:
        quoted = ", ".join(f"'{facet}'" for facet in wanted.facets)
        where.append(f"found_by @> ARRAY[{quoted}]")
    if wanted.created_from is not None:
        where.append(f"created_at >= {given(wanted.created_from)}")
    if wanted.created_until is not None:
        where.append(f"created_at < {given(wanted.created_until)}")
    newest = wanted.order == "newest"
    if cursor is not None:
        beyond = "<" if newest else ">"
        where.append(f"(created_at, trip_id) {beyond} ({given(cursor.at)}, {given(cursor.id)})")
    way = "DESC" if newest else "ASC"
    statement = (
        f"SELECT {COLUMNS} FROM tripledger.read_trip_list WHERE {' AND '.join(where)}"
        f" ORDER BY created_at {way}, trip_id {way} LIMIT {given(rows)}"
    )
    return statement, arguments
