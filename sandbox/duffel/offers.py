"""Offers: made from a search, read with their services, gone or dearer when their route says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from sandbox.duffel.errors import DuffelError, Json
from sandbox.duffel.fares import (
    DUFFEL_AIRWAYS,
    FARES,
    TAX_SHARE,
    Fare,
    adult_fare,
    fare_total,
)
from sandbox.duffel.itinerary import Leg, slice_wire
from sandbox.duffel.routes import Behaviour
from sandbox.duffel.wire import cents, instant, money, new_id, spread

OFFER_LIFE = timedelta(minutes=30)
HOLD_LIFE = timedelta(hours=72)
PRICE_GUARANTEE_LIFE = timedelta(hours=48)
BAG_PRICE = Decimal(20)
SEAT_PRICE = Decimal(20)
SEAT_ROWS = range(1, 9)
AISLES = (("A", "B", "C"), ("D", "E", "F"))


@dataclass
class Offer:
    """One offer: its wire object, and what the wire does not tell."""

    wire: Json
    fare: Fare
    behaviour: Behaviour
    total: Decimal
    expires_at: datetime
    last_departure: date
    bags: list[Json]
    seats: list[Json] = field(default_factory=list)
    seat_maps: list[Json] | None = None
    sold_out: bool = False
    attempted: bool = False
    order_id: str | None = None

    @property
    def id(self) -> str:
        return str(self.wire["id"])

    def change_price(self, difference: Decimal) -> None:
        """Make it dearer (or cheaper), tax and base included."""
        self.total += difference
        self.wire.update(amounts(self.total, self.wire["total_currency"]))

    def refuse_if_gone(self, now: datetime) -> None:
        if self.sold_out or self.behaviour.read_code is not None:
            raise DuffelError(self.behaviour.read_code or "offer_no_longer_available")
        if now >= self.expires_at:
            raise DuffelError("offer_expired")

    def services(self) -> dict[str, Json]:
        return {service["id"]: service for service in (*self.bags, *self.seats)}

    def price_of(self, wanted: Sequence[tuple[str, int]]) -> Decimal:
        """What the chosen services cost together; one that is not for sale is refused."""
        known = self.services()
        extra = Decimal(0)
        for service_id, quantity in wanted:
            service = known.get(service_id)
            if service is None or not 1 <= quantity <= service["maximum_quantity"]:
                raise DuffelError("ancillary_service_not_available")
            extra += Decimal(service["total_amount"]) * quantity
        return extra


def amounts(total: Decimal, currency: str) -> Json:
    tax = cents(total * TAX_SHARE)
    return {
        "total_amount": money(total),
        "total_currency": currency,
        "tax_amount": money(tax),
        "tax_currency": currency,
        "base_amount": money(total - tax),
        "base_currency": currency,
    }


def bag_wire(passenger: Json, segment_ids: list[str], currency: str) -> Json:
    return {
        "id": new_id("ase"),
        "type": "baggage",
        "maximum_quantity": 2,
        "metadata": {
            "type": "checked",
            "maximum_weight_kg": 23,
            "maximum_depth_cm": 75,
            "maximum_height_cm": 90,
            "maximum_length_cm": 90,
        },
        "passenger_ids": [passenger["id"]],
        "segment_ids": segment_ids,
        "total_amount": money(BAG_PRICE),
        "total_currency": currency,
    }


def bags_of(
    fare: Fare, behaviour: Behaviour, passengers: Sequence[Json], slices: list[Json], currency: str
) -> list[Json]:
    if fare.airline is not DUFFEL_AIRWAYS or not (
        behaviour.with_baggage and behaviour.with_services
    ):
        return []
    segment_ids = [segment["id"] for part in slices for segment in part["segments"]]
    seated = [p for p in passengers if p["type"] != "infant_without_seat"]
    return [bag_wire(passenger, segment_ids, currency) for passenger in seated]


def payment_requirements(now: datetime, *, holdable: bool) -> Json:
    return {
        "requires_instant_payment": not holdable,
        "price_guarantee_expires_at": instant(now + PRICE_GUARANTEE_LIFE) if holdable else None,
        "payment_required_by": instant(now + HOLD_LIFE) if holdable else None,
    }


def conditions_wire(fare: Fare, currency: str) -> Json:
    return {
        "refund_before_departure": None if fare.refund is None else fare.refund.wire(currency),
        "change_before_departure": None if fare.change is None else fare.change.wire(currency),
    }


def make_offer(
    legs: Sequence[Leg],
    fare: Fare,
    behaviour: Behaviour,
    passengers: Sequence[Json],
    *,
    cabin: str,
    currency: str,
    now: datetime,
) -> Offer:
    """One fare for one journey, priced for these passengers."""
    adult = sum((adult_fare(x.origin, x.destination, x.day, cabin) for x in legs), Decimal(0))
    total = fare_total(adult, fare, [p["type"] for p in passengers])
    slices = [
        slice_wire(leg, fare, behaviour, passengers, cabin=cabin, currency=currency) for leg in legs
    ]
    last = slices[-1]["segments"][-1]["departing_at"]
    wire: Json = {
        "id": new_id("off"),
        "live_mode": False,
        "created_at": instant(now),
        "updated_at": instant(now),
        "expires_at": instant(now + OFFER_LIFE),
        "owner": fare.airline.wire(),
        **amounts(total, currency),
        "total_emissions_kg": str(40 + spread(str(legs), 900)),
        "slices": slices,
        "passengers": list(passengers),
        "payment_requirements": payment_requirements(
            now, holdable=fare.holdable or behaviour.only_holdable
        ),
        "conditions": conditions_wire(fare, currency),
        "passenger_identity_documents_required": fare.documents_required,
        "supported_passenger_identity_document_types": ["passport"],
        "supported_loyalty_programmes": [],
        "private_fares": [],
        "partial": False,
        "available_services": None,
    }
    return Offer(
        wire=wire,
        fare=fare,
        behaviour=behaviour,
        total=total,
        expires_at=now + OFFER_LIFE,
        last_departure=date.fromisoformat(last[:10]),
        bags=bags_of(fare, behaviour, passengers, slices, currency),
    )


def make_offers(
    legs: Sequence[Leg],
    behaviour: Behaviour,
    passengers: Sequence[Json],
    *,
    cabin: str,
    currency: str,
    now: datetime,
) -> list[Offer]:
    """Every fare for the journey, the cheapest first."""
    fares = [] if behaviour.without_offers else FARES
    return [
        make_offer(legs, fare, behaviour, passengers, cabin=cabin, currency=currency, now=now)
        for fare in fares
    ]


def seat_wire(designator: str, services: list[Json]) -> Json:
    return {
        "type": "seat",
        "name": "",
        "id": new_id("ele"),
        "designator": designator,
        "disclosures": [],
        "available_services": services,
    }


def seat_services(offer: Offer, segment: Json, designator: str) -> list[Json]:
    """A seat's price for each passenger who sits; a third of the seats is taken."""
    if spread(segment["id"] + designator, 3) == 0:
        return []
    currency = offer.wire["total_currency"]
    services = []
    for passenger in offer.wire["passengers"]:
        if passenger["type"] == "infant_without_seat":
            continue
        price = {"total_amount": money(SEAT_PRICE), "total_currency": currency}
        service = {"id": new_id("ase"), "passenger_id": passenger["id"], **price}
        offer.seats.append(
            {
                "id": service["id"],
                "type": "seat",
                "maximum_quantity": 1,
                "metadata": {"designator": designator},
                "passenger_ids": [passenger["id"]],
                "segment_ids": [segment["id"]],
                **price,
            }
        )
        services.append(service)
    return services


