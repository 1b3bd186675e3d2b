"""A day with everything in it that must not get about; then everywhere is looked for it."""

from __future__ import annotations

import json
from dataclasses import replace
from io import StringIO
from typing import Any

from service.settings_rules import SANDBOX_STRIPE_WEBHOOK_SECRET
from tests.compat.mcp.agents import added, over_http
from tests.compat.wink.shop import Shop, payment_of
from tests.console.operating import Console, form_of
from tests.pages.reading import Visitor
from tests.scenarios.audit import tables_that_hold
from tests.scenarios.privacy.canaries import (
    CARD,
    JWT,
    PEOPLE,
    PERSONAL,
    SECRETS,
    SHOPPER,
    TRAVELER,
    UNKNOWN_KEY,
    Ear,
    found_in,
)
from tests.scenarios.world import World

DAY_S = 86_400.0

# Answers that may hold a canary, which ones, and why.
SHOPPERS = ("shopper's first name", "shopper's last name", "shopper's phone", "email")
ALLOWED = {
    # The payment sheet of the one who asked is opened with them.
    "POST /api/checkout": ("client secret", "ephemeral key"),
    # A cart shows its own shop whom it was made for: its contract requires that.
    "POST /api/shopping-cart": SHOPPERS,
    "GET /api/shopping-cart/list": SHOPPERS,
    # An operator asked for it by name and with a reason, and that is recorded.
    "POST /console/reveal": ("last name",),
    # A refusal names the path, or the offer, that its own caller asked for.
    "GET /v1/trips/Serinuscanaria": ("last name",),
    "POST /v1/items": ("last name",),
}


async def test_a_day_full_of_secrets_and_names_leaves_none_anywhere(
    logs: StringIO, world: World
) -> None:
    ear = Ear()
    async with ear.session() as session, ear.session() as browser, ear.session() as desk:
        own = replace(world, session=session)
        trip_id = await a_traveler_books(own, browser)
        told = await an_agent_books(own)
        await refusals_of_all_kinds(own, trip_id)
        given = await a_shop_opens_a_payment_sheet(own)
        await an_operator_looks(own, desk, trip_id)
        await own.advance(DAY_S)
        await own.at_rest()
        feed = await the_feed(own)
        async with session.get(own.url + "/metrics") as answer:
            metrics = await answer.text()

    canaries = PERSONAL | SECRETS | given | {"key": world.key, "other key": world.other_key}
    assert 20 == len(canaries)
    places = {
        "the log lines": logs.getvalue(),
        "the metrics": metrics,
        "the URLs providers saw": "\n".join(world.asked_of_providers),
        "the feed": feed,
        "what an agent was told": told,
    }
    assert {} == {place: hit for place, text in places.items() if (hit := found_in(text, canaries))}
    assert {} == await tables_that_hold(world, list(canaries.values()))
    leaked = {
        (endpoint(each.asked, trip_id), name)
        for each in ear.heard
        if not each.asked.startswith("POST /_sandbox/")  # a provider's own answer
        for name in found_in(each.text, canaries)
    }
    assert {(where, name) for where, names in ALLOWED.items() for name in names} == leaked
    # Everything was really looked at.
    assert all(len(text) > 1_000 for text in places.values())
    statuses = {each.status for each in ear.heard}
    assert {200, 201, 303, 400, 401, 404, 422} <= statuses


def endpoint(asked: str, trip_id: str) -> str:
    return asked.replace(f"/trips/{trip_id}", "")


async def a_traveler_books(world: World, browser: Any) -> str:
    """Over the API and the page, with an order whose answer is lost on the way."""
    trip_id = await world.build(await world.find_flight(), await world.find_stay())
    await world.call("PUT", f"/v1/trips/{trip_id}/travelers", PEOPLE)
    await world.fault("duffel", "POST", "/air/orders", "commit_then_reset")
    await world.fault("stripe", "POST", "/v1/checkout/sessions", "http_500")
    booked = await world.book(trip_id)
    visitor = Visitor(world.url, browser)
    waiting = await visitor.open(booked["session_id"])
    assert "Serinuscanaria" not in waiting.html
    await world.pay(booked["session_id"])
    trip = await world.until_status(trip_id, "completed", "failed")
    assert "completed" == trip["status"]
    await visitor.open(booked["session_id"])
    await visitor.open("cs_test_nothing", f"&email={PEOPLE['contact']['email']}")  # type: ignore[call-overload]
    return trip_id


