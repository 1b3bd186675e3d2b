"""The list of who may do what is whole and true: everything there is, against everyone there is."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, get_args

import pytest_asyncio

from adapters.api_keys import SCOPES
from service.http.guards.access import ACCESS, TOOLS, Rule, rule_of
from service.http.identity import AGENT_SCOPES
from tests.api.everything import ABSENT, ARGUMENTS, BODIES, NAMES_OURS, Ours, everything, ids_of
from tests.scenarios.world import Told, World

OPERATOR_SCOPES = frozenset(["ops:read", "ops:write"])
# There only where operators sign in with their organisation.
WITH_AN_ISSUER = {"GET /console/sign-in/issuer", "GET /console/sign-in/issuer/answer"}


@pytest_asyncio.fixture(scope="session")
async def ours(world: World) -> Ours:
    trip_id = await world.build(await world.find_flight())
    booked = await world.book(trip_id)
    trip = await world.trip(trip_id)
    wish = {"url": "http://127.0.0.1:9/hooks", "events": ["trip.dispute-closed.*"]}
    endpoint = await world.call("POST", "/v1/webhook-endpoints", wish)
    endpoint_path = f"/v1/webhook-endpoints/{endpoint['endpoint_id']}"
    test = await world.call("POST", f"{endpoint_path}/test")
    ids = {"endpoint_id": endpoint["endpoint_id"], "delivery_id": test["delivery_id"]}
    return Ours(world, ids | ids_of(trip, booked))


async def test_everything_there_is_is_listed_and_nothing_else(world: World) -> None:
    names = everything(world)

    assert [name for name in names if rule_of(name) is None] == []
    absent = {name for name in ACCESS if not name.endswith("*") and name not in names}
    assert absent == WITH_AN_ISSUER
    assert set(SCOPES) | {"anyone", "provider", "link", "caller", "session"} == set(get_args(Rule))


async def key_with(world: World, scopes: frozenset[str]) -> str:
    service = world.service
    return (await service.keys.create("ours", "test", scopes, service.clock.now()))[0]


async def refused(world: World, ours: Ours, key: str) -> dict[str, int]:
    """Everything that does not let the key in, with the status it is told so by."""
    found = {}
    for name in everything(world):
        status = (await ours.ask(name, key, whole=False)).status
        if status in {401, 403}:
            found[name] = status
    return found


def guarded(world: World, lets_in: Callable[[Rule], bool]) -> set[str]:
    rules = {name: rule_of(name) for name in everything(world)}
    public = {"anyone", "provider", "link", "session"}
    return {n for n, rule in rules.items() if rule and rule not in public and not lets_in(rule)}


async def test_without_a_key_only_what_is_public_answers(world: World, ours: Ours) -> None:
    told = await refused(world, ours, "tl_test_no")

    assert guarded(world, lambda rule: False) == set(told)
    assert set(told.values()) == {401}
    assert len(told) > 40


async def test_without_scopes_a_caller_gets_nowhere(world: World, ours: Ours) -> None:
    told = await refused(world, ours, await key_with(world, frozenset()))

    assert guarded(world, lambda rule: rule == "caller") == set(told)
    assert set(told.values()) == {403}


async def test_each_scope_opens_exactly_what_the_list_says(world: World, ours: Ours) -> None:
    for scope in SCOPES:
        told = await refused(world, ours, await key_with(world, frozenset([scope])))
        held = {scope, "caller"} | ({"payments:propose"} if scope == "payments:write" else set())

        assert guarded(world, held.__contains__) == set(told), scope


async def test_an_agent_builds_and_proposes_and_never_moves_money(world: World, ours: Ours) -> None:
    told = await refused(world, ours, await key_with(world, AGENT_SCOPES))

    assert guarded(world, (AGENT_SCOPES | {"caller"}).__contains__) == set(told)
    assert {
        "POST /v1/trips/{trip_id}/cancel",
        "POST /api/checkout",
        "PATCH /api/booking/{bookingIdentifier}",
    } <= set(told)
    assert set(TOOLS).isdisjoint(told)


async def test_an_operator_does_what_operators_do(world: World, ours: Ours) -> None:
    told = await refused(world, ours, await key_with(world, OPERATOR_SCOPES))

    assert guarded(world, (OPERATOR_SCOPES | {"caller"}).__contains__) == set(told)


async def test_an_agent_gets_no_secrets_of_a_payment(world: World) -> None:
    trip_id = await world.build(await world.find_flight())
    agent = await key_with(world, AGENT_SCOPES)
    book = f"/v1/trips/{trip_id}/book"

    asked = await world.refused("POST", book, {"mode": "direct"}, key=agent)
    await world.book(trip_id, mode="direct")
    sneaked = await world.ask("POST", book, {"mode": "hosted"}, key=agent)

    assert asked[:2] == (403, "insufficient_scope")
    assert "secret" not in json.dumps(sneaked.body)


async def test_another_tenant_finds_nothing_of_ours_anywhere(world: World, ours: Ours) -> None:
    """With every scope, by our own ids, in paths, bodies and tools: as if they did not exist."""
    names = [
        n for n in everything(world) if rule_of(n) not in {"anyone", "provider", "link", "session"}
    ]
    naming = [n for n in names if NAMES_OURS in n + json.dumps([BODIES.get(n), ARGUMENTS.get(n)])]
    naming = [n for n in naming if n not in {"POST /v1/offers/flights", "POST /v1/offers/stays"}]
    before = await world.service.log.last_position()
    statuses = {}
    for name in naming:
        told = await ours.ask(name, world.other_key, whole=True)
        statuses[name] = told.status
        absent = Ours(world, dict.fromkeys(ours.ids, ABSENT))
        nothing = await absent.ask(name, world.other_key, whole=True)
        assert seen(told) == seen(nothing), name

    assert {name: status for name, status in statuses.items() if status != 404} == {}
    assert len(statuses) > 30
    assert await world.service.log.last_position() == before


def seen(told: Told) -> Any:
    """What an answer tells, but for what only repeats the request."""
    text = json.dumps(told.body)
    own = ("request_id", "requestId", "requestID", "instance", "path", "timestamp")
    return told.status, without(json.loads(text), own)


def without(value: Any, names: tuple[str, ...]) -> Any:
    if isinstance(value, dict):
        return {k: without(v, names) for k, v in value.items() if k not in names}
    return [without(each, names) for each in value] if isinstance(value, list) else value


async def test_another_tenants_lists_hold_nothing_of_ours(world: World, ours: Ours) -> None:
    canaries = [value for name, value in ours.ids.items() if name not in {"problem_code"}]
    canaries.remove("bag")
    for name in everything(world):
        if rule_of(name) != "trips:read" or NAMES_OURS in name or not name.startswith("GET"):
            continue
        told = await ours.ask(name, world.other_key, whole=True)

        assert told.status in {200, 422}, name
        assert [c for c in canaries if c in json.dumps(told.body)] == [], name


async def test_only_the_link_of_a_checkout_shows_it(world: World, ours: Ours) -> None:
    async with world.session.get(f"{world.url}/checkout?sid={ABSENT}") as answer:
        assert answer.status == 404
    async with world.session.get(f"{world.url}/checkout?sid={ours.ids['trip_id']}") as answer:
        assert answer.status == 404
