"""`tripledger money`: what moved, trip by trip or day by day, as entries that balance."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import date
from typing import Any

from adapters.operators.money import PostgresMoneyLedger
from adapters.operators.paging import CursorUnusable
from adapters.read_tables import LedgerRow
from domain.money import Money
from projections.money_ledger import Totals
from service.cli.numbers import Limit
from service.cli.opening import database
from service.cli.output import NOT_FOUND, OK, USAGE, people, print_json, print_table, stop

PAGE_LINES = 100


def money(
    *,
    trip: str | None = None,
    day: date | None = None,
    tenant: str | None = None,
    after: str | None = None,
    limit: Limit = PAGE_LINES,
    json: bool = False,
) -> int:
    """What moved, the oldest first, and its sums: of one --trip, one --day (UTC), or all.

    Parameters
    ----------
    after
        Go on behind this place, as the page before it said.
    """
    try:
        told = asyncio.run(read(trip, day, tenant, after, limit))
    except CursorUnusable as error:
        stop(USAGE, str(error))
    if json:
        print_json(told)
        return OK
    print_table("Movements", [line for each in told["movements"] for line in spelled(each)])
    if told["after"] is not None:
        people.print(f"More: --after {told['after']}")
    if told["totals"] is not None:
        print_table("The trip", [amounts(told["totals"])])
    print_table("The day", [summed(each) for each in told["sums"]]) if day else None
    return OK


async def read(
    trip: str | None, day: date | None, tenant: str | None, after: str | None, limit: int
) -> dict[str, Any]:
    async with database() as opened:
        books = PostgresMoneyLedger(opened)
        page = await books.page(tenant=tenant, trip_id=trip, day=day, after=after, limit=limit)
        balance = await books.balance(trip) if trip else None
        sums = await books.days(day, day, tenant) if day else []
    if trip is not None and (balance is None or tenant not in {None, balance.tenant}):
        stop(NOT_FOUND, f"No money is known of a trip {trip}.")
    return {
        "movements": [movement(row) for row in page.rows],
        "after": page.after,
        "totals": {name: getattr(balance, name) for name in Totals.__slots__} if balance else None,
        "sums": [asdict(each) for each in sums],
    }


def movement(row: LedgerRow) -> dict[str, Any]:
    return {
        "position": row.position,
        "at": row.at,
        "trip_id": row.trip_id,
        "tenant": row.tenant,
        "fact": row.fact,
        "entries": row.entries,
    }


def spelled(told: dict[str, Any]) -> list[dict[str, Any]]:
    """One line for each entry; debits and credits in columns of their own."""
    entries = [
        (account, Money(amount, currency))
        for currency, of in told["entries"].items()
        for account, amount in of.items()
    ]
    heads = [{"at": told["at"], "trip": told["trip_id"], "what": told["fact"]}]
    heads += [dict.fromkeys(heads[0]) for _ in entries[1:]]
    return [
        {**head, "account": account, **sides(amount)}
        for head, (account, amount) in zip(heads, entries, strict=True)
    ]


def sides(amount: Money) -> dict[str, Money | None]:
    size = Money(abs(amount.amount), amount.currency)
    debit = amount.amount > 0
    return {"debit": size if debit else None, "credit": None if debit else size}


def amounts(totals: dict[str, Any]) -> dict[str, Any]:
    currency = totals["currency"]
    return {name: Money(n, currency) for name, n in totals.items() if name != "currency"}


def summed(told: dict[str, Any]) -> dict[str, Any]:
    amount = Money(told["amount"], told["currency"])
    return {"account": told["account"], **sides(amount), "entries": told["entries"]}
