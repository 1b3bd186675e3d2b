"""Money that is taken or given back at the provider: believed when the provider says so, once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.booking import commands as bc
from domain.payments import RefundSnapshot, RefundStatus
from domain.process import REFUND_LOOK_PAUSE
from domain.suppliers import OrderNotFound
from domain.trip import commands as tc
from domain.trip import events as te
from tests.given import When, given
from tests.rules import stories as s

REFUND = f"{s.PAYMENT}:1"
SCHEDULED = te.RefundScheduled(
    refund_id=REFUND,
    payment_id=s.PAYMENT,
    amount=s.TOTAL,
    reason="late_payment",
    scheduled_at=s.NOW,
)
REFUNDING: s.Facts = (*s.expired(), s.PAID_AT_ONCE, SCHEDULED)
SUBMITTED = te.RefundSubmitted(refund_id=REFUND, provider_refund_id="re_1", submitted_at=s.NOW)
SUCCEEDED = te.RefundSucceeded(
    refund_id=REFUND, provider_refund_id="re_1", amount=s.TOTAL, succeeded_at=s.NOW
)
RELEASING: s.Facts = (
    *s.expired(),
    s.PAID_BY_CARD,
    te.ReleaseScheduled(payment_id=s.PAYMENT, reason="late_payment", scheduled_at=s.NOW),
)
CAPTURING: s.Facts = (*s.both_ordered(), s.confirmed(s.STAY_BOOKING), s.CAPTURE_SCHEDULED)
CAPTURE_REFUSED = tc.RecordCaptureRefused(
    payment_id=s.PAYMENT, code="charge_expired", detail="too late", now=s.NOW
)
REFUND_REFUSED = tc.RecordRefundRefused(
    refund_id=REFUND, code="charge_disputed", detail="no", now=s.NOW
)


def told(status: RefundStatus) -> tc.RecordRefund:
    refund = RefundSnapshot(
        provider_refund_id="re_1",
        status=status,
        amount=s.TOTAL,
        failure_reason="lost_or_stolen_card" if status == "failed" else None,
    )
    return tc.RecordRefund(refund_id=REFUND, refund=refund, now=s.NOW)


def stakes(outcome: When) -> list[tuple[str, object]]:
    assert outcome.dossier.trip is not None
    return [(i.code, i.at_stake) for i in outcome.dossier.trip.incidents]


# --- refunds


def test_a_pending_refund_is_not_called_done_and_is_looked_at_again() -> None:
    outcome = given(REFUNDING).when(told("pending"))
    outcome.then(SUBMITTED).then_effects(f"look_at_refund:{REFUND}")
    assert [s.NOW + REFUND_LOOK_PAUSE] == [e.due for e in outcome.done.effects]
    assert outcome.dossier.trip is not None
    assert s.NOTHING == outcome.dossier.trip.payments[0].refunded


@pytest.mark.parametrize("story", [REFUNDING, (*REFUNDING, SUBMITTED)])
def test_a_refund_succeeds_when_the_provider_says_so(story: s.Facts) -> None:
    outcome = given(story).when(told("succeeded"))
    outcome.then(SUCCEEDED).then_effects()
    assert outcome.dossier.trip is not None
    assert s.TOTAL == outcome.dossier.trip.payments[0].refunded


@pytest.mark.parametrize("again", ["pending", "succeeded"])
def test_old_news_of_a_refund_that_succeeded_changes_nothing(again: RefundStatus) -> None:
    given(REFUNDING, SUCCEEDED).when(told(again)).then_nothing()


def test_a_pending_refund_told_twice_is_recorded_once() -> None:
    given(REFUNDING).when(told("pending"), told("pending")).then(SUBMITTED)


@pytest.mark.parametrize(
    "before", [(), (SUBMITTED,), (SUBMITTED, SUCCEEDED)], ids=["scheduled", "pending", "succeeded"]
)
def test_a_refund_that_fails_is_owed_again_and_calls_a_person_once(before: s.Facts) -> None:
    outcome = given(REFUNDING, before).when(told("failed"), told("failed"), told("pending"))
    outcome.then_kinds(te.RefundFailed, te.IncidentOpened).then_effects()
    assert stakes(outcome) == [("refund_failed", s.TOTAL)]
    assert outcome.dossier.trip is not None
    assert s.NOTHING == outcome.dossier.trip.payments[0].refunding


def test_a_refund_the_provider_refuses_calls_a_person_once() -> None:
    outcome = given(REFUNDING).when(REFUND_REFUSED, REFUND_REFUSED)
    outcome.then_kinds(te.RefundFailed, te.IncidentOpened)
    assert stakes(outcome) == [("refund_failed", s.TOTAL)]


def test_a_refusal_that_comes_after_the_refund_was_taken_changes_nothing() -> None:
    given(REFUNDING, SUBMITTED).when(REFUND_REFUSED).then_nothing()


@pytest.mark.parametrize("command", [told("succeeded"), REFUND_REFUSED])
def test_a_refund_nobody_asked_for_changes_nothing(command: tc.TripCommand) -> None:
    given(s.completed()).when(command).then_nothing()


# --- captures and releases


def test_a_payment_let_go_is_recorded_once() -> None:
    gone = tc.RecordPayment(payment=s.seen("canceled"), now=s.NOW)
    outcome = given(RELEASING).when(gone, gone)
    outcome.then(te.PaymentReleased(payment_id=s.PAYMENT, amount=s.TOTAL, released_at=s.NOW))
    outcome.then_effects()


def test_a_payment_somebody_captured_instead_of_letting_it_go_is_refunded() -> None:
    taken = tc.RecordPayment(payment=s.seen("captured", captured=s.TOTAL), now=s.NOW)
    outcome = given(RELEASING).when(taken, taken)
    outcome.then(
        s.payment_captured(s.TOTAL), replace(SCHEDULED, reason="captured_instead_of_released")
    )
    outcome.then_effects(f"refund_payment:{REFUND}")


def test_money_captured_instead_of_let_go_waits_for_the_orders_it_may_pay_for() -> None:
    """Refunded with the rest when the orders are settled: a refund of its own would be one more."""
    guard = tc.GuardAuthorization(payment_id=s.PAYMENT, confirmed_total=s.NOTHING, now=s.NOW)
    going = given(s.fulfilling()).after(guard)
    taken = tc.RecordPayment(payment=s.seen("captured", captured=s.TOTAL), now=s.NOW)
    going.when(taken).then(s.payment_captured(s.TOTAL)).then_effects()

    never = bc.RecordFinding(
        booking_id=s.FLIGHT_BOOKING, answer=OrderNotFound(), final=True, now=s.NOW
    )
    outcome = going.after(taken).when(never)
    outcome.then_effects(f"refund_payment:{REFUND}")
    assert outcome.dossier.trip is not None
    assert s.TOTAL == outcome.dossier.trip.payments[0].refunding


def test_money_captured_instead_of_let_go_waits_for_orders_not_begun_yet_too() -> None:
    guard = tc.GuardAuthorization(payment_id=s.PAYMENT, confirmed_total=s.NOTHING, now=s.NOW)
    taken = tc.RecordPayment(payment=s.seen("captured", captured=s.TOTAL), now=s.NOW)
    outcome = given(s.paid()).after(guard).when(taken)
    outcome.then(s.payment_captured(s.TOTAL)).then_effects()


def test_a_capture_is_told_by_whoever_looks_at_the_checkout_too() -> None:
    outcome = given(CAPTURING).when(s.state(s.seen("captured", captured=s.TOTAL)))
    outcome.then_kinds(te.PaymentCaptured, te.Fulfilled)


@pytest.mark.parametrize("status", ["unpaid", "processing", "authorized"])
def test_a_payment_that_has_not_moved_changes_nothing(status: str) -> None:
    seen = s.seen(status)  # type: ignore[arg-type]
    given(CAPTURING).when(tc.RecordPayment(payment=seen, now=s.NOW)).then_nothing()


def test_a_payment_nobody_knows_changes_nothing() -> None:
    stranger = s.seen("captured", payment_id="pi_9", captured=s.TOTAL)
    given(CAPTURING).when(tc.RecordPayment(payment=stranger, now=s.NOW)).then_nothing()


def test_a_capture_the_provider_refuses_calls_a_person_once() -> None:
    outcome = given(CAPTURING).when(CAPTURE_REFUSED, CAPTURE_REFUSED)
    outcome.then_kinds(te.IncidentOpened).then_effects()
    assert stakes(outcome) == [("capture_refused", s.TOTAL)]


def test_a_refused_capture_is_told_whatever_else_is_known_of_the_payment() -> None:
    guard = tc.GuardAuthorization(payment_id=s.PAYMENT, confirmed_total=s.TOTAL, now=s.NOW)
    outcome = given(s.both_ordered()).after(guard).when(CAPTURE_REFUSED)
    outcome.then_kinds(te.IncidentOpened)
    assert stakes(outcome) == [("authorization_lapsing", s.TOTAL), ("capture_refused", s.TOTAL)]


@pytest.mark.parametrize("story", [s.completed(), s.both_ordered(), RELEASING])
def test_a_refused_capture_means_nothing_where_none_is_under_way(story: s.Facts) -> None:
    given(story).when(CAPTURE_REFUSED).then_nothing()


# --- incidents


def test_an_incident_is_opened_once_for_what_it_is_about() -> None:
    incident = tc.OpenIncident(
        code="asked", detail="d", advice="a", subject="x", at_stake=None, now=s.NOW
    )
    other = replace(incident, subject="y")
    outcome = given(s.completed()).when(incident, incident, other, other)
    outcome.then_kinds(te.IncidentOpened, te.IncidentOpened).then_effects()
