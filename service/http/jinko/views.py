"""A trip in the words and figures of Jinko's contract."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from domain.booking.state import Booking
from domain.dossier import Dossier
from domain.ids import CODE_ALPHABET
from domain.money import Money, exponent
from domain.suppliers import Ancillary, ItemKind, Offer
from domain.trip.lifecycle import status
from domain.trip.state import Checkout, Item, Quote, Trip
from projections import trip_details
from service.http.answers import moment
from service.http.jinko import answers as a
from service.http.jinko.shapes import FLIGHT_PREFIX, HOTEL_PREFIX
from service.http.views import People, contact_reply, shown_bookings, traveler_reply

REFERENCE_LETTERS = 6

KINDS: dict[ItemKind, a.Kind] = {"flight": "flight", "stay": "hotel"}
PREFIXES: dict[ItemKind, str] = {"flight": FLIGHT_PREFIX, "stay": HOTEL_PREFIX}
TRIP_STATUSES = {
    "quoting": "draft",
    "opening": "quoted",
    "awaiting_payment": "pending_payment",
    "processing": "pending_payment",
    "closing": "pending_payment",
    "paid": "fulfilling",
}
QUOTE_STATUSES = {"scheduled": "processing", "completed": "quoted"}
BOOKING_STATUSES: dict[str, Literal["pending", "confirmed", "failed", "cancelled"]] = {
    "confirmed": "confirmed",
    "cancelling": "confirmed",
    "cancellation_refused": "confirmed",
    "failed": "failed",
    "cancelled": "cancelled",
}


def major(amount: Money) -> float:
    """A JSON number. Amounts have far fewer than 15 digits, so that every cent survives."""
    return float(amount.to_decimal())


def display(amount: Money) -> str:
    """As agents are to quote it: `EUR 484.40`."""
    return f"{amount.currency} {amount.to_decimal()}"


def price(amount: Money) -> a.JinkoPrice:
    return a.JinkoPrice(
        amount=major(amount),
        value=amount.amount,
        currency=amount.currency,
        decimal_places=exponent(amount.currency),
        display=display(amount),
    )


def totals(amount: Money | None) -> a.JinkoTotals | None:
    if amount is None:
        return None
    return a.JinkoTotals(
        subtotal=major(amount),
        fees=0.0,
        total=major(amount),
        currency=amount.currency,
        display=display(amount),
    )


def token(offer: Offer) -> str:
    return PREFIXES[offer.kind] + offer.offer_id


def booking_ref(trip: Trip) -> str | None:
    """`JNK-` and six letters or digits; none before a fulfilment is scheduled."""
    if trip.fulfillment is None:
        return None
    number = int.from_bytes(hashlib.sha256(trip.trip_id.encode()).digest()[:8])
    letters = []
    for _ in range(REFERENCE_LETTERS):
        number, index = divmod(number, len(CODE_ALPHABET))
        letters.append(CODE_ALPHABET[index])
    return f"JNK-{''.join(letters)}"


def page_url(public_url: str, checkout: Checkout) -> str:
    """Our own page, which leads on to the payment provider's."""
    return f"{public_url}/checkout?sid={checkout.checkout_id}"


def available(extra: Ancillary) -> a.JinkoAvailable:
    return a.JinkoAvailable(
        offer_id=extra.offer_id,
        type=extra.type.upper(),
        label=extra.name,
        per_pax=len(extra.passenger_ids) == 1,
        max_quantity=extra.max_quantity,
        price_per_unit=price(extra.price),
    )


def item(found: Item) -> a.JinkoItem:
    kind = KINDS[found.offer.kind]
    return a.JinkoItem(
        item_id=found.item_id,
        kind=kind,
        type=kind,
        trip_item_token=token(found.offer),
        description=found.offer.title,
        pax_count=len(found.offer.passengers),
        price=price(found.price),
        currency=found.price.currency,
        expires_at=moment(found.offer.expires_at),
        refundable=found.offer.refundable,
        available_ancillaries=[available(extra) for extra in found.available],
        selected_ancillaries=[
            a.JinkoSelected(
                offer_id=each.offer_id,
                type=each.type.upper(),
                label=each.name,
                quantity=each.quantity,
                pax_ref_id=each.traveler_id,
                price_per_unit=price(each.price),
            )
            for each in found.selections
        ],
    )


