"""Deciding what goes back of captured money: refunds, ours and others', and disputes."""

from __future__ import annotations

from datetime import datetime

from domain import ids
from domain.errors import Refused
from domain.money import Money
from domain.payments import DisputeSnapshot, RefundSnapshot
from domain.trip import commands as c
from domain.trip import events as e
from domain.trip.incidents import newest_of
from domain.trip.state import Payment, Refund, RefundStatus, Trip

REFUND_FAILED, REFUND_WITHHELD = "refund_failed", "refund_withheld"
DISPUTED, INQUIRY, LOST = "payment_disputed", "payment_inquiry", "dispute_lost"


def refund_payment(command: c.RefundPayment, trip: Trip) -> list[e.TripEvent]:
    """A person gives money back: never more than is left, and each request once."""
    payment = refundable(command, trip)
    refund_id = ids.requested_refund_id(payment.payment_id, command.request_id)
    known = next((r for r in payment.refunds if r.refund_id == refund_id), None)
    if known is not None:
        if known.amount != command.amount:
            raise Refused(
                "idempotency_conflict", "This request has asked for another amount before."
            )
        return []
    ensure_left(command.amount, payment, trip)
    return [
        e.RefundScheduled(
            refund_id=refund_id,
            payment_id=payment.payment_id,
            amount=command.amount,
            reason=command.reason,
            scheduled_at=command.now,
        )
    ]


def refundable(command: c.RefundPayment, trip: Trip) -> Payment:
    """The payment that is meant: the named one, the one this request has been about before, or the
    newest of which something is left."""
    if command.payment_id is not None:
        named = trip.payment(command.payment_id)
        if named is None:
            raise Refused("payment_not_found", "The trip has no such payment.")
        return named
    for payment in reversed(trip.payments):
        refund_id = ids.requested_refund_id(payment.payment_id, command.request_id)
        if any(r.refund_id == refund_id for r in payment.refunds):
            return payment
    left = (p for p in reversed(trip.payments) if p.left.amount > 0)
    found = next(left, trip.payments[-1] if trip.payments else None)
    if found is None:
        raise Refused("payment_not_found", "Nothing has been paid for this trip.")
    return found


def ensure_left(amount: Money, payment: Payment, trip: Trip) -> None:
    now = trip.fulfillment
    pays = now is not None and now.checkout_id == payment.checkout_id
    if pays and now is not None and now.status in {"pending", "fulfilling"}:
        raise Refused(
            "fulfillment_in_progress",
            "The orders are still being settled; what buys nothing goes back by itself.",
        )
    if any(d.status == "open" for d in payment.disputes):
        raise Refused(
            "payment_disputed",
            "The customer's bank has taken the money back; wait until the dispute is decided.",
        )
    if amount.currency != payment.amount.currency or not 0 < amount.amount <= payment.left.amount:
        raise Refused(
            "refund_exceeds_payment",
            f"Of this payment {payment.left} are left to refund, not {amount}.",
            left=payment.left.amount,
            currency=payment.left.currency,
        )


def record_money_back(command: c.RecordMoneyBack, trip: Trip) -> list[e.TripEvent]:
    """Bring refunds and disputes in line with what the provider says; nothing if it is so."""
    told = command.money_back
    payment = trip.payment(told.payment_id)
    if payment is None or payment.status != "captured":
        return []
    events: list[e.TripEvent] = []
    for seen in told.refunds:
        known = refund_of(seen, payment)
        if known is None:
            events += discovered(seen, payment, command.now)
        else:
            events += follow(known.refund_id, known.status, seen, command.now)
    for dispute in told.disputes:
        events += record_dispute(dispute, payment, trip, command.now)
    return events


def refund_of(seen: RefundSnapshot, payment: Payment) -> Refund | None:
    """Our name for it is written on it; one that we did not ask for goes by the provider's."""
    asked_for, theirs = seen.references.get("refund_id"), seen.provider_refund_id
    for refund in payment.refunds:
        if refund.refund_id in (asked_for, theirs) or refund.provider_refund_id == theirs:
            return refund
    return None


def discovered(seen: RefundSnapshot, payment: Payment, now: datetime) -> list[e.TripEvent]:
    found = e.RefundDiscovered(
        refund_id=seen.provider_refund_id,
        payment_id=payment.payment_id,
        amount=seen.amount,
        discovered_at=now,
    )
    return [found, *follow(seen.provider_refund_id, "pending", seen, now)]


def record_refund(command: c.RecordRefund, trip: Trip) -> list[e.TripEvent]:
    found = trip.payment_of_refund(command.refund_id)
    if found is None:
        return []
    return follow(command.refund_id, found[1].status, command.refund, command.now)


def follow(
    refund_id: str, status: RefundStatus, seen: RefundSnapshot, now: datetime
) -> list[e.TripEvent]:
    """What the provider's word changes about a refund that we hold for `status`."""
    if status in {"succeeded", "failed"} and seen.status != "failed":
        return []
    if status == seen.status:
        return []
    match seen.status:
        case "pending":
            return [
                e.RefundSubmitted(
                    refund_id=refund_id,
                    provider_refund_id=seen.provider_refund_id,
                    submitted_at=now,
                )
            ]
        case "succeeded":
            return [
                e.RefundSucceeded(
                    refund_id=refund_id,
                    provider_refund_id=seen.provider_refund_id,
                    amount=seen.amount,
                    succeeded_at=now,
                )
            ]
        case "failed":
            code = seen.failure_reason or "refund_failed"
            failed = e.RefundFailed(
                refund_id=refund_id,
                provider_refund_id=seen.provider_refund_id,
                code=code,
                failed_at=now,
            )
            return [failed, not_given_back(refund_id, code, seen.amount, now)]


