"""Every route against everyone who may not use it: nobody, too few scopes, another tenant."""

from __future__ import annotations

from typing import Any

import pytest_asyncio

from service.http.routes import native_routes
from tests.api.native import Native

OPEN = {"POST /v1/webhooks/stripe", "POST /v1/webhooks/duffel"}
# Whoever has a key of the sandbox may move its time.
SCOPELESS = {"POST /v1/sandbox/clock"}
BODIES: dict[str, Any] = {
    "POST /v1/trips/{trip_id}/items": {"offer_id": "off_1"},
    "PUT /v1/trips/{trip_id}/items/{item_id}/ancillaries": {"selections": []},
    "PUT /v1/trips/{trip_id}/travelers": {"travelers": []},
    "POST /v1/trips/{trip_id}/cancel": {"cancellation_quote_id": "cq_1"},
}


@pytest_asyncio.fixture(scope="session")
async def ours(native: Native) -> dict[str, str]:
    """Ids that exist, for each part of a path."""
    trip_id = await native.world.build(await native.world.find_flight())
    booked = await native.world.book(trip_id)
    trip = await native.world.trip(trip_id)
    return {
        "trip_id": trip_id,
        "item_id": trip["items"][0]["item_id"],
        "code": booked["booking_codes"][0],
        "group_id": booked["group_id"],
    }


def every_route(native: Native) -> list[tuple[str, str]]:
    """(method, template) of all native routes, taken from the code, not from this file."""
    absent: Any = None
    routes = native_routes(
        native.world.service.settings,
        desk=absent,
        models=absent,
        log=absent,
        payments=absent,
        duffel=absent,
        inbox=absent,
        clock=absent,
    )
    return [(route.method, route.path) for route in routes]


async def test_nobody_gets_anywhere_without_a_key(native: Native, ours: dict[str, str]) -> None:
    answers = {}
    for method, template in every_route(native):
        told = await native.ask(
            method, template.format(**ours), BODIES.get(f"{method} {template}"), key="tl_test_no"
        )
        answers[f"{method} {template}"] = told.status

    assert {name for name, status in answers.items() if status != 401} == OPEN


async def test_a_key_without_scopes_gets_nowhere(native: Native, ours: dict[str, str]) -> None:
    service = native.world.service
    key, _ = await service.keys.create("ours", "test", frozenset(), service.clock.now())
    answers = {}
    for method, template in every_route(native):
        told = await native.ask(
            method, template.format(**ours), BODIES.get(f"{method} {template}"), key=key
        )
        answers[f"{method} {template}"] = told.status

    assert {name for name, status in answers.items() if status != 403} == OPEN | SCOPELESS


async def test_another_tenant_sees_nothing_of_ours(native: Native, ours: dict[str, str]) -> None:
    before = await native.world.service.log.last_position()
    for method, template in every_route(native):
        if "{" not in template:
            continue
        path, body = template.format(**ours), BODIES.get(f"{method} {template}")
        foreign = await native.ask(method, path, body, key=native.world.other_key)
        nowhere = {name: "00000000-0000-4000-8000-000000000000" for name in ours}
        nothing = await native.ask(
            method, template.format(**nowhere), body, key=native.world.other_key
        )

        assert foreign.status == 404, f"{method} {template}"
        for told in (foreign, nothing):
            told.body.pop("request_id")
            told.body.pop("instance")
        assert foreign.body == nothing.body
    assert await native.world.service.log.last_position() == before


async def test_another_tenant_cannot_use_our_offers(native: Native) -> None:
    offer = await native.world.find_flight()
    theirs = await native.call("POST", "/v1/trips", key=native.world.other_key)

    refusal = await native.code(
        "POST",
        f"/v1/trips/{theirs['trip_id']}/items",
        {"offer_id": offer["offer_id"]},
        key=native.world.other_key,
    )

    assert refusal == "404 offer_not_found"


async def test_another_tenants_feed_holds_only_theirs(native: Native) -> None:
    mine = (await native.call("POST", "/v1/trips", key=native.world.other_key))["trip_id"]

    page = await native.call("GET", "/v1/events?limit=500", key=native.world.other_key)

    service = native.world.service
    tenants = {
        recorded.cause.tenant
        for event in page["events"]
        for recorded in await service.log.read_trip(event["trip_id"])
    }
    assert mine in {event["trip_id"] for event in page["events"]}
    assert tenants == {"theirs"}
