"""Deciding money: every amount received ends as captured for what is booked, or given back."""

from __future__ import annotations

from datetime import datetime

from domain import ids
from domain.errors import Refused
from domain.money import Money
from domain.trip import commands as c
from domain.trip import events as e
from domain.trip.refunding import withheld
from domain.trip.state import Payment, Trip

DISPUTE_ADVICE = "Compare the payment at the provider with the trip's bookings and settle it there."


def give_back(paid: e.PaymentSucceeded, *, reason: str, now: datetime) -> e.TripEvent:
    """How money that buys nothing goes back: let an authorisation go, refund what was taken."""
    if paid.authorized.amount:
        return e.ReleaseScheduled(payment_id=paid.payment_id, reason=reason, scheduled_at=now)
    return e.RefundScheduled(
        refund_id=ids.refund_id(paid.payment_id, 1),
        payment_id=paid.payment_id,
        amount=paid.captured,
        reason=reason,
        scheduled_at=now,
    )


def start_fulfillment(command: c.StartFulfillment, trip: Trip) -> list[e.TripEvent]:
    now = trip.fulfillment
    if now is None or now.checkout_id != command.checkout_id or now.status != "pending":
        return []
    return [e.FulfillmentStarted(checkout_id=command.checkout_id, started_at=command.now)]


def settle_fulfillment(command: c.SettleFulfillment, trip: Trip) -> list[e.TripEvent]:
    """Make the money match what was confirmed; when it does, the trip is at its end."""
    now = trip.fulfillment
    if now is None or now.checkout_id != command.checkout_id or now.status != "fulfilling":
        return []
    payment = next(p for p in trip.payments if p.checkout_id == command.checkout_id)
    match payment.status:
        case "authorized":
            return [capture_or_release(payment, command.confirmed_total, command.now)]
        case "capturing" | "releasing":
            return []
        case "captured":
            return [*even_out(payment, command), end(command)]
        case "released":
            return [*unpaid_bookings(payment, command), end(command)]


def capture_or_release(payment: Payment, confirmed: Money, now: datetime) -> e.TripEvent:
    if confirmed.amount:
        return e.CaptureScheduled(payment_id=payment.payment_id, amount=confirmed, scheduled_at=now)
    return e.ReleaseScheduled(
        payment_id=payment.payment_id, reason="fulfillment_failed", scheduled_at=now
    )


def even_out(payment: Payment, command: c.SettleFulfillment) -> list[e.TripEvent]:
    """Refund what was captured above what is booked; too little captured is an incident, and so is
    what cannot be refunded because a bank has it."""
    confirmed = command.confirmed_total
    surplus = payment.left - confirmed
    nothing = Money(0, surplus.currency)
    given = max(surplus, nothing, key=lambda money: money.amount)
    owed = payment.captured - payment.refunding - confirmed
    events: list[e.TripEvent] = []
    if given.amount:
        events.append(
            e.RefundScheduled(
                refund_id=ids.refund_id(payment.payment_id, len(payment.refunds) + 1),
                payment_id=payment.payment_id,
                amount=given,
                reason="not_fulfilled",
                scheduled_at=command.now,
            )
        )
    if surplus.amount < 0:
        events.append(underpaid(payment, nothing - surplus, command.now))
    return [*events, *withheld(payment.payment_id, owed, given, payment, command.now)]


def unpaid_bookings(payment: Payment, command: c.SettleFulfillment) -> list[e.TripEvent]:
    if not command.confirmed_total.amount:
        return []
    return [underpaid(payment, command.confirmed_total, command.now)]


def underpaid(payment: Payment, missing: Money, now: datetime) -> e.IncidentOpened:
    return e.IncidentOpened(
        code="booked_but_unpaid",
        detail=f"Bookings worth {missing} are confirmed that no captured money covers.",
        advice="Charge the customer again or cancel the bookings at their suppliers.",
        subject=payment.payment_id,
        at_stake=missing,
        opened_at=now,
    )


