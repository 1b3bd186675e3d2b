"""The whole service on a real Postgres, spoken to over HTTP, between a Stripe and a Duffel
sandbox that are reached over HTTP too; and what a traveller, a tester and an auditor do with it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import aiohttp

from adapters.api_keys import SCOPES
from adapters.database import connect_database
from adapters.outbox import TaskRow
from sandbox.duffel.app import create_app as duffel_app
from sandbox.stripe.app import create_app as stripe_app
from service.app import Service, assembled
from service.observability.spans import Tracer
from service.serving import ROLES, Role, bind, running
from service.settings import Settings
from service.settings_rules import (
    SANDBOX_DUFFEL_TOKEN,
    SANDBOX_DUFFEL_WEBHOOK_SECRET,
    SANDBOX_STRIPE_KEY,
    SANDBOX_STRIPE_WEBHOOK_SECRET,
)
from tests.scenarios.sandboxes import HOST, served

POOL_CONNECTIONS_MAX = 6
SETTLE_S_MAX = 60.0
LOOK_S = 0.2
# Waits for its due time, not for anybody: may be there when all is at rest.
DEADLINES = {"expire_quote", "expire_checkout", "guard_authorization", "look_at_refund"}

AMELIA = {
    "first_name": "Amelia",
    "last_name": "Earhart",
    "passenger_type": "ADULT",
    "date_of_birth": "1987-07-24",
    "gender": "f",
}
CONTACT = {"email": "amelia@tripledger.dev", "phone": "+442080160509"}
DEPARTURE = (datetime.now(UTC) + timedelta(days=60)).date()
# Where Duffel keeps hotels that behave as they are called.
TEST_PLACE = (-24.38, -128.32)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Told:
    """An answer: its status, its parsed body and its headers."""

    status: int
    body: Any
    headers: dict[str, str]


@dataclass(slots=True)
class World:
    service: Service
    url: str
    stripe_url: str
    duffel_url: str
    key: str
    other_key: str
    session: aiohttp.ClientSession
    roles: tuple[Role, ...] = ROLES
    trips: list[str] = field(default_factory=list)
    asked_of_providers: list[str] = field(default_factory=list)

    # --- the public API

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Told:
        sent = {"Authorization": f"Bearer {key or self.key}", **(headers or {})}
        async with self.session.request(method, self.url + path, json=body, headers=sent) as answer:
            text = await answer.read()
            parsed = await answer.json(content_type=None) if text else None
            return Told(answer.status, parsed, dict(answer.headers))

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """The body of a 2xx answer; anything else fails the test with what was said."""
        told = await self.ask(method, path, body)
        assert told.status < 300, f"{method} {path}: {told.status} {told.body}"
        return told.body

    async def refused(
        self, method: str, path: str, body: Any = None, *, key: str | None = None
    ) -> tuple[int, str, Any]:
        """(status, code, the whole problem) of an answer that must be a refusal."""
        told = await self.ask(method, path, body, key=key)
        assert told.status >= 400, f"{method} {path}: {told.status} {told.body}"
        assert told.headers["Content-Type"].startswith("application/problem+json")
        return told.status, told.body["code"], told.body

    async def find_flight(self, origin: str = "LHR", destination: str = "JFK", **how: Any) -> Any:
        """The first flight offer that is like `how` (compared with its fields)."""
        search = {
            "slices": [
                {
                    "origin": origin,
                    "destination": destination,
                    "departure_date": DEPARTURE.isoformat(),
                }
            ],
            "passengers": [{"type": "adult"}],
        }
        return matching((await self.call("POST", "/v1/offers/flights", search))["offers"], how)

    async def find_stay(
        self, latitude: float = 40.7549, longitude: float = -73.984, **how: Any
    ) -> Any:
        search = {
            "latitude": latitude,
            "longitude": longitude,
            "radius_km": 5,
            "check_in_date": DEPARTURE.isoformat(),
            "check_out_date": (DEPARTURE + timedelta(days=3)).isoformat(),
            "rooms": 1,
            "guests": [{"type": "adult"}],
        }
        return matching((await self.call("POST", "/v1/offers/stays", search))["offers"], how)

    async def find_test_stay(self, scenario: str, rate: str = "Saver Rate") -> Any:
        """A room that behaves as it is called."""
        latitude, longitude = TEST_PLACE
        return await self.find_stay(latitude, longitude, title=f"{scenario}, {scenario}, {rate}")

    async def build(self, *offers: Any) -> str:
        """A trip of these offers, with Amelia travelling."""
        trip_id = str((await self.call("POST", "/v1/trips"))["trip_id"])
        self.trips.append(trip_id)
        for offer in offers:
            await self.add(trip_id, offer)
        people = {"travelers": [AMELIA], "contact": CONTACT}
        await self.call("PUT", f"/v1/trips/{trip_id}/travelers", people)
        return trip_id

    async def build_usual(self) -> str:
        """A flight and a stay, as most trips are."""
        return await self.build(await self.find_flight(), await self.find_stay())

    async def add(self, trip_id: str, offer: Any) -> Any:
        path = f"/v1/trips/{trip_id}/items"
        return await self.call("POST", path, {"offer_id": offer["offer_id"]})

    async def book(self, trip_id: str, **body: Any) -> Any:
        return await self.call("POST", f"/v1/trips/{trip_id}/book", body)

    async def not_booked(self, trip_id: str, **body: Any) -> tuple[int, str, Any]:
        return await self.refused("POST", f"/v1/trips/{trip_id}/book", body)

    async def remove(self, trip_id: str, item: Any) -> Any:
        return await self.call("DELETE", f"/v1/trips/{trip_id}/items/{item['item_id']}")

    async def trip(self, trip_id: str) -> Any:
        return await self.call("GET", f"/v1/trips/{trip_id}")

    async def events(self, trip_id: str) -> list[Any]:
        return list((await self.call("GET", f"/v1/trips/{trip_id}/events"))["events"])

    async def topics(self, trip_id: str) -> list[str]:
        """What is recorded of the trip, in order."""
        return [event["topic"] for event in await self.events(trip_id)]

    async def incidents(self, trip_id: str) -> list[Any]:
        events = await self.events(trip_id)
        return [e["data"] for e in events if e["topic"] == "trip.incident-opened.v1"]

    async def until(self, trip_id: str, come_true: Callable[[Any], bool]) -> Any:
        """The trip as soon as it is so; woken by the log, and time does not wait for anything."""
        trip: Any = None
        try:
            async with asyncio.timeout(SETTLE_S_MAX):
                while not come_true(trip := await self.trip(trip_id)):
                    await self.skip_ahead()
                    await self.service.log.changed(LOOK_S)
        except TimeoutError:
            story = await self.topics(trip_id)
            raise AssertionError(f"it did not come true: {trip}\nafter {story}") from None
        return trip

    async def until_status(self, trip_id: str, *statuses: str) -> Any:
        return await self.until(trip_id, lambda trip: trip["status"] in statuses)

    async def until_recorded(self, trip_id: str, topic: str, count: int = 1) -> None:
        async with asyncio.timeout(SETTLE_S_MAX):
            while (await self.topics(trip_id)).count(topic) < count:
                await self.skip_ahead()
                await self.service.log.changed(LOOK_S)

    # --- the traveller at the payment provider

    async def pay(self, session_id: str, outcome: str = "paid") -> Any:
        path = f"/_sandbox/checkout/{session_id}/pay"
        return await self.steer("stripe", "POST", path, {"outcome": outcome})

    async def cannot_pay(self, session_id: str) -> int:
        """The status that a dead session answers to who tries to pay it."""
        url = f"{self.stripe_url}/_sandbox/checkout/{session_id}/pay"
        async with self.session.post(url, json={"outcome": "paid"}) as answer:
            assert answer.status >= 400, await answer.text()
            return answer.status

    async def settle(self, payment_id: str, outcome: str) -> Any:
        """A slow payment comes to its end."""
        path = f"/_sandbox/payment_intents/{payment_id}/settle"
        return await self.steer("stripe", "POST", path, {"outcome": outcome})

    async def pay_and_settle(self, trip_id: str, **booking: Any) -> Any:
        """Book, pay, and the trip when nothing more happens by itself."""
        booked = await self.book(trip_id, **booking)
        await self.pay(booked["session_id"])
        return await self.until_status(trip_id, "completed", "failed")

    # --- steering the sandboxes

    async def steer(self, provider: str, method: str, path: str, body: Any = None) -> Any:
        url = (self.stripe_url if provider == "stripe" else self.duffel_url) + path
        async with self.session.request(method, url, json=body) as answer:
            assert answer.status < 300, f"{method} {path}: {await answer.text()}"
            return await answer.json()

    async def fault(self, provider: str, method: str, path: str, mode: str, **how: Any) -> None:
        rule = {"match": {"method": method, "path": path}, "mode": mode, "times": 1, **how}
        await self.steer(provider, "POST", "/_sandbox/faults", rule)

    async def fault_met(self, provider: str, mode: str) -> None:
        """Return when a request has met the fault of this mode."""
        async with asyncio.timeout(SETTLE_S_MAX):
            while True:
                rules = (await self.steer(provider, "GET", "/_sandbox/faults"))["faults"]
                if any(rule["mode"] == mode and rule["times_left"] == 0 for rule in rules):
                    return
                await self.service.log.changed(LOOK_S)

    async def clear_faults(self, provider: str) -> None:
        """No more faults; what is held back goes on."""
        await self.steer(provider, "DELETE", "/_sandbox/faults")

    async def webhooks(self, provider: str, **controls: Any) -> None:
        await self.steer(provider, "POST", "/_sandbox/webhooks", controls)

    async def advance(self, seconds: float) -> None:
        """Move the service's and both sandboxes' time."""
        await self.call("POST", "/v1/sandbox/clock", {"advance_s": seconds})

    # --- the auditor

    async def everything(self, provider: str) -> list[dict[str, Any]]:
        """What really happened at a provider, in order."""
        return list((await self.steer(provider, "GET", "/_sandbox/journal"))["entries"])

    async def journal(self, provider: str, trip_id: str) -> list[dict[str, Any]]:
        """What really happened at a provider for one trip, in order."""
        entries = await self.everything(provider)
        return [e for e in entries if (e.get("metadata") or {}).get("trip_id") == trip_id]

    async def kinds(self, provider: str, trip_id: str) -> Counter[str]:
        return Counter(str(entry["kind"]) for entry in await self.journal(provider, trip_id))

    async def amounts(self, kind: str, trip_id: str) -> list[int]:
        return [e["amount"] for e in await self.journal("stripe", trip_id) if e["kind"] == kind]

    async def happened(self, provider: str, trip_id: str, kind: str, count: int = 1) -> None:
        """Return when a provider has really done it so many times."""
        async with asyncio.timeout(SETTLE_S_MAX):
            while (await self.kinds(provider, trip_id))[kind] < count:
                await self.skip_ahead()
                await self.service.log.changed(LOOK_S)

    async def at_rest(self) -> None:
        """Wait until no work is left but deadlines that are not due."""
        async with asyncio.timeout(SETTLE_S_MAX):
            while await self.unfinished():
                await self.skip_ahead()
                await self.service.log.changed(LOOK_S)

    async def unfinished(self) -> list[TaskRow]:
        rows = await self.service.outbox.listed(limit=1_000)
        now = self.service.clock.now()
        return [
            row
            for row in rows
            if row.state in {"ready", "leased"} and not (row.kind in DEADLINES and row.due > now)
        ]

    async def skip_ahead(self) -> None:
        """When all that is left to do waits for its time, move to that time."""
        left = await self.unfinished()
        if not left or any(row.state == "leased" for row in left):
            return
        wait = min(row.due for row in left) - self.service.clock.now()
        if wait > timedelta():
            await self.advance(wait.total_seconds() + 0.001)

    async def hurried(self, work: Awaitable[T]) -> T:
        """What `work` answers, with time skipping ahead while it waits for retries."""
        task = asyncio.ensure_future(work)
        while not (await asyncio.wait({task}, timeout=LOOK_S))[0]:
            await self.skip_ahead()
        return await task


def matching(offers: list[Any], how: dict[str, Any]) -> Any:
    for offer in offers:
        if all(offer[name] == value for name, value in how.items()):
            return offer
    raise AssertionError(f"no offer is like {how}: {[offer['title'] for offer in offers]}")


# Tests ask as often as the machine is fast, and are told on this machine; those of the limits set
# their own.
TRYING_OUT = {
    "rate_caller_per_s": 0.0,
    "rate_tenant_per_s": 0.0,
    "rate_failed_per_min": 0.0,
    "webhooks_loopback": True,
}


@asynccontextmanager
async def raised_world(
    database_url: str, data_dir: Path, roles: tuple[Role, ...] = ROLES, **settings: Any
) -> AsyncIterator[World]:
    """Everything up and connected, until the block ends; traced if there is a `tracer`."""
    tracer: Tracer | None = settings.pop("tracer", None)
    async with AsyncExitStack() as stack:
        # Held, but not listened on, so that nobody takes the port before the service does.
        port = stack.enter_context(bind(HOST, 0)).getsockname()[1]
        hooks = f"http://{HOST}:{port}/v1/webhooks"
        asked: list[str] = []
        stripe_url = await stack.enter_async_context(
            served(
                lambda url: stripe_app(
                    api_key=SANDBOX_STRIPE_KEY,
                    webhook_secret=SANDBOX_STRIPE_WEBHOOK_SECRET,
                    webhook_url=f"{hooks}/stripe",
                    public_url=url,
                ),
                asked,
            )
        )
        duffel_url = await stack.enter_async_context(
            served(
                lambda url: duffel_app(
                    token=SANDBOX_DUFFEL_TOKEN,
                    webhook_secret=SANDBOX_DUFFEL_WEBHOOK_SECRET,
                    webhook_url=f"{hooks}/duffel",
                ),
                asked,
            )
        )
        known = Settings(
            data_dir=data_dir,
            host=HOST,
            port=port,
            stripe_api_base=stripe_url,
            duffel_api_base=duffel_url,
            **(TRYING_OUT | settings),
        )
        database = await stack.enter_async_context(
            connect_database(database_url, pool_size=POOL_CONNECTIONS_MAX)
        )
        service = await stack.enter_async_context(assembled(known, database, tracer))
        url = await stack.enter_async_context(running(service, roles))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        ours, theirs = [
            (await service.keys.create(tenant, "test", frozenset(SCOPES), service.clock.now()))[0]
            for tenant in ("ours", "theirs")
        ]
        yield World(service, url, stripe_url, duffel_url, ours, theirs, session, roles, [], asked)
