"""Deciding what the provider's answers about a checkout mean for the trip."""

from __future__ import annotations

from domain import ids
from domain.errors import Refused
from domain.money import Money
from domain.payments import PaymentSnapshot
from domain.trip import commands as c
from domain.trip import events as e
from domain.trip.lifecycle import ensure_may, status
from domain.trip.paying import give_back, record_payment
from domain.trip.state import Checkout, Trip

LIVE = {"open", "processing", "closing"}


def record_opened(command: c.RecordCheckoutOpened, trip: Trip) -> list[e.TripEvent]:
    checkout = trip.find_checkout(command.checkout_id)
    if checkout is None or checkout.status != "opening":
        return []
    opened = command.opened
    expires_at = min(checkout.expires_at, opened.expires_at or checkout.expires_at)
    return [
        e.CheckoutInitialized(
            checkout_id=checkout.checkout_id,
            group_id=ids.group_id(checkout.checkout_id),
            session_id=opened.session_id,
            payment_id=opened.payment_id,
            customer_id=opened.customer_id,
            url=opened.url,
            expires_at=expires_at,
            initialized_at=command.now,
        )
    ]


def record_refused(command: c.RecordCheckoutRefused, trip: Trip) -> list[e.TripEvent]:
    checkout = trip.find_checkout(command.checkout_id)
    if checkout is None or checkout.status != "opening":
        return []
    return [
        e.CheckoutRefused(
            checkout_id=checkout.checkout_id,
            code=command.code,
            detail=command.detail,
            refused_at=command.now,
        )
    ]


def close(command: c.CloseCheckout, trip: Trip) -> list[e.TripEvent]:
    checkout = trip.checkout
    if checkout is None or command.checkout_id not in {None, checkout.checkout_id}:
        return []
    if status(trip) != "awaiting_payment":
        if command.checkout_id is None and status(trip) != "closing":
            ensure_may("edit", trip)
        return []
    return [
        e.CheckoutClosing(
            checkout_id=checkout.checkout_id, reason=command.reason, closing_at=command.now
        )
    ]


def record_state(command: c.RecordCheckoutState, trip: Trip) -> list[e.TripEvent]:
    """Bring the trip in line with what the provider says now; nothing if it is so already."""
    checkout = trip.find_checkout(command.checkout_id)
    if checkout is None:
        return []
    payment = command.snapshot.payment
    if payment is not None and trip.payment(payment.payment_id) is not None:
        return record_payment(c.RecordPayment(payment=payment, now=command.now), trip)
    if payment is not None and payment.status in {"authorized", "captured"}:
        return receive(checkout, payment, command)
    if checkout.status not in LIVE:
        return []
    return follow(checkout, payment, command)


def receive(
    checkout: Checkout, payment: PaymentSnapshot, command: c.RecordCheckoutState
) -> list[e.TripEvent]:
    """Money has come: for a live checkout's exact amount it buys the trip, else it goes back."""
    if checkout.status == "opening":
        raise Refused("checkout_in_progress", "The checkout is not recorded yet; look again.")
    nothing = Money(0, payment.amount.currency)
    authorized = payment.status == "authorized"
    paid = e.PaymentSucceeded(
        checkout_id=checkout.checkout_id,
        payment_id=payment.payment_id,
        authorized=payment.amount if authorized else nothing,
        captured=nothing if authorized else payment.captured,
        capture_before=payment.capture_before,
        succeeded_at=command.now,
    )
    back = give_back(paid, reason="late_payment", now=command.now)
    if checkout.status not in LIVE:
        return [paid, back]
    if paid.authorized + paid.captured == checkout.amount:
        scheduled = e.FulfillmentScheduled(
            checkout_id=checkout.checkout_id,
            payment_id=payment.payment_id,
            scheduled_at=command.now,
        )
        return [paid, scheduled]
    closed = e.CheckoutClosed(
        checkout_id=checkout.checkout_id, reason="amount_mismatch", closed_at=command.now
    )
    incident = e.IncidentOpened(
        code="amount_mismatch",
        detail=f"{payment.amount} was paid for a checkout of {checkout.amount}.",
        advice="Find out how the provider came to another amount; the money is being given back.",
        subject=payment.payment_id,
        at_stake=payment.amount,
        opened_at=command.now,
    )
    return [closed, paid, back, incident]


def follow(
    checkout: Checkout, payment: PaymentSnapshot | None, command: c.RecordCheckoutState
) -> list[e.TripEvent]:
    """No money (yet): note declines, slow methods, and the end of the checkout."""
    found: list[e.TripEvent] = []
    if payment is not None and payment.failure_id is not None:
        known = {failure.failure_id for failure in checkout.failures}
        # An answer from before the decline may have come after it, and is put right by this one.
        reopened = checkout.status == "processing" and payment.status != "processing"
        if payment.failure_id not in known or reopened:
            found.append(
                e.PaymentFailed(
                    checkout_id=checkout.checkout_id,
                    payment_id=payment.payment_id,
                    failure_id=payment.failure_id,
                    code=payment.failure_code or "declined",
                    failed_at=command.now,
                )
            )
    if payment is not None and payment.status == "processing":
        if checkout.status != "processing":
            found.append(
                e.PaymentProcessing(
                    checkout_id=checkout.checkout_id,
                    payment_id=payment.payment_id,
                    processing_at=command.now,
                )
            )
        return found
    if not command.snapshot.payable:
        found.append(ended(checkout, command))
    return found


def ended(checkout: Checkout, command: c.RecordCheckoutState) -> e.TripEvent:
    reason = checkout.reason
    if checkout.status == "closing" and reason is not None and reason != "expired":
        return e.CheckoutClosed(
            checkout_id=checkout.checkout_id, reason=reason, closed_at=command.now
        )
    return e.CheckoutExpired(checkout_id=checkout.checkout_id, expired_at=command.now)