def quote(found: Quote | None, quoted: str = "quoted") -> a.JinkoQuote | None:
    """None also for a quote that an edit has dropped. `quoted` is the word for success."""
    if found is None or found.status == "dropped":
        return None
    words = {**QUOTE_STATUSES, "completed": quoted}
    return a.JinkoQuote(
        status=words.get(found.status, found.status),
        totals=totals(found.total),
        expires_at=moment(found.expires_at) if found.expires_at is not None else None,
        problems=[
            a.JinkoQuoteProblem(item_id=each.item_id, code=each.code.upper(), message=each.detail)
            for each in found.problems
        ],
    )


def checkout(found: Checkout | None, public_url: str) -> a.JinkoCheckout | None:
    if found is None:
        return None
    return a.JinkoCheckout(
        status=trip_details.checkout_status(found),
        session_id=found.checkout_id,
        checkout_url=page_url(public_url, found),
        expires_at=moment(found.expires_at),
    )


def fulfillment(trip: Trip, scheduled_at: datetime | None) -> a.JinkoFulfillment | None:
    if trip.fulfillment is None or scheduled_at is None:
        return None
    return a.JinkoFulfillment(status=trip.fulfillment.status, scheduled_at=moment(scheduled_at))


def booking(found: Booking) -> a.JinkoBooking:
    return a.JinkoBooking(
        item_id=found.item_id,
        code=found.code,
        status=BOOKING_STATUSES.get(found.status, "pending"),
        description=found.title,
        booking_reference=found.supplier_reference,
        price=price(found.price),
    )


def travelers(people: People) -> list[a.JinkoTraveler]:
    shown = [traveler_reply(sealed, plain) for sealed, plain in people[0]]
    return [
        a.JinkoTraveler(
            traveler_id=each.traveler_id,
            passenger_type=each.passenger_type,
            first_name=each.first_name,
            last_name=each.last_name,
            provided=each.provided,
        )
        for each in shown
    ]


def contact(trip: Trip, people: People) -> a.JinkoContact | None:
    if trip.contact is None:
        return None
    shown = contact_reply(trip.contact, people[1])
    return a.JinkoContact(email=shown.email, phone=shown.phone)


def trip_status(trip: Trip) -> str:
    now = status(trip)
    return TRIP_STATUSES.get(now, now)


def trip_fields(
    dossier: Dossier, people: People, scheduled_at: datetime | None, public_url: str
) -> dict[str, Any]:
    trip = dossier.trip
    assert trip is not None, "only an existing trip is shown"
    return {
        "trip_id": trip.trip_id,
        "status": trip_status(trip),
        "items": [item(each) for each in trip.items],
        "totals": totals(trip.shown_total),
        "travelers": travelers(people),
        "contact": contact(trip, people),
        "quote": quote(trip.quote),
        "checkout": checkout(trip.checkout, public_url),
        "payment": a.JinkoPayment(status=trip_details.payment_status(trip)),
        "fulfillment": fulfillment(trip, scheduled_at),
        "bookings": [booking(each) for each in bookings(dossier, trip)],
        "booking_ref": booking_ref(trip),
    }


def bookings(dossier: Dossier, trip: Trip) -> Sequence[Booking]:
    """None before there is money for them, though their codes are known by then."""
    return shown_bookings(dossier) if trip.fulfillment is not None else []


def book_reply(dossier: Dossier, opened: Checkout, public_url: str) -> a.JinkoBook:
    trip = dossier.trip
    assert trip is not None, "a booked trip exists"
    return a.JinkoBook(
        trip_id=trip.trip_id,
        session_id=opened.checkout_id,
        checkout_url=page_url(public_url, opened),
        status="pending_payment",
        expires_at=moment(opened.expires_at),
        total_amount=price(opened.amount),
        items=[item(each) for each in trip.items],
    )
