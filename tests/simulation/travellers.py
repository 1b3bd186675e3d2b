"""People at their browsers: they search, book, change their minds, click twice, pay in two tabs,
lose their connection, come back and cancel. What they were told is remembered for the checkers."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

import aiohttp

from tests.scenarios.world import AMELIA, CONTACT
from tests.simulation.faults import Faults
from tests.simulation.machines import EPOCH, FRONT_URL, STRIPE_URL
from tests.simulation.planted import OUTCOMES

REQUEST_S_MAX = 70.0
TRIES_MAX = 25
OVER = {"completed", "failed", "cancelled"}
BESSIE = {**AMELIA, "first_name": "Bessie"}
DEPARTURE = (EPOCH + timedelta(days=60)).date()


class GaveUp(Exception):
    """The traveller got no answer for so long that they closed the browser."""


@dataclass(frozen=True, slots=True)
class Told:
    status: int
    body: Any


@dataclass
class Memory:
    """What all travellers were told and did, for the checkers: the trips they made, and on which
    quotes they were told that they had cancelled."""

    trips: list[str] = field(default_factory=list)
    contradictions: list[str] = field(default_factory=list)
    sessions: dict[str, str] = field(default_factory=dict)
    cancelled_on: list[tuple[str, str]] = field(default_factory=list)


class Browser:
    """One traveller's requests: repeated with their key until there is an answer."""

    def __init__(self, key: str, chance: random.Random, faults: Faults, memory: Memory) -> None:
        self.key = key
        self.chance = chance
        self.faults = faults
        self.memory = memory
        self.session = aiohttp.ClientSession()
        self.versions: dict[str, int] = {}

    async def ask(self, method: str, path: str, body: Any = None) -> Told:
        """The answer that is final: repeated under one key while it says nothing final."""
        headers = {"Authorization": f"Bearer {self.key}"}
        if method == "POST":
            headers["Idempotency-Key"] = str(uuid4())
        seen = self.versions.get(trip_of(path), 0)
        answers: list[Told] = []
        for attempt in range(TRIES_MAX):
            try:
                told = await self.once(method, FRONT_URL + path, body, headers)
            except (aiohttp.ClientError, TimeoutError):
                await asyncio.sleep(min(2**attempt, 30) * self.chance.random())
                continue
            if told.status >= 500 or (told.status >= 400 and told.body.get("retryable")):
                await asyncio.sleep(min(2**attempt, 30) * self.chance.random())
                continue
            answers.append(told)
            if method != "POST" or self.chance.random() < 0.9:
                break
        if not answers:
            raise GaveUp(f"{method} {path}")
        self.compare(method, path, answers, seen)
        return answers[-1]

    def compare(self, method: str, path: str, answers: list[Told], seen: int) -> None:
        """Repeats say the same, and nothing is older than what was seen before."""
        if len(answers) > 1 and answers[0] != answers[-1] and "/book" not in path:
            self.memory.contradictions.append(f"A1: {method} {path} answered in two ways")
        body = answers[-1].body
        if isinstance(body, dict) and "version" in body and "trip_id" in body:
            if body["version"] < seen and method == "GET":
                self.memory.contradictions.append(
                    f"R2: {path} was at version {seen} and is at {body['version']}"
                )
            trip_id = body["trip_id"]
            self.versions[trip_id] = max(self.versions.get(trip_id, 0), body["version"])

    async def once(self, method: str, url: str, body: Any, headers: dict[str, str]) -> Told:
        patience_s = REQUEST_S_MAX
        if self.faults.strikes("disconnects"):
            patience_s = 0.2 * self.chance.random()
        async with (
            asyncio.timeout(patience_s),
            self.session.request(method, url, json=body, headers=headers) as answer,
        ):
            text = await answer.read()
            return Told(answer.status, await answer.json(content_type=None) if text else None)

    async def at_stripe(self, path: str, body: Any) -> Told:
        """What the traveller does at the payment page, which is not ours: it simply works."""
        while True:
            try:
                return await self.once_at_stripe(path, body)
            except (aiohttp.ClientError, TimeoutError):
                await asyncio.sleep(1.0)

    async def once_at_stripe(self, path: str, body: Any) -> Told:
        async with (
            asyncio.timeout(REQUEST_S_MAX),
            self.session.post(STRIPE_URL + path, json=body) as answer,
        ):
            return Told(answer.status, await answer.json(content_type=None))


def trip_of(path: str) -> str:
    parts = path.split("/")
    return parts[3] if len(parts) > 3 and parts[2] == "trips" else ""


