"""The queue of what people must settle: what it is, how old, how much money, whose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

from adapters.database import Database, as_uuid
from adapters.operators.paging import Cursor, Page, rows_wanted
from adapters.read_tables import INCIDENTS, TABLES, IncidentRow

IncidentState = Literal["open", "resolved"]
COLUMNS = ", ".join(TABLES[INCIDENTS].fields)
LIVE = "version = tripledger.live_version('incidents')"
# Nobody reads more of one trip at a time.
INCIDENTS_OF_TRIP_MAX = 500


class PostgresIncidents:
    """The live rows of `incidents`."""

    def __init__(self, database: Database) -> None:
        self.pool = database.pool

    async def page(
        self,
        state: IncidentState = "open",
        *,
        tenant: str | None = None,
        code: str | None = None,
        owner: str | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> Page[IncidentRow]:
        """The oldest first; `owner` "" asks for those nobody has taken. Raises CursorUnusable."""
        arguments: list[Any] = [state, rows_wanted(limit)]
        where = [LIVE, "state = $1"]
        for name, value in (("tenant", tenant), ("code", code)):
            if value is not None:
                arguments.append(value)
                where.append(f"{name} = ${len(arguments)}")
        if owner is not None:
            arguments.append(owner)
            where.append(f"coalesce(owner, '') = ${len(arguments)}")
        if after:
            cursor = Cursor.parse(after)
            arguments += (cursor.at, cursor.id)
            here = f"(${len(arguments) - 1}, ${len(arguments)})"
            where.append(f"(opened_at, incident_id) > {here}")
        found = await self.pool.fetch(
            f"SELECT {COLUMNS} FROM tripledger.read_incidents WHERE {' AND '.join(where)}"
            " ORDER BY opened_at, incident_id LIMIT $2",
            *arguments,
        )
        rows = tuple(TABLES[INCIDENTS].row_of(row) for row in found)
        shown = rows[: rows_wanted(limit) - 1]
        last = shown[-1] if len(rows) > len(shown) else None
        return Page(
            rows=shown,
            after=Cursor(last.opened_at, UUID(last.incident_id)).text() if last else None,
        )

    async def incident(self, incident_id: str) -> IncidentRow | None:
        found = await self.pool.fetchrow(
            f"SELECT {COLUMNS} FROM tripledger.read_incidents WHERE {LIVE} AND incident_id = $1",
            as_uuid(incident_id),
        )
        return TABLES[INCIDENTS].row_of(found) if found else None

    async def of_trip(self, trip_id: str) -> Sequence[IncidentRow]:
        """Open and resolved, the oldest first."""
        found = await self.pool.fetch(
            f"SELECT {COLUMNS} FROM tripledger.read_incidents WHERE {LIVE} AND trip_id = $1"
            " ORDER BY opened_at, incident_id LIMIT $2",
            as_uuid(trip_id),
            INCIDENTS_OF_TRIP_MAX,
        )
        return [TABLES[INCIDENTS].row_of(row) for row in found]
