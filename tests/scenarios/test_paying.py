"""Declined cards, authentication, slow methods, and customers who walk away."""

from __future__ import annotations

from tests.scenarios.world import World


async def test_after_a_declined_card_the_same_checkout_takes_another(world: World) -> None:
    trip_id = await world.build_usual()
    booked = await world.book(trip_id)

    await world.pay(booked["session_id"], "declined")
    declined = await world.until(trip_id, lambda trip: trip["payment"]["status"] == "failed")
    again = await world.book(trip_id)
    await world.pay(booked["session_id"])
    trip = await world.until_status(trip_id, "completed", "failed")
    await world.at_rest()

    assert ("awaiting_payment", booked["session_id"]) == (declined["status"], again["session_id"])
    assert "pay" in declined["allowed_actions"]
    assert ("completed", "captured") == (trip["status"], trip["payment"]["status"])
    kinds = await world.kinds("stripe", trip_id)
    assert (1, 1, 1) == (
        kinds["checkout_session.created"],
        kinds["payment.declined"],
        kinds["payment.captured"],
    )


async def test_every_decline_is_recorded_once_and_none_ends_the_trip(world: World) -> None:
    trip_id = await world.build_usual()
    session_id = (await world.book(trip_id))["session_id"]

    for count in (1, 2, 3):
        await world.pay(session_id, "declined")
        await world.until_recorded(trip_id, "trip.payment-failed.v1", count)
    await world.pay(session_id)
    trip = await world.until_status(trip_id, "completed", "failed")

    assert "completed" == trip["status"]
    assert 3 == (await world.topics(trip_id)).count("trip.payment-failed.v1")
    assert 3 == (await world.kinds("stripe", trip_id))["payment.declined"]


async def test_a_payment_that_needs_authentication_is_booked_after_it(world: World) -> None:
    trip_id = await world.build_usual()
    session_id = (await world.book(trip_id))["session_id"]

    session = await world.pay(session_id, "requires_action")
    await world.at_rest()
    waiting = await world.trip(trip_id)
    await world.pay(session_id)
    trip = await world.until_status(trip_id, "completed", "failed")
    await world.at_rest()

    assert "open" == session["status"]
    assert ("awaiting_payment", "pending") == (waiting["status"], waiting["payment"]["status"])
    assert "completed" == trip["status"]
    assert 1 == (await world.kinds("stripe", trip_id))["payment.captured"]


async def test_a_failed_authentication_is_a_decline(world: World) -> None:
    trip_id = await world.build_usual()
    session_id = (await world.book(trip_id))["session_id"]

    await world.pay(session_id, "requires_action")
    await world.pay(session_id, "declined")
    declined = await world.until(trip_id, lambda trip: trip["payment"]["status"] == "failed")

    assert "awaiting_payment" == declined["status"]
    assert 0 == (await world.kinds("stripe", trip_id))["payment.authorized"]


async def test_a_slow_payment_is_awaited_and_then_fulfilled(world: World) -> None:
    trip_id = await world.build_usual()
    booked = await world.book(trip_id)

    session = await world.pay(booked["session_id"], "processing")
    waiting = await world.until_status(trip_id, "processing")
    told = await world.not_booked(trip_id)
    await world.settle(session["payment_intent"], "succeeded")
    trip = await world.until_status(trip_id, "completed", "failed")
    await world.at_rest()

    assert (409, "payment_processing") == told[:2]
    assert ("processing", []) == (waiting["payment"]["status"], waiting["allowed_actions"])
    assert "completed" == trip["status"]
    assert [booked["total"]["amount"]] == await world.amounts("payment.captured", trip_id)
    assert 0 == (await world.kinds("stripe", trip_id))["payment.authorized"]


async def test_a_slow_payment_that_fails_leaves_a_trip_to_book_again(world: World) -> None:
    trip_id = await world.build_usual()
    first = await world.book(trip_id)

    session = await world.pay(first["session_id"], "processing")
    await world.until_status(trip_id, "processing")
    await world.settle(session["payment_intent"], "failed")
    await world.until_status(trip_id, "draft")
    second = await world.book(trip_id)
    await world.pay(second["session_id"])
    trip = await world.until_status(trip_id, "completed", "failed")
    await world.at_rest()

    assert first["session_id"] != second["session_id"]
    assert not set(first["booking_codes"]) & set(second["booking_codes"])
    assert "completed" == trip["status"]
    kinds = await world.kinds("stripe", trip_id)
    assert (2, 1) == (kinds["checkout_session.created"], kinds["payment.captured"])


async def test_a_slow_payment_that_outlives_the_offers_is_given_back(world: World) -> None:
    trip_id = await world.build_usual()
    booked = await world.book(trip_id)

    await world.pay(booked["session_id"], "processing")
    await world.until_status(trip_id, "processing")
    await world.advance(4 * 86_400)
    trip = await world.until_status(trip_id, "completed", "failed")
    await world.at_rest()

    assert "failed" == trip["status"]
    assert ["failed", "failed"] == [booking["status"] for booking in trip["bookings"]]
    assert [booked["total"]["amount"]] == await world.amounts("payment.captured", trip_id)
    assert [booked["total"]["amount"]] == await world.amounts("refund.created", trip_id)
    assert {} == await world.kinds("duffel", trip_id)


async def test_a_customer_who_walks_away_is_charged_nothing(world: World) -> None:
    trip_id = await world.build_usual()
    first = await world.book(trip_id)

    await world.pay(first["session_id"], "abandoned")
    again = await world.book(trip_id)
    await world.advance(31 * 60)
    trip = await world.until_status(trip_id, "draft")

    assert first["session_id"] == again["session_id"]
    assert "expired" == trip["checkout"]["status"]
    kinds = await world.kinds("stripe", trip_id)
    assert {"checkout_session.created": 1, "checkout_session.expired": 1} == kinds
    assert {} == await world.kinds("duffel", trip_id)
