"""The books and what differs from them as files: comma-separated, one line for each entry."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from datetime import date

from adapters.operators.money import PostgresMoneyLedger
from adapters.operators.paging import PAGE_ROWS_MAX
from adapters.operators.reconciliations import Drift
from adapters.read_tables import LedgerRow
from domain.money import Money

LEDGER = (
    "position",
    "at",
    "day",
    "tenant",
    "trip_id",
    "fact",
    "account",
    "currency",
    "debit",
    "credit",
)
DRIFT = (
    "code",
    "subject",
    "tenant",
    "trip_id",
    "ours",
    "theirs",
    "at_stake",
    "currency",
    "since",
    "done",
)
# What a spreadsheet would take for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


async def ledger_csv(
    books: PostgresMoneyLedger,
    *,
    tenant: str | None,
    day: date | None,
    trip_id: str | None,
) -> AsyncIterator[str]:
    """Every movement, the oldest first, a page at a time; amounts in decimals of the currency."""
    yield lines([LEDGER])
    after: str | None = None
    while True:
        page = await books.page(
            tenant=tenant, day=day, trip_id=trip_id, after=after, limit=PAGE_ROWS_MAX
        )
        yield lines(entry for row in page.rows for entry in entries_of(row))
        if page.after is None:
            return
        after = page.after


def entries_of(row: LedgerRow) -> Iterator[Sequence[object]]:
    known = (row.position, row.at.isoformat(), row.day, row.tenant, row.trip_id, row.fact)
    for account, amount in spelled(row):
        figure = size(amount).to_decimal()
        sides = (figure, "") if amount.amount > 0 else ("", figure)
        yield (*known, account, amount.currency, *sides)


def spelled(row: LedgerRow) -> list[tuple[str, Money]]:
    """Each entry of a movement: debits (above zero) first, then credits."""
    entries = [
        (account, Money(amount, currency))
        for currency, of in row.entries.items()
        for account, amount in of.items()
    ]
    return sorted(entries, key=lambda entry: (entry[1].amount < 0, entry[0]))


def size(amount: Money) -> Money:
    return Money(abs(amount.amount), amount.currency)


async def drifts_csv(drifts: Iterable[Drift]) -> AsyncIterator[str]:
    yield lines([DRIFT])
    yield lines(
        (
            drift.code,
            drift.subject,
            drift.tenant,
            drift.trip_id,
            drift.ours,
            drift.theirs,
            drift.at_stake.to_decimal() if drift.at_stake else "",
            drift.at_stake.currency if drift.at_stake else "",
            drift.begun_at.isoformat() if drift.begun_at else "",
            drift.done,
        )
        for drift in drifts
    )


def lines(rows: Iterable[Sequence[object]]) -> str:
    written = io.StringIO()
    csv.writer(written).writerows([plain(cell) for cell in row] for row in rows)
    return written.getvalue()


def plain(cell: object) -> object:
    """Text that others have chosen is text for a spreadsheet too."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell
