"""The books as operators read them: movements page by page, a trip's balance, the sums of days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from adapters.database import Database, as_uuid
from adapters.operators.paging import CursorUnusable, Page, rows_wanted
from adapters.read_tables import MONEY_LEDGER, TABLES, LedgerRow

COLUMNS = ", ".join(TABLES[MONEY_LEDGER].fields)
LIVE = "version = tripledger.live_version('money_ledger')"
MOVEMENTS = f"{LIVE} AND kind = 'movement'"
# Nobody reads more sums at a time.
DAYS_MAX = 366
POSITION_MAX = 2**63 - 1

Order = Literal["oldest", "newest"]

SUMS = f"""
SELECT day, account, currency, sum(amount)::bigint AS amount, sum(entries)::bigint AS entries
FROM tripledger.read_money_days
WHERE {LIVE} AND day BETWEEN $1 AND $2 AND ($3::text IS NULL OR tenant = $3)
GROUP BY day, account, currency
ORDER BY day, currency, account
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySum:
    """What one day (UTC) moved on one account: minor units, debits above zero, credits below."""

    day: date
    account: str
    currency: str
    amount: int
    entries: int


class PostgresMoneyLedger:
    """The live rows of `money_ledger`."""

    def __init__(self, database: Database) -> None:
        self.pool = database.pool

    async def page(
        self,
        *,
        tenant: str | None = None,
        trip_id: str | None = None,
        day: date | None = None,
        after: str | None = None,
        limit: int = 50,
        order: Order = "oldest",
    ) -> Page[LedgerRow]:
        """Movements, the oldest or the newest first. Raises CursorUnusable."""
        arguments: list[Any] = [rows_wanted(limit), position_of(after, order)]
        beyond, way = (">", "ASC") if order == "oldest" else ("<", "DESC")
        where = [MOVEMENTS, f"position {beyond} $2"]
        wanted = {"tenant": tenant, "trip_id": trip_id and as_uuid(trip_id), "day": day}
        if trip_id is not None and wanted["trip_id"] is None:
            return Page(rows=(), after=None)
        for name, value in wanted.items():
            if value is not None:
                arguments.append(value)
                where.append(f"{name} = ${len(arguments)}")
        found = await self.pool.fetch(
            f"SELECT {COLUMNS} FROM tripledger.read_money_ledger WHERE {' AND '.join(where)}"
            f" ORDER BY position {way} LIMIT $1",
            *arguments,
        )
        rows = tuple(TABLES[MONEY_LEDGER].row_of(row) for row in found)
        shown = rows[: rows_wanted(limit) - 1]
        more = len(rows) > len(shown)
        return Page(rows=shown, after=str(shown[-1].position) if more else None)

    async def balance(self, trip_id: str) -> LedgerRow | None:
        """How a trip's books stand; None: nothing of it is priced."""
        found = await self.pool.fetchrow(
            f"SELECT {COLUMNS} FROM tripledger.read_money_ledger WHERE {LIVE} AND line_id = $1",
            as_uuid(trip_id),
        )
        return TABLES[MONEY_LEDGER].row_of(found) if found else None

    async def days(self, since: date, until: date, tenant: str | None = None) -> Sequence[DaySum]:
        """Sums by day, account and currency, both days included; at most DAYS_MAX of them."""
        if (until - since).days >= DAYS_MAX:
            raise ValueError(f"sums of at most {DAYS_MAX} days can be asked for")
        rows = await self.pool.fetch(SUMS, since, until, tenant)
        return [DaySum(**dict(row)) for row in rows]

    async def unsettled(
        self, *, tenant: str | None = None, after: str | None = None, limit: int = 50
    ) -> Page[LedgerRow]:
        """The balances of trips that owe, or are owed, something; in the order of their ids."""
        arguments: list[Any] = [rows_wanted(limit)]
        where = [LIVE, "kind = 'balance'", "owed <> 0"]
        if tenant is not None:
            arguments.append(tenant)
            where.append(f"tenant = ${len(arguments)}")
        if after is not None:
            if (behind := as_uuid(after)) is None:
                raise CursorUnusable("this is no place in the list; begin at its start")
            arguments.append(behind)
            where.append(f"trip_id > ${len(arguments)}")
        found = await self.pool.fetch(
            f"SELECT {COLUMNS} FROM tripledger.read_money_ledger WHERE {' AND '.join(where)}"
            " ORDER BY trip_id LIMIT $1",
            *arguments,
        )
        rows = tuple(TABLES[MONEY_LEDGER].row_of(row) for row in found)
        shown = rows[: rows_wanted(limit) - 1]
        return Page(rows=shown, after=shown[-1].trip_id if len(rows) > len(shown) else None)


def position_of(after: str | None, order: Order) -> int:
    """Where in the log a page begins; raises CursorUnusable."""
    if after is None:
        return 0 if order == "oldest" else POSITION_MAX
    if not (after.isascii() and after.isdigit() and len(after) < 19):
        raise CursorUnusable("this is no place in the list; begin at its start")
    return int(after)
