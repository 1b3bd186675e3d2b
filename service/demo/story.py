"""The story the demo tells: a flight and a hotel become one paid, fulfilled trip. Every sentence
is said after it came true; what does not come true ends the story."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

from rich.console import Console
from rich.markup import escape

from service.demo.client import Client
from service.demo.stage import Stage

AT_ONCE = 50
FULFILLED_S_MAX = 60.0
LOOK_EVERY_S = 0.05
NEW_YORK = {"latitude": 40.7549, "longitude": -73.984, "radius_km": 5}
TRAVELER = {
    "first_name": "Amelia",
    "last_name": "Earhart",
    "passenger_type": "ADULT",
    "date_of_birth": "1987-07-24",
    "gender": "f",
    "title": "mrs",
}
CONTACT = {"email": "amelia@tripledger.dev", "phone": "+442080160509"}


class StoryBroken(Exception):
    """Something the story promised did not come true."""


def ensure(truth: object, promise: str) -> None:
    if not truth:
        raise StoryBroken(promise)


class Story:
    """Tells on a console what it does through the public API."""

    def __init__(self, client: Client, console: Console) -> None:
        self.client = client
        self.console = console
        self.started = monotonic()
        self.chapter = 0

    def head(self, title: str) -> None:
        self.chapter += 1
        self.console.print(f"\n[bold cyan]{self.chapter}. {escape(title)}[/]")

    def say(self, text: str) -> None:
        seconds = monotonic() - self.started
        self.console.print(f"  [dim]{seconds:5.1f}s[/]  {text}")

    async def tell(self) -> str:
        """The whole story; answers the trip's id. Raises StoryBroken or CallFailed."""
        departure = (datetime.now(UTC) + timedelta(days=60)).date()
        flight = await self.find_flight(departure.isoformat())
        nights = (departure.isoformat(), (departure + timedelta(days=3)).isoformat())
        stay = await self.find_stay(*nights)
        trip_id = await self.build(flight, stay)
        booked = await self.book(trip_id)
        await self.pay(booked)
        trip = await self.watch(trip_id)
        await self.account(trip_id, booked, trip)
        return trip_id

    async def find_flight(self, departure: str) -> Any:
        self.head("A traveller looks for a flight and a hotel")
        search = {
            "slices": [{"origin": "LHR", "destination": "JFK", "departure_date": departure}],
            "passengers": [{"type": "adult"}],
            "cabin_class": "economy",
        }
        offers = (await self.client.call("POST", "/v1/offers/flights", search))["offers"]
        ensure(offers, "there is a flight from London to New York")
        best = offers[0]
        self.say(f"London to New York on {departure}: {len(offers)} flights at Duffel.")
        self.say(f"The cheapest: [bold]{escape(best['title'])}[/] for {best['price']['display']}.")
        return best

    async def find_stay(self, check_in: str, check_out: str) -> Any:
        search = {
            **NEW_YORK,
            "check_in_date": check_in,
            "check_out_date": check_out,
            "rooms": 1,
            "guests": [{"type": "adult"}],
        }
        offers = (await self.client.call("POST", "/v1/offers/stays", search))["offers"]
        ensure(offers, "there is a hotel in New York")
        best = offers[0]
        self.say(f"Three nights in New York: {len(offers)} rooms.")
        self.say(f"The cheapest: [bold]{escape(best['title'])}[/] for {best['price']['display']}.")
        return best

    async def build(self, flight: Any, stay: Any) -> str:
        self.head("Both go into one trip, and somebody travels")
        trip = await self.client.call("POST", "/v1/trips")
        trip_id = str(trip["trip_id"])
        self.say(f"An empty trip: {trip_id}.")
        for offer in (flight, stay):
            path = f"/v1/trips/{trip_id}/items"
            await self.client.call("POST", path, {"offer_id": offer["offer_id"]})
            self.say(f"Added: {escape(offer['title'])}, {offer['price']['display']}.")
        people = {"travelers": [TRAVELER], "contact": CONTACT}
        await self.client.call("PUT", f"/v1/trips/{trip_id}/travelers", people)
        self.say("Travels: Mrs Amelia Earhart. Her data is sealed: the log holds no name.")
        return trip_id

    async def book(self, trip_id: str) -> Any:
        self.head("Booked: every price asked anew, one checkout opened")
        path = f"/v1/trips/{trip_id}/book"
        booked = await self.client.call("POST", path, {})
        self.say(f"Total to pay: [bold]{booked['total']['display']}[/]; nothing is ordered yet.")
        self.say(f"Booking codes: {', '.join(booked['booking_codes'])}.")
        self.say(f"Pay here: [link={booked['checkout_url']}]{escape(booked['checkout_url'])}[/]")
        again = await asyncio.gather(*(self.client.call("POST", path, {}) for _ in range(AT_ONCE)))
        sessions = {answer["session_id"] for answer in [booked, *again]}
        ensure(len(sessions) == 1, f"{AT_ONCE} more calls get the same checkout")
        made = await self.kinds(self.client.stage.stripe_url, trip_id)
        ensure(made["checkout_session.created"] == 1, "Stripe made one Checkout Session")
        self.say(f"Called {AT_ONCE} times more at once: the same session, one made at Stripe.")
        return booked

    async def pay(self, booked: Any) -> None:
        self.head("The traveller pays, on the second try")
        await self.client.pay(booked["session_id"], "declined")
        self.say("First card: [yellow]declined[/]. The checkout stays open.")
        await self.client.pay(booked["session_id"], "paid")
        self.say("Second card: [green]authorised[/]. Stripe's webhook tells us; no money moved.")

    async def watch(self, trip_id: str) -> Any:
        self.head("Ordered once at each supplier, then captured")
        until = monotonic() + FULFILLED_S_MAX
        seen: list[str] = []
        while monotonic() < until:
            trip = await self.client.call("GET", f"/v1/trips/{trip_id}")
            status = str((trip["fulfillment"] or {}).get("status"))
            if status not in seen:
                seen.append(status)
                self.say(f"fulfillment.status: [bold]{status}[/]")
            if status in {"completed", "failed"}:
                break
            await asyncio.sleep(LOOK_EVERY_S)
        ensure(seen and seen[-1] == "completed", "the trip is fulfilled")
        for booking in trip["bookings"]:
            self.say(
                f"{booking['code']}: [green]{booking['status']}[/],"
                f" supplier reference [bold]{booking['supplier_reference']}[/]."
            )
        return trip

    async def account(self, trip_id: str, booked: Any, trip: Any) -> None:
        self.head("The providers' own journals agree")
        at_stripe = await self.client.journal(self.client.stage.stripe_url, trip_id)
        captured = [e["amount"] for e in at_stripe if e["kind"] == "payment.captured"]
        ensure(captured == [booked["total"]["amount"]], "one capture, of the quoted total")
        self.say(f"Stripe: one capture, {trip['payment']['captured']['display']}, as quoted.")
        orders = await self.kinds(self.client.stage.duffel_url, trip_id)
        ensure(orders["order.created"] == 1, "one flight order")
        ensure(orders["stay_booking.created"] == 1, "one hotel booking")
        self.say("Duffel: one flight order, one hotel booking.")
        events = (await self.client.call("GET", f"/v1/trips/{trip_id}/events"))["events"]
        self.say(f"The log explains it all in {len(events)} events.")

    async def kinds(self, provider_url: str, trip_id: str) -> Counter[str]:
        entries = await self.client.journal(provider_url, trip_id)
        return Counter(str(entry["kind"]) for entry in entries)


