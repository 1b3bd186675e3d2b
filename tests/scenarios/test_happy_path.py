"""A flight and a stay, booked, paid and fulfilled."""

from __future__ import annotations

import asyncio

from tests.scenarios.world import World


async def test_a_flight_and_a_stay_become_one_paid_fulfilled_trip(world: World) -> None:
    trip_id = await world.build_usual()

    booked = await world.book(trip_id)
    await world.pay(booked["session_id"])
    trip = await world.until_status(trip_id, "completed", "failed")

    assert trip["status"] == "completed"
    assert trip["fulfillment"]["status"] == "completed"
    assert sorted(booked["booking_codes"]) == sorted(b["code"] for b in trip["bookings"])
    assert all(b["supplier_reference"] for b in trip["bookings"])
    assert [booked["total"]["amount"]] == await world.amounts("payment.captured", trip_id)
    orders = await world.kinds("duffel", trip_id)
    assert (1, 1) == (orders["order.created"], orders["stay_booking.created"])


async def test_fifty_calls_at_once_open_one_checkout(world: World) -> None:
    trip_id = await world.build_usual()

    answers = await asyncio.gather(*(world.book(trip_id) for _ in range(50)))

    assert 1 == len({(a["session_id"], a["checkout_url"]) for a in answers})
    assert 1 == (await world.kinds("stripe", trip_id))["checkout_session.created"]
    assert 1 == (await world.topics(trip_id)).count("trip.checkout-initialized.v1")


async def test_booking_again_answers_the_same_checkout(world: World) -> None:
    trip_id = await world.build_usual()
    first = await world.book(trip_id)

    second = await world.book(trip_id)

    assert (first["session_id"], first["checkout_url"]) == (
        second["session_id"],
        second["checkout_url"],
    )
    assert first["booking_codes"] == second["booking_codes"]
