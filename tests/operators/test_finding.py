"""Operators find trips, incidents and notifications, page by page, while everything goes on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from adapters.inbox import PostgresInbox
from adapters.operators.paging import CursorUnusable
from adapters.operators.trip_list import TripFilter
from adapters.outbox import PostgresOutbox
from adapters.vault import MasterKeys, PostgresPersonKeys, Vault
from domain.money import Money
from service.finding import words_of
from tests.contracts.events import NOON, new_id
from tests.operators.conftest import Office
from tests.replay.trips_at_scale import live_through
from tests.replay.whole_trips import whole_trips
from tests.rules import stories as s

WHOLE = whole_trips()
UNRESOLVED = WHOLE["order-lost-for-good"]


async def began(office: Office, story: object, minute: int, tenant: str = "acme") -> str:
    office.clock.time = NOON + timedelta(minutes=minute)
    return await live_through(office.log, story, tenant=tenant)  # type: ignore[arg-type]


async def walked(office: Office, wanted: TripFilter, limit: int) -> list[str]:
    """Every page to the end."""
    seen, after = list[str](), None
    while True:
        page = await office.trips.page(wanted, after, limit)
        seen += [row.trip_id for row in page.rows]
        after = page.after
        if after is None:
            return seen


async def test_pages_show_every_trip_once_whatever_changes_meanwhile(office: Office) -> None:
    trips = [await began(office, s.completed(), n // 3) for n in range(10)]
    await office.project()
    newest = sorted(trips, key=lambda trip: (trips.index(trip) // 3, trip), reverse=True)

    first = await office.trips.page(TripFilter(), limit=4)
    later = [await began(office, s.completed(), 60) for _ in range(3)]
    await office.project()
    moved = await office.database.pool.execute(
        "UPDATE tripledger.read_trip_list SET updated_at = now(), status = 'failed'"
    )
    second = await office.trips.page(TripFilter(), first.after, limit=4)
    third = await office.trips.page(TripFilter(), second.after, limit=4)

    assert "UPDATE 13" == moved
    seen = [row.trip_id for page in (first, second, third) for row in page.rows]
    assert (newest, None) == (seen, third.after)
    assert sorted(later, reverse=True) + newest == await walked(office, TripFilter(), 3)
    assert list(reversed(sorted(later, reverse=True) + newest)) == await walked(
        office, TripFilter(order="oldest"), 5
    )


@pytest.mark.parametrize("cursor", ["x", "", "????", "MjAyNw==", "bm8gcGxhY2U="])
async def test_a_place_that_no_page_ended_with_is_refused(office: Office, cursor: str) -> None:
    if not cursor:
        assert () == (await office.trips.page(TripFilter(), cursor)).rows
        return
    with pytest.raises(CursorUnusable):
        await office.trips.page(TripFilter(), cursor)


async def test_trips_are_sorted_out_by_state_tenant_time_and_trouble(office: Office) -> None:
    done = await began(office, s.completed(), 0)
    theirs = await began(office, s.completed(), 1, "globex")
    draft = await began(office, s.DRAFT, 2)
    lost = await began(office, UNRESOLVED, 3)
    owing = await began(office, WHOLE["late-money-returned-by-the-bank"], 4)
    await office.project()

    async def found(wanted: TripFilter) -> list[str]:
        return await walked(office, wanted, 2)

    assert [owing, lost, draft, done] == await found(TripFilter(tenant="acme"))
    assert [lost, theirs, done] == await found(TripFilter(status="completed"))
    assert [lost, done] == await found(TripFilter(status="completed", tenant="acme"))
    assert [draft] == await found(TripFilter(status="draft", waits_for="customer"))
    assert [owing, lost] == await found(TripFilter(incident=True))
    assert [owing] == await found(TripFilter(unfulfilled=True))
    assert [owing] == await found(TripFilter(payment="refund_failed"))
    assert [draft, theirs] == await found(
        TripFilter(
            created_from=NOON + timedelta(minutes=1), created_until=NOON + timedelta(minutes=3)
        )
    )
    assert [] == await found(TripFilter(status="no such word'; --"))
    assert [] == await found(TripFilter(status="teleported"))


async def test_one_box_finds_a_trip_by_anything_that_stands_for_it(office: Office) -> None:
    vault = Vault(PostgresPersonKeys(office.database), MasterKeys.generate())
    trip = await began(office, s.completed(), 0)
    await began(office, s.DRAFT, 1)
    await office.project()
    row = await office.trips.trip(trip)
    assert row is not None

    for text in (trip, trip.upper(), f" {row.codes[0]} ", row.codes[1].lower(), f"ord_{'x'}"):
        words = await words_of(text, vault)
        page = await office.trips.page(TripFilter(words=words))
        expected = [] if text == "ord_x" else [trip]
        assert (text, expected) == (text, [found.trip_id for found in page.rows])
    assert ("completed", "captured", 35000, "EUR", 0) == (
        row.status,
        row.payment,
        row.total,
        row.currency,
        row.unfulfilled,
    )
    assert None is await office.trips.trip(new_id())


async def test_an_address_finds_its_trips_until_the_person_is_forgotten(office: Office) -> None:
    vault = Vault(PostgresPersonKeys(office.database), MasterKeys.generate())
    person = await vault.new_person("acme", new_id(), "Amelia.Earhart@example.com")
    told = [
        event
        if event.__class__.__name__ != "TravelersSet"
        else event.__class__(
            travelers=event.travelers,  # type: ignore[union-attr]
            contact=s.CONTACT.__class__(person_id=person, sealed="sealed"),
            set_at=event.set_at,  # type: ignore[union-attr]
        )
        for event in s.completed()
    ]
    trip = await began(office, told, 0)
    await office.project()

    async def found(email: str) -> list[str]:
        words = await words_of(email, vault)
        return [row.trip_id for row in (await office.trips.page(TripFilter(words=words))).rows]

    assert [trip] == await found(" amelia.earhart@EXAMPLE.com")
    assert [] == await found("nobody@example.com")
    assert [] == await found("amelia.earhart@example.org")
    assert await vault.forget(person)
    assert [] == await found("amelia.earhart@example.com")


async def test_incidents_are_listed_oldest_first_with_their_money(office: Office) -> None:
    first = await began(office, UNRESOLVED, 0)
    second = await began(office, UNRESOLVED, 1, "globex")
    await began(office, s.completed(), 2)
    await office.project()

    page = await office.incidents.page(limit=1)
    rest = await office.incidents.page(after=page.after, limit=1)

    rows = [*page.rows, *rest.rows]
    assert {first, second} == {row.trip_id for row in rows}
    assert (True, None) == (page.after is not None, rest.after)
    assert [("order_not_found", "open", s.STAY_PRICE.amount, "EUR", None)] * 2 == [
        (row.code, row.state, row.amount, row.currency, row.owner) for row in rows
    ]
    theirs = (await office.incidents.page(tenant="globex")).rows
    assert [second] == [row.trip_id for row in theirs]
    assert () == (await office.incidents.page("resolved")).rows
    assert () == (await office.incidents.page(code="refund_failed")).rows
    assert list(theirs) == list(await office.incidents.of_trip(second))
    assert theirs[0] == await office.incidents.incident(theirs[0].incident_id)
    assert None is await office.incidents.incident("no id of ours")


async def test_notifications_are_listed_newest_first_with_what_came_of_them(
    office: Office,
) -> None:
    inbox, outbox = PostgresInbox(office.database), PostgresOutbox(office.database)
    trip = new_id()
    for n in range(5):
        at = NOON + timedelta(minutes=n // 2)
        facts = {"trip_id": trip} if n % 2 else {}
        assert await inbox.store("stripe", f"evt_{n}", f"fact_{n}", "charge.captured", facts, at)
    assert not await inbox.store("stripe", "evt_9", "fact_0", "charge.captured", {}, NOON)
    task = next(
        task
        for task in await outbox.claim(NOON + timedelta(hours=1), 10, 60.0)
        if task.key == "webhook:stripe:evt_1"
    )
    await outbox.park(task, "it was of no use")

    seen, after = list[str](), None
    while True:
        page = await office.webhooks.page(after=after, limit=2)
        seen += [row.event_id for row in page.rows]
        after = page.after
        if after is None:
            break

    assert ["evt_0", "evt_1", "evt_2", "evt_3", "evt_4", "evt_9"] == sorted(seen)
    assert seen[0] == "evt_4"
    of_trip = (await office.webhooks.page(trip_id=trip)).rows
    assert ["evt_3", "evt_1"] == [row.event_id for row in of_trip]
    [failed] = (await office.webhooks.page(failed=True)).rows
    assert ("evt_1", "parked", 1, "it was of no use") == (
        failed.event_id,
        failed.state,
        failed.attempts,
        failed.reason,
    )
    assert () == (await office.webhooks.page(failed=True, provider="duffel")).rows
    [again] = [row for row in (await office.webhooks.page()).rows if row.event_id == "evt_9"]
    assert (None, None) == (again.state, again.task_id)
    assert None is not again.duplicate_of


async def test_the_gauges_say_what_is_at_risk_and_how_old(office: Office) -> None:
    await began(office, WHOLE["late-money-returned-by-the-bank"], 0)
    await began(office, s.completed(), 1)
    await office.project()
    await began(office, s.DRAFT, 2)
    await PostgresOutbox(office.database).add("quote_trip", "k", "s", NOON)

    seen = await office.gauges.read(NOON + timedelta(hours=1))

    assert (1, NOON, (Money(35000, "EUR"),)) == (
        seen.money.trips,
        seen.money.oldest,
        seen.money.amounts,
    )
    assert (1, 1, (Money(35000, "EUR"),)) == (
        seen.incidents.count,
        seen.incidents.unowned,
        seen.incidents.at_stake,
    )
    assert (1, 0, NOON, 0) == (
        seen.work.open,
        seen.work.parked,
        seen.work.overdue_since,
        seen.work.parked_webhooks,
    )
    drafted = len(s.DRAFT)
    assert {(drafted, NOON + timedelta(minutes=2))} == {
        (lag.behind, lag.waiting_since) for lag in seen.projections.values()
    }
    assert 0 == (await office.gauges.read(NOON, "globex")).money.trips
