"""A Duffel sandbox on a free port and the calls its tests make, over real HTTP."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from sandbox.clock import SandboxClock
from sandbox.duffel.app import create_app

Json = dict[str, Any]

TOKEN = "duffel_test_token"
HEADERS = {
    "Authorization": f"Bearer {TOKEN}",
    "Duffel-Version": "v2",
    "Accept": "application/json",
    "Content-Type": "application/json",
}
AMELIA = {
    "title": "ms",
    "gender": "f",
    "given_name": "Amelia",
    "family_name": "Earhart",
    "born_on": "1987-07-24",
    "email": "amelia@example.com",
    "phone_number": "+442080160509",
}


@contextlib.asynccontextmanager
async def listening(app: web.Application) -> AsyncIterator[str]:
    """The application's URL while it serves on loopback."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


@dataclass
class Inbox:
    """Takes webhooks and lets tests await them."""

    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    answers: list[int] = field(default_factory=list)

    def app(self) -> web.Application:
        async def take(request: web.Request) -> web.Response:
            self.received.append((dict(request.headers), await request.read()))
            self.arrived.set()
            return web.Response(status=self.answers.pop(0) if self.answers else 200)

        app = web.Application()
        app.add_routes([web.post("/hook", take)])
        return app

    async def until(self, count: int) -> None:
        async with asyncio.timeout(60):
            while len(self.received) < count:
                self.arrived.clear()
                await self.arrived.wait()


@dataclass
class Duffel:
    """One sandbox as a client sees it."""

    url: str
    http: aiohttp.ClientSession
    clock: SandboxClock

    async def call(
        self, method: str, path: str, data: Any = None, *, headers: Json | None = None
    ) -> tuple[int, Json]:
        body = None if data is None else {"data": data}
        async with self.http.request(
            method, self.url + path, json=body, headers=HEADERS | (headers or {})
        ) as answer:
            return answer.status, await answer.json()

    async def get(self, path: str) -> Json:
        status, body = await self.call("GET", path)
        assert status == 200, body
        return body

    async def post(self, path: str, data: Any = None) -> Json:
        status, body = await self.call("POST", path, data)
        assert status in (200, 201), body
        return dict(body["data"])

    async def refused(self, method: str, path: str, data: Any = None) -> tuple[int, str]:
        """Status and code of a refusal."""
        status, body = await self.call(method, path, data)
        return status, body["errors"][0]["code"]

    async def fault(self, mode: str, path: str, *, method: str = "POST", **options: Any) -> None:
        rule = {"match": {"method": method, "path": path}, "mode": mode, **options}
        async with self.http.post(f"{self.url}/_sandbox/faults", json=rule) as answer:
            assert answer.status == 201, await answer.text()

    async def control(self, **controls: Any) -> None:
        async with self.http.post(f"{self.url}/_sandbox/webhooks", json=controls) as answer:
            assert answer.status == 200, await answer.text()

    async def journal(self, kind: str) -> list[Json]:
        async with self.http.get(f"{self.url}/_sandbox/journal", params={"kind": kind}) as answer:
            return list((await answer.json())["entries"])

    def day(self, ahead: int) -> str:
        return (
            self.clock.now()
            .date()
            .fromordinal(self.clock.now().date().toordinal() + ahead)
            .isoformat()
        )

    async def search(self, *route: str, passengers: list[Json] | None = None) -> Json:
        """An offer request for each pair of neighbours in `route`, a week apart."""
        slices = [
            {"origin": a, "destination": b, "departure_date": self.day(30 + 7 * n)}
            for n, (a, b) in enumerate(zip(route, route[1:], strict=False))
        ]
        wanted = {
            "slices": slices,
            "passengers": passengers or [{"type": "adult"}],
            "cabin_class": "economy",
        }
        return await self.post("/air/offer_requests?return_offers=true", wanted)

    async def offer(self, *route: str, brand: str = "Basic") -> Json:
        offers = (await self.search(*(route or ("LHR", "JFK"))))["offers"]
        return next(o for o in offers if o["slices"][0]["fare_brand_name"] == brand)

    async def stay_rate(self, hotel: str, *, name: str = "Flexible Rate") -> Json:
        results = (await self.post("/stays/search", self.stay_search()))["results"]
        chosen = next(r for r in results if r["accommodation"]["name"] == hotel)
        path = f"/stays/search_results/{chosen['id']}/actions/fetch_all_rates"
        rates = (await self.post(path))["accommodation"]["rooms"][0]["rates"]
        return next(rate for rate in rates if rate["name"] == name)

    def stay_search(self, *, latitude: float = -24.38, longitude: float = -128.32) -> Json:
        where = {"latitude": latitude, "longitude": longitude}
        return {
            "rooms": 1,
            "guests": [{"type": "adult"}, {"type": "adult"}],
            "check_in_date": self.day(30),
            "check_out_date": self.day(33),
            "location": {"radius": 5, "geographic_coordinates": where},
        }


def order_for(offer: Json, **changes: Any) -> Json:
    """A complete instant order of an offer for one adult."""
    return {
        "type": "instant",
        "selected_offers": [offer["id"]],
        "passengers": [{"id": offer["passengers"][0]["id"], **AMELIA}],
        "payments": [
            {
                "type": "balance",
                "currency": offer["total_currency"],
                "amount": offer["total_amount"],
            }
        ],
        "metadata": {"trip_id": "trip-1"},
        **changes,
    }


def hold_for(offer: Json) -> Json:
    order = order_for(offer, type="hold")
    del order["payments"]
    return order


def payment_for(order: Json, *, amount: str | None = None) -> Json:
    payment = {
        "type": "balance",
        "currency": order["total_currency"],
        "amount": amount or order["total_amount"],
    }
    return {"order_id": order["id"], "payment": payment}


def booking_for(quote: Json) -> Json:
    return {
        "quote_id": quote["id"],
        "guests": [{"given_name": "Amelia", "family_name": "Earhart"}],
        "email": "amelia@example.com",
        "phone_number": "+442080160509",
        "metadata": {"trip_id": "trip-1"},
    }


@contextlib.asynccontextmanager
async def running_duffel(**options: Any) -> AsyncIterator[Duffel]:
    clock = SandboxClock()
    async with (
        listening(create_app(token=TOKEN, clock=clock, **options)) as url,
        aiohttp.ClientSession() as http,
    ):
        yield Duffel(url, http, clock)