def command() -> str:
    """`tripledger` as it was called, which need not be on everybody's path."""
    return sys.argv[0] if Path(sys.argv[0]).name == "tripledger" else "tripledger"


def what_next(console: Console, stage: Stage, trip_id: str, data_dir: str) -> None:
    """What to open now, in the order a newcomer would."""
    key = stage.api_key
    lines = [
        f"[bold]Console[/]         {stage.base_url}/console/trips/{trip_id}",
        f"[bold]  sign in with[/]  {stage.operator_key}",
        f"[bold]API docs[/]        {stage.base_url}/docs",
        f"[bold]This trip[/]       curl -H 'Authorization: Bearer {key}' "
        f"{stage.base_url}/v1/trips/{trip_id}",
        f"[bold]Its story[/]       {command()} trip events {trip_id}",
        f"[bold]Stripe sandbox[/]  {stage.stripe_url}/_sandbox/journal",
        f"[bold]Duffel sandbox[/]  {stage.duffel_url}/_sandbox/journal",
        f"[bold]Keys and ids[/]    {data_dir}/demo.json",
    ]
    console.print()
    # Whole lines, however narrow the terminal: what is broken in two cannot be copied.
    console.print("[bold cyan]Try it[/]")
    for line in lines:
        console.print(line, soft_wrap=True)
