"""A shop's side of a direct checkout: a room into a cart, `POST /api/checkout` for everything a
payment sheet needs, the payment, and the booking that comes of it; against a running `make demo`.

Run it from the repository's root, or name the demo's directory:
TRIPLEDGER_DATA_DIR=/somewhere python examples/direct_checkout.py
"""

from __future__ import annotations

import asyncio
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp

GUEST = {
    "firstName": "Amelia",
    "lastName": "Earhart",
    "email": "amelia@tripledger.dev",
    "telephone": "+442080160509",
}
DAYS_AHEAD, NIGHTS = 60, 3
THANK_YOU = "http://127.0.0.1:4200/thank-you"
FOLLOW_S_MAX = 60.0
FOLLOW_EVERY_S = 0.5
CONFIRMED = {"PAYMENT_SUCCEEDED", "TEST_PAYMENT_SUCCEEDED"}


async def main() -> None:
    demo = json.loads(demo_file().read_text(encoding="utf-8"))
    headers = {"Authorization": f"Bearer {demo['api_key']}", "Wink-Version": "2.0"}
    async with aiohttp.ClientSession(demo["base_url"], headers=headers) as shop:
        room = await find_room(shop)
        print(f"Room: {room['title']}, {room['price']['display']}")
        cart = await call(shop, "POST", "/api/shopping-cart", [item_of(room)])
        print(f"Cart: {cart['id']}")
        order = {"shoppingCartIdentifier": cart["id"], "redirectUrl": THANK_YOU}
        checkout = await call(shop, "POST", "/api/checkout", order)
        print(f"Booking codes: {', '.join(checkout['bookingCodes'])}; nothing is paid yet")
        await confirm_as_the_payment_sheet(demo, checkout["clientSecret"])
        await follow(shop, checkout["groupIdentifier"])


def demo_file() -> Path:
    return Path(os.environ.get("TRIPLEDGER_DATA_DIR", ".tripledger")) / "demo.json"


async def call(shop: aiohttp.ClientSession, method: str, path: str, body: Any = None) -> Any:
    async with shop.request(method, path, json=body) as answer:
        told = await answer.json(content_type=None)
        if answer.status >= 400:
            raise SystemExit(f"{method} {path}: {told['code']}: {told['detail']}")
        return told


async def find_room(shop: aiohttp.ClientSession) -> Any:
    """Searching is ours; the room's identifiers are what the cart wants."""
    arrival = (datetime.now(UTC) + timedelta(days=DAYS_AHEAD)).date()
    search = {
        "latitude": 40.7549,
        "longitude": -73.984,
        "radius_km": 5,
        "check_in_date": arrival.isoformat(),
        "check_out_date": (arrival + timedelta(days=NIGHTS)).isoformat(),
        "rooms": 1,
        "guests": [{"type": "adult"}],
    }
    return (await call(shop, "POST", "/v1/offers/stays", search))["offers"][0]


def item_of(room: Any) -> dict[str, Any]:
    details = room["details"]
    return {
        "hotelIdentifier": details["hotel_identifier"],
        "roomRateIdentifier": details["room_rate_identifier"],
        "roomConfiguration": {"adults": 1},
        "startDate": details["check_in_date"],
        "endDate": details["check_out_date"],
        "currency": room["price"]["currency"],
        "customizationIdentifier": "a4f2e8b1-7c5d-4b9a-9e3f-1d6c2a8f5e91",
        "user": GUEST,
    }


async def confirm_as_the_payment_sheet(demo: Any, client_secret: str) -> None:
    """Stripe's payment sheet does this in the app, with the client secret and a real card."""
    payment_id = client_secret.partition("_secret_")[0]
    url = f"{demo['stripe_url']}/_sandbox/payment_intents/{payment_id}/pay"
    async with (
        aiohttp.ClientSession() as sheet,
        sheet.post(url, json={"outcome": "paid"}) as answer,
    ):
        answer.raise_for_status()
    print(f"Paid: {payment_id}")


async def follow(shop: aiohttp.ClientSession, group_id: str) -> None:
    """Until every booking of the group is confirmed."""
    async with asyncio.timeout(FOLLOW_S_MAX):
        while True:
            bookings = await call(shop, "GET", f"/api/booking/group/{group_id}")
            if all(each["bookingStatus"] in CONFIRMED for each in bookings):
                break
            await asyncio.sleep(FOLLOW_EVERY_S)
    for each in bookings:
        print(f"{each['bookingCode']}: {each['bookingStatus']}")


if __name__ == "__main__":
    asyncio.run(main())