def end(command: c.SettleFulfillment) -> e.TripEvent:
    if command.confirmed:
        return e.Fulfilled(
            checkout_id=command.checkout_id,
            confirmed=command.confirmed,
            failed=command.failed,
            fulfilled_at=command.now,
        )
    return e.FulfillmentFailed(
        checkout_id=command.checkout_id, failed=command.failed, failed_at=command.now
    )


def record_payment(command: c.RecordPayment, trip: Trip) -> list[e.TripEvent]:
    """The provider says a payment was captured or let go; nothing if that is known."""
    seen = command.payment
    known = trip.payment(seen.payment_id)
    if known is None or known.status in {"captured", "released"}:
        return []
    if seen.status == "captured":
        return captured(known, seen.captured, trip, command.now)
    if seen.status == "canceled":
        return [
            e.PaymentReleased(
                payment_id=known.payment_id, amount=known.authorized, released_at=command.now
            )
        ]
    return []


def captured(known: Payment, amount: Money, trip: Trip, now: datetime) -> list[e.TripEvent]:
    """Taken; if it was to be let go (somebody captured it at the provider), it is refunded: at
    once, or when the orders that it may yet pay for are settled."""
    taken = e.PaymentCaptured(
        payment_id=known.payment_id,
        amount=amount,
        released=known.amount - amount,
        captured_at=now,
    )
    if known.status != "releasing" or pays_for_orders(known, trip):
        return [taken]
    refund = e.RefundScheduled(
        refund_id=ids.refund_id(known.payment_id, len(known.refunds) + 1),
        payment_id=known.payment_id,
        amount=amount,
        reason="captured_instead_of_released",
        scheduled_at=now,
    )
    return [taken, refund]


def pays_for_orders(payment: Payment, trip: Trip) -> bool:
    now = trip.fulfillment
    if now is None or now.status not in {"pending", "fulfilling"}:
        return False
    first = next(p for p in trip.payments if p.checkout_id == now.checkout_id)
    return first.payment_id == payment.payment_id


def record_capture_refused(command: c.RecordCaptureRefused, trip: Trip) -> list[e.TripEvent]:
    known = trip.payment(command.payment_id)
    told = any(
        i.code == "capture_refused" and i.subject == command.payment_id for i in trip.incidents
    )
    if known is None or known.status != "capturing" or told:
        return []
    return [
        e.IncidentOpened(
            code="capture_refused",
            detail=f"The provider refused the capture: {command.detail}",
            advice=DISPUTE_ADVICE,
            subject=command.payment_id,
            at_stake=known.authorized,
            opened_at=command.now,
        )
    ]


def guard_authorization(command: c.GuardAuthorization, trip: Trip) -> list[e.TripEvent]:
    """Before an authorisation lapses, take what is confirmed so far and let the rest go."""
    known = trip.payment(command.payment_id)
    if known is None or known.status != "authorized":
        return []
    incident = e.IncidentOpened(
        code="authorization_lapsing",
        detail="Orders are still unresolved and the authorisation is about to lapse.",
        advice="Ask the suppliers about the open orders; charge again for what turns up.",
        subject=command.payment_id,
        at_stake=known.authorized,
        opened_at=command.now,
    )
    return [incident, capture_or_release(known, command.confirmed_total, command.now)]


def release_payment(command: c.ReleasePayment, trip: Trip) -> list[e.TripEvent]:
    """Somebody lets the customer's money go, while nothing is booked for it."""
    waiting = [p for p in trip.payments if command.payment_id in {None, p.payment_id}]
    if not waiting:
        raise Refused("payment_not_found", "The trip has no such payment.")
    payment = waiting[-1]
    if payment.status in {"releasing", "released"}:
        return []
    if payment.status != "authorized":
        raise Refused(
            "not_releasable",
            "Only an authorisation that nothing was taken of can be let go; refund it instead.",
            status=payment.status,
        )
    if payment.checkout_id in command.confirmed:
        raise Refused(
            "not_releasable", "Bookings are confirmed that this money pays for; cancel them first."
        )
    return [
        e.ReleaseScheduled(
            payment_id=payment.payment_id, reason=command.reason, scheduled_at=command.now
        )
    ]
