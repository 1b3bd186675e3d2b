"""The books as operators read them: every movement once, on pages that hold still."""

from __future__ import annotations

import json
import os
from collections import Counter
from datetime import timedelta

import pytest

from adapters.operators.money import PostgresMoneyLedger
from adapters.operators.paging import CursorUnusable
from adapters.read_tables import LedgerRow
from service.workers.rebuilding import compare_with_log, rebuild
from tests.contracts.events import NOON, new_id
from tests.forking import command
from tests.given import given
from tests.operators.conftest import Office
from tests.replay.money_trips import seen
from tests.replay.trips_at_scale import live_through
from tests.rules import stories as s

TODAY = NOON.date()
MOVEMENTS = 4


@pytest.fixture
def books(office: Office) -> PostgresMoneyLedger:
    return PostgresMoneyLedger(office.database)


async def all_lines(books: PostgresMoneyLedger, **of: object) -> list[LedgerRow]:
    lines: list[LedgerRow] = []
    after = None
    while True:
        page = await books.page(after=after, limit=3, **of)  # type: ignore[arg-type]
        lines += page.rows
        after = page.after
        if after is None:
            return lines


async def test_a_trip_is_a_page_of_movements_and_a_balance(
    office: Office, books: PostgresMoneyLedger
) -> None:
    trip = await live_through(office.log, s.completed())
    other = await live_through(office.log, s.expired())
    await office.project()

    lines = await all_lines(books, trip_id=trip)
    assert [
        "trip.payment-succeeded.v1",
        "booking.confirmed.v1",
        "booking.confirmed.v1",
        "trip.payment-captured.v1",
    ] == [line.fact for line in lines]
    balance = await books.balance(trip)
    assert balance is not None
    assert ("EUR", 35_000, 35_000, 0, 0, 0, 35_000, 0) == (
        balance.currency,
        balance.authorized,
        balance.captured,
        balance.released,
        balance.refunded,
        balance.disputed,
        balance.fulfilled,
        balance.owed,
    )
    assert [] == await all_lines(books, trip_id=other)
    assert [] == await all_lines(books, trip_id="no id of ours")
    assert (None, None) == (await books.balance(new_id()), await books.balance("no id of ours"))


async def test_pages_neither_skip_nor_repeat_while_money_goes_on_moving(
    office: Office, books: PostgresMoneyLedger
) -> None:
    trips = [await live_through(office.log, s.completed()) for _ in range(3)]
    await office.project()
    first = await books.page(limit=5)
    trips.append(await live_through(office.log, s.completed()))
    await office.project()

    rest = []
    after = first.after
    while after is not None:
        page = await books.page(after=after, limit=5)
        rest += page.rows
        after = page.after

    lines = [*first.rows, *rest]
    assert sorted({line.position for line in lines}) == [line.position for line in lines]
    assert dict.fromkeys(trips, MOVEMENTS) == Counter(line.trip_id for line in lines)
    for tenant, count in (("acme", len(lines)), ("globex", 0)):
        assert count == len(await all_lines(books, tenant=tenant))
    for bad in ("", "-1", "x", "9" * 30):
        with pytest.raises(CursorUnusable):
            await books.page(after=bad)


async def test_the_sums_of_a_day_are_those_of_its_movements(
    office: Office, books: PostgresMoneyLedger
) -> None:
    await live_through(office.log, s.completed())
    office.clock.time = NOON + timedelta(days=1)
    await live_through(office.log, s.completed())
    await live_through(office.log, given(s.completed()).after(seen(dispute="open")).facts)
    await office.project()

    sums = await books.days(TODAY, TODAY + timedelta(days=1))
    by_day = {
        day: {each.account: each.amount for each in sums if each.day == day}
        for day in (TODAY, TODAY + timedelta(days=1))
    }
    assert (35_000, 70_000) == tuple(of["captured"] for of in by_day.values())
    assert (None, 35_000) == tuple(of.get("in_dispute") for of in by_day.values())
    assert [0, 0] == [sum(of.values()) for of in by_day.values()]
    assert MOVEMENTS == len(await all_lines(books, day=TODAY))
    assert [] == list(await books.days(TODAY, TODAY, "globex"))
    with pytest.raises(ValueError, match="at most 366 days"):
        await books.days(TODAY, TODAY + timedelta(days=366))


