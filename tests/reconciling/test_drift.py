"""What nobody can be sure of is put before people: once, on the trip that it concerns, with the
money at stake; and what belongs to no trip is reported until somebody accepts it."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from adapters.operators.reconciliations import DEAD_AFTER
from domain.errors import Refused
from domain.log import Cause
from domain.money import Money
from domain.payments import MoneyBack, RefundSnapshot
from domain.trip import commands as c
from service.reconciling.run import Scope
from tests.forking import command
from tests.reconciling.comparing import (
    everything,
    found,
    one,
    order_elsewhere,
    reconciled,
)
from tests.reconciling.test_lost_news import captured_payment
from tests.scenarios.processes import environment
from tests.scenarios.world import World

OPERATOR = Cause(tenant=None, actor="operator:test")


async def believed_refunded(
    world: World, trip_id: str, refund_id: str, amount: int
) -> tuple[str, Money]:
    """The log says that so much was refunded."""
    dossier, _ = await world.service.road.read(trip_id)
    assert dossier.trip is not None
    payment_id = await captured_payment(world, trip_id)
    money = Money(amount, dossier.trip.payments[0].captured.currency)
    refund = RefundSnapshot(provider_refund_id=refund_id, status="succeeded", amount=money)
    told = c.RecordMoneyBack(
        money_back=MoneyBack(payment_id=payment_id, refunds=(refund,)),
        now=world.service.clock.now(),
    )
    await world.service.road.handle(trip_id, told, OPERATOR)
    return payment_id, money


async def test_a_refund_of_another_amount_opens_one_incident_however_often_it_is_met(
    world: World,
) -> None:
    trip_id = await world.build_usual()
    await world.pay_and_settle(trip_id)
    await world.at_rest()
    await world.webhooks("stripe", drop=True)
    path = f"/_sandbox/payment_intents/{await captured_payment(world, trip_id)}/refund"
    made = await world.steer("stripe", "POST", path, {"amount": 1_000})
    await believed_refunded(world, trip_id, made["id"], 1_234)

    reports = [await everything(world) for _ in range(3)]

    once = Counter({("refund_differs", "incident"): 1})
    assert [once, once, once] == [found(report) for report in reports]
    [incident] = await world.incidents(trip_id)
    assert ("refund_differs", 1_234) == (incident["code"], incident["at_stake"]["amount"])
    assert made["id"] in incident["subject"]
    assert [reports[0].drifts[-1].first_seen_at] == [
        d.first_seen_at for d in reports[2].drifts if d.code == "refund_differs"
    ]


async def test_what_people_have_settled_is_settled_and_not_asked_again(world: World) -> None:
    trip_id = await world.build_usual()
    await world.pay_and_settle(trip_id)
    await believed_refunded(world, trip_id, "re_gone", 1_234)

    code, told = await reconciled(world, "--trip", trip_id)
    [incident] = await world.incidents(trip_id)
    resolve = c.ResolveIncident(
        code=incident["code"],
        subject=incident["subject"],
        resolution="Paid back by bank transfer.",
        now=world.service.clock.now(),
    )
    await world.service.road.handle(trip_id, resolve, OPERATOR)
    second, told_again = await reconciled(world, "--trip", trip_id)
    shown, last = await reconciled(world, "--last")

    assert (1, 0, 0) == (code, second, shown)
    assert [("refund_missing", "incident")] == [(d["code"], d["done"]) for d in told["drifts"]]
    assert ["settled"] == [drift["done"] for drift in told_again["drifts"]]
    assert told_again == last
    assert 1 == len(await world.incidents(trip_id))


async def test_an_order_cancelled_behind_our_back_is_put_before_people(world: World) -> None:
    trip_id = await world.build(await world.find_stay())
    trip = await world.pay_and_settle(trip_id)
    await world.webhooks("duffel", drop=True)
    [entry] = [
        e for e in await world.journal("duffel", trip_id) if e["kind"] == "stay_booking.created"
    ]
    dossier, _ = await world.service.road.read(trip_id)
    assert dossier.trip is not None
    supplier, offer = world.service.suppliers["duffel"], dossier.trip.items[0].offer
    terms = await supplier.cancellation_quote(offer, entry["booking_id"])
    await supplier.cancel(offer, terms)  # type: ignore[arg-type]

    report = await one(world, trip_id)

    assert Counter({("order_cancelled_elsewhere", "incident"): 1}) == found(report)
    [incident] = await world.incidents(trip_id)
    price = trip["bookings"][0]["price"]["amount"]
    assert ("order_cancelled_elsewhere", price) == (
        incident["code"],
        incident["at_stake"]["amount"],
    )


async def test_an_order_of_nobody_is_reported_until_somebody_accepts_it(world: World) -> None:
    made = await order_elsewhere(world, {})

    first, second = await everything(world), await everything(world)
    [drift] = second.staying
    code, _ = await reconciled(world)
    words = ((drift.key, " "), ("no-such-key", "Ordered."), (drift.key, "Ordered by the office."))
    asked = [await command(environment(world), "reconcile", "accept", *each) for each in words]
    after, told = await reconciled(world)

    assert Counter({("order_of_nobody", "reported"): 1}) == found(first) == found(second)
    assert (made.supplier_order_id, made.price) == (drift.subject, drift.at_stake)
    assert first.staying[0].first_seen_at == drift.first_seen_at
    assert [2, 3, 0] == [done.code for done in asked]
    assert (1, 0, ["settled"]) == (code, after, [each["done"] for each in told["drifts"]])


async def test_an_order_that_names_a_trip_and_no_booking_of_it_is_put_before_people(
    world: World,
) -> None:
    trip_id = await world.build_usual()
    made = await order_elsewhere(world, {"trip_id": trip_id, "booking_id": "no-such-booking"})

    report = await one(world, trip_id)

    assert Counter({("order_not_known", "incident"): 1}) == found(report)
    [incident] = await world.incidents(trip_id)
    assert made.supplier_order_id in incident["subject"]
    assert made.price.amount == incident["at_stake"]["amount"]


async def test_a_second_order_of_a_booking_is_told_to_the_booking(world: World) -> None:
    trip_id = await world.build_usual()
    await world.pay_and_settle(trip_id)
    [first, _] = (await world.service.road.read(trip_id))[0].bookings
    made = await order_elsewhere(world, {"trip_id": trip_id, "booking_id": first.booking_id})

    report = await one(world, trip_id)
    await world.at_rest()
    again = await one(world, trip_id)

    assert Counter({("order_not_heard_of", "repaired"): 1}) == found(report)
    assert [] == list(again.drifts)
    [incident] = await world.incidents(trip_id)
    assert f"{first.booking_id}:{made.supplier_order_id}" == incident["subject"]


async def other_tenants_trip(world: World) -> str:
    ours, world.key = world.key, world.other_key
    try:
        trip_id = await world.build_usual()
        await world.pay_and_settle(trip_id)
        return trip_id
    finally:
        world.key = ours


async def recorded(world: World, trip_id: str) -> list[Any]:
    return [each.event_id for each in await world.service.log.read_trip(trip_id)]


async def test_another_tenants_trip_is_left_alone(world: World) -> None:
    mine = await world.build_usual()
    await world.pay_and_settle(mine)
    theirs = await other_tenants_trip(world)
    await world.at_rest()
    for trip_id in (mine, theirs):
        await believed_refunded(world, trip_id, f"re_gone_{trip_id}", 1_234)
    before = await recorded(world, theirs)

    report = await one(world, mine)
    after = await recorded(world, theirs)
    both = await everything(world)
    reports = world.service.reconciler.reports

    assert {mine} == {drift.trip_id for drift in report.drifts}
    assert before == after
    assert {"ours": mine, "theirs": theirs} == {d.tenant: d.trip_id for d in both.staying}
    assert [theirs] == [d.trip_id for d in await reports.drifts(both.run, "theirs")]


async def test_a_run_that_was_killed_is_done_again_and_nothing_is_done_twice(world: World) -> None:
    trips = []
    for _ in range(2):
        trips.append(await world.build_usual())
        await world.pay_and_settle(trips[-1])
    await world.at_rest()
    for trip_id in trips:
        await believed_refunded(world, trip_id, f"re_gone_{trip_id}", 1_234)
    await world.advance(61)
    reconciling = world.service.reconciler
    reconciling.every_s = 3_600.0
    last = (await world.trip(max(trips)))["checkout"]["session_id"]
    path = f"/v1/checkout/sessions/{last}"
    await world.fault("stripe", "GET", path, "latency", latency_s=3_600)

    run = asyncio.create_task(reconciling.look())
    met = asyncio.create_task(world.fault_met("stripe", "latency"))
    await asyncio.wait({run, met}, return_when=asyncio.FIRST_COMPLETED)
    assert not run.done(), run.exception()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    await world.clear_faults("stripe")
    too_soon = await reconciling.look()
    await world.advance(DEAD_AFTER.total_seconds() + 1)
    report = await reconciling.look()
    at_once = await reconciling.look()
    await world.advance(timedelta(hours=1).total_seconds())
    later = await reconciling.look()

    assert (None, None) == (too_soon, at_once)
    assert report is not None
    assert later is not None
    assert Counter({("refund_missing", "incident"): 2}) == found(report) == found(later)
    for trip_id in trips:
        assert ["refund_missing"] == [i["code"] for i in await world.incidents(trip_id)]


async def test_a_provider_that_gives_no_answer_is_told_of_and_compared_later(world: World) -> None:
    trip_id = await world.build_usual()
    await world.pay_and_settle(trip_id)
    await world.at_rest()
    path = f"/v1/checkout/sessions/{(await world.trip(trip_id))['checkout']['session_id']}"
    await world.fault("stripe", "GET", path, "http_503", times=10)

    report = await one(world, trip_id)
    await world.clear_faults("stripe")
    again = await one(world, trip_id)

    assert [("not_compared", True)] == [(d.code, d.stays) for d in report.drifts]
    assert [] == list(again.drifts)


async def test_a_trip_that_is_not_there_is_not_found(world: World) -> None:
    with pytest.raises(Refused, match="trip_not_found"):
        await world.service.reconciler.reconcile(
            Scope(since=world.service.clock.now(), trip_id="0b2e5b0e-0000-4000-8000-000000000000")
        )