async def an_agent_books(world: World) -> str:
    """Over Jinko's calls and over MCP; what both were told."""
    flight = await world.find_flight()
    verbs = {"add_item": {"trip_item_token": flight["offer_id"]}, "upsert_travelers": PEOPLE}
    jinko = await world.call("POST", "/v1/trip", verbs)
    world.trips.append(jinko["trip_id"])
    told = [jinko, await world.call("POST", "/v1/book", {"trip_id": jinko["trip_id"]})]
    async with over_http(world) as agent:
        trip = await agent.call(
            "trip", add_item=added({"trip_item_token": flight["offer_id"]}), upsert_travelers=PEOPLE
        )
        told += [trip, await agent.call("book", trip_id=trip["trip_id"])]
        told += [await agent.call("get_trip", trip_id=trip["trip_id"])]
        told += [await agent.refused("get_trip", trip_id=TRAVELER["last_name"])]
    return json.dumps(told)


async def refusals_of_all_kinds(world: World, trip_id: str) -> None:
    people = f"/v1/trips/{trip_id}/travelers"
    await world.refused("PUT", people, {"travelers": [TRAVELER, 7]})
    await world.refused("PUT", people, {"travelers": [TRAVELER | {"passport": "QX7714425Y"}]})
    await world.refused("PUT", people, PEOPLE | {"note": CARD})
    await world.refused("PUT", people, PEOPLE, key=world.other_key)
    await world.refused("GET", f"/v1/trips/{TRAVELER['last_name']}")
    await world.refused("GET", f"/v1/events?email={SHOPPER['email']}")
    await world.refused("GET", "/v1/events", key=JWT)
    await world.refused("GET", "/v1/events", key=UNKNOWN_KEY)
    await world.refused("POST", f"/v1/trips/{trip_id}/items", {"offer_id": TRAVELER["last_name"]})
    forged = {"Stripe-Signature": f"t=1,v1={SANDBOX_STRIPE_WEBHOOK_SECRET}"}
    for provider in ("stripe", "duffel"):
        path = f"/v1/webhooks/{provider}"
        await world.ask("POST", path, {"data": PEOPLE, "card": CARD}, headers=forged)
    headers = {"Idempotency-Key": "the-same-for-both"}
    for body in ({}, {"items": [], "travelers": [TRAVELER]}):
        await world.ask("POST", "/v1/trips", body, headers=headers)


async def a_shop_opens_a_payment_sheet(world: World) -> dict[str, str]:
    """The secrets it was given."""
    shop = Shop(world)
    cart = await shop.cart(shop.item(await shop.room(), user=SHOPPER))
    checkout = await shop.checkout(cart["id"])
    await shop.call("GET", "/api/shopping-cart/list")
    await shop.pay(checkout)
    await world.until_status(cart["id"], "completed", "failed")
    assert payment_of(checkout).startswith("pi_")
    return {
        "client secret": str(checkout["clientSecret"]),
        "ephemeral key": str(checkout["ephemeralKey"]),
    }


async def an_operator_looks(world: World, desk: Any, trip_id: str) -> None:
    console, path = Console(world, desk, world.key), f"/console/trips/{trip_id}"
    await console.open("/console/sign-in")
    await console.press(
        form_of(await console.open("/console/sign-in"), "/console/sign-in"), key=JWT
    )
    await console.enter()
    for page in ("/console", "/console/trips", path, "/console/log", "/console/incidents"):
        await console.sees(page)
    await console.open("/console/webhooks")
    await console.open("/console/projections")
    await console.ask("POST", "/console/search", data={"q": TRAVELER["last_name"]})
    links = (await console.sees(path)).links()
    [link] = [each for each in links if "/reveal?" in each and each.endswith("field=last_name")]
    asking = await console.sees(link.replace("&amp;", "&"))
    shown = await console.press(form_of(asking, f"{path}/reveal"), reason="The airline asks")
    assert "Serinuscanaria" in shown.text
    await console.sees("/console/audit")


async def the_feed(world: World) -> str:
    pages = [json.dumps(await world.call("GET", "/v1/events?after=0&limit=500"))]
    for trip_id in world.trips:
        pages.append(json.dumps(await world.events(trip_id)))
    return "\n".join(pages)
