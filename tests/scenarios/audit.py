"""What must be true after every story, whatever happened in it: the promises, checked against the
providers' own journals and the log, for every trip of the world."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import msgspec

from domain.dossier import fold
from projections import trip_details
from tests.scenarios.stillness import everything_is_followed
from tests.scenarios.world import AMELIA, CONTACT, World

ORDERED = {"order.created", "stay_booking.created"}
UNDONE = {"order.cancelled", "stay_booking.cancelled"}
UNDER_WAY = {"paid", "fulfilling"}
SUMS = ("authorized", "captured", "released", "refunded")
PERSONAL = (
    AMELIA["first_name"],
    AMELIA["last_name"],
    AMELIA["date_of_birth"],
    CONTACT["email"],
    CONTACT["phone"],
)
TENANT = "ours"
PAGE_EVENTS = 500

Entries = list[dict[str, Any]]


async def audit(world: World) -> None:
    await world.at_rest()
    for trip_id in world.trips:
        trip = await world.trip(trip_id)
        events = await world.events(trip_id)
        stripe = await world.journal("stripe", trip_id)
        duffel = await world.journal("duffel", trip_id)
        assert [e["stream_version"] for e in events if e["stream_id"] == trip_id] == list(
            range(1, 1 + sum(e["stream_id"] == trip_id for e in events))
        )
        each_payment_is_closed(trip, stripe)
        what_is_kept_is_what_is_booked(trip, events, stripe)
        the_trip_knows_its_money(trip, stripe)
        items_are_ordered_once(trip, events, duffel)
    await every_fault_was_met(world)
    await whoever_stopped_has_said_so(world)
    await the_feed_holds_everything(world)
    assert [] == await world.service.log.broken_links()
    await read_models_are_what_the_log_says(world)
    await nobody_is_named(world)


def sums_by_payment(entries: Entries) -> dict[str, Counter[str]]:
    """What moved, by payment and by kind of movement."""
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    for entry in entries:
        if entry["kind"].startswith(("payment.", "refund.")):
            sums[entry["payment_intent"]][entry["kind"]] += entry["amount"]
    return sums


def given_back(sums: Counter[str]) -> int:
    return sums["refund.created"] - sums["refund.failed"]


def each_payment_is_closed(trip: Any, entries: Entries) -> None:
    """Taken at most once; and when the trip is over nothing is held any more."""
    captures = Counter(e["payment_intent"] for e in entries if e["kind"] == "payment.captured")
    assert all(count == 1 for count in captures.values()), f"captured twice: {captures}"
    for payment_id, sums in sums_by_payment(entries).items():
        held = sums["payment.authorized"]
        assert sums["payment.captured"] >= given_back(sums), payment_id
        if held and trip["status"] not in UNDER_WAY:
            assert held == sums["payment.captured"] + sums["payment.released"], payment_id


def what_is_kept_is_what_is_booked(trip: Any, events: list[Any], entries: Entries) -> None:
    """One payment at most is kept, and of it exactly what the confirmed bookings cost and what
    cancelling others cost by the quoted terms. The only exceptions are told by incidents: what is
    booked without being paid for, and what is owed because a bank sent the refund back."""
    kept = {
        payment_id: left
        for payment_id, sums in sums_by_payment(entries).items()
        if (left := sums["payment.captured"] - given_back(sums))
    }
    assert len(kept) <= 1, f"two payments are kept: {kept}"
    booked = sum(b["price"]["amount"] for b in trip["bookings"] if b["status"] == "confirmed")
    unpaid, owed = (at_stake(events, code) for code in ("booked_but_unpaid", "refund_failed"))
    if trip["status"] not in UNDER_WAY:
        booked += cancellation_fees(events) - given_by_people(events)
        assert booked - unpaid + owed == sum(kept.values()), f"{kept} kept for {booked}: {entries}"


def given_by_people(events: list[Any]) -> int:
    """What operators, or somebody in the provider's dashboard, decided to give back. What of it did
    not arrive is told of as owed."""
    return sum(
        e["data"]["amount"]["amount"]
        for e in events
        if e["topic"] == "trip.refund-discovered.v1"
        or (e["topic"] == "trip.refund-scheduled.v1" and ":r:" in e["data"]["refund_id"])
    )


def cancellation_fees(events: list[Any]) -> int:
    """What customers did not get back for bookings they cancelled on quoted terms; what the
    supplier gives that is not known as money waits for people."""
    asked = {
        e["data"]["booking_id"]
        for e in events
        if e["topic"] == "booking.cancellation-requested.v1"
        and e["data"]["reason"] == "requested_by_customer"
    }
    prices = {
        e["data"]["booking_id"]: e["data"]["price"]["amount"]
        for e in events
        if e["topic"] == "booking.initialized.v1"
    }
    cancelled = [
        e["data"]
        for e in events
        if e["topic"] == "booking.cancelled.v1" and e["data"]["booking_id"] in asked
    ]
    refunds = {
        each["booking_id"]: (each["refund"] or {"amount": 0})["amount"] for each in cancelled
    }
    return sum(prices[each] - min(refund, prices[each]) for each, refund in refunds.items())


def at_stake(events: list[Any], code: str) -> int:
    """What the trip's incidents of this code are about."""
    told = [e["data"] for e in events if e["topic"] == "trip.incident-opened.v1"]
    return sum(incident["at_stake"]["amount"] for incident in told if incident["code"] == code)


