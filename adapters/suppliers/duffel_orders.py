"""What is sent to order, and what a made order looks like in our words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from adapters.suppliers.duffel_offers import FOR_PASSENGER, instant, money
from domain.money import Money
from domain.suppliers import (
    Contact,
    Hold,
    JsonObject,
    Offer,
    OrderConfirmed,
    OrderRequest,
    PassengerSlot,
    Selection,
    Traveler,
)

TITLES = frozenset({"mr", "ms", "mrs", "miss", "dr"})
# Duffel takes these genders only; it is not for us to choose one for somebody.
TITLE_OF_GENDER = {"m": "mr", "f": "ms"}


class UnfitTravelers(ValueError):
    """The travelers cannot be seated as the offer was priced."""


# --- who sits where


def age_on(born: date, day: date) -> int:
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def service_of(selection: Selection) -> tuple[str, str | None]:
    """The service an extra's id names, and the passenger it is for."""
    service_id, _, passenger_id = selection.offer_id.partition(FOR_PASSENGER)
    return service_id, passenger_id or None


def wanted_seats(selections: Sequence[Selection]) -> dict[str, str]:
    """Passenger slots that extras have already given to a traveler."""
    seats: dict[str, str] = {}
    for selection in selections:
        _, passenger_id = service_of(selection)
        if passenger_id is None or selection.traveler_id is None:
            continue
        if seats.setdefault(passenger_id, selection.traveler_id) != selection.traveler_id:
            raise UnfitTravelers("extras for one passenger were chosen for two travelers")
    return seats


def fitness(traveler: Traveler, slot: PassengerSlot, offer: Offer) -> int:
    """Lower fits better: the age that the slot was priced for, then any of the type."""
    priced_for = offer.supplier_facts.get("ages", {}).get(slot.passenger_id)
    last = offer.supplier_facts.get("last_departure")
    if priced_for is None or last is None or traveler.date_of_birth is None:
        return 1
    age = age_on(traveler.date_of_birth, date.fromisoformat(last))
    return 0 if age == priced_for else 2 + abs(age - priced_for)


def seat(request: OrderRequest) -> dict[str, Traveler]:
    """Each passenger slot's traveler: whoever extras were chosen for, then the best fit."""
    chosen = wanted_seats(request.selections)
    left = list(request.travelers)
    seated: dict[str, Traveler] = {}
    slots = sorted(request.offer.passengers, key=lambda slot: slot.passenger_id not in chosen)
    for slot in slots:
        fits = [
            traveler
            for traveler in left
            if traveler.passenger_type == slot.passenger_type
            and chosen.get(slot.passenger_id, traveler.traveler_id) == traveler.traveler_id
        ]
        if not fits:
            raise UnfitTravelers("the travelers are not those the offer was priced for")
        best = min(fits, key=lambda traveler: fitness(traveler, slot, request.offer))
        left.remove(best)
        seated[slot.passenger_id] = best
    if left:
        raise UnfitTravelers("there are more travelers than the offer was priced for")
    return seated


# --- flights


def document(given: JsonObject) -> JsonObject:
    names = {
        "type": ("type",),
        "unique_identifier": ("unique_identifier", "number"),
        "issuing_country_code": ("issuing_country_code", "issuing_country"),
        "expires_on": ("expires_on", "expires_at"),
    }
    found = {}
    for name, spellings in names.items():
        value = next((given[each] for each in spellings if given.get(each)), None)
        if value is not None:
            found[name] = str(value)
    return {"type": "passport", **found}


def passenger(slot_id: str, traveler: Traveler, contact: Contact) -> JsonObject:
    if traveler.date_of_birth is None or traveler.gender is None:
        raise UnfitTravelers("a flight needs every traveler's date of birth and gender")
    if traveler.gender not in TITLE_OF_GENDER:
        raise UnfitTravelers("the supplier's airlines take the gender m or f only")
    title = (traveler.title or "").strip(". ").lower()
    body: JsonObject = {
        "id": slot_id,
        "title": title if title in TITLES else TITLE_OF_GENDER[traveler.gender],
        "gender": traveler.gender,
        "given_name": traveler.first_name,
        "family_name": traveler.last_name,
        "born_on": traveler.date_of_birth.isoformat(),
        "email": contact.email,
        "phone_number": contact.phone,
    }
    if traveler.documents:
        body["identity_documents"] = [document(each) for each in traveler.documents]
    return body


def passengers(request: OrderRequest) -> list[JsonObject]:
    """Everybody, each infant on the lap of an adult."""
    seated = seat(request)
    types = {slot.passenger_id: slot.passenger_type for slot in request.offer.passengers}
    people = [passenger(slot, who, request.contact) for slot, who in seated.items()]
    adults = [person for person in people if types[person["id"]] == "ADULT"]
    infants = [person for person in people if types[person["id"]] == "INFANT"]
    if len(infants) > len(adults):
        raise UnfitTravelers("each infant needs an adult")
    for adult, infant in zip(adults, infants, strict=False):
        adult["infant_passenger_id"] = infant["id"]
    return people


