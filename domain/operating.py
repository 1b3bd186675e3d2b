"""What an operator may do to a trip as it stands, and the command that does it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, assert_never

from domain import ids
from domain.booking import commands as bc
from domain.booking.state import Booking
from domain.dossier import Dossier
from domain.errors import Refused
from domain.money import Money
from domain.process import Command
from domain.suppliers import OrderNotFound
from domain.trip import commands as tc
from domain.trip.lifecycle import may, status
from domain.trip.state import Incident, Payment, Trip

Action = Literal[
    "refund",
    "release",
    "close_checkout",
    "quote_cancellation",
    "cancel",
    "give_up",
    "assign",
    "resolve",
    "look",
    "retry",
    "resend",
]

GIVEN_UP = "given_up_by_operator"
CLOSED = "closed_by_operator"
LIVE_CHECKOUTS = frozenset({"open", "processing", "closing"})
DISPENSABLE = frozenset({"initialized", "unknown", "confirmed"})
MOVING = frozenset({"authorized", "capturing", "releasing"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """Something that may be done now. `subject` is the id of what it is done to, `what` says it in
    words; `amount` is the most that a refund may give back."""

    action: Action
    subject: str
    what: str
    amount: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What an operator wants done, and why. `amount` belongs to a refund, `owner` to an incident's
    assignment; `request_id` is the same when it is asked for again."""

    action: Action
    subject: str
    reason: str
    request_id: str
    amount: Money | None = None
    owner: str | None = None


def offered(dossier: Dossier, now: datetime) -> tuple[Offered, ...]:
    """In the order in which they are worth a thought."""
    trip = dossier.trip
    if trip is None:
        return ()
    return (
        *looks(dossier, trip),
        *givings_up(dossier, trip),
        *movements(dossier, trip),
        *endings(trip, now),
        *incidents(trip),
    )


def looks(dossier: Dossier, trip: Trip) -> Iterator[Offered]:
    """What can be asked again of whoever knows."""
    for booking in dossier.bookings:
        if booking.status == "unknown":
            what = f"Look for the order of {booking.title} at its supplier"
            yield Offered(action="look", subject=booking.booking_id, what=what)
    for checkout in trip.checkouts:
        paid = next((p for p in trip.payments if p.checkout_id == checkout.checkout_id), None)
        if checkout.status in LIVE_CHECKOUTS or (paid is not None and paid.status in MOVING):
            what = f"Look at checkout {checkout.attempt} for {checkout.amount} at the provider"
            yield Offered(action="look", subject=checkout.checkout_id, what=what)
    for payment in trip.payments:
        for refund in payment.refunds:
            if refund.status == "pending":
                what = f"Look at the refund of {refund.amount} at the provider"
                yield Offered(action="look", subject=refund.refund_id, what=what)


def givings_up(dossier: Dossier, trip: Trip) -> Iterator[Offered]:
    for booking in dossier.bookings:
        if dispensable(booking, trip):
            yield Offered(
                action="give_up",
                subject=booking.booking_id,
                what=f"Give up {booking.title}, worth {booking.price}",
            )


def dispensable(booking: Booking, trip: Trip) -> bool:
    """Whether a trip that is being fulfilled can go on without the item."""
    going = trip.fulfillment
    return (
        going is not None
        and going.checkout_id == booking.checkout_id
        and going.status == "fulfilling"
        and booking.status in DISPENSABLE
    )


def giving_up(booking: Booking, now: datetime) -> Command:
    match booking.status:
        case "initialized":
            return bc.AbandonBooking(booking_id=booking.booking_id, reason=GIVEN_UP, now=now)
        case "unknown":
            nothing = OrderNotFound()
            return bc.RecordFinding(
                booking_id=booking.booking_id, answer=nothing, final=True, now=now
            )
    return bc.RequestCancellation(booking_id=booking.booking_id, reason=GIVEN_UP, now=now)


def movements(dossier: Dossier, trip: Trip) -> Iterator[Offered]:
    for payment in trip.payments:
        if refundable(payment, trip):
            what = f"Refund up to {payment.left} of payment {payment.payment_id}"
            yield Offered(
                action="refund", subject=payment.payment_id, what=what, amount=payment.left
            )
        booked = any(b.status == "confirmed" for b in dossier.group(payment.checkout_id))
        if payment.status == "authorized" and not booked:
            what = f"Let go the {payment.authorized} that wait to be captured"
            yield Offered(action="release", subject=payment.payment_id, what=what)