def seat_map_wire(offer: Offer, part: Json, segment: Json) -> Json:
    rows = [
        {
            "id": new_id("row"),
            "sections": [
                {
                    "id": new_id("sec"),
                    "elements": [
                        seat_wire(f"{row}{letter}", seat_services(offer, segment, f"{row}{letter}"))
                        for letter in letters
                    ],
                }
                for letters in AISLES
            ],
        }
        for row in SEAT_ROWS
    ]
    cabin = {
        "aisles": len(AISLES) - 1,
        "cabin_class": segment["passengers"][0]["cabin_class"],
        "deck": 0,
        "wings": {"first_row_index": 2, "last_row_index": 5},
        "rows": rows,
    }
    return {
        "id": new_id("sea"),
        "slice_id": part["id"],
        "segment_id": segment["id"],
        "cabins": [cabin],
    }


def seat_maps_of(offer: Offer) -> list[Json]:
    """Duffel Airways' seats, drawn on the first reading; no other airline here sells any."""
    if offer.fare.airline is not DUFFEL_AIRWAYS or not offer.behaviour.with_services:
        return []
    if offer.seat_maps is None:
        offer.seat_maps = [
            seat_map_wire(offer, part, segment)
            for part in offer.wire["slices"]
            for segment in part["segments"]
        ]
    return offer.seat_maps
