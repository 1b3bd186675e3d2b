"""An agent books a whole trip: search, trip, travelers, book, the traveler pays, completed."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from tests.compat.mcp.agents import FLIGHTS, PEOPLE, Agent, added, over_http, over_stdio
from tests.scenarios.world import World


async def book_everything(agent: Agent) -> tuple[Any, Any]:
    """A whole booking; answers what `book` and the last `get_trip` said."""
    trip = await agent.usual()
    booked = await agent.call("book", trip_id=trip["trip_id"])
    await agent.pay(trip["trip_id"])
    await agent.world.until_status(trip["trip_id"], "completed", "failed")
    return booked, await agent.call("get_trip", trip_id=trip["trip_id"])


def ensure_completed(booked: Any, trip: Any) -> None:
    assert ("completed", "completed", "captured") == (
        trip["status"],
        trip["fulfillment"]["status"],
        trip["payment"]["status"],
    )
    assert ["confirmed", "confirmed"] == [booking["status"] for booking in trip["bookings"]]
    assert all(booking["booking_reference"] for booking in trip["bookings"])
    assert re.fullmatch(r"JNK-[A-Z0-9]{6}", trip["booking_ref"])
    assert booked["total_amount"]["total"] == trip["totals"]["total"]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_an_agent_books_a_trip_over_http(world: World, mode: str) -> None:
    async with over_http(world, mode=mode) as agent:
        booked, trip = await book_everything(agent)

    ensure_completed(booked, trip)


async def test_an_agent_books_a_trip_with_the_same_tools_over_stdio(world: World) -> None:
    async with over_stdio(world) as agent, over_http(world) as near:
        booked, trip = await book_everything(agent)

        tools = [(await each.client.list_tools()).tools for each in (agent, near)]
        assert tools[0] == tools[1]
        assert agent.client.instructions == near.client.instructions
    ensure_completed(booked, trip)


async def test_book_answers_what_its_example_shows(world: World) -> None:
    async with over_http(world) as agent:
        trip = await agent.usual()
        booked = await agent.call("book", trip_id=trip["trip_id"])

    page = f"{world.service.settings.base_url}/checkout?sid={booked['session_id']}"
    assert ("success", trip["trip_id"], page) == (
        booked["status"],
        booked["trip_id"],
        booked["checkout_url"],
    )
    flight, stay = booked["items"]
    for item in (flight, stay):
        assert ["available_ancillaries", "item_id", "kind", "price"] == sorted(item)
        assert ["currency", "total"] == sorted(item["price"])
        assert isinstance(item["price"]["total"], float)
        assert isinstance(item["item_id"], str)
    assert ("flight", "hotel") == (flight["kind"], stay["kind"])
    bag = flight["available_ancillaries"][0]
    assert ["name", "offer_id", "price", "type"] == sorted(bag)
    assert "BAGGAGE" == bag["type"]
    assert isinstance(bag["price"], float)
    minor = (await world.trip(trip["trip_id"]))["quote"]["total"]["amount"]
    assert {
        "total": minor / 100,
        "currency": "EUR",
        "display": f"EUR {minor // 100}.{minor % 100:02}",
    } == booked["total_amount"]


async def test_both_names_of_book_answer_one_checkout_however_often(world: World) -> None:
    async with over_http(world) as agent:
        trip_id = (await agent.usual())["trip_id"]
        names = ["book", "checkout"] * 5
        answers = await asyncio.gather(*(agent.call(name, trip_id=trip_id) for name in names))

    assert 1 == len({(a["session_id"], a["checkout_url"]) for a in answers})
    assert 1 == (await world.kinds("stripe", trip_id))["checkout_session.created"]


async def test_a_request_that_is_named_is_carried_out_once(world: World) -> None:
    async with over_http(world) as agent:
        flight = (await agent.call("search_flights", **FLIGHTS))["offers"][0]
        wanted = {
            "add_item": added(flight),
            "upsert_travelers": PEOPLE,
            "request_id": "the-trip-of-may",
        }
        first = await agent.call("trip", **wanted)
        again = await agent.call("trip", **wanted)
        other = await agent.call("trip", **wanted | {"request_id": "the-trip-of-june"})

    assert (first["trip_id"], []) == (again["trip_id"], again["actions_performed"])
    assert (first["items"], first["travelers"]) == (again["items"], again["travelers"])
    assert first["trip_id"] != other["trip_id"]


async def test_a_named_swap_is_carried_out_once(world: World) -> None:
    async with over_http(world) as agent:
        trip = await agent.usual()
        other = (await agent.call("search_flights", **FLIGHTS))["offers"][1]
        wanted = {
            "trip_id": trip["trip_id"],
            "remove_item": {"item_id": trip["items"][0]["item_id"]},
            "add_item": added(other),
            "request_id": "another-flight",
        }
        first = await agent.call("trip", **wanted)
        again = await agent.call("trip", **wanted)

    assert ["item_removed", "item_added"] == first["actions_performed"]
    assert ([], first["items"]) == (again["actions_performed"], again["items"])


async def test_every_answer_says_what_to_do_next(world: World) -> None:
    async with over_http(world) as agent:
        empty = await agent.call("trip")
        flight = (await agent.call("search_flights", **FLIGHTS))["offers"][0]
        trip_id = empty["trip_id"]
        nobody = await agent.call("trip", trip_id=trip_id, add_item=added(flight))
        ready = await agent.call("trip", trip_id=trip_id, upsert_travelers=PEOPLE)
        booked = await agent.call("book", trip_id=trip_id)
        waiting = await agent.call("get_trip", trip_id=trip_id)

    assert [
        "Search, then call trip with add_item.",
        "Ask the traveler for names,",
        "Call book when the traveler agrees",
        "Nothing is paid or booked yet.",
        "Give the traveler checkout_url",
    ] == [
        next(start for start in STARTS if answer["next"].startswith(start))
        for answer in (empty, nobody, ready, booked, waiting)
    ]
    assert ("succeeded", "pending_payment") == (
        waiting["quote"]["status"],
        waiting["checkout"]["status"],
    )


STARTS = (
    "Search, then call trip with add_item.",
    "Ask the traveler for names,",
    "Call book when the traveler agrees",
    "Nothing is paid or booked yet.",
    "Give the traveler checkout_url",
)


async def test_an_empty_search_is_an_answer_and_no_error(world: World) -> None:
    leg = FLIGHTS["slices"][0] | {"origin": "PVD", "destination": "RAI"}
    async with over_http(world) as agent:
        found = await agent.call("search_flights", **FLIGHTS | {"slices": [leg]})

    assert ([], 0, "no_offers") == (found["offers"], found["offers_found"], found["empty_reason"])


async def test_a_search_shows_as_many_offers_as_wanted_the_cheapest_first(world: World) -> None:
    async with over_http(world) as agent:
        found = await agent.call("search_flights", **FLIGHTS, limit=2)

    prices = [offer["price"]["total"] for offer in found["offers"]]
    assert 2 == len(prices)
    assert sorted(prices) == prices
    assert found["offers_found"] > 2
    assert found["empty_reason"] is None