def refundable(payment: Payment, trip: Trip) -> bool:
    going = trip.fulfillment
    settling = (
        going is not None
        and going.checkout_id == payment.checkout_id
        and going.status in {"pending", "fulfilling"}
    )
    disputed = any(dispute.status == "open" for dispute in payment.disputes)
    return payment.status == "captured" and payment.left.amount > 0 and not (settling or disputed)


def endings(trip: Trip, now: datetime) -> Iterator[Offered]:
    checkout, terms = trip.checkout, trip.cancellation
    if checkout is not None and status(trip) == "awaiting_payment":
        what = f"Close the checkout for {checkout.amount}: it can no longer be paid"
        yield Offered(action="close_checkout", subject=checkout.checkout_id, what=what)
    if may("quote_cancellation", trip):
        what = "Ask the suppliers what cancelling gives back"
        yield Offered(action="quote_cancellation", subject=trip.trip_id, what=what)
    takes = may("start_cancellation", trip)
    if takes and terms is not None and not terms.started and terms.expires_at > now:
        what = f"Cancel {len(terms.lines)} booking(s) on the quoted terms: {terms.refund} go back"
        yield Offered(action="cancel", subject=terms.cancellation_quote_id, what=what)
    if status(trip) == "completed":
        what = "Tell the shop once more that the trip is confirmed"
        yield Offered(action="resend", subject=trip.trip_id, what=what)


def incidents(trip: Trip) -> Iterator[Offered]:
    for incident in trip.incidents:
        if incident.open:
            subject = named(incident, trip)
            words = incident.code.replace("_", " ")
            yield Offered(action="assign", subject=subject, what=f"Take on: {words}")
            yield Offered(action="resolve", subject=subject, what=f"Settled: {words}")


def commands(wanted: Wanted, dossier: Dossier, now: datetime) -> tuple[Command, ...]:
    """What is decided when it is done: first that it was wanted, by whom and why, then the thing
    itself, where the trip's own rules do it. Raises Refused where it is not offered."""
    trip = dossier.trip
    if trip is None:
        raise Refused("trip_not_found", "There is no such trip.")
    noted = tc.NoteAction(
        action=wanted.action,
        subject=wanted.subject,
        reason=wanted.reason,
        request_id=wanted.request_id,
        now=now,
    )
    if wanted.request_id in trip.acts:
        return ()
    then = command(wanted, dossier, trip, now)
    return (noted,) if then is None else (noted, then)


def command(wanted: Wanted, dossier: Dossier, trip: Trip, now: datetime) -> Command | None:
    match wanted.action:
        case "refund":
            if wanted.amount is None:
                raise Refused("validation_failed", "Say how much is to be refunded.")
            return tc.RefundPayment(
                request_id=wanted.request_id,
                amount=wanted.amount,
                reason="requested_by_operator",
                payment_id=wanted.subject,
                now=now,
            )
        case "release":
            return tc.ReleasePayment(reason=GIVEN_UP, payment_id=wanted.subject, now=now)
        case "close_checkout":
            return tc.CloseCheckout(reason=CLOSED, checkout_id=wanted.subject, now=now)
        case "cancel":
            return tc.CancelBookings(cancellation_quote_id=wanted.subject, now=now)
        case "give_up":
            return given_up(wanted, dossier, trip, now)
        case "assign" | "resolve":
            return about_incident(wanted, trip, now)
        case "look" | "quote_cancellation" | "retry" | "resend":
            return None
        case _:
            assert_never(wanted.action)


def given_up(wanted: Wanted, dossier: Dossier, trip: Trip, now: datetime) -> Command:
    booking = dossier.booking(wanted.subject)
    if booking is None:
        raise Refused("booking_not_found", "The trip has no such booking.")
    if not dispensable(booking, trip):
        raise Refused(
            "state_conflict",
            f"{booking.title} is {booking.status}: only what is being fulfilled can be given up.",
        )
    return giving_up(booking, now)


def about_incident(wanted: Wanted, trip: Trip, now: datetime) -> Command:
    found = next((i for i in trip.incidents if named(i, trip) == wanted.subject), None)
    if found is None:
        raise Refused("incident_not_found", "The trip has no such incident.")
    if wanted.action == "resolve":
        return tc.ResolveIncident(
            code=found.code, subject=found.subject, resolution=wanted.reason, now=now
        )
    if not wanted.owner:
        raise Refused("validation_failed", "Say who takes the incident on.")
    return tc.AssignIncident(code=found.code, subject=found.subject, owner=wanted.owner, now=now)


def named(incident: Incident, trip: Trip) -> str:
    return ids.incident_id(trip.trip_id, incident.code, incident.subject)
