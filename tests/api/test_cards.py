"""The data of payment cards is refused wherever it is sent, and is left nowhere."""

from __future__ import annotations

import json

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from service.http.guards.cards import luhn_valid, refuse_card_data
from service.http.problems import Problem
from tests.api.conftest import Client
from tests.scenarios.world import World

# The networks' own published test numbers.
NUMBERS = [
    "4242424242424242",
    "4242 4242 4242 4242",
    "4242-4242-4242-4242",
    "5555555555554444",
    "2223003122003222",
    "378282246310005",
    "6011111111111117",
    "3056930009020004",
    "3566002020360505",
    "6200000000000005",
    "6205500000000000004",
]
INNOCENT = [
    "4242424242424241",
    "+4915112345678",
    "+44 20 7946 0018 0000",
    "a0000000-4242-4242-4242-424242424242",
    "off_4242424242424242",
    "4242424242424242abc",
    "1750000000000",
    "12.4242424242424242",
    "42424242424242424242424242424242",
]


def refused(raw: bytes) -> bool:
    try:
        refuse_card_data(raw)
    except Problem as problem:
        return problem.kind.code == "card_data_refused"
    return False


@pytest.mark.parametrize("number", NUMBERS)
def test_a_card_number_is_seen_in_any_spelling(number: str) -> None:
    hidden = "".join(f"\\u{ord(character):04x}" for character in number)

    assert refused(json.dumps({"special_requests": f"Charge {number}, please."}).encode())
    assert refused(f'{{"name": "{hidden}"}}'.encode())


@pytest.mark.parametrize("text", INNOCENT)
def test_other_numbers_are_not_taken_for_cards(text: str) -> None:
    assert not refused(json.dumps({"name": text}).encode())


@pytest.mark.parametrize(
    "name",
    ["card", "cardNumber", "card_number", "creditCardNumber", "cvc", "CVV", "pan", "exp_year"],
)
def test_a_field_for_card_data_is_refused_whatever_is_in_it(name: str) -> None:
    assert refused(json.dumps({"payment": {name: None}}).encode())
    assert not refused(json.dumps({"text": name}).encode())


@settings(deadline=None)
@given(
    st.text("0123456789", min_size=14, max_size=14),
    st.sampled_from("3456"),
    st.lists(st.sampled_from(["", " ", "-"]), min_size=15, max_size=15),
)
def test_every_number_a_card_could_have_is_refused(
    middle: str, first: str, separators: list[str]
) -> None:
    [number] = [n for d in "0123456789" if luhn_valid(n := first + middle + d)]
    spelled = "".join(a + b for a, b in zip(number, [*separators, ""], strict=True))

    assert refused(json.dumps({"name": spelled}).encode())


async def test_what_holds_a_card_number_is_refused_undone_and_unlogged(client: Client) -> None:
    with structlog.testing.capture_logs() as lines:
        told = await client.ask("POST", "/v1/things", json={"name": "4242424242424242"})
        also = await client.ask("POST", "/v1/things", json={"cvc": "123"})

    for answer in (told, also):
        assert (answer.status, answer.json["code"]) == (422, "card_data_refused")
        assert b"42424242" not in answer.raw.replace(b" ", b"")
    assert "4242424242424242" not in json.dumps(lines)
    assert client.service.made == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/trips", {"contact": {"email": "a@b.example", "phone": "4242 4242 4242 4242"}}),
        ("/v1/trip", {"card_number": "4242424242424242"}),
        ("/api/checkout", {"pan": "4242424242424242"}),
    ],
)
async def test_no_family_of_routes_takes_it(world: World, path: str, body: object) -> None:
    before = await world.service.log.last_position()

    told = await world.ask("POST", path, body)

    assert told.status == 422
    assert "card_data_refused" in json.dumps(told.body).lower()
    assert "42424242" not in json.dumps(told.body).replace(" ", "")
    assert await world.service.log.last_position() == before


async def test_no_tool_takes_it(world: World) -> None:
    call = {"name": "trip", "arguments": {"trip_id": "4242 4242 4242 4242"}}
    told = await world.ask(
        "POST",
        "/mcp",
        {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call},
        headers={"Accept": "application/json, text/event-stream"},
    )

    error = told.body["result"]["structuredContent"]["error"]
    assert error["code"] == "card_data_refused"
    assert "42424242" not in json.dumps(told.body).replace(" ", "")
