"""Codes that take some doing: each is answered at a door, and leaves the log and the providers as
they were."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.scenarios.test_bad_input import nothing_happens
from tests.scenarios.world import DEPARTURE, World

CITIES = ("JFK", "CDG", "DXB", "SIN", "MAD", "FCO", "SFO")


async def many_offers(world: World, count: int) -> list[Any]:
    """So many flights, as they are added to a trip."""
    found: list[Any] = []
    for city in CITIES:
        day = DEPARTURE.isoformat()
        search = {
            "slices": [{"origin": "LHR", "destination": city, "departure_date": day}],
            "passengers": [{"type": "adult"}],
        }
        told = await world.call("POST", "/v1/offers/flights", search)
        found += [{"offer_id": each["offer_id"]} for each in told["offers"]]
    assert len(found) >= count
    return found[:count]


@asynccontextmanager
async def impatient(world: World) -> AsyncIterator[None]:
    """Nobody waits for what takes its time."""
    patience, world.service.desk.wait_s = world.service.desk.wait_s, 0.0
    yield
    world.service.desk.wait_s = patience


async def test_a_trip_that_is_full_takes_no_more_items(world: World) -> None:
    *most, last = await many_offers(world, 21)
    full = await world.call("POST", "/v1/trips", {"items": most})

    async with nothing_happens(world):
        told = await world.refused("POST", f"/v1/trips/{full['trip_id']}/items", last)

    assert (422, "too_many_items") == told[:2]


async def test_an_extra_is_not_chosen_for_somebody_who_does_not_travel(world: World) -> None:
    trip_id = await world.build(await world.find_flight())
    [item] = (await world.book(trip_id))["items"]
    wanted = {"offer_id": item["available_ancillaries"][0]["offer_id"], "traveler_id": "nobody"}
    path = f"/v1/trips/{trip_id}/items/{item['item_id']}/ancillaries"

    async with nothing_happens(world):
        told = await world.refused("PUT", path, {"selections": [wanted]})

    assert (404, "traveler_not_found") == told[:2]


async def test_an_edit_that_is_not_awaited_says_that_the_checkout_is_being_closed(
    world: World,
) -> None:
    """The first closes it, and says so; none of them edits, until it is closed."""
    trip_id = await world.build_usual()
    item = (await world.trip(trip_id))["items"][0]
    await world.book(trip_id)
    await world.fault("stripe", "POST", "/v1/checkout/sessions/*/expire", "http_503", times=None)
    path = f"/v1/trips/{trip_id}/items/{item['item_id']}"

    async with impatient(world):
        told = [await world.refused("DELETE", path) for _ in range(2)]
        told.append(await world.not_booked(trip_id))
    before = await world.topics(trip_id)
    await world.clear_faults("stripe")
    await world.hurried(world.remove(trip_id, item))

    assert ["checkout_open", "checkout_closing", "checkout_closing"] == [
        code for _, code, _ in told
    ]
    assert [(409, True)] * 3 == [(status, p["retryable"]) for status, _, p in told]
    assert 1 == before.count("trip.checkout-closing.v1")
    assert 0 == before.count("trip.item-removed.v1")
    assert 1 == (await world.topics(trip_id)).count("trip.item-removed.v1")


async def test_several_items_that_are_not_to_be_had_are_told_one_by_one(world: World) -> None:
    """The supplier's clock is ahead of ours: it calls one expired that we take to live."""
    trip_id = await world.build(await world.find_flight("LGW", "LHR"), await world.find_flight())
    await world.steer("duffel", "POST", "/_sandbox/clock", {"advance_s": 86_400})

    status, code, problem = await world.not_booked(trip_id)

    assert (410, "items_unavailable") == (status, code)
    told = [each["code"] for each in problem["properties"]["items"]]
    assert ["sold_out", "offer_expired"] == told
    assert {} == await world.kinds("stripe", trip_id)
    assert {} == await world.kinds("duffel", trip_id)


async def test_secrets_that_cannot_be_had_now_are_asked_for_again(world: World) -> None:
    trip_id = await world.build_usual()
    await world.book(trip_id, mode="direct")
    keys = "/v1/ephemeral_keys"

    async with nothing_happens(world):
        await world.fault("stripe", "POST", keys, "rate_limited", times=2)
        busy = await world.not_booked(trip_id, mode="direct")
        await world.clear_faults("stripe")
        await world.fault("stripe", "POST", keys, "http_500", times=2)
        lost = await world.not_booked(trip_id, mode="direct")
        await world.clear_faults("stripe")
        booked = await world.book(trip_id, mode="direct")

    assert (503, "payment_provider_unavailable", True) == (*busy[:2], busy[2]["retryable"])
    assert (504, "outcome_unknown", True) == (*lost[:2], lost[2]["retryable"])
    assert booked["payment"]["ephemeral_key"].startswith("ek_test_")


async def test_nothing_is_cancelled_without_terms(world: World) -> None:
    trip_id = await world.build_usual()
    await world.pay_and_settle(trip_id)
    terms = {"cancellation_quote_id": "7d0c2a9e-4b2f-4f0e-9d51-3c6a1f0b8e24"}

    async with nothing_happens(world):
        told = await world.refused("POST", f"/v1/trips/{trip_id}/cancel", terms)

    assert (422, "cancellation_quote_required") == told[:2]
