"""A tenant with everything a tenant can have, who hears everything it is ever told."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote_plus

import aiohttp

from adapters.api_keys import SCOPES
from domain.log import Cause
from domain.money import Money
from domain.trip.commands import OpenIncident
from tests.api.everything import ids_of
from tests.compat.wink.shop import Shop
from tests.console.operating import Console
from tests.outbound.receiving import Receiver, receiving
from tests.pages.checkouts import newest
from tests.pages.reading import Visitor
from tests.scenarios.world import LOOK_S, SETTLE_S_MAX, World

ENDPOINTS = "/v1/webhook-endpoints"
OWN_ACTS = "GET /console/audit"
OPERATING = frozenset(SCOPES) - {"ops:all"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One answer: what was asked with everything in it, and what was told."""

    asked: str
    sent: str
    status: int
    told: str


@dataclass(slots=True)
class Ear:
    """Hears every answer of a client session, with what had been asked."""

    heard: list[Heard] = field(default_factory=list)

    def session(self) -> aiohttp.ClientSession:
        config = aiohttp.TraceConfig()
        config.on_request_chunk_sent.append(self.note)
        config.on_request_end.append(self.hear)
        jar = aiohttp.CookieJar(unsafe=True)
        return aiohttp.ClientSession(trace_configs=[config], cookie_jar=jar)

    async def note(
        self,
        _: object,
        request: SimpleNamespace,
        told: aiohttp.TraceRequestChunkSentParams,
    ) -> None:
        request.sent = getattr(request, "sent", b"") + told.chunk

    async def hear(
        self, _: object, request: SimpleNamespace, told: aiohttp.TraceRequestEndParams
    ) -> None:
        body = await told.response.read()
        headers = "\n".join(f"{name}: {value}" for name, value in told.response.headers.items())
        self.heard.append(
            Heard(
                asked=f"{told.method} {told.url.path}",
                sent=f"{told.url.human_repr()} {spelled(getattr(request, 'sent', b''))}",
                status=told.response.status,
                told=f"{headers}\n\n{body.decode(errors='replace')}",
            )
        )


def spelled(body: bytes) -> str:
    """As it was sent, and as a form says it."""
    return f"{body.decode()} {unquote_plus(body.decode())}"


