"""Paid, and then an item is not to be had: what is confirmed is kept or undone as the trip
declared, and the customer pays for exactly what is kept."""

from __future__ import annotations

import pytest

from tests.scenarios.world import World


async def test_what_is_sold_out_is_released_and_the_rest_is_kept(world: World) -> None:
    flight, stay = await world.find_flight(), await world.find_stay()
    trip_id = await world.build(flight, stay)
    await world.fault("duffel", "POST", "/air/orders", "sold_out")

    trip = await world.pay_and_settle(trip_id)

    assert "completed" == trip["status"]
    assert ["failed", "confirmed"] == [b["status"] for b in trip["bookings"]]
    assert ["sold_out", None] == [b["problem_code"] for b in trip["bookings"]]
    assert [stay["price"]["amount"]] == await world.amounts("payment.captured", trip_id)
    assert [flight["price"]["amount"]] == await world.amounts("payment.released", trip_id)
    assert {"stay_booking.created": 1} == await world.kinds("duffel", trip_id)


async def test_when_nothing_is_to_be_had_nothing_is_charged(world: World) -> None:
    trip_id = await world.build_usual()
    total = (await world.trip(trip_id))["total"]["amount"]
    await world.fault("duffel", "POST", "/air/orders", "sold_out")
    await world.fault("duffel", "POST", "/stays/bookings", "sold_out")

    trip = await world.pay_and_settle(trip_id)

    assert ("failed", "failed", "released") == (
        trip["status"],
        trip["fulfillment"]["status"],
        trip["payment"]["status"],
    )
    assert [total] == await world.amounts("payment.released", trip_id)
    assert [] == await world.amounts("payment.captured", trip_id)
    assert {} == await world.kinds("duffel", trip_id)


async def test_all_or_nothing_cancels_what_was_confirmed_and_takes_nothing(world: World) -> None:
    trip_id = await world.build_usual()
    total = (await world.trip(trip_id))["total"]["amount"]
    await world.fault("duffel", "POST", "/stays/bookings", "sold_out")

    trip = await world.pay_and_settle(trip_id, fulfillment_policy="all_or_nothing")

    assert ("failed", "all_or_nothing") == (trip["status"], trip["fulfillment"]["policy"])
    assert ["cancelled", "failed"] == [b["status"] for b in trip["bookings"]]
    assert {"order.created": 1, "order.cancelled": 1} == await world.kinds("duffel", trip_id)
    assert [total] == await world.amounts("payment.released", trip_id)
    assert [] == await world.amounts("payment.captured", trip_id)


async def test_all_or_nothing_orders_the_irrevocable_only_when_the_rest_stands(
    world: World,
) -> None:
    """The flexible flight goes first; as it fails, the room that nobody takes back is not tried."""
    trip_id = await world.build_usual()
    await world.fault("duffel", "POST", "/air/orders", "sold_out")

    trip = await world.pay_and_settle(trip_id, fulfillment_policy="all_or_nothing")

    assert "failed" == trip["status"]
    assert ["failed", "cancelled"] == [b["status"] for b in trip["bookings"]]
    assert {} == await world.kinds("duffel", trip_id)


async def test_what_a_supplier_will_not_take_back_is_an_incident_and_not_charged(
    world: World,
) -> None:
    stay = await world.find_test_stay("Cancellation Not Supported", "Flexible Rate")
    trip_id = await world.build(stay, await world.find_flight(refundable=False))
    await world.fault("duffel", "POST", "/air/orders", "sold_out")

    trip = await world.pay_and_settle(trip_id, fulfillment_policy="all_or_nothing")

    assert ["cancellation_refused", "failed"] == [b["status"] for b in trip["bookings"]]
    [incident] = await world.incidents(trip_id)
    assert ("cancellation_refused", stay["price"]["amount"]) == (
        incident["code"],
        incident["at_stake"]["amount"],
    )
    assert [] == await world.amounts("payment.captured", trip_id)
    assert {"stay_booking.created": 1} == await world.kinds("duffel", trip_id)