def not_given_back(refund_id: str, code: str, amount: Money, now: datetime) -> e.IncidentOpened:
    return e.IncidentOpened(
        code=REFUND_FAILED,
        detail=f"A refund of {amount} did not reach the customer ({code}).",
        advice="Refund it once more, or pay the customer back another way and note it here.",
        subject=refund_id,
        at_stake=amount,
        opened_at=now,
    )


def withheld(
    subject: str, owed: Money, given: Money, payment: Payment, now: datetime
) -> list[e.TripEvent]:
    """Of what is owed but not given, people see to that which a bank has."""
    amount = min((owed - given).amount, payment.disputed.amount)
    if amount <= 0:
        return []
    return [
        e.IncidentOpened(
            code=REFUND_WITHHELD,
            detail="What the customer is to get back waits for a dispute of its payment.",
            advice="Refund it if the dispute is won; if it is lost the customer has it.",
            subject=subject,
            at_stake=Money(amount, owed.currency),
            opened_at=now,
        )
    ]


def record_refund_refused(command: c.RecordRefundRefused, trip: Trip) -> list[e.TripEvent]:
    """The provider would not refund it. Owed still is what has not gone back another way."""
    found = trip.payment_of_refund(command.refund_id)
    if found is None or found[1].status != "scheduled":
        return []
    payment, refund = found
    failed = e.RefundFailed(
        refund_id=refund.refund_id,
        provider_refund_id=None,
        code=command.code,
        failed_at=command.now,
    )
    undecided = any(d.status == "open" for d in payment.disputes)
    owed = (
        refund.amount
        if undecided
        else min(refund.amount, payment.left + refund.amount, key=lambda money: money.amount)
    )
    if owed.amount <= 0:
        return [failed]
    return [failed, not_given_back(refund.refund_id, command.code, owed, command.now)]


# --- disputes


def record_dispute(
    seen: DisputeSnapshot, payment: Payment, trip: Trip, now: datetime
) -> list[e.TripEvent]:
    """News may come late and out of order: a dispute is opened, then decided, and what was lost
    may yet be won, never the other way."""
    if seen.status == "inquiry":
        return inquiry(seen, payment, trip, now)
    known = next((d for d in payment.disputes if d.dispute_id == seen.dispute_id), None)
    events = [] if known else opened(seen, payment, now)
    before = known.status if known else "open"
    if seen.status != "open" and before in {"open", "lost"} and seen.status != before:
        amount = known.amount if known else comparable(seen.amount, payment)
        events += closed(seen, amount, payment, trip, now)
    return events


def comparable(amount: Money, payment: Payment) -> Money:
    """A bank may count in a currency of its own; what it took is then all we can say."""
    return amount if amount.currency == payment.amount.currency else payment.captured


def inquiry(
    seen: DisputeSnapshot, payment: Payment, trip: Trip, now: datetime
) -> list[e.TripEvent]:
    if newest_of(INQUIRY, seen.dispute_id, trip) is not None:
        return []
    return [
        e.IncidentOpened(
            code=INQUIRY,
            detail=f"The customer's bank asks about a payment ({seen.reason}); no money has moved.",
            advice="Answer at the payment provider, or refund before it becomes a dispute.",
            subject=seen.dispute_id,
            at_stake=comparable(seen.amount, payment),
            opened_at=now,
        )
    ]


def opened(seen: DisputeSnapshot, payment: Payment, now: datetime) -> list[e.TripEvent]:
    amount = comparable(seen.amount, payment)
    until = f" until {seen.respond_by:%Y-%m-%d %H:%M} UTC" if seen.respond_by else ""
    disputed = e.PaymentDisputed(
        dispute_id=seen.dispute_id,
        payment_id=payment.payment_id,
        amount=amount,
        reason=seen.reason,
        respond_by=seen.respond_by,
        disputed_at=now,
    )
    incident = e.IncidentOpened(
        code=DISPUTED,
        detail=f"The customer's bank has taken {amount} back ({seen.reason}).",
        advice=f"Send the trip's evidence to the payment provider{until}; do not refund it too.",
        subject=seen.dispute_id,
        at_stake=amount,
        opened_at=now,
    )
    return [disputed, incident]


def closed(
    seen: DisputeSnapshot, amount: Money, payment: Payment, trip: Trip, now: datetime
) -> list[e.TripEvent]:
    outcome: e.DisputeOutcome = "won" if seen.status == "won" else "lost"
    events: list[e.TripEvent] = [
        e.DisputeClosed(
            dispute_id=seen.dispute_id,
            payment_id=payment.payment_id,
            amount=amount,
            outcome=outcome,
            closed_at=now,
        ),
        *settled(DISPUTED, seen.dispute_id, f"The dispute was {outcome}.", trip, now),
    ]
    if outcome == "won":
        events += settled(LOST, seen.dispute_id, "The dispute was won after all.", trip, now)
    elif trip.fulfillment is not None and not trip.cancelled:
        events.append(
            e.IncidentOpened(
                code=LOST,
                detail=f"{amount} are lost to a dispute, and the trip may still be booked.",
                advice="Cancel what can be cancelled at the suppliers, or write the money off.",
                subject=seen.dispute_id,
                at_stake=amount,
                opened_at=now,
            )
        )
    return events


def settled(
    code: str, subject: str, resolution: str, trip: Trip, now: datetime
) -> list[e.TripEvent]:
    """Whatever people were asked to do about it is done."""
    found = newest_of(code, subject, trip)
    just_opened = found is None and code == DISPUTED
    if not just_opened and (found is None or not found.open):
        return []
    return [e.IncidentResolved(code=code, subject=subject, resolution=resolution, resolved_at=now)]
