"""Clocks that run out: of a checkout, of a quote, of an offer; and booking anew after it."""

from __future__ import annotations

from adapters.sandbox_clock import SandboxClock
from tests.scenarios.world import World

HALF_AN_HOUR = 30 * 60


async def renewed(world: World, trip_id: str) -> None:
    """The trip's items replaced by fresh offers of the same kind."""
    for item in (await world.trip(trip_id))["items"]:
        await world.remove(trip_id, item)
    for offer in (await world.find_flight(), await world.find_stay()):
        await world.add(trip_id, offer)


async def test_an_expired_checkout_cannot_be_paid_and_its_bookings_are_cancelled(
    world: World,
) -> None:
    trip_id = await world.build_usual()
    booked = await world.book(trip_id)

    await world.advance(HALF_AN_HOUR + 1)
    trip = await world.until_status(trip_id, "draft")

    assert ("expired", "none") == (trip["checkout"]["status"], trip["payment"]["status"])
    assert 400 == await world.cannot_pay(booked["session_id"])
    assert ["cancelled", "cancelled"] == [
        (await world.call("GET", f"/v1/bookings/{code}"))["status"]
        for code in booked["booking_codes"]
    ]
    assert {"checkout_session.created": 1, "checkout_session.expired": 1} == (
        await world.kinds("stripe", trip_id)
    )


async def test_after_an_expired_checkout_fresh_offers_get_a_new_session(world: World) -> None:
    trip_id = await world.build_usual()
    old = await world.book(trip_id)
    await world.advance(HALF_AN_HOUR + 1)
    await world.until_status(trip_id, "draft")

    stale = await world.not_booked(trip_id)
    await renewed(world, trip_id)
    new = await world.book(trip_id)
    await world.pay(new["session_id"])
    trip = await world.until_status(trip_id, "completed", "failed")

    assert (410, "offer_expired") == stale[:2]
    assert old["session_id"] != new["session_id"]
    assert old["group_id"] != new["group_id"]
    assert sorted(new["booking_codes"]) == sorted(b["code"] for b in trip["bookings"])
    assert 400 == await world.cannot_pay(old["session_id"])
    assert "completed" == trip["status"]
    assert [new["total"]["amount"]] == await world.amounts("payment.captured", trip_id)


async def test_a_quote_nobody_agreed_to_expires_with_its_offers(world: World) -> None:
    trip_id = await world.build(await world.find_flight("LHR", "STN"))
    await world.not_booked(trip_id)

    await world.advance(HALF_AN_HOUR + 1)
    trip = await world.until_status(trip_id, "draft")
    stale = await world.not_booked(trip_id)

    assert "expired" == trip["quote"]["status"]
    assert 1 == (await world.topics(trip_id)).count("trip.quote-expired.v1")
    assert (410, "offer_expired") == stale[:2]
    assert {} == await world.kinds("stripe", trip_id)


async def test_an_expired_offer_is_neither_added_nor_booked(world: World) -> None:
    offer = await world.find_flight()
    trip_id = await world.build(await world.find_stay())
    before = await world.topics(trip_id)

    await world.advance(HALF_AN_HOUR + 1)
    added = await world.refused(
        "POST", f"/v1/trips/{trip_id}/items", {"offer_id": offer["offer_id"]}
    )
    booked = await world.not_booked(trip_id)

    assert (410, "offer_expired") == added[:2]
    assert (410, "offer_expired") == booked[:2]
    assert before == await world.topics(trip_id)
    assert {} == await world.kinds("stripe", trip_id)


async def test_who_pays_while_the_checkout_is_being_expired_gets_the_trip(world: World) -> None:
    """The money came first; what the supplier still sells is booked, the rest is released."""
    trip_id = await world.build_usual()
    session_id = (await world.book(trip_id))["session_id"]
    await world.fault("stripe", "POST", "/v1/checkout/sessions/*/expire", "latency", latency_s=20)

    await world.advance(HALF_AN_HOUR + 1)
    await world.fault_met("stripe", "latency")
    await world.pay(session_id)
    await world.clear_faults("stripe")
    trip = await world.until_status(trip_id, "completed", "failed")

    assert ("failed", "paid", "released") == (
        trip["status"],
        trip["checkout"]["status"],
        trip["payment"]["status"],
    )
    assert 0 == (await world.kinds("stripe", trip_id))["checkout_session.expired"]
    assert {} == await world.kinds("duffel", trip_id)


async def test_paid_in_time_and_told_after_the_deadline_is_seen_and_given_back_whole(
    world: World,
) -> None:
    """Who comes to close the page sees the payment; the offers are gone, so nothing is kept."""
    await world.webhooks("stripe", drop=True)
    trip_id = await world.build_usual()
    booked = await world.book(trip_id)
    await world.pay(booked["session_id"])

    await world.advance(HALF_AN_HOUR + 1)
    trip = await world.until_status(trip_id, "completed", "failed", "draft")

    assert ("failed", "paid") == (trip["status"], trip["checkout"]["status"])
    assert [booked["total"]["amount"]] == await world.amounts("payment.released", trip_id)
    assert [] == await world.amounts("payment.captured", trip_id)
    assert {} == await world.kinds("duffel", trip_id)


async def test_the_clock_moves_the_service_and_both_sandboxes(world: World) -> None:
    before = world.service.clock.now()

    told = await world.call("POST", "/v1/sandbox/clock", {"advance_s": 86_400})

    stripe, duffel = [
        await world.steer(provider, "GET", "/_sandbox/clock") for provider in ("stripe", "duffel")
    ]
    assert (86_400.0, 86_400.0) == (stripe["offset_s"], duffel["offset_s"])
    assert 86_400 == round((world.service.clock.now() - before).total_seconds(), -2)
    assert told["now"][:10] == stripe["now"][:10] == duffel["now"][:10]
    offer = await world.find_flight()
    assert offer["expires_at"] > told["now"]


async def test_the_clock_is_not_put_back_by_an_answer_from_before_it_moved(world: World) -> None:
    """A worker that claimed in a moment put back would lose its lease when time came again."""
    clock = world.service.clock
    assert isinstance(clock, SandboxClock)
    await world.advance(HALF_AN_HOUR)
    moved = clock.now()

    clock.move_to(0)

    assert clock.now() >= moved
