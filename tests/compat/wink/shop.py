"""A shop written against Wink's documents: what it sends, and what it looks for in answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tests.scenarios.world import DEPARTURE, Told, World

THANK_YOU = "http://127.0.0.1:4200/thank-you"
ALEXANDRA = {
    "firstName": "Alexandra",
    "lastName": "Beaumont",
    "email": "alexandra@beaumont.com",
    "telephone": "+1 212 555 1212",
}
ARRIVAL = DEPARTURE.isoformat()
LEAVING = (DEPARTURE + timedelta(days=3)).isoformat()


@dataclass(slots=True)
class Shop:
    world: World

    async def ask(self, method: str, path: str, body: Any = None, **how: Any) -> Told:
        return await self.world.ask(method, path, body, **how)

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """The body of a 200; this contract knows no other success."""
        told = await self.ask(method, path, body)
        assert told.status == 200, f"{method} {path}: {told.status} {told.body}"
        return told.body

    async def refused(self, method: str, path: str, body: Any = None, **how: Any) -> Any:
        """(status, code, problem) of a refusal, which is always a ProblemDetail."""
        told = await self.ask(method, path, body, **how)
        assert told.status >= 400, f"{method} {path}: {told.status} {told.body}"
        assert told.headers["Content-Type"].startswith("application/problem+json")
        assert told.body["status"] == told.status
        assert told.body["properties"]["code"] == told.body["code"]
        return told.status, told.body["code"], told.body

    # --- rooms

    async def room(self, index: int = 0, **where: Any) -> dict[str, Any]:
        """The identifiers of a room that was found by searching."""
        offers = await self.rooms(**where)
        return offers[index]

    async def room_of_scenario(self, name: str, *, refundable: bool = True) -> dict[str, Any]:
        """A room of the supplier's test hotel that behaves as its name says."""
        for offer in await self.rooms(latitude=-24.38, longitude=-128.32):
            if offer["details"]["property"] == name and offer["refundable"] == refundable:
                return offer
        raise AssertionError(f"there is no test hotel {name}")

    async def rooms(
        self, latitude: float = 40.7549, longitude: float = -73.984, **search: Any
    ) -> list[dict[str, Any]]:
        body = {
            "latitude": latitude,
            "longitude": longitude,
            "radius_km": 5,
            "check_in_date": ARRIVAL,
            "check_out_date": LEAVING,
            "rooms": 1,
            "guests": [{"type": "adult"}],
            **search,
        }
        offers: list[dict[str, Any]] = (await self.world.call("POST", "/v1/offers/stays", body))[
            "offers"
        ]
        return offers

    def item(self, offer: dict[str, Any], **changed: Any) -> dict[str, Any]:
        """A request for the room, with every required field of the contract and no other."""
        return {
            "hotelIdentifier": offer["details"]["hotel_identifier"],
            "roomRateIdentifier": offer["details"]["room_rate_identifier"],
            "roomConfiguration": {"adults": 1},
            "startDate": offer["details"]["check_in_date"],
            "endDate": offer["details"]["check_out_date"],
            "currency": "GBP",
            "customizationIdentifier": "a4f2e8b1-7c5d-4b9a-9e3f-1d6c2a8f5e91",
            "user": ALEXANDRA,
            **changed,
        }

    # --- carts and checkouts

    async def cart(self, *items: dict[str, Any]) -> Any:
        cart = await self.call("POST", "/api/shopping-cart", list(items))
        self.world.trips.append(cart["id"])
        return cart

    async def usual_cart(self) -> Any:
        return await self.cart(self.item(await self.room()))

    async def checkout(self, cart_id: str, **fields: Any) -> Any:
        return await self.call("POST", "/api/checkout", self.order(cart_id, **fields))

    def order(self, cart_id: str, **fields: Any) -> dict[str, Any]:
        return {"shoppingCartIdentifier": cart_id, "redirectUrl": THANK_YOU, **fields}

    async def pay(self, checkout: Any, outcome: str = "paid") -> None:
        path = f"/_sandbox/payment_intents/{payment_of(checkout)}/pay"
        await self.world.steer("stripe", "POST", path, {"outcome": outcome})

    async def payment_status(self, checkout: Any) -> str:
        """As the payment provider sees the payment now."""
        seen = await self.world.service.payments.look(None, payment_of(checkout))
        assert seen.payment is not None
        return seen.payment.status

    async def booked(self, *items: dict[str, Any]) -> tuple[Any, Any]:
        """A cart and its checkout, paid and settled."""
        cart = await self.cart(*items) if items else await self.usual_cart()
        checkout = await self.checkout(cart["id"])
        await self.pay(checkout)
        await self.world.until_status(cart["id"], "completed", "failed")
        return cart, checkout


def payment_of(checkout: Any) -> str:
    """A client secret begins with the id of the payment it is for."""
    return str(checkout["clientSecret"]).partition("_secret_")[0]
