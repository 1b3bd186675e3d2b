"""How refunds and disputes change a trip: money that was ours and goes back to the customer."""

from __future__ import annotations

from typing import assert_never

from domain.replacing import replace
from domain.trip import events as e
from domain.trip.state import Dispute, Payment, Refund, RefundStatus, Trip

# Why there is a refund that we did not ask for.
MADE_AT_PROVIDER = "made_at_provider"

GoingBack = (
    e.RefundScheduled
    | e.RefundDiscovered
    | e.RefundSubmitted
    | e.RefundSucceeded
    | e.RefundFailed
    | e.PaymentDisputed
    | e.DisputeClosed
)


def evolve(trip: Trip, event: GoingBack) -> Trip:
    match event:
        case e.RefundScheduled():
            refund = Refund(refund_id=event.refund_id, amount=event.amount, reason=event.reason)
            return _with_refund(trip, event.payment_id, refund)
        case e.RefundDiscovered():
            refund = Refund(
                refund_id=event.refund_id,
                amount=event.amount,
                reason=MADE_AT_PROVIDER,
                status="pending",
                provider_refund_id=event.refund_id,
            )
            return _with_refund(trip, event.payment_id, refund)
        case e.RefundSubmitted():
            return _refund_now(trip, event.refund_id, "pending", event.provider_refund_id)
        case e.RefundSucceeded():
            return _refund_now(trip, event.refund_id, "succeeded", event.provider_refund_id)
        case e.RefundFailed():
            return _refund_now(trip, event.refund_id, "failed", event.provider_refund_id)
        case e.PaymentDisputed() | e.DisputeClosed():
            return _disputed(trip, event)
        case _:
            assert_never(event)


def _with_refund(trip: Trip, payment_id: str, refund: Refund) -> Trip:
    payment = trip.payment(payment_id)
    if payment is None:
        return trip
    return trip.with_payment(replace(payment, refunds=(*payment.refunds, refund)))


def _refund_now(
    trip: Trip, refund_id: str, status: RefundStatus, provider_refund_id: str | None
) -> Trip:
    found = trip.payment_of_refund(refund_id)
    if found is None:
        return trip
    payment, _ = found
    refunds = tuple(
        replace(r, status=status, provider_refund_id=provider_refund_id)
        if r.refund_id == refund_id
        else r
        for r in payment.refunds
    )
    return trip.with_payment(replace(payment, refunds=refunds))


def _disputed(trip: Trip, event: e.PaymentDisputed | e.DisputeClosed) -> Trip:
    payment = trip.payment(event.payment_id)
    if payment is None:
        return trip
    if isinstance(event, e.PaymentDisputed):
        dispute = Dispute(
            dispute_id=event.dispute_id,
            amount=event.amount,
            reason=event.reason,
            respond_by=event.respond_by,
        )
        return trip.with_payment(replace(payment, disputes=(*payment.disputes, dispute)))
    return trip.with_payment(_closed(payment, event))


def _closed(payment: Payment, event: e.DisputeClosed) -> Payment:
    disputes = tuple(
        replace(d, status=event.outcome) if d.dispute_id == event.dispute_id else d
        for d in payment.disputes
    )
    return replace(payment, disputes=disputes)
