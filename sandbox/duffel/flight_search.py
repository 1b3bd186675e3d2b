"""Searching for flights: offer requests, offers with their services, final prices, seat maps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

from aiohttp import web

from sandbox.duffel.body import Node, read_data
from sandbox.duffel.errors import DuffelError, Json
from sandbox.duffel.fares import CABIN_FACTORS, PASSENGER_FACTORS
from sandbox.duffel.itinerary import Leg
from sandbox.duffel.offers import Offer, make_offers, seat_maps_of
from sandbox.duffel.places import IATA_CODE, Airport, airport, airport_wire
from sandbox.duffel.routes import behaviour_of
from sandbox.duffel.wire import instant, money, new_id, page_of
from sandbox.duffel.world import OfferRequest, World, found, price_rise

BOOKABLE_DAYS_AHEAD = 730
SLICES_MAX = 6
PASSENGERS_MAX = 9
INFANT_AGE_MAX = 1
CHILD_AGE_MAX = 11
AGE_MAX = 130
SORTINGS: dict[str, Callable[[Json], Decimal | str]] = {
    "total_amount": lambda offer: Decimal(offer["total_amount"]),
    "total_duration": lambda offer: str(offer["slices"][0]["duration"]),
}


def read_airport(node: Node, field: str) -> Airport:
    code = node.text(field)
    if not IATA_CODE.fullmatch(code):
        node.refuse(field, "validation_format", f"Field '{field}' must be an IATA code")
    return airport(code)


def read_leg(node: Node, *, today: date) -> Leg:
    leg = Leg(
        origin=read_airport(node, "origin"),
        destination=read_airport(node, "destination"),
        day=node.date("departure_date"),
    )
    if leg.origin == leg.destination:
        node.refuse("destination", "validation_inclusion", "Field 'destination' is the origin")
    # A day's grace: where the journey starts it may still be yesterday.
    not_before = today - timedelta(days=1)
    if not not_before <= leg.day <= today + timedelta(days=BOOKABLE_DAYS_AHEAD):
        node.refuse(
            "departure_date",
            "validation_inclusion",
            f"Field 'departure_date' must be on or after {not_before} and within two years",
        )
    return leg


def type_of_age(age: int) -> str:
    if age <= INFANT_AGE_MAX:
        return "infant_without_seat"
    return "child" if age <= CHILD_AGE_MAX else "adult"


def read_passenger(node: Node) -> Json:
    age = node.optional("age", int)
    if age is not None and not 0 <= age <= AGE_MAX:
        node.refuse("age", "validation_inclusion", f"Field 'age' must be 0 to {AGE_MAX}")
    kind = node.choice("type", tuple(PASSENGER_FACTORS)) if age is None else type_of_age(age)
    return {
        "id": new_id("pas"),
        "type": kind,
        "age": age,
        "given_name": node.optional("given_name", str),
        "family_name": node.optional("family_name", str),
        "loyalty_programme_accounts": [],
        "fare_type": None,
    }


def refuse_party(data: Node, passengers: list[Json]) -> None:
    if len(passengers) > PASSENGERS_MAX:
        data.refuse("passengers", "validation_length", f"At most {PASSENGERS_MAX} passengers")
    kinds = [passenger["type"] for passenger in passengers]
    if kinds.count("infant_without_seat") > kinds.count("adult"):
        data.refuse("passengers", "validation_inclusion", "Each infant needs an adult")


def asked_slice_wire(leg: Leg, created_at: str) -> Json:
    return {
        "origin_type": "airport",
        "origin": airport_wire(leg.origin),
        "destination_type": "airport",
        "destination": airport_wire(leg.destination),
        "departure_date": leg.day.isoformat(),
        "created_at": created_at,
    }


def offer_wire(offer: Offer, *, with_services: bool) -> Json:
    return {**offer.wire, "available_services": offer.bags if with_services else None}


def charge(total: Decimal, currency: str) -> Json:
    """No way of paying costs extra here."""
    return {
        "surcharge_amount": money(Decimal(0)),
        "surcharge_currency": currency,
        "charge_amount": money(total),
        "charge_currency": currency,
    }


def read_services(data: Node, field: str) -> list[tuple[str, int]]:
    """Pairs of service id and quantity; naming one service twice is refused."""
    wanted = [
        (node.text("id"), int(node.required("quantity", int)))
        for node in data.objects(field, may_be_empty=True)
    ]
    if len({service_id for service_id, _ in wanted}) < len(wanted):
        data.refuse(field, "validation_inclusion", f"Field '{field}' names a service twice")
    return wanted


class FlightSearch:
    """The handlers."""

    def __init__(self, world: World) -> None:
        self.world = world

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/air/offer_requests", self.create),
            web.get("/air/offer_requests/{id}", self.show),
            web.get("/air/offers", self.list_offers),
            web.get("/air/offers/{id}", self.show_offer),
            web.post("/air/offers/{id}/actions/price", self.price),
            web.get("/air/seat_maps", self.seat_maps),
        ]

    async def create(self, request: web.Request) -> web.Response:
        data = await read_data(request)
        now = self.world.now
        nodes = data.objects("slices")
        if len(nodes) > SLICES_MAX:
            data.refuse("slices", "validation_length", f"At most {SLICES_MAX} slices")
        legs = [read_leg(node, today=now.date()) for node in nodes]
        for number, (leg, later) in enumerate(zip(legs, legs[1:], strict=False), start=1):
            if later.day < leg.day:
                nodes[number].refuse("departure_date", "validation_inclusion", "Slices go back")
        passengers = [read_passenger(node) for node in data.objects("passengers")]
        refuse_party(data, passengers)
        cabin = data.optional("cabin_class", str) or "economy"
        if cabin not in CABIN_FACTORS:
            data.choice("cabin_class", tuple(CABIN_FACTORS))
        behaviour = behaviour_of([(x.origin.iata_code, x.destination.iata_code) for x in legs])
        if behaviour.search_code is not None:
            raise DuffelError(behaviour.search_code)
        offers = make_offers(
            legs, behaviour, passengers, cabin=cabin, currency=self.world.currency, now=now
        )
        wire = {
            "id": new_id("orq"),
            "live_mode": False,
            "created_at": instant(now),
            "cabin_class": cabin,
            "slices": [asked_slice_wire(leg, instant(now)) for leg in legs],
            "passengers": passengers,
        }
        asked = self.remember(wire, offers)
        with_offers = request.query.get("return_offers", "true") != "false"
        body = self.with_offers(asked) if with_offers else wire
        return web.json_response({"data": body}, status=201)

    def remember(self, wire: Json, offers: list[Offer]) -> OfferRequest:
        asked = OfferRequest(wire, [offer.id for offer in offers])
        self.world.offer_requests[wire["id"]] = asked
        self.world.offers.update({offer.id: offer for offer in offers})
        self.world.forget_old_searches()
        return asked

    def with_offers(self, asked: OfferRequest) -> Json:
        offers = [self.world.offers[offer_id] for offer_id in asked.offer_ids]
        return {**asked.wire, "offers": [offer_wire(o, with_services=False) for o in offers]}

    async def show(self, request: web.Request) -> web.Response:
        asked = found(self.world.offer_requests.get(request.match_info["id"]))
        return web.json_response({"data": self.with_offers(asked)})

    async def list_offers(self, request: web.Request) -> web.Response:
        query = Node(dict(request.query))
        asked = found(self.world.offer_requests.get(query.text("offer_request_id")))
        offers = self.with_offers(asked)["offers"]
        sort = query.optional("sort", str)
        if sort is not None:
            order = SORTINGS.get(sort.removeprefix("-"))
            if order is None:
                query.choice("sort", tuple(SORTINGS))
            offers.sort(key=order, reverse=sort.startswith("-"))
        page = page_of(offers, limit=request.query.get("limit"), after=request.query.get("after"))
        return web.json_response(page)

    def read_offer(self, request: web.Request) -> Offer:
        """One reading of an offer: it may be gone, or dearer than at the last reading."""
        offer = self.world.offer(request.match_info["id"])
        if self.world.faults.take(request, "sold_out") is not None:
            offer.sold_out = True
        offer.refuse_if_gone(self.world.now)
        risen = self.world.faults.take(request, "price_changed")
        rise = offer.behaviour.dearer_on_read + (price_rise(risen.options) if risen else 0)
        if rise:
            offer.change_price(rise)
        return offer

    async def show_offer(self, request: web.Request) -> web.Response:
        offer = self.read_offer(request)
        with_services = request.query.get("return_available_services") == "true"
        return web.json_response({"data": offer_wire(offer, with_services=with_services)})

    async def price(self, request: web.Request) -> web.Response:
        """The offer with the total that an order with these services has to pay."""
        data = await read_data(request)
        wanted = read_services(data, "intended_services")
        offer = self.read_offer(request)
        total = offer.total + offer.price_of(wanted)
        body = {
            **offer_wire(offer, with_services=True),
            "total_amount": money(total),
            "intended_services": [{"id": each, "quantity": n} for each, n in wanted],
            "intended_payment_methods": [
                {**node.value, **charge(total, self.world.currency)}
                for node in data.objects("intended_payment_methods", may_be_empty=True)
            ],
        }
        return web.json_response({"data": body})

    async def seat_maps(self, request: web.Request) -> web.Response:
        offer = self.world.offer(Node(dict(request.query)).text("offer_id"))
        offer.refuse_if_gone(self.world.now)
        return web.json_response({"data": seat_maps_of(offer), "meta": None})
