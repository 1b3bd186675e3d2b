"""`tripledger audit`: the book of who did and saw what, at the console, the API and here."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from adapters.operators.acts import Act, PostgresActs
from service.cli.numbers import Limit, Position
from service.cli.opening import database
from service.cli.output import OK, print_json, print_table

COLUMNS = ("acted_at", "operator", "tenant", "act", "trip_id", "subject", "reason")


def audit(
    *,
    tenant: str | None = None,
    operator: str | None = None,
    trip: str | None = None,
    before: Position | None = None,
    limit: Limit = 50,
    json: bool = False,
) -> int:
    """Who did and saw what, the newest first.

    Parameters
    ----------
    before
        Go on behind this `act_id`.
    """
    acts = asyncio.run(read(tenant, operator, trip, before, limit))
    if json:
        print_json(acts)
    else:
        rows = [{name: getattr(act, name) for name in COLUMNS} for act in acts]
        print_table("Acts", rows)
    return OK


async def read(
    tenant: str | None, operator: str | None, trip: str | None, before: int | None, limit: int
) -> Sequence[Act]:
    async with database() as opened:
        book = PostgresActs(opened)
        if trip is not None:
            return await book.of_trip(trip, limit)
        return await book.page(tenant, operator=operator, before=before, limit=limit)
