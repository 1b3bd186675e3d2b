"""The money of each day, what the providers say differently and why, and the books as files."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from adapters.api_keys import SCOPES
from tests.console.conftest import SignIn
from tests.console.operating import Console
from tests.console.prepared import seen
from tests.pages.reading import Page
from tests.reconciling.comparing import everything, order_elsewhere
from tests.reconciling.test_drift import believed_refunded
from tests.scenarios.world import World, raised_world

HERE = "/console/money"
ONE_TENANT = frozenset(SCOPES) - {"ops:all"}


@pytest_asyncio.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """One in which the log is made to differ from the world, so it is not audited."""
    async with raised_world(database_url, tmp_path, reconcile_all_every_s=0.0) as world:
        yield world


async def file_of(console: Console, path: str) -> list[dict[str, str]]:
    page = await console.sees(path)
    assert "text/csv; charset=utf-8" == page.headers["Content-Type"]
    return list(csv.DictReader(io.StringIO(page.html)))


def links_to(page: Page, text: str) -> list[str]:
    return [known["href"] for tag, known in page.reader.tags if text in known.get("href", "")]


async def test_each_day_says_what_was_taken_and_given_back(world: World, console: Console) -> None:
    trip_id = await world.build_usual()
    await world.fault("duffel", "POST", "/stays/bookings", "sold_out")
    await world.pay_and_settle(trip_id)
    await seen(world)
    trip = await world.trip(trip_id)
    today = world.service.clock.now().date()

    page = await console.sees(HERE)
    lines = await file_of(console, f"{HERE}/ledger.csv?day={today}")

    captured = trip["payment"]["captured"]["display"]
    assert f"{today} {captured} €0.00 {captured} –" in page.text
    assert f"<title>{today}: {captured} taken, €0.00 given back</title>" in page.html
    assert {trip_id} == {line["trip_id"] for line in lines}
    sums = Counter[str]()
    for line in lines:
        sums["debit"] += round(100 * float(line["debit"] or 0))
        sums["credit"] += round(100 * float(line["credit"] or 0))
    assert sums["debit"] == sums["credit"] > 0
    booked = await console.sees(f"{HERE}/ledger?trip={trip_id}")
    facts = Counter(line["fact"] for line in {line["position"]: line for line in lines}.values())
    assert facts == {fact: booked.text.count(fact) for fact in facts}


async def test_a_difference_is_one_click_from_its_cause(world: World, console: Console) -> None:
    trip_id = await world.build_usual()
    await world.pay_and_settle(trip_id)
    await believed_refunded(world, trip_id, "re_gone", 1_234)
    assert "Nobody has compared anything that day." in (await console.sees(HERE)).text

    await everything(world)
    page = await console.sees(HERE)
    [cause] = links_to(page, f"/console/trips/{trip_id}#")
    trip = await console.sees(cause.partition("#")[0])

    assert "refund missing re_gone" in page.text
    assert "1 differ" in page.text
    assert f'id="{cause.partition("#")[2]}"' in trip.html
    assert "refund missing, €12.34 at stake" in trip.text
    [line] = await file_of(console, f"{HERE}/drift.csv")
    assert ("refund_missing", trip_id, "12.34", "EUR", "incident") == (
        line["code"],
        line["trip_id"],
        line["at_stake"],
        line["currency"],
        line["done"],
    )


async def test_what_is_nobodys_is_accepted_with_a_reason_and_settled_from_then_on(
    world: World, console: Console, sign_in: SignIn
) -> None:
    made = await order_elsewhere(world, {})
    await everything(world)
    own = await sign_in(scopes=ONE_TENANT)
    assert made.supplier_order_id not in (await own.sees(HERE)).html

    refused = await console.tries(HERE, f"{HERE}/accept", reason=" ")
    done = await console.tries(HERE, f"{HERE}/accept", reason="Ordered by the office.")
    await everything(world)

    assert (409, 303) == (refused.status, done.status)
    assert "1 put right" in (await console.sees(HERE)).text
    audit = (await console.sees("/console/audit")).text
    key = f"order_of_nobody:{made.supplier_order_id}"
    assert f"accepted a difference {key} – Ordered by the office." in audit


async def test_an_operator_sees_the_money_of_their_own_tenant(
    world: World, sign_in: SignIn
) -> None:
    trip_id = await world.build_usual()
    await world.pay_and_settle(trip_id)
    await seen(world)
    other = await sign_in("theirs", ONE_TENANT)

    assert trip_id not in (await other.sees(HERE)).html
    assert "No money has moved." in (await other.sees(f"{HERE}/ledger")).text
    assert "No money has moved." in (await other.sees(f"{HERE}/ledger?trip={trip_id}")).text
    assert [] == await file_of(other, f"{HERE}/ledger.csv")


async def test_days_that_are_none_are_refused_in_a_sentence(console: Console) -> None:
    answers = [
        await console.open(f"{HERE}?{query}")
        for query in ("day=yesterday", "from=2026-01-01&until=2027-01-01", "from=2999-01-02")
    ]

    assert [409, 409, 409] == [answer.status for answer in answers]
    assert 303 == (await console.open(f"{HERE}?after=nowhere")).status
    assert 303 == (await console.open(f"{HERE}/ledger?after=nowhere")).status
