"""What stops a checkout while it is being opened is told with its own code; nothing is sold."""

from __future__ import annotations

import asyncio

from tests.scenarios.world import World


async def test_a_trip_that_is_edited_while_it_is_priced_is_not_booked(world: World) -> None:
    flight = await world.find_flight()
    trip_id = await world.build(flight, await world.find_stay())
    items = (await world.trip(trip_id))["items"]
    path = f"/air/offers/{flight['offer_id']}*"
    await world.fault("duffel", "GET", path, "latency", latency_s=3_600)

    booking = asyncio.create_task(world.not_booked(trip_id))
    await world.fault_met("duffel", "latency")
    await world.remove(trip_id, items[0])
    status, code, problem = await booking
    told = await world.topics(trip_id)
    await world.clear_faults("duffel")
    await world.at_rest()

    assert (409, "trip_changed", True) == (status, code, problem["retryable"])
    assert told == await world.topics(trip_id)
    assert {} == await world.kinds("stripe", trip_id)
    assert "draft" == (await world.trip(trip_id))["status"]


async def test_a_checkout_that_the_provider_will_not_open_is_told_once(world: World) -> None:
    """And what is edited while it is booked again is not laid at the provider's door."""
    flight = await world.find_flight()
    trip_id = await world.build(flight, await world.find_stay())
    await world.fault("stripe", "POST", "/v1/checkout/sessions", "refused")

    refused = await world.not_booked(trip_id)
    path = f"/air/offers/{flight['offer_id']}*"
    await world.fault("duffel", "GET", path, "latency", latency_s=3_600)
    booking = asyncio.create_task(world.not_booked(trip_id))
    await world.fault_met("duffel", "latency")
    await world.remove(trip_id, (await world.trip(trip_id))["items"][0])
    changed = await booking
    await world.clear_faults("duffel")
    await world.at_rest()

    assert (422, "payment_provider_refused") == refused[:2]
    assert "charge_exceeds_transaction_limit" == refused[2]["properties"]["provider_code"]
    assert (409, "trip_changed") == changed[:2]
    assert {} == await world.kinds("stripe", trip_id)
    assert (await world.topics(trip_id)).count("trip.checkout-refused.v1") == 1


async def test_secrets_that_the_provider_refuses_leave_the_one_payment_open(world: World) -> None:
    trip_id = await world.build_usual()
    await world.fault("stripe", "POST", "/v1/ephemeral_keys", "refused")

    status, code, problem = await world.not_booked(trip_id, mode="direct")
    before = await world.topics(trip_id), await world.kinds("stripe", trip_id)
    await world.fault("stripe", "POST", "/v1/ephemeral_keys", "refused")
    again = await world.not_booked(trip_id, mode="direct")
    after = await world.topics(trip_id), await world.kinds("stripe", trip_id)
    booked = await world.book(trip_id, mode="direct")

    assert (422, "payment_refused", False) == (status, code, problem["retryable"])
    assert (422, "payment_refused") == again[:2]
    assert before == after
    assert {"customer.created": 1, "payment_intent.created": 1} == after[1]
    assert booked["payment"]["ephemeral_key"].startswith("ek_test_")
