"""A trip, its bookings and its events, in the words of the API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from domain.booking.state import Booking
from domain.dossier import Dossier, DossierEvent
from domain.log import Recorded
from domain.money import Money, total
from domain.suppliers import Ancillary, Contact, Offer, Traveler
from domain.trip.events import SealedContact, SealedTraveler
from domain.trip.lifecycle import allowed_actions
from domain.trip.state import Dispute, Item, Quote, Refund, Trip
from projections import trip_details
from service.http.answers import (
    AncillaryReply,
    BookingReply,
    CheckoutReply,
    ContactReply,
    EventReply,
    FulfillmentReply,
    ItemReply,
    MoneyReply,
    OfferReply,
    PassengerReply,
    PaymentDisputeReply,
    PaymentRefundReply,
    PaymentReply,
    QuoteProblemReply,
    QuoteReply,
    SelectionReply,
    TravelerReply,
    TripReply,
    moment,
    money,
)

# Known people of a trip: each sealed traveler with the opened one, None where forgotten.
People = tuple[Sequence[tuple[SealedTraveler, Traveler | None]], Contact | None]

# What stays inside: ciphertext, and what only a supplier's adapter understands.
INSIDE = frozenset(["sealed", "supplier_facts"])
INSIDE_QUOTED = tuple(f'"{name}"'.encode() for name in sorted(INSIDE))

encode = msgspec.json.Encoder().encode


def maybe(amount: Money | None) -> MoneyReply | None:
    return money(amount) if amount is not None else None


def offer_reply(offer: Offer) -> OfferReply:
    return OfferReply(
        offer_id=offer.offer_id,
        kind=offer.kind,
        title=offer.title,
        supplier=offer.supplier,
        price=money(offer.price),
        expires_at=moment(offer.expires_at),
        refundable=offer.refundable,
        holdable=offer.holdable,
        passengers=[
            PassengerReply(passenger_type=slot.passenger_type) for slot in offer.passengers
        ],
        details=offer.details,
    )


def ancillary_reply(extra: Ancillary) -> AncillaryReply:
    return AncillaryReply(
        offer_id=extra.offer_id,
        type=extra.type,
        name=extra.name,
        price=money(extra.price),
        max_quantity=extra.max_quantity,
    )


def item_reply(item: Item) -> ItemReply:
    return ItemReply(
        item_id=item.item_id,
        offer_id=item.offer.offer_id,
        kind=item.offer.kind,
        title=item.offer.title,
        supplier=item.offer.supplier,
        price=money(item.price),
        expires_at=moment(item.offer.expires_at),
        refundable=item.offer.refundable,
        selected_ancillaries=[
            SelectionReply(
                offer_id=each.offer_id,
                type=each.type,
                name=each.name,
                quantity=each.quantity,
                price=money(each.price),
                traveler_id=each.traveler_id,
            )
            for each in item.selections
        ],
        available_ancillaries=[ancillary_reply(extra) for extra in item.available],
        conditions=item.conditions,
        details=item.offer.details,
    )


def traveler_reply(sealed: SealedTraveler, traveler: Traveler | None) -> TravelerReply:
    return TravelerReply(
        traveler_id=sealed.traveler_id,
        person_id=sealed.person_id,
        passenger_type=sealed.passenger_type,
        first_name=masked(traveler.first_name) if traveler else None,
        last_name=masked(traveler.last_name) if traveler else None,
        provided=list(sealed.fields),
        forgotten=traveler is None,
    )


def masked(text: str) -> str:
    """The first letter only, whatever the length."""
    return f"{text[:1]}•••"


def contact_reply(sealed: SealedContact, contact: Contact | None) -> ContactReply:
    person_id = sealed.person_id
    if contact is None:
        return ContactReply(person_id=person_id, email=None, phone=None, forgotten=True)
    name, _, domain = contact.email.rpartition("@")
    last = domain.rpartition(".")[2]
    return ContactReply(
        person_id=person_id,
        email=f"{masked(name)}@{masked(domain)}.{last}",
        phone=f"{contact.phone[:3]}•••",
        forgotten=False,
    )


def quote_reply(quote: Quote | None) -> QuoteReply:
    if quote is None:
        return QuoteReply(status="none")
    return QuoteReply(
        status=quote.status,
        quote_id=quote.quote_id,
        total=maybe(quote.total),
        expires_at=moment(quote.expires_at) if quote.expires_at else None,
        problems=[
            QuoteProblemReply(item_id=each.item_id, code=each.code, detail=each.detail)
            for each in quote.problems
        ],
    )


def checkout_reply(trip: Trip) -> CheckoutReply:
    checkout = trip.checkout
    if checkout is None:
        return CheckoutReply(status="none")
    return CheckoutReply(
        status=trip_details.checkout_status(checkout),
        session_id=checkout.session_id or checkout.payment_id,
        mode=checkout.mode,
        group_id=checkout.group_id,
        url=checkout.url,
        total=money(checkout.amount),
        expires_at=moment(checkout.expires_at),
    )


def payment_reply(trip: Trip) -> PaymentReply:
    status = trip_details.payment_status(trip)
    sums = trip_details.amounts(trip)
    if sums is None:
        return PaymentReply(status=status)
    authorized, captured, released, refunded = sums
    refunds = [refund for payment in trip.payments for refund in payment.refunds]
    disputes = [dispute for payment in trip.payments for dispute in payment.disputes]
    return PaymentReply(
        status=status,
        authorized=money(authorized),
        captured=money(captured),
        released=money(released),
        refunded=money(refunded),
        disputed=money(total((p.disputed for p in trip.payments), captured.currency)),
        refunds=[refund_reply(refund) for refund in refunds],
        disputes=[dispute_reply(dispute) for dispute in disputes],
    )


def refund_reply(refund: Refund) -> PaymentRefundReply:
    return PaymentRefundReply(
        refund_id=refund.refund_id,
        status=refund.status,
        amount=money(refund.amount),
        reason=refund.reason,
    )


def dispute_reply(dispute: Dispute) -> PaymentDisputeReply:
    return PaymentDisputeReply(
        dispute_id=dispute.dispute_id,
        status=dispute.status,
        amount=money(dispute.amount),
        reason=dispute.reason,
        respond_by=moment(dispute.respond_by) if dispute.respond_by else None,
    )


def fulfillment_reply(trip: Trip) -> FulfillmentReply:
    done = trip.fulfillment
    if done is None:
        return FulfillmentReply(status="pending")
    checkout = trip.find_checkout(done.checkout_id)
    return FulfillmentReply(
        status=done.status,
        policy=checkout.policy if checkout else None,
        confirmed=list(done.confirmed),
        failed=list(done.failed),
    )


def booking_reply(booking: Booking) -> BookingReply:
    return BookingReply(
        code=booking.code,
        status=booking.status,
        item_id=booking.item_id,
        trip_id=booking.trip_id,
        group_id=booking.group_id,
        title=booking.title,
        price=money(booking.price),
        supplier_reference=booking.supplier_reference,
        documents=list(booking.documents),
        problem_code=booking.problem_code,
        problem=booking.problem,
    )


def shown_bookings(dossier: Dossier) -> list[Booking]:
    """Those of the newest checkout, and any earlier one that reached its supplier."""
    assert dossier.trip is not None, "bookings belong to a trip"
    newest = dossier.trip.checkout
    return [
        booking
        for booking in dossier.bookings
        if booking.supplier_order_id is not None
        or (newest is not None and booking.checkout_id == newest.checkout_id)
    ]


def trip_fields(dossier: Dossier, people: People) -> dict[str, Any]:
    trip = dossier.trip
    assert trip is not None, "only an existing trip is shown"
    travelers, contact = people
    return {
        "trip_id": trip.trip_id,
        "version": dossier.version,
        "status": trip_details.trip_status(trip),
        "created_at": moment(trip.started_at),
        "items": [item_reply(item) for item in trip.items],
        "total": maybe(trip.shown_total),
        "travelers": [traveler_reply(sealed, plain) for sealed, plain in travelers],
        "contact": contact_reply(trip.contact, contact) if trip.contact else None,
        "quote": quote_reply(trip.quote),
        "checkout": checkout_reply(trip),
        "payment": payment_reply(trip),
        "fulfillment": fulfillment_reply(trip),
        "bookings": [booking_reply(booking) for booking in shown_bookings(dossier)],
        "clocks": {name: moment(at) for name, at in trip_details.clocks(trip).items()},
        "allowed_actions": list(allowed_actions(trip)),
    }


def trip_reply(dossier: Dossier, people: People) -> TripReply:
    return TripReply(**trip_fields(dossier, people))


def event_reply(recorded: Recorded) -> EventReply:
    return EventReply(
        position=recorded.position,
        event_id=recorded.event_id,
        topic=recorded.topic,
        trip_id=recorded.trip_id,
        stream_id=recorded.stream_id,
        stream_version=recorded.stream_version,
        recorded_at=moment(recorded.recorded_at),
        actor=recorded.cause.actor,
        request_id=recorded.cause.request_id,
        causation=recorded.cause.causation,
        correlation=recorded.cause.correlation,
        data=facts_of(recorded.event),
    )


def facts_of(event: DossierEvent) -> msgspec.Raw:
    """Without what may not be seen outside. What holds nothing of it is not taken apart."""
    encoded = encode(event)
    if any(name in encoded for name in INSIDE_QUOTED):
        encoded = encode(outside(msgspec.json.decode(encoded)))
    return msgspec.Raw(encoded)


def outside(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: outside(each) for name, each in value.items() if name not in INSIDE}
    if isinstance(value, list | tuple):
        return [outside(each) for each in value]
    return value