@dataclass(slots=True, kw_only=True)
class Neighbour:
    """`canaries`: values that nobody else must ever be told. `ids`: by the parts of paths that they
    stand for."""

    name: str
    ear: Ear
    world: World
    console: Console
    receiver: Receiver
    people: dict[str, Any]
    canaries: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)

    async def lives(self) -> None:
        """A booked trip with an incident, one that waits for its payment, a cart, a saved search,
        a brand; looked at on every page there is for it."""
        world = self.world
        endpoint = await world.call("POST", ENDPOINTS, {"url": self.receiver.url})
        trip_id = await world.build(await world.find_flight(), await world.find_stay())
        await world.call("PUT", f"/v1/trips/{trip_id}/travelers", self.people)
        booked = await world.book(trip_id)
        await world.pay(booked["session_id"])
        assert "completed" == (await world.until_status(trip_id, "completed", "failed"))["status"]
        await world.service.road.handle(
            trip_id, self.incident(), Cause(tenant=None, actor="operator:test")
        )
        waiting = await world.build(await world.find_flight())
        open_checkout = await world.book(waiting)
        shop = Shop(world)
        cart = await shop.cart(shop.item(await shop.room(), user=self.shopper()))
        await self.console.tries(
            "/console/trips?status=completed", "/console/trips/views", name=f"View of {self.name}"
        )
        test = await world.call("POST", f"{ENDPOINTS}/{endpoint['endpoint_id']}/test")
        self.ids |= {"endpoint_id": endpoint["endpoint_id"], "delivery_id": test["delivery_id"]}
        self.canaries["webhook secret"] = endpoint["secret"]
        await self.knows(trip_id, booked)
        self.canaries |= {
            "waiting trip": waiting,
            "its session": open_checkout["session_id"],
            "cart": cart["id"],
            "brand": f"Brand of {self.name}",
            "saved search": f"View of {self.name}",
            "key": world.key,
            "operator": self.console.key.split("_")[2],
            "incident": self.incident().detail,
        }
        self.ids["sid"] = self.canaries["link"] = (await newest(world, trip_id)).checkout_id

    def incident(self) -> OpenIncident:
        return OpenIncident(
            code="refund_unknown",
            detail=f"Something of {self.name} that is nobody else's.",
            advice="Ask.",
            subject=f"incident-of-{self.name}",
            at_stake=Money(5, "EUR"),
            now=self.world.service.clock.now(),
        )

    def shopper(self) -> dict[str, str]:
        traveler, contact = self.people["travelers"][0], self.people["contact"]
        return {
            "firstName": traveler["first_name"],
            "lastName": traveler["last_name"],
            "email": contact["email"],
            "telephone": contact["phone"],
        }

    async def knows(self, trip_id: str, booked: Any) -> None:
        """Everything that has an id, and every word that names somebody."""
        world = self.world
        trip = await world.trip(trip_id)
        events = await world.events(trip_id)
        traveler = self.people["travelers"][0]
        self.ids |= {**ids_of(trip, booked), "task_id": "1", "name": "bookings"}
        self.canaries |= {
            name: value
            for name, value in self.ids.items()
            if name not in {"ancillaryIdentifier", "problem_code", "task_id", "name"}
        }
        self.canaries |= {f"event {e['event_id']}": e["event_id"] for e in events}
        found = re.findall(r"\b(?:pi|cs|ord|off|cus|re)_[A-Za-z0-9_]{8,}", json.dumps(events))
        self.canaries |= {f"of a provider {each}": each for each in found}
        self.canaries |= {
            "first name": traveler["first_name"],
            "last name": traveler["last_name"],
            "email": self.people["contact"]["email"],
        }

    async def is_told_of_everything(self) -> None:
        """Return when all its webhooks have arrived."""
        path = f"{ENDPOINTS}/{self.ids['endpoint_id']}/deliveries?limit=100"
        async with asyncio.timeout(SETTLE_S_MAX):
            while True:
                told = (await self.world.call("GET", path))["deliveries"]
                if {"delivered"} == {each["state"] for each in told}:
                    break
                await self.world.service.log.changed(LOOK_S)

    def hears_its_webhooks(self) -> None:
        for got in self.receiver.got:
            heard = Heard(asked="webhook", sent="", status=0, told=f"{got.headers}{got.raw!r}")
            self.ear.heard.append(heard)

    def leaks_of(self, other: Neighbour) -> set[tuple[str, str]]:
        """What of the other's this one was told without having said it: in the same request, or,
        where its own acts are listed, in any."""
        everything = "\n".join(heard.sent for heard in self.ear.heard).lower()
        canaries = {name: value.lower() for name, value in other.canaries.items()}
        leaks: set[tuple[str, str]] = set()
        for heard in self.ear.heard:
            if "/_sandbox/" not in heard.asked:
                told = heard.told.lower()
                said = everything if heard.asked == OWN_ACTS else heard.sent.lower()
                leaks |= {
                    (heard.asked, name)
                    for name, value in canaries.items()
                    if value in told and value not in said
                }
        return leaks


@asynccontextmanager
async def neighbour(world: World, name: str, people: dict[str, Any]) -> AsyncIterator[Neighbour]:
    keys, now = world.service.keys, world.service.clock.now()
    key, _ = await keys.create(name, "test", OPERATING, now)
    operator, _ = await keys.create(name, "test", OPERATING, now)
    ear = Ear()
    async with ear.session() as session, ear.session() as browser, receiving() as receiver:
        own = replace(world, key=key, session=session, trips=[])
        console = Console(own, browser, operator)
        await console.enter()
        yield Neighbour(
            name=name, ear=ear, world=own, console=console, people=people, receiver=receiver
        )


async def looks_around(tenant: Neighbour) -> None:
    """Its own lists, feeds, exports, pages and checkout, to their ends."""
    world = tenant.world
    after = 0
    while events := (await world.call("GET", f"/v1/events?after={after}&limit=50"))["events"]:
        after = events[-1]["position"]
    pages = [
        "",
        "/trips",
        "/incidents",
        "/log",
        "/audit",
        "/projections",
        "/money",
        "/money/ledger",
    ]
    trip = f"/trips/{tenant.ids['trip_id']}"
    for page in [*pages, trip, f"{trip}?at=3"]:
        await tenant.console.sees(f"/console{page}")
    visitor = Visitor(world.url, world.session)
    page = await visitor.open(tenant.ids["sid"])
    assert f"Brand of {tenant.name}" in page.text, page.text