async def test_sums_of_days_are_those_of_the_movements_also_when_they_are_made_anew(
    office: Office, books: PostgresMoneyLedger
) -> None:
    for number in range(3):
        office.clock.time = NOON + timedelta(days=number % 2)
        await live_through(office.log, s.completed())
        await office.project()

    async def sums_and_movements() -> tuple[Counter[tuple[object, ...]], ...]:
        sums, moved = Counter[tuple[object, ...]](), Counter[tuple[object, ...]]()
        for each in await books.days(TODAY, TODAY + timedelta(days=1)):
            sums[each.day, each.account, each.currency] = each.amount
        for line in await all_lines(books):
            for currency, of in line.entries.items():
                for account, amount in of.items():
                    moved[line.day, account, currency] += amount
        return sums, moved

    before, moved = await sums_and_movements()
    await rebuild(office.log, office.models, ["money_ledger"])
    after, _ = await sums_and_movements()
    versions = await office.database.pool.fetch(
        "SELECT DISTINCT version FROM tripledger.read_money_days"
    )

    assert 3 * 35_000 == sum(amount for key, amount in moved.items() if key[1] == "captured")
    assert moved == before == after
    assert [2] == [row["version"] for row in versions]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE tripledger.read_money_days SET amount = amount + 1 WHERE account = 'captured'",
        "DELETE FROM tripledger.read_money_days WHERE account = 'captured'",
    ],
)
async def test_a_days_sum_that_is_not_what_the_log_says_is_named(
    office: Office, change: str
) -> None:
    await live_through(office.log, s.completed())
    await office.project()
    assert None is (await compare_with_log(office.log, office.models, "money_ledger")).difference
    await office.database.pool.execute(change)

    found = (await compare_with_log(office.log, office.models, "money_ledger")).difference

    assert found is not None
    assert (f"{TODAY} acme EUR captured", "amount") == (found.key, found.columns[0])
    await rebuild(office.log, office.models, ["money_ledger"])
    assert None is (await compare_with_log(office.log, office.models, "money_ledger")).difference


async def test_trips_that_owe_or_are_owed_are_listed(
    office: Office, books: PostgresMoneyLedger
) -> None:
    await live_through(office.log, s.completed())
    owing = sorted(
        [await live_through(office.log, s.paid(payment=s.PAID_AT_ONCE)) for _ in range(3)]
    )
    await office.project()

    first = await books.unsettled(limit=2)
    second = await books.unsettled(limit=2, after=first.after)
    assert owing == [row.trip_id for row in (*first.rows, *second.rows)]
    assert {35_000} == {row.owed for row in first.rows}
    assert (None, ()) == (second.after, (await books.unsettled(tenant="globex")).rows)


async def cli(url: str, *words: str) -> tuple[int, str]:
    environment = {**os.environ, "TRIPLEDGER_DATABASE_URL": url}
    return (await command(environment, "money", *words))[:2]


async def test_the_command_tells_people_and_machines(office: Office, database_url: str) -> None:
    trip = await live_through(office.log, s.completed())
    await office.project()

    code, text = await cli(database_url, "--trip", trip, "--json")
    told = json.loads(text)
    assert (0, MOVEMENTS, None) == (code, len(told["movements"]), told["after"])
    assert (35_000, 35_000, 0) == tuple(
        told["totals"][name] for name in ("captured", "fulfilled", "owed")
    )
    code, text = await cli(database_url, "--day", TODAY.isoformat(), "--limit", "1", "--json")
    told = json.loads(text)
    assert (0, 1, True) == (code, len(told["movements"]), told["after"] is not None)
    assert 0 == sum(each["amount"] for each in told["sums"])
    code, text = await cli(database_url, "--day", TODAY.isoformat())
    assert (0, True) == (code, "fulfilled" in text)
    assert 3 == (await cli(database_url, "--trip", new_id()))[0]
    assert 2 == (await cli(database_url, "--after", "nowhere"))[0]
