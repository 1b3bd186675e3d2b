"""Duffel's searches, offers and rates in our words."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from adapters.answers import price
from adapters.wink_ids import hotel_identifier, room_rate_identifier
from domain.money import Money
from domain.suppliers import (
    Ancillary,
    FlightSearch,
    JsonObject,
    Offer,
    PassengerSlot,
    PassengerType,
    SearchPassenger,
    StaySearch,
)

SUPPLIER = "duffel"
INFANT_AGE_MAX = 1
CHILD_AGE_MAX = 11
STAY_CHILD_AGE_MAX = 17
# Hotels ask for a child's age; where only the type is known we name the dearest one.
STAY_CHILD_AGE_ASSUMED = STAY_CHILD_AGE_MAX
AMOUNT_CHARACTERS_MAX = 20
INFANT_TYPE = "infant_without_seat"
PASSENGER_TYPES: dict[str, PassengerType] = {
    "adult": "ADULT",
    "child": "CHILD",
    INFANT_TYPE: "INFANT",
}
# Stands between the service and the passenger it is for in an extra's id.
FOR_PASSENGER = "."


def money(thing: JsonObject, prefix: str = "total") -> Money:
    text = thing[f"{prefix}_amount"]
    if not isinstance(text, str) or len(text) > AMOUNT_CHARACTERS_MAX:
        raise TypeError("no amount")
    return price(Money.from_decimal(text, thing[f"{prefix}_currency"]))


def maybe_money(thing: JsonObject, prefix: str) -> Money | None:
    """None where Duffel does not know, which is never zero."""
    if thing.get(f"{prefix}_amount") is None or thing.get(f"{prefix}_currency") is None:
        return None
    return money(thing, prefix)


def as_json(amount: Money | None) -> JsonObject | None:
    return None if amount is None else {"amount": amount.amount, "currency": amount.currency}


def instant(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("a time of no zone")
    return found


# --- searching


def flight_passenger(passenger: SearchPassenger) -> JsonObject:
    if passenger.age is not None:
        return {"age": passenger.age}
    return {"type": INFANT_TYPE if passenger.type == "infant" else passenger.type or "adult"}


def flight_search_body(search: FlightSearch) -> JsonObject:
    body: JsonObject = {
        "slices": [
            {
                "origin": leg.origin,
                "destination": leg.destination,
                "departure_date": leg.departure_date.isoformat(),
            }
            for leg in search.slices
        ],
        "passengers": [flight_passenger(passenger) for passenger in search.passengers],
    }
    if search.cabin_class is not None:
        body["cabin_class"] = search.cabin_class
    if search.max_connections is not None:
        body["max_connections"] = search.max_connections
    return body


def guest(passenger: SearchPassenger) -> JsonObject:
    age = passenger.age
    if age is None and passenger.type in ("child", "infant"):
        age = STAY_CHILD_AGE_ASSUMED if passenger.type == "child" else INFANT_AGE_MAX
    if age is None or age > STAY_CHILD_AGE_MAX:
        return {"type": "adult"}
    return {"type": "child", "age": age}


def stay_search_body(search: StaySearch) -> JsonObject:
    body: JsonObject = {
        "rooms": search.rooms,
        "guests": [guest(each) for each in search.guests],
        "check_in_date": search.check_in_date.isoformat(),
        "check_out_date": search.check_out_date.isoformat(),
    }
    if search.property_id is not None:
        return {**body, "accommodation": {"ids": [search.property_id]}}
    return {
        **body,
        "location": {
            "radius": search.radius_km,
            "geographic_coordinates": {
                "latitude": search.latitude,
                "longitude": search.longitude,
            },
        },
    }


# --- flights


def passenger_type(passenger: JsonObject) -> PassengerType:
    kind = passenger.get("type")
    if kind in PASSENGER_TYPES:
        return PASSENGER_TYPES[kind]
    age = passenger.get("age")
    if age is None or age > CHILD_AGE_MAX:
        return "ADULT"
    return "INFANT" if age <= INFANT_AGE_MAX else "CHILD"


def condition(thing: JsonObject, name: str) -> JsonObject | None:
    """A condition in our words; None where the airline does not say."""
    found = (thing.get("conditions") or {}).get(name)
    if found is None:
        return None
    return {"allowed": found["allowed"], "penalty": as_json(maybe_money(found, "penalty"))}


def conditions(thing: JsonObject) -> JsonObject:
    return {
        "refund_before_departure": condition(thing, "refund_before_departure"),
        "change_before_departure": condition(thing, "change_before_departure"),
    }


def refundable(thing: JsonObject) -> bool | None:
    refund = condition(thing, "refund_before_departure")
    return None if refund is None else bool(refund["allowed"])


def holdable(offer: JsonObject) -> bool | None:
    requirements = offer.get("payment_requirements")
    return None if requirements is None else not requirements["requires_instant_payment"]


def place(thing: JsonObject) -> JsonObject:
    names = ("iata_code", "name", "city_name", "time_zone")
    return {name: thing.get(name) for name in names}


def segment_details(segment: JsonObject) -> JsonObject:
    """Times are local to the airport, whose time zone stands beside them."""
    carrier = segment["marketing_carrier"]
    return {
        "origin": place(segment["origin"]),
        "destination": place(segment["destination"]),
        "departing_at": segment["departing_at"],
        "arriving_at": segment["arriving_at"],
        "origin_terminal": segment.get("origin_terminal"),
        "destination_terminal": segment.get("destination_terminal"),
        "duration": segment.get("duration"),
        "carrier": carrier["name"],
        "flight_number": f"{carrier['iata_code']}{segment['marketing_carrier_flight_number']}",
        "operated_by": segment["operating_carrier"]["name"],
        "aircraft": (segment.get("aircraft") or {}).get("name"),
        "stops": len(segment.get("stops") or []),
    }


def slice_details(part: JsonObject) -> JsonObject:
    return {
        "origin": place(part["origin"]),
        "destination": place(part["destination"]),
        "duration": part.get("duration"),
        "fare_brand": part.get("fare_brand_name"),
        "segments": [segment_details(segment) for segment in part["segments"]],
    }


def flight_title(offer: JsonObject) -> str:
    stations = [offer["slices"][0]["origin"]["iata_code"]]
    stations += [part["destination"]["iata_code"] for part in offer["slices"]]
    day = date.fromisoformat(offer["slices"][0]["segments"][0]["departing_at"][:10])
    brand = offer["slices"][0].get("fare_brand_name")
    fare = f"{offer['owner']['name']} {brand}" if brand else offer["owner"]["name"]
    return f"{' → '.join(stations)}, {day.day} {day:%b %Y}, {fare}"


def flight_offer(offer: JsonObject) -> Offer:
    last = offer["slices"][-1]["segments"][-1]["departing_at"]
    ages = {p["id"]: p["age"] for p in offer["passengers"] if p.get("age") is not None}
    cabin = offer["slices"][0]["segments"][0]["passengers"][0].get("cabin_class")
    return Offer(
        offer_id=offer["id"],
        supplier=SUPPLIER,
        kind="flight",
        title=flight_title(offer),
        price=money(offer),
        expires_at=instant(offer["expires_at"]),
        passengers=tuple(
            PassengerSlot(passenger_id=p["id"], passenger_type=passenger_type(p))
            for p in offer["passengers"]
        ),
        refundable=refundable(offer),
        holdable=holdable(offer),
        details={
            "airline": offer["owner"]["name"],
            "cabin_class": cabin,
            "slices": [slice_details(part) for part in offer["slices"]],
            "conditions": conditions(offer),
            "documents_required": bool(offer.get("passenger_identity_documents_required")),
            "emissions_kg": offer.get("total_emissions_kg"),
        },
        supplier_facts={"last_departure": last[:10], "ages": ages},
    )


def service_name(service: JsonObject) -> str:
    facts = service.get("metadata") or {}
    if service["type"] == "baggage":
        weight = facts.get("maximum_weight_kg")
        kind = str(facts.get("type", "")).replace("_", "-")
        return f"{kind.capitalize()} bag" + (f", up to {weight} kg" if weight else "")
    return str(service["type"]).replace("_", " ").capitalize()


def ancillary(service: JsonObject) -> Ancillary:
    """An extra's id also says for whom it is, so that the order can seat people accordingly."""
    passengers = tuple(service.get("passenger_ids") or ())
    one = FOR_PASSENGER + passengers[0] if len(passengers) == 1 else ""
    return Ancillary(
        offer_id=service["id"] + one,
        type=service["type"],
        name=service_name(service),
        price=money(service),
        max_quantity=service.get("maximum_quantity") or 1,
        passenger_ids=passengers,
    )