class Traveller:
    """One story, drawn from the seed."""

    def __init__(
        self, browser: Browser, chance: random.Random, paying: Sequence[str] = OUTCOMES
    ) -> None:
        self.browser = browser
        self.chance = chance
        self.paying = paying
        self.trip_id = ""

    def likely(self, share: float) -> bool:
        return self.chance.random() < share

    async def live(self) -> None:
        try:
            await self.story()
        except GaveUp:
            return
        finally:
            await self.browser.session.close()

    async def story(self) -> None:
        offers = await self.search()
        if not offers or not await self.build(offers):
            return
        for _ in range(self.chance.choice((1, 1, 2))):
            booked = await self.book()
            if booked is None:
                return
            if self.likely(0.3):
                # Somebody edits in another tab while this one is at the payment page.
                await self.together(self.pay(booked), self.edit())
            else:
                await self.pay(booked)
            if (await self.watch()) in OVER:
                break
        if self.likely(0.35):
            await self.cancel()

    async def together(self, *doings: Awaitable[Any]) -> None:
        for told in await asyncio.gather(*doings, return_exceptions=True):
            if isinstance(told, BaseException) and not isinstance(told, GaveUp):
                raise told

    async def search(self) -> list[Any]:
        flights = {
            "slices": [
                {
                    "origin": "LHR",
                    "destination": "JFK",
                    "departure_date": DEPARTURE.isoformat(),
                }
            ],
            "passengers": [{"type": "adult"}],
        }
        stays = {
            "latitude": 40.7549,
            "longitude": -73.984,
            "check_in_date": DEPARTURE.isoformat(),
            "check_out_date": (DEPARTURE + timedelta(days=3)).isoformat(),
            "rooms": 1,
            "guests": [{"type": "adult"}],
        }
        both = ["flights", "stays"]
        kinds = self.chance.choice((["flights"], ["stays"], both, both))
        chosen = []
        for kind in kinds:
            wanted = flights if kind == "flights" else stays
            told = await self.browser.ask("POST", f"/v1/offers/{kind}", wanted)
            if told.status == 200 and told.body["offers"]:
                chosen.append(self.chance.choice(told.body["offers"][:8]))
        return chosen

    async def build(self, offers: list[Any]) -> bool:
        items = [{"offer_id": offer["offer_id"]} for offer in offers]
        body = {"items": items, "travelers": [AMELIA], "contact": CONTACT}
        told = await self.browser.ask("POST", "/v1/trips", body)
        if told.status != 201:
            return False
        self.trip_id = told.body["trip_id"]
        self.browser.memory.trips.append(self.trip_id)
        return True

    async def ask(self, method: str, path: str, body: Any = None) -> Told:
        return await self.browser.ask(method, f"/v1/trips/{self.trip_id}{path}", body)

    async def book(self) -> Any:
        """An open checkout, or None: they may have clicked twice, and confirmed a new price."""
        wanted: dict[str, Any] = {
            "mode": self.chance.choice(("hosted", "hosted", "hosted", "direct")),
            "fulfillment_policy": self.chance.choice(("keep_confirmed", "all_or_nothing")),
        }
        for _ in range(3):
            clicks = [
                self.ask("POST", "/book", wanted) for _ in range(self.chance.choice((1, 1, 2)))
            ]
            answers = [
                told
                for told in await asyncio.gather(*clicks, return_exceptions=True)
                if isinstance(told, Told)
            ]
            booked = [told.body for told in answers if told.status == 200]
            if booked:
                self.note_sessions(booked)
                return booked[0]
            if not any(told.body.get("code") == "price_changed" for told in answers):
                return None
        return None

    def note_sessions(self, booked: list[Any]) -> None:
        sessions = {each["group_id"]: each["session_id"] for each in booked}
        for group, session in sessions.items():
            known = self.browser.memory.sessions.setdefault(group, session)
            if known != session:
                self.browser.memory.contradictions.append(
                    f"A4: one group was answered with two checkouts: {known} and {session}"
                )

    async def edit(self) -> None:
        await asyncio.sleep(self.chance.choice((0.0, 0.05, 2.0)))
        items = (await self.ask("GET", "")).body["items"]
        if len(items) > 1 and self.likely(0.5):
            await self.ask("DELETE", f"/items/{items[-1]['item_id']}")
        else:
            await self.ask("PUT", "/travelers", {"travelers": [BESSIE], "contact": CONTACT})

    async def pay(self, booked: Any) -> None:
        """At the payment page, with one card or several, in one tab or two."""
        await asyncio.sleep(self.chance.choice((0.0, 0.1, 3.0, 60.0, 2_000.0)))
        outcome = self.chance.choice(self.paying)
        session = booked["session_id"]
        kind = "payment_intents" if session.startswith("pi_") else "checkout"
        path = f"/_sandbox/{kind}/{session}/pay"
        if self.likely(0.2):
            both = (self.browser.at_stripe(path, {"outcome": outcome}) for _ in range(2))
            told = (await asyncio.gather(*both))[-1]
        else:
            told = await self.browser.at_stripe(path, {"outcome": outcome})
        if outcome in ("declined", "requires_action") and self.likely(0.8):
            told = await self.browser.at_stripe(path, {"outcome": "paid"})
        if outcome == "processing" and told.status == 200:
            await self.settle(told.body.get("payment_intent") or told.body["id"])

    async def settle(self, intent: str) -> None:
        await asyncio.sleep(self.chance.choice((1.0, 300.0, 20_000.0)))
        ending = {"outcome": self.chance.choice(("succeeded", "succeeded", "failed"))}
        await self.browser.at_stripe(f"/_sandbox/payment_intents/{intent}/settle", ending)

    async def watch(self) -> str:
        """Look at the trip until something final can be seen, or patience ends."""
        status = ""
        for _ in range(self.chance.choice((1, 5, 15))):
            told = await self.ask("GET", "")
            status = told.body["status"]
            if status in OVER:
                break
            await asyncio.sleep(20.0)
        return status

    async def cancel(self) -> None:
        told = await self.ask("POST", "/cancellation-quote", {})
        if told.status != 200:
            return
        commit = {"cancellation_quote_id": told.body["cancellation_quote_id"]}
        clicks = (self.ask("POST", "/cancel", commit) for _ in range(self.chance.choice((1, 2))))
        await self.together(*clicks)
