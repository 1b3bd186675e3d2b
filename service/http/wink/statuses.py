"""A booking's status in Wink's words, and the history of it, told from the log."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from domain.booking.events import BookingCancelled, BookingInitialized
from domain.booking.state import BY_CUSTOMER, Booking
from domain.dossier import BOOKING_EVENT_TYPES, Dossier, evolve
from domain.log import Recorded
from domain.money import Money, total
from domain.trip.events import RefundScheduled
from domain.trip.state import Item, Payment, Refund
from projections.timeline import sentence
from service.http.answers import moment
from service.http.wink.answers import StatusTransitionReply

CANCELLED_FOR_CUSTOMER = "cancelled"
ACTORS = {"webhook:stripe": "stripe-webhook", "webhook:duffel": "supplier-webhook"}


@dataclass(slots=True, kw_only=True)
class BookingStory:
    """What happened to one booking. `item` is what was booked, as it was then."""

    item: Item
    status: str
    created_at: datetime
    updated_at: datetime
    cancelled_at: datetime | None = None
    refund_id: str | None = None
    history: list[StatusTransitionReply] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A trip as it is, and what happened to each of its bookings, by booking id."""

    dossier: Dossier
    bookings: dict[str, BookingStory]

    def refund(self, booking: Booking) -> Refund | None:
        """What was given back for a booking because the customer cancelled it."""
        refund_id = self.bookings[booking.booking_id].refund_id
        trip = self.dossier.trip
        if refund_id is None or trip is None:
            return None
        found = trip.payment_of_refund(refund_id)
        return found[1] if found else None


def story_of(recorded: Iterable[Recorded], *, test: bool) -> Story:
    """`test`: payments are pretended ones."""
    dossier = Dossier()
    bookings: dict[str, BookingStory] = {}
    for fact in recorded:
        dossier = evolve(dossier, fact.event)
        note(fact, dossier, bookings)
        story = Story(dossier=dossier, bookings=bookings)
        for booking in dossier.bookings:
            follow(bookings[booking.booking_id], booking, story, fact, test=test)
    return Story(dossier=dossier, bookings=bookings)


def note(fact: Recorded, dossier: Dossier, bookings: dict[str, BookingStory]) -> None:
    """What a booking's own state does not keep."""
    event = fact.event
    if isinstance(event, BookingInitialized):
        item = dossier.trip.item(event.item_id) if dossier.trip else None
        assert item is not None, "a booking is of an item"
        bookings[event.booking_id] = BookingStory(
            item=item,
            status="INITIALIZED",
            created_at=event.initialized_at,
            updated_at=event.initialized_at,
        )
    elif isinstance(event, BookingCancelled):
        bookings[event.booking_id].cancelled_at = event.cancelled_at
    elif isinstance(event, RefundScheduled) and event.reason == CANCELLED_FOR_CUSTOMER:
        waiting = [s for s in bookings.values() if s.cancelled_at and s.refund_id is None]
        if waiting:
            # The refund is decided on with the cancellation it is for.
            max(waiting, key=lambda s: s.cancelled_at or s.created_at).refund_id = event.refund_id


def follow(
    told: BookingStory, booking: Booking, story: Story, fact: Recorded, *, test: bool
) -> None:
    """Add the step this fact made, if it made one."""
    event = fact.event
    if isinstance(event, BOOKING_EVENT_TYPES) and fact.stream_id == booking.booking_id:
        told.updated_at = fact.recorded_at
    status = status_of(booking, story, test=test)
    if status == told.status:
        return
    told.history.append(
        StatusTransitionReply(
            from_status=told.status,
            to_status=status,
            timestamp=moment(fact.recorded_at),
            actor=ACTORS.get(fact.cause.actor, fact.cause.actor),
            reason=sentence(event),
        )
    )
    told.status = status
    told.updated_at = fact.recorded_at


def status_of(booking: Booking, story: Story, *, test: bool) -> str:
    trip = story.dossier.trip
    assert trip is not None, "a booking is in a trip"
    payment = next((p for p in trip.payments if p.checkout_id == booking.checkout_id), None)
    asked_for = booking.cancel_reason == BY_CUSTOMER
    match booking.status:
        case "initialized" | "ordering" | "unknown":
            checkout = trip.find_checkout(booking.checkout_id)
            declined = payment is None and checkout is not None and bool(checkout.failures)
            return "PAYMENT_FAILED" if declined else "INITIALIZED"
        case "cancelling" if asked_for:
            return paid(test=test)
        case "confirmed":
            return paid(test=test)
        case "cancelled" if payment is None:
            return "CANCELLED"
        case "cancelled" if asked_for:
            return refunded(booking.price, story.refund(booking))
        case _:
            assert payment is not None, "an order is paid for"
            return "FULLY_REFUNDED" if given_back(payment, story.dossier) else "FAILED"


def paid(*, test: bool) -> str:
    return "TEST_PAYMENT_SUCCEEDED" if test else "PAYMENT_SUCCEEDED"


def refunded(price: Money, refund: Refund | None) -> str:
    if refund is None or refund.status != "succeeded":
        return "CANCELLED"
    return "FULLY_REFUNDED" if refund.amount.amount >= price.amount else "PARTIALLY_REFUNDED"


def given_back(payment: Payment, dossier: Dossier) -> bool:
    """Whether nothing is kept for what could not be booked."""
    if payment.status == "released":
        return True
    if payment.status != "captured":
        return False
    group = dossier.group(payment.checkout_id)
    stood = [b for b in group if b.status == "confirmed" or b.cancel_reason == BY_CUSTOMER]
    worth = total((b.price for b in stood), payment.amount.currency)
    return (payment.captured - payment.refunded).amount <= worth.amount