def ancillaries(offer: JsonObject) -> tuple[Ancillary, ...]:
    services: Iterable[Any] = offer.get("available_services") or ()
    return tuple(ancillary(service) for service in services)


# --- stays


def timeline(rate: JsonObject) -> list[JsonObject]:
    """What comes back when cancelled before each instant, the earliest first."""
    return [
        {
            "before": step["before"],
            "refund": as_json(Money.from_decimal(step["refund_amount"], step["currency"])),
        }
        for step in rate.get("cancellation_timeline") or ()
    ]


def rate_conditions(rate: JsonObject) -> JsonObject:
    return {
        "board_type": rate.get("board_type"),
        "cancellation_timeline": timeline(rate),
        "due_at_accommodation": as_json(maybe_money(rate, "due_at_accommodation")),
        "rules": [dict(rule) for rule in rate.get("conditions") or ()],
    }


def stay_details(result: JsonObject, room: JsonObject, rate: JsonObject) -> JsonObject:
    hotel = result["accommodation"]
    where = hotel.get("location") or {}
    return {
        "hotel_identifier": hotel_identifier(SUPPLIER, hotel["id"]),
        "room_rate_identifier": rate_identifier(hotel, room, rate),
        "property": hotel["name"],
        "address": where.get("address"),
        "coordinates": where.get("geographic_coordinates"),
        "rating": hotel.get("rating"),
        "room": room["name"],
        "rate": rate.get("name"),
        "check_in_date": result["check_in_date"],
        "check_out_date": result["check_out_date"],
        "check_in": hotel.get("check_in_information"),
        "rooms": result["rooms"],
        "guests": len(result["guests"]),
        "conditions": rate_conditions(rate),
    }


