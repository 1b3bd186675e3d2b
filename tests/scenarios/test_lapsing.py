"""An authorisation is captured or released before it lapses, whatever is still unresolved."""

from __future__ import annotations

from tests.scenarios.world import World

LIFE_S = 7 * 86_400
GUARDED_S = LIFE_S - 5 * 3_600


async def authorize_and_lose_the_flight(world: World, trip_id: str, mode: str) -> None:
    """Paid; the flight's order got no usable answer, and the list of orders does not answer."""
    booked = await world.book(trip_id)
    await world.fault("duffel", "POST", "/air/orders", mode)
    await world.fault("duffel", "GET", "/air/orders", "http_503", times=None)
    await world.pay(booked["session_id"])
    await world.until_recorded(trip_id, "booking.order-unknown.v1")


async def test_what_is_confirmed_is_captured_before_the_authorisation_lapses(
    world: World,
) -> None:
    stay = await world.find_stay()
    trip_id = await world.build(await world.find_flight(), stay)
    await authorize_and_lose_the_flight(world, trip_id, "reset_before")
    await world.until_recorded(trip_id, "booking.confirmed.v1")

    await world.advance(GUARDED_S)
    lapsing = await world.until(trip_id, lambda t: t["payment"]["captured"]["amount"])
    await world.clear_faults("duffel")
    trip = await world.until_status(trip_id, "completed", "failed")

    assert ("fulfilling", "unknown") == (lapsing["status"], lapsing["bookings"][0]["status"])
    assert [stay["price"]["amount"]] == await world.amounts("payment.captured", trip_id)
    assert ["failed", "confirmed"] == [b["status"] for b in trip["bookings"]]
    assert ["authorization_lapsing", "order_not_found"] == [
        incident["code"] for incident in await world.incidents(trip_id)
    ]


async def test_with_nothing_confirmed_the_authorisation_is_released_in_time(world: World) -> None:
    trip_id = await world.build(await world.find_flight())
    total = (await world.trip(trip_id))["total"]["amount"]
    await authorize_and_lose_the_flight(world, trip_id, "reset_before")

    await world.advance(GUARDED_S)
    await world.happened("stripe", trip_id, "payment.released")
    await world.clear_faults("duffel")
    trip = await world.until_status(trip_id, "completed", "failed")

    assert "failed" == trip["status"]
    assert [total] == await world.amounts("payment.released", trip_id)
    assert [] == await world.amounts("payment.captured", trip_id)


async def test_an_order_that_turns_up_after_the_money_went_is_an_incident(world: World) -> None:
    flight = await world.find_flight()
    trip_id = await world.build(flight)
    await authorize_and_lose_the_flight(world, trip_id, "commit_then_reset")
    await world.webhooks("duffel", drop=True)

    await world.advance(GUARDED_S)
    await world.happened("stripe", trip_id, "payment.released")
    await world.clear_faults("duffel")
    trip = await world.until_status(trip_id, "completed", "failed")

    assert ["confirmed"] == [b["status"] for b in trip["bookings"]]
    assert ["authorization_lapsing", "booked_but_unpaid"] == [
        incident["code"] for incident in await world.incidents(trip_id)
    ]
    assert flight["price"]["amount"] == (await world.incidents(trip_id))[1]["at_stake"]["amount"]
    assert {"order.created": 1} == await world.kinds("duffel", trip_id)


async def test_an_order_that_turns_up_unpaid_is_undone_where_that_is_free(world: World) -> None:
    trip_id = await world.build(await world.find_stay(refundable=True))
    booked = await world.book(trip_id)
    await world.fault("duffel", "POST", "/stays/bookings", "commit_then_reset")
    await world.fault("duffel", "GET", "/stays/bookings", "http_503", times=None)
    await world.webhooks("duffel", drop=True)
    await world.pay(booked["session_id"])
    await world.until_recorded(trip_id, "booking.order-unknown.v1")

    await world.advance(GUARDED_S)
    await world.happened("stripe", trip_id, "payment.released")
    await world.clear_faults("duffel")
    trip = await world.until_status(trip_id, "completed", "failed")

    assert ("failed", "cancelled") == (trip["status"], trip["bookings"][0]["status"])
    assert ["authorization_lapsing"] == [i["code"] for i in await world.incidents(trip_id)]
    assert {"stay_booking.created": 1, "stay_booking.cancelled": 1} == await world.kinds(
        "duffel", trip_id
    )


async def test_an_authorisation_that_lapsed_unseen_is_told_and_not_captured(world: World) -> None:
    stay = await world.find_stay()
    trip_id = await world.build(await world.find_flight(), stay)
    await authorize_and_lose_the_flight(world, trip_id, "reset_before")
    await world.until_recorded(trip_id, "booking.confirmed.v1")

    await world.advance(LIFE_S + 3_600)
    await world.until_recorded(trip_id, "trip.payment-released.v1")
    await world.clear_faults("duffel")
    trip = await world.until_status(trip_id, "completed", "failed")

    assert [] == await world.amounts("payment.captured", trip_id)
    assert ["failed", "confirmed"] == [b["status"] for b in trip["bookings"]]
    unpaid = [i for i in await world.incidents(trip_id) if i["code"] == "booked_but_unpaid"]
    assert [stay["price"]["amount"]] == [i["at_stake"]["amount"] for i in unpaid]