def services(selections: Sequence[Selection]) -> list[JsonObject]:
    return [{"id": service_of(each)[0], "quantity": each.quantity} for each in selections]


def payment(price: Money) -> JsonObject:
    return {"type": "balance", "currency": price.currency, "amount": str(price.to_decimal())}


def order_body(request: OrderRequest, *, hold: bool) -> JsonObject:
    body: JsonObject = {
        "type": "hold" if hold else "instant",
        "selected_offers": [request.offer.offer_id],
        "passengers": passengers(request),
        "metadata": dict(request.metadata),
    }
    if request.selections:
        body["services"] = services(request.selections)
    if not hold:
        body["payments"] = [payment(request.price)]
    return body


# --- stays


def booking_body(request: OrderRequest) -> JsonObject:
    if not request.travelers:
        raise UnfitTravelers("a stay needs at least one guest")
    return {
        "quote_id": request.supplier_quote_id,
        "guests": [
            {"given_name": each.first_name, "family_name": each.last_name}
            for each in request.travelers
        ],
        "email": request.contact.email,
        "phone_number": request.contact.phone,
        "metadata": dict(request.metadata),
    }


# --- what came of it


def is_ours(made: JsonObject, request: OrderRequest) -> bool:
    """Another trip may have ordered the same offer; the metadata tells them apart."""
    metadata = made.get("metadata") or {}
    return bool(metadata.get("booking_id") == request.metadata.get("booking_id"))


def is_paid(order: JsonObject) -> bool:
    """No longer awaiting payment is not enough: a released hold looks the same."""
    status = order.get("payment_status") or {}
    if status.get("awaiting_payment"):
        return False
    return bool(status.get("paid_at") or order.get("documents") or order.get("type") == "instant")


def confirmed_order(order: JsonObject) -> OrderConfirmed:
    return OrderConfirmed(
        supplier_order_id=order["id"],
        supplier_reference=order["booking_reference"],
        price=money(order),
        documents=tuple(
            {"type": each["type"], "number": each["unique_identifier"]}
            for each in order.get("documents") or ()
        ),
    )


def confirmed_booking(booking: JsonObject, request: OrderRequest) -> OrderConfirmed:
    """A booking does not repeat its price; it is the one of the quote it was made from."""
    return OrderConfirmed(
        supplier_order_id=booking["id"],
        supplier_reference=booking["reference"],
        price=request.price,
    )


def held(order: JsonObject) -> Hold:
    status = order["payment_status"]
    until = status.get("price_guarantee_expires_at")
    return Hold(
        supplier_order_id=order["id"],
        supplier_reference=order["booking_reference"],
        price=money(order),
        pay_by=instant(status["payment_required_by"]),
        price_until=None if until is None else instant(until),
    )


# --- what cancelling a stay gives back


def booked_rate(booking: JsonObject, offer: Offer) -> JsonObject | None:
    rates = [
        rate
        for room in (booking.get("accommodation") or {}).get("rooms") or ()
        for rate in room.get("rates") or ()
    ]
    named = [rate for rate in rates if rate["id"] == offer.offer_id]
    if named:
        return dict(named[0])
    return dict(rates[0]) if len(rates) == 1 else None


def stay_refund(
    booking: JsonObject, offer: Offer, now: datetime
) -> tuple[Money | None, datetime | None]:
    """What comes back if it is cancelled now, and until when; an empty timeline gives nothing,
    an unknown one says nothing."""
    rate = booked_rate(booking, offer)
    if rate is None or rate.get("cancellation_timeline") is None:
        return None, None
    for step in rate["cancellation_timeline"]:
        before = instant(step["before"])
        if now < before:
            return Money.from_decimal(step["refund_amount"], step["currency"]), before
    return Money(0, rate["total_currency"]), None


# --- before anything is paid


def unfit(request: OrderRequest) -> str | None:
    """What Duffel would refuse the travelers for, as far as the offer tells."""
    try:
        if request.offer.kind == "stay":
            booking_body(request)
            return None
        order_body(request, hold=False)
        seated = seat(request)
    except UnfitTravelers as error:
        return str(error)
    slots = {slot.passenger_id: slot for slot in request.offer.passengers}
    for passenger_id, traveler in seated.items():
        if fitness(traveler, slots[passenger_id], request.offer) > 1:
            return "a traveler is not of the age that the offer was priced for"
        if request.offer.details.get("documents_required") and not traveler.documents:
            return "this airline needs a passport of every traveler (documents)"
    return None