def rate_identifier(hotel: JsonObject, room: JsonObject, rate: JsonObject) -> str:
    """What tells two rates of a room apart and stays as it is from search to search."""
    terms = (rate.get(name) or "" for name in ("name", "code", "board_type", "payment_type"))
    refunds = "refundable" if rate.get("cancellation_timeline") else "non-refundable"
    names = (hotel["id"], room["name"], *terms, refunds)
    return room_rate_identifier(SUPPLIER, *(str(name) for name in names))


def guest_slots(guests: list[JsonObject]) -> tuple[PassengerSlot, ...]:
    """Duffel's guests have no ids; they are numbered."""
    return tuple(
        PassengerSlot(passenger_id=f"guest_{n}", passenger_type=passenger_type(each))
        for n, each in enumerate(guests, start=1)
    )


def stay_offer(result: JsonObject, room: JsonObject, rate: JsonObject) -> Offer:
    name = rate.get("name")
    return Offer(
        offer_id=rate["id"],
        supplier=SUPPLIER,
        kind="stay",
        title=", ".join(
            each for each in (result["accommodation"]["name"], room["name"], name) if each
        ),
        price=money(rate),
        expires_at=instant(rate["expires_at"]),
        passengers=guest_slots(result["guests"]),
        refundable=bool(rate.get("cancellation_timeline")),
        holdable=False,
        details=stay_details(result, room, rate),
        supplier_facts={"property_id": result["accommodation"]["id"], "guests": result["guests"]},
    )


def stay_offers(result: JsonObject) -> list[Offer]:
    """Every rate of one property."""
    return [
        stay_offer(result, room, rate)
        for room in result["accommodation"]["rooms"]
        for rate in room["rates"]
    ]
