"""A trip, a checkout, an offer in the shapes of the tools, with what to do next in plain words."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from domain.booking.state import Booking
from domain.dossier import Dossier
from domain.money import Money
from domain.suppliers import Ancillary, Offer
from domain.trip.state import Checkout, Item, Trip
from projections import trip_details
from service.http.answers import moment
from service.http.jinko import views
from service.http.jinko.answers import JinkoPayment, JinkoQuote
from service.http.jinko.calls import Seen
from service.mcp import answers as a
from service.mcp.text import cleaned, cleaned_all

NEXT = {
    "quoted": "Call book: the price may have changed since it was asked for.",
    "pending_payment": "Give the traveler checkout_url to pay there; you cannot pay for them. "
    "Then call get_trip every 5 seconds until fulfillment.status is completed or failed.",
    "fulfilling": "Paid; the orders are being placed. Call get_trip again in 5 seconds.",
    "completed": "Tell the traveler each booking_reference. Bookings that failed were not charged.",
    "failed": "Nothing was booked and the money is given back. Say so, and start a new trip.",
    "cancelled": "Cancelled; refunds are on their way as payment.status says.",
}
NEXT_AFTER_BOOK = (
    "Nothing is paid or booked yet. Show the traveler total_amount.display and checkout_url; they "
    "pay on that page before expires_at. Then call get_trip every 5 seconds until "
    "fulfillment.status is completed or failed. Calling book again answers the same checkout."
)


def shown_price(amount: Money) -> a.ShownPrice:
    return a.ShownPrice(
        total=views.major(amount), currency=amount.currency, display=views.display(amount)
    )


def offer(found: Offer) -> a.ToolOffer:
    return a.ToolOffer(
        trip_item_token=views.token(found),
        kind=views.KINDS[found.kind],
        title=cleaned(found.title),
        price=shown_price(found.price),
        expires_at=moment(found.expires_at),
        refundable=found.refundable,
        passengers=[slot.passenger_type for slot in found.passengers],
        details=cleaned_all(found.details),
    )


def search_answer(offers: Sequence[Offer], limit: int) -> a.SearchAnswer:
    return a.SearchAnswer(
        offers=[offer(each) for each in offers[:limit]],
        offers_found=len(offers),
        empty_reason=None if offers else "no_offers",
        next="Call trip with add_item.trip_item_token of the offer the traveler chooses."
        if offers
        else "Nothing is on sale for this search. Ask the traveler for other dates or places; "
        "repeating the same search will not help.",
    )


def ancillary(extra: Ancillary) -> a.ToolAncillary:
    return a.ToolAncillary(
        offer_id=extra.offer_id,
        type=extra.type.upper(),
        price=views.major(extra.price),
        name=cleaned(extra.name),
    )


def item(found: Item) -> a.ToolItem:
    return a.ToolItem(
        item_id=found.item_id,
        kind=views.KINDS[found.offer.kind],
        description=cleaned(found.offer.title),
        price=shown_price(found.price),
        expires_at=moment(found.offer.expires_at),
        refundable=found.offer.refundable,
        available_ancillaries=[ancillary(extra) for extra in found.available],
        selected_ancillaries=[
            a.ToolSelection(
                offer_id=each.offer_id,
                name=cleaned(each.name),
                quantity=each.quantity,
                pax_ref_id=each.traveler_id,
                price=views.major(each.price),
            )
            for each in found.selections
        ],
    )


def booking(found: Booking) -> a.ToolBooking:
    reference = found.supplier_reference
    return a.ToolBooking(
        item_id=found.item_id,
        code=found.code,
        status=views.BOOKING_STATUSES.get(found.status, "pending"),
        description=cleaned(found.title),
        booking_reference=cleaned(reference) if reference is not None else None,
        price=shown_price(found.price),
    )


def quote(trip: Trip) -> JinkoQuote | None:
    found = views.quote(trip.quote, quoted="succeeded")
    if found is None:
        return None
    problems = [
        msgspec.structs.replace(each, message=cleaned(each.message)) for each in found.problems
    ]
    return msgspec.structs.replace(found, problems=problems)


def trip_answer(seen: Seen, public_url: str) -> a.ToolTrip:
    trip = seen.dossier.trip
    assert trip is not None, "only an existing trip is shown"
    return a.ToolTrip(
        trip_id=trip.trip_id,
        status=views.trip_status(trip),
        actions_performed=list(seen.actions),
        items=[item(each) for each in trip.items],
        totals=views.totals(trip.shown_total),
        travelers=views.travelers(seen.people),
        contact=views.contact(trip, seen.people),
        quote=quote(trip),
        checkout=views.checkout(trip.checkout, public_url),
        payment=JinkoPayment(status=trip_details.payment_status(trip)),
        fulfillment=views.fulfillment(trip, seen.scheduled_at),
        bookings=[booking(each) for each in views.bookings(seen.dossier, trip)],
        booking_ref=views.booking_ref(trip),
        next=next_step(trip),
    )


def next_step(trip: Trip) -> str:
    """What the reader of a trip does now."""
    known = NEXT.get(views.trip_status(trip))
    if known is not None:
        return known
    if not trip.items:
        return "Search, then call trip with add_item."
    if not trip.travelers or trip.contact is None:
        return (
            "Ask the traveler for names, dates of birth, gender, e-mail and telephone as in their "
            "documents, then call trip with upsert_travelers. Never make them up."
        )
    return "Call book when the traveler agrees to the items and totals.display."


def book_answer(dossier: Dossier, opened: Checkout, public_url: str) -> a.BookAnswer:
    trip = dossier.trip
    assert trip is not None, "a booked trip exists"
    return a.BookAnswer(
        status="success",
        trip_id=trip.trip_id,
        session_id=opened.checkout_id,
        checkout_url=views.page_url(public_url, opened),
        items=[
            a.BookedItem(
                item_id=each.item_id,
                kind=views.KINDS[each.offer.kind],
                price=a.ToolPrice(total=views.major(each.price), currency=each.price.currency),
                available_ancillaries=[ancillary(extra) for extra in each.available],
            )
            for each in trip.items
        ],
        total_amount=shown_price(opened.amount),
        expires_at=moment(opened.expires_at),
        next=NEXT_AFTER_BOOK,
    )