def the_trip_knows_its_money(trip: Any, entries: Entries) -> None:
    every = sums_by_payment(entries).values()
    moved: Counter[str] = sum(every, Counter())
    wanted = {
        "authorized": moved["payment.authorized"]
        and moved["payment.authorized"]
        - sum(s["payment.captured"] for s in every if s["payment.authorized"])
        - moved["payment.released"],
        "captured": moved["payment.captured"],
        "released": moved["payment.released"],
        "refunded": sum(given_back(sums) for sums in every),
    }
    told = {name: (trip["payment"][name] or {"amount": 0})["amount"] for name in SUMS}
    assert wanted == told, entries


def items_are_ordered_once(trip: Any, events: list[Any], entries: Entries) -> None:
    """At most one order per booking ever, and none that stands without being wanted, unless an
    incident says that the supplier would not cancel it."""
    made: Counter[str] = Counter()
    standing: Counter[str] = Counter()
    for entry in entries:
        code = (entry["metadata"] or {}).get("booking_code", "")
        if entry["kind"] in ORDERED:
            made[code] += 1
            standing[code] += 1
        elif entry["kind"] in UNDONE:
            standing[code] -= 1
    assert all(count == 1 for count in made.values()), f"ordered more than once: {made}"
    assert set(standing.values()) <= {0, 1}, f"cancelled more than once: {standing}"
    refused, undone = "booking.cancellation-refused.v1", "booking.cancelled.v1"
    last = {e["data"]["booking_id"]: e["topic"] for e in events if e["topic"] in {refused, undone}}
    left = {booking_id for booking_id, topic in last.items() if topic == refused}
    stuck = {
        e["data"]["code"]
        for e in events
        if e["topic"] == "booking.initialized.v1" and e["data"]["booking_id"] in left
    }
    confirmed = {b["code"] for b in trip["bookings"] if b["status"] == "confirmed"}
    assert confirmed | stuck == {code for code, count in standing.items() if count}


async def every_fault_was_met(world: World) -> None:
    """A fault that no request has met would have tested nothing."""
    for provider in ("stripe", "duffel"):
        rules = (await world.steer(provider, "GET", "/_sandbox/faults"))["faults"]
        assert [] == [rule for rule in rules if rule["times_left"]]


async def whoever_stopped_has_said_so(world: World) -> None:
    """Work that was put aside is told of by an incident."""
    for row in await world.service.outbox.listed("parked", limit=1_000):
        assert row.trip_id is not None, f"{row.key} was put aside: {row.reason}"
        told = {incident["subject"] for incident in await world.incidents(row.trip_id)}
        assert row.key in told, f"{row.key} was put aside in silence: {row.reason}"


async def the_feed_holds_everything(world: World) -> None:
    """From zero, in order, each event once, and of every trip all of them."""
    seen: list[Any] = []
    while True:
        after = seen[-1]["position"] if seen else 0
        path = f"/v1/events?after={after}&limit={PAGE_EVENTS}"
        page = (await world.call("GET", path))["events"]
        if not page:
            break
        seen += page
    positions = [event["position"] for event in seen]
    assert sorted(set(positions)) == positions
    for trip_id in world.trips:
        assert await world.events(trip_id) == [e for e in seen if e["trip_id"] == trip_id]


async def read_models_are_what_the_log_says(world: World) -> None:
    """Each row, after the projections have caught up, is the fold of its trip's events."""
    service = world.service
    await everything_is_followed(world)
    rows = await service.models.trips(world.trips)
    assert sorted(world.trips) == [row.trip_id for row in rows]
    for row in rows:
        recorded = await service.log.read_trip(row.trip_id)
        told = fold(r.event for r in recorded)
        assert msgspec.json.encode(told) == row.state
        again = None
        for r in recorded:
            again = trip_details.project(again, [r.event])
        assert again == told


async def nobody_is_named(world: World) -> None:
    """No column of any table holds a word of the traveler's in clear; the tenant is found."""
    held = await tables_that_hold(world, (*PERSONAL, TENANT))
    assert TENANT in held["api_keys"]
    found = {word for words in held.values() for word in words}
    assert found <= {TENANT, TENANT.encode().hex()}, held


async def tables_that_hold(world: World, words: Sequence[str]) -> dict[str, list[str]]:
    """Which of the words stand in clear in which tables."""
    pool = world.service.database.pool
    rows = await pool.fetchval(
        "SELECT string_agg(format("
        "'SELECT %L AS name, t::text AS told FROM %I.%I AS t', table_name, table_schema, table_name"
        "), ' UNION ALL ') FROM information_schema.tables WHERE table_type = 'BASE TABLE'"
        " AND table_schema NOT IN ('pg_catalog', 'information_schema')"
    )
    # A row as text shows bytes as hexadecimal digits.
    spelled = [[word, word.encode().hex()] for word in words]
    found = await pool.fetch(
        f"WITH rows AS MATERIALIZED ({rows}) SELECT DISTINCT name, word FROM rows"
        " JOIN unnest($1::text[]) AS word ON told ILIKE '%' || word || '%'",
        [each for both in spelled for each in both],
    )
    held: dict[str, list[str]] = {}
    for row in found:
        held.setdefault(row["name"], []).append(row["word"])
    return held
