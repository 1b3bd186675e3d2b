"""What the facts of a trip's money add up to, word for word."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.trip import events as te
from domain.trip.state import Dispute, Payment, Refund
from tests.rules import stories as s
from tests.rules.facts.test_trip_facts import trip

# --- payments

WAITING = Payment(
    payment_id=s.PAYMENT,
    checkout_id=s.CHECKOUT,
    status="authorized",
    amount=s.TOTAL,
    authorized=s.TOTAL,
    captured=s.NOTHING,
    released=s.NOTHING,
    capture_before=s.LAPSES,
)
TAKEN = replace(
    WAITING, status="captured", authorized=s.NOTHING, captured=s.TOTAL, capture_before=None
)
CAPTURING = te.CaptureScheduled(payment_id=s.PAYMENT, amount=s.FLIGHT_PRICE, scheduled_at=s.NOW)
RELEASED = te.PaymentReleased(payment_id=s.PAYMENT, amount=s.TOTAL, released_at=s.NOW)


@pytest.mark.parametrize(
    ("facts", "payment"),
    [
        ((s.PAID_BY_CARD,), WAITING),
        ((s.PAID_AT_ONCE,), TAKEN),
        (
            (s.PAID_BY_CARD, CAPTURING),
            replace(WAITING, status="capturing", capturing=s.FLIGHT_PRICE),
        ),
        (
            (s.PAID_BY_CARD, s.payment_captured(s.FLIGHT_PRICE, s.STAY_PRICE)),
            replace(
                WAITING,
                status="captured",
                authorized=s.NOTHING,
                captured=s.FLIGHT_PRICE,
                released=s.STAY_PRICE,
            ),
        ),
        ((s.PAID_BY_CARD, s.RELEASE_SCHEDULED), replace(WAITING, status="releasing")),
        (
            (s.PAID_BY_CARD, RELEASED),
            replace(WAITING, status="released", authorized=s.NOTHING, released=s.TOTAL),
        ),
    ],
)
def test_a_payment_is_what_was_last_said_of_it(facts: s.Facts, payment: Payment) -> None:
    other = replace(s.PAID_BY_CARD, payment_id="pi_2")
    after = trip(*s.awaiting_payment(), *facts, other).payments
    assert (payment, replace(WAITING, payment_id="pi_2")) == after
    assert (
        after
        == trip(*s.awaiting_payment(), *facts, other, replace(RELEASED, payment_id="?")).payments
    )


# --- money that goes back

SCHEDULED_REFUND = te.RefundScheduled(
    refund_id="r1", payment_id=s.PAYMENT, amount=s.eur(500), reason="why", scheduled_at=s.NOW
)
FOUND_REFUND = te.RefundDiscovered(
    refund_id="re_9", payment_id=s.PAYMENT, amount=s.eur(500), discovered_at=s.NOW
)
SUBMITTED = te.RefundSubmitted(refund_id="r1", provider_refund_id="re_1", submitted_at=s.NOW)
SUCCEEDED = te.RefundSucceeded(
    refund_id="r1", provider_refund_id="re_2", amount=s.eur(500), succeeded_at=s.NOW
)
FAILED = te.RefundFailed(
    refund_id="r1", provider_refund_id="re_3", code="declined", failed_at=s.NOW
)
REFUND = Refund(refund_id="r1", amount=s.eur(500), reason="why")
FOUND = Refund(
    refund_id="re_9",
    amount=s.eur(500),
    reason="made_at_provider",
    status="pending",
    provider_refund_id="re_9",
)


@pytest.mark.parametrize(
    ("facts", "refund"),
    [
        ((), REFUND),
        ((SUBMITTED,), replace(REFUND, status="pending", provider_refund_id="re_1")),
        ((SUCCEEDED,), replace(REFUND, status="succeeded", provider_refund_id="re_2")),
        ((FAILED,), replace(REFUND, status="failed", provider_refund_id="re_3")),
    ],
)
def test_a_refund_is_what_was_last_said_of_it(facts: s.Facts, refund: Refund) -> None:
    story = (*s.completed(), SCHEDULED_REFUND, FOUND_REFUND)
    assert (refund, FOUND) == trip(*story, *facts).payments[0].refunds
    strange = replace(SUCCEEDED, refund_id="another")
    assert (refund, FOUND) == trip(*story, *facts, strange).payments[0].refunds
    nobodys = replace(SCHEDULED_REFUND, payment_id="another")
    assert (refund, FOUND) == trip(*story, *facts, nobodys).payments[0].refunds


@pytest.mark.parametrize("outcome", ["won", "lost"])
def test_a_dispute_is_what_was_last_said_of_it(outcome: te.DisputeOutcome) -> None:
    first = Dispute(dispute_id="d1", amount=s.TOTAL, reason="fraudulent", respond_by=s.LAPSES)
    told = [
        te.PaymentDisputed(
            dispute_id=name,
            payment_id=s.PAYMENT,
            amount=s.TOTAL,
            reason="fraudulent",
            respond_by=s.LAPSES,
            disputed_at=s.NOW,
        )
        for name in ("d1", "d2")
    ]
    end = te.DisputeClosed(
        dispute_id="d2", payment_id=s.PAYMENT, amount=s.TOTAL, outcome=outcome, closed_at=s.NOW
    )
    story = (*s.completed(), *told)
    second = replace(first, dispute_id="d2")
    assert (first, second) == trip(*story).payments[0].disputes
    assert (first, replace(second, status=outcome)) == trip(*story, end).payments[0].disputes
    strange = replace(end, payment_id="another")
    assert (first, second) == trip(*story, strange).payments[0].disputes