async def test_what_was_taken_at_once_for_a_failed_item_is_refunded(world: World) -> None:
    flight, stay = await world.find_flight(), await world.find_stay()
    trip_id = await world.build(flight, stay)
    booked = await world.book(trip_id)
    await world.fault("duffel", "POST", "/air/orders", "sold_out")

    session = await world.pay(booked["session_id"], "processing")
    await world.settle(session["payment_intent"], "succeeded")
    trip = await world.until(trip_id, lambda t: t["payment"]["status"] == "partially_refunded")

    assert "completed" == trip["status"]
    assert [booked["total"]["amount"]] == await world.amounts("payment.captured", trip_id)
    assert [flight["price"]["amount"]] == await world.amounts("refund.created", trip_id)
    assert flight["price"]["amount"] == trip["payment"]["refunded"]["amount"]


async def test_a_refund_that_the_bank_sends_back_is_an_incident(world: World) -> None:
    flight = await world.find_flight()
    trip_id = await world.build(flight, await world.find_stay())
    booked = await world.book(trip_id)
    await world.fault("duffel", "POST", "/air/orders", "sold_out")
    session = await world.pay(booked["session_id"], "processing")
    await world.settle(session["payment_intent"], "succeeded")
    await world.until(trip_id, lambda t: t["payment"]["status"] == "partially_refunded")
    [refund] = [e for e in await world.journal("stripe", trip_id) if e["kind"] == "refund.created"]

    await world.steer("stripe", "POST", f"/_sandbox/refunds/{refund['refund']}/fail", {})
    trip = await world.until(trip_id, lambda t: t["payment"]["status"] == "refund_failed")

    assert 0 == trip["payment"]["refunded"]["amount"]
    [incident] = await world.incidents(trip_id)
    assert ("refund_failed", flight["price"]["amount"]) == (
        incident["code"],
        incident["at_stake"]["amount"],
    )


async def test_an_airline_that_cannot_say_is_asked_until_it_is_given_up(world: World) -> None:
    """502 airline_unknown may hide an order, so the trip waits for one before it gives up."""
    flight, stay = await world.find_flight("LHR", "LGW"), await world.find_stay()
    trip_id = await world.build(flight, stay)

    trip = await world.pay_and_settle(trip_id)

    assert ["failed", "confirmed"] == [b["status"] for b in trip["bookings"]]
    assert "order_not_found" == trip["bookings"][0]["problem_code"]
    assert [("order_not_found", flight["price"]["amount"])] == [
        (i["code"], i["at_stake"]["amount"]) for i in await world.incidents(trip_id)
    ]
    assert [stay["price"]["amount"]] == await world.amounts("payment.captured", trip_id)


async def test_without_balance_at_the_supplier_the_item_is_refused(world: World) -> None:
    flight, stay = await world.find_flight("LGW", "STN"), await world.find_stay()
    trip_id = await world.build(flight, stay)

    trip = await world.pay_and_settle(trip_id)

    assert ["insufficient_balance", None] == [b["problem_code"] for b in trip["bookings"]]
    assert [stay["price"]["amount"]] == await world.amounts("payment.captured", trip_id)
    assert [flight["price"]["amount"]] == await world.amounts("payment.released", trip_id)


@pytest.mark.parametrize(
    ("scenario", "code"),
    [
        ("Rate Unavailable at Booking", "sold_out"),
        ("Booking Pending then Failed", "supplier_rejected"),
    ],
)
async def test_a_room_that_cannot_be_booked_is_not_charged(
    world: World, scenario: str, code: str
) -> None:
    trip_id = await world.build(await world.find_test_stay(scenario))

    trip = await world.pay_and_settle(trip_id)

    assert ("failed", [code]) == (trip["status"], [b["problem_code"] for b in trip["bookings"]])
    assert [] == await world.amounts("payment.captured", trip_id)
    assert 0 == (await world.kinds("duffel", trip_id))["stay_booking.created"]
