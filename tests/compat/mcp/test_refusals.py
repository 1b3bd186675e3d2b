"""Errors of tools: a code, whether to try again, what to do; nothing has happened."""

from __future__ import annotations

from typing import Any

import pytest
from mcp.shared.exceptions import MCPError

from tests.compat.mcp.agents import FLIGHTS, PEOPLE, STAYS, added, over_http
from tests.scenarios.world import AMELIA, World

NOWHERE = "00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    ("tool", "arguments", "field"),
    [
        ("book", {}, "/trip_id"),
        ("book", {"trip_id": None}, "/trip_id"),
        ("get_trip", {"trip_id": "1", "tenant": "theirs"}, "/tenant"),
        ("trip", {"add_item": {"rooms": []}}, "/add_item/rooms"),
        ("trip", {"remove_item": {"item_id": "1"}}, ""),
        ("trip", {"request_id": "short"}, "/request_id"),
        ("search_flights", FLIGHTS | {"limit": 21}, "/limit"),
        ("search_flights", FLIGHTS | {"passengers": []}, "/passengers"),
        ("search_stays", STAYS | {"latitude": 91}, "/latitude"),
    ],
)
async def test_wrong_arguments_are_named(
    world: World, tool: str, arguments: Any, field: str
) -> None:
    before = await world.service.log.last_position()
    async with over_http(world) as agent:
        error = await agent.refused(tool, **arguments)

    assert ("validation_failed", False, "nothing") == (
        error["code"],
        error["retryable"],
        error["happened"],
    )
    assert [field] == [each["field"] for each in error["details"]["errors"]]
    assert before == await world.service.log.last_position()


@pytest.mark.parametrize("text", ["\u0000", "\ud800"])
async def test_text_that_is_none_is_refused(world: World, text: str) -> None:
    body = b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "get_trip",' + (
        f'"arguments": {{"trip_id": "\\u{ord(text):04x}"}}}}}}'.encode()
    )
    headers = {
        "Authorization": f"Bearer {world.key}",
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
    }
    async with world.session.post(f"{world.url}/mcp", data=body, headers=headers) as answer:
        told = await answer.text()

    assert answer.status < 500
    assert "trip_not_found" not in told
    assert "rror" in told


@pytest.mark.parametrize("name", ["get_trip", "book", "checkout"])
@pytest.mark.parametrize("trip_id", [42, "42", "trip_1048576", NOWHERE])
async def test_an_unknown_trip_is_not_found(world: World, name: str, trip_id: Any) -> None:
    async with over_http(world) as agent:
        error = await agent.refused(name, trip_id=trip_id)

    assert ("trip_not_found", False) == (error["code"], error["retryable"])


async def test_what_book_misses_is_told_with_the_next_step(world: World) -> None:
    async with over_http(world) as agent:
        trip_id = (await agent.call("trip"))["trip_id"]
        empty = await agent.refused("book", trip_id=trip_id)
        flight = (await agent.call("search_flights", **FLIGHTS))["offers"][0]
        await agent.call("trip", trip_id=trip_id, add_item=added(flight))
        nobody = await agent.refused("book", trip_id=trip_id)
        twice = await agent.refused("trip", trip_id=trip_id, add_item=added(flight))

    assert [
        ("trip_empty", "Search, then call trip with add_item."),
        ("travelers_missing", "Ask who travels, then call trip with upsert_travelers."),
        ("duplicate_item", "It is in the trip already. Call get_trip and go on."),
    ] == [(error["code"], error["next"]) for error in (empty, nobody, twice)]


async def test_invented_travelers_are_refused_and_asked_for(world: World) -> None:
    invented = {"travelers": [AMELIA | {"first_name": "Test", "last_name": "Passenger"}]}
    async with over_http(world) as agent:
        error = await agent.refused("trip", upsert_travelers=invented)

    assert "placeholder_traveler" == error["code"]
    assert "Never make it up" in error["next"]
    assert [
        "/upsert_travelers/travelers/0/first_name",
        "/upsert_travelers/travelers/0/last_name",
    ] == [each["field"] for each in error["details"]["errors"]]


async def test_a_price_that_rose_is_told_with_both_totals_before_it_is_booked(
    world: World,
) -> None:
    leg = FLIGHTS["slices"][0] | {"destination": "STN"}
    async with over_http(world) as agent:
        flight = (await agent.call("search_flights", **FLIGHTS | {"slices": [leg]}))["offers"][0]
        trip = await agent.call("trip", add_item=added(flight), upsert_travelers=PEOPLE)
        error = await agent.refused("book", trip_id=trip["trip_id"])
        booked = await agent.call("book", trip_id=trip["trip_id"])

    assert "price_changed" == error["code"]
    old, new = error["details"]["old_total"]["amount"], error["details"]["new_total"]["amount"]
    assert (flight["price"]["total"], booked["total_amount"]["total"]) == (old / 100, new / 100)
    assert old < new


async def test_a_supplier_that_is_down_may_be_asked_again_later(world: World) -> None:
    await world.fault("duffel", "POST", "/air/offer_requests", "http_503", times=20)
    async with over_http(world) as agent:
        error = await agent.refused("search_flights", **FLIGHTS)
    await world.clear_faults("duffel")

    assert ("supplier_unavailable", True, 5) == (
        error["code"],
        error["retryable"],
        error["retry_after_s"],
    )


async def test_a_paid_trip_is_not_booked_again(world: World) -> None:
    async with over_http(world) as agent:
        trip_id = (await agent.usual())["trip_id"]
        await agent.call("book", trip_id=trip_id)
        await agent.pay(trip_id)
        await world.until_status(trip_id, "completed", "failed")
        error = await agent.refused("book", trip_id=trip_id)

    assert ("already_checked_out", "nobody") == (error["code"], error["who_must_act"])


async def test_a_tool_that_is_none_is_an_error_of_the_protocol(world: World) -> None:
    async with over_http(world) as agent:
        with pytest.raises(MCPError, match="pay_now"):
            await agent.client.call_tool("pay_now", {})
