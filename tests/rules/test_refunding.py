"""Money that people and banks send back: each once, never more than is ours, and told of."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.booking import events as be
from domain.money import Money
from domain.payments import DisputeStatus, RefundSnapshot
from domain.trip import commands as tc
from domain.trip import events as te
from domain.trip.state import Payment
from projections.trip_details import payment_status
from tests.given import Given, When, given
from tests.replay.money_trips import BY_HAND, SECOND, SECOND_GONE, disputed, seen, wanted
from tests.rules import stories as s

OWN = f"{s.PAYMENT}:r:req-1"
PENDING = replace(BY_HAND, status="pending")
FAILED = replace(BY_HAND, status="failed", failure_reason="lost_or_stolen_card")
DONE = given(s.completed())


def payment(outcome: When | Given) -> Payment:
    assert outcome.dossier.trip is not None
    return outcome.dossier.trip.payments[0]


def said(outcome: When | Given) -> str:
    assert outcome.dossier.trip is not None
    return payment_status(outcome.dossier.trip)


def open_incidents(outcome: When | Given) -> list[tuple[str, object]]:
    assert outcome.dossier.trip is not None
    return [(i.code, i.at_stake) for i in outcome.dossier.trip.incidents if i.open]


# --- refunds made at the provider


def test_a_refund_made_at_the_provider_is_recorded_once_as_such() -> None:
    outcome = DONE.when(seen(BY_HAND), seen(BY_HAND))
    outcome.then_kinds(te.RefundDiscovered, te.RefundSucceeded)
    outcome.then_effects("look_at_refund:re_9")
    assert s.STAY_PRICE == payment(outcome).refunded
    assert "partially_refunded" == said(outcome)


@pytest.mark.parametrize(
    "told",
    [(PENDING, BY_HAND), (BY_HAND, PENDING), (PENDING, PENDING, BY_HAND, BY_HAND)],
)
def test_news_of_it_commute(told: tuple[RefundSnapshot, ...]) -> None:
    outcome = DONE.when(*(seen(each) for each in told))
    outcome.then_kinds(te.RefundDiscovered, te.RefundSucceeded)


def test_a_refund_that_fails_days_later_is_owed_again_and_may_be_asked_for_once_more() -> None:
    failed = DONE.after(seen(BY_HAND), seen(FAILED))
    assert [("refund_failed", s.STAY_PRICE)] == open_incidents(failed)
    assert (s.NOTHING, "refund_failed") == (payment(failed).refunding, said(failed))

    again = failed.when(wanted(s.STAY_PRICE.amount))
    again.then_kinds(te.RefundScheduled).then_effects(f"refund_payment:{OWN}")
    settled = tc.ResolveIncident(
        code="refund_failed", subject="re_9", resolution="refunded again", now=s.LATER
    )
    assert "refunding" == said(failed.after(wanted(s.STAY_PRICE.amount), settled))


def test_our_own_refund_seen_at_the_provider_is_not_taken_for_another() -> None:
    ours = replace(BY_HAND, amount=s.eur(500), references={"refund_id": OWN})
    outcome = DONE.after(wanted(500)).when(seen(ours))
    outcome.then_kinds(te.RefundSucceeded)
    assert s.eur(500) == payment(outcome).refunded


# --- refunds by operators


def test_a_refund_by_an_operator_is_scheduled_once_for_its_request() -> None:
    outcome = DONE.when(wanted(500), wanted(500))
    outcome.then_kinds(te.RefundScheduled).then_effects(f"refund_payment:{OWN}")
    DONE.after(wanted(500)).when(wanted(501)).then_refused("idempotency_conflict")


@pytest.mark.parametrize("amount", [0, -1, 35_001])
def test_no_more_is_refunded_than_is_left(amount: int) -> None:
    DONE.when(wanted(amount)).then_refused("refund_exceeds_payment", left=35_000)
    part = DONE.after(wanted(30_000))
    part.when(wanted(5_001, "req-2")).then_refused("refund_exceeds_payment", left=5_000)
    part.when(wanted(5_000, "req-2")).then_kinds(te.RefundScheduled)


def test_another_currency_cannot_be_refunded() -> None:
    dollars = replace(wanted(500), amount=replace(s.eur(500), currency="USD"))
    DONE.when(dollars).then_refused("refund_exceeds_payment")


def test_nothing_is_refunded_where_nothing_was_paid_or_orders_are_under_way() -> None:
    given(s.DRAFT).when(wanted(500)).then_refused("payment_not_found")
    elsewhere = replace(wanted(500), payment_id="pi_9")
    DONE.when(elsewhere).then_refused("payment_not_found")
    busy = given(s.fulfilling(payment=s.PAID_AT_ONCE))
    busy.when(wanted(500)).then_refused("fulfillment_in_progress")


def test_an_authorisation_is_let_go_while_nothing_is_booked_for_it() -> None:
    letting_go = tc.ReleasePayment(reason="operator", now=s.LATER)
    outcome = given(s.paid()).when(letting_go, letting_go)
    outcome.then_kinds(te.ReleaseScheduled)
    given(s.both_ordered()).when(letting_go).then_refused("not_releasable")
    DONE.when(letting_go).then_refused("not_releasable", status="captured")
    gone = tc.RecordPayment(payment=s.seen("canceled"), now=s.LATER)
    given(s.paid()).after(letting_go, gone).when(letting_go).then_nothing()
    given(s.DRAFT).when(letting_go).then_refused("payment_not_found")


# --- disputes


def test_a_dispute_is_recorded_once_and_calls_a_person() -> None:
    outcome = DONE.when(seen(dispute="open"), seen(dispute="open"))
    outcome.then_kinds(te.PaymentDisputed, te.IncidentOpened)
    assert [("payment_disputed", s.TOTAL)] == open_incidents(outcome)
    assert (s.TOTAL, s.NOTHING) == (payment(outcome).disputed, payment(outcome).left)
    assert "disputed" == said(outcome)


def test_a_disputed_payment_is_not_refunded_too() -> None:
    story = DONE.after(seen(dispute="open"))
    story.when(wanted(1)).then_refused("payment_disputed")
    story.after(seen(dispute="lost")).when(wanted(1)).then_refused("refund_exceeds_payment")


def test_a_dispute_that_is_won_makes_the_money_ours_again() -> None:
    outcome = DONE.after(seen(dispute="open")).when(seen(dispute="won"), seen(dispute="won"))
    outcome.then_kinds(te.DisputeClosed, te.IncidentResolved)
    assert [] == open_incidents(outcome)
    assert (s.TOTAL, "captured") == (payment(outcome).left, said(outcome))


def test_a_dispute_that_is_lost_says_what_is_at_stake() -> None:
    outcome = DONE.after(seen(dispute="open")).when(seen(dispute="lost"))
    outcome.then_kinds(te.DisputeClosed, te.IncidentResolved, te.IncidentOpened)
    assert [("dispute_lost", s.TOTAL)] == open_incidents(outcome)
    assert "dispute_lost" == said(outcome)


@pytest.mark.parametrize("status", ["won", "lost"])
def test_old_news_of_a_decided_dispute_change_nothing(status: DisputeStatus) -> None:
    decided = DONE.after(seen(dispute=status))
    decided.when(seen(dispute="open")).then_nothing()
    decided.when(seen(dispute=status)).then_nothing()
    if status == "won":
        decided.when(seen(dispute="lost")).then_nothing()


def test_what_was_lost_and_is_won_after_all_is_settled() -> None:
    outcome = DONE.after(seen(dispute="lost")).when(seen(dispute="won"))
    outcome.then_kinds(te.DisputeClosed, te.IncidentResolved)
    assert [] == open_incidents(outcome)


@pytest.mark.parametrize(
    ("taken", "refunds", "told"),
    [
        (s.TOTAL, [], [("booked_but_unpaid", s.FLIGHT_PRICE), ("refund_withheld", s.STAY_PRICE)]),
        (s.eur(100), [s.STAY_PRICE - s.eur(100)], [("refund_withheld", s.eur(100))]),
    ],
)
def test_what_a_bank_has_of_a_refund_while_it_is_settled_is_told_of(
    taken: Money, refunds: list[Money], told: list[tuple[str, Money]]
) -> None:
    """Won, the money is ours again, and buys nothing: somebody must know that it is owed."""
    dispute = te.PaymentDisputed(
        dispute_id="du_1",
        payment_id=s.PAYMENT,
        amount=taken,
        reason="fraudulent",
        respond_by=None,
        disputed_at=s.NOW,
    )
    ordered = given(s.both_ordered(payment=s.PAID_AT_ONCE), (dispute,))
    outcome = ordered.when(s.answer(s.STAY_BOOKING, s.SOLD_OUT))
    scheduled = [e.amount for e in outcome.done.events if isinstance(e, te.RefundScheduled)]
    assert (refunds, told) == (scheduled, open_incidents(outcome))


def test_an_inquiry_moves_no_money_and_calls_a_person_once() -> None:
    outcome = DONE.when(seen(dispute="inquiry"), seen(dispute="inquiry"))
    outcome.then_kinds(te.IncidentOpened)
    assert [("payment_inquiry", s.TOTAL)] == open_incidents(outcome)
    assert s.TOTAL == payment(outcome).left
    after = given(s.completed(), outcome.done.events)
    after.when(seen(dispute="open")).then_kinds(te.PaymentDisputed, te.IncidentOpened)


def test_a_bank_that_counts_in_its_own_currency_is_taken_at_the_whole_payment() -> None:
    dollars = replace(disputed("open"), amount=replace(s.TOTAL, currency="USD"))
    told = seen()
    both = replace(told.money_back, disputes=(dollars,))
    outcome = DONE.when(replace(told, money_back=both))
    assert s.TOTAL == payment(outcome).disputed


# --- while it is being booked


@pytest.mark.parametrize(
    "gone", [seen(BY_HAND), seen(dispute="open")], ids=["given back", "taken back"]
)
def test_nothing_more_is_ordered_for_money_that_has_gone_back(gone: tc.RecordMoneyBack) -> None:
    going = given(s.fulfilling(payment=s.PAID_AT_ONCE)).when(gone)

    assert [("unknown", None), ("cancelled", "payment_ended")] == [
        (b.status, b.problem_code) for b in going.dossier.bookings
    ]


# --- orders too many


def test_an_order_too_many_is_cancelled_and_calls_a_person_until_it_is() -> None:
    outcome = DONE.when(SECOND)
    outcome.then_kinds(be.SecondOrderFound, te.IncidentOpened)
    outcome.then_effects(f"cancel_second_order:{s.FLIGHT_BOOKING}:ord_other")
    assert [("second_order_found", s.FLIGHT_PRICE)] == open_incidents(outcome)

    gone = DONE.after(SECOND).when(SECOND_GONE)
    gone.then_kinds(be.SecondOrderCancelled, te.IncidentResolved).then_effects()
    assert [] == open_incidents(gone)


# --- incidents


def test_an_incident_is_taken_on_and_settled_once() -> None:
    story = DONE.after(seen(dispute="open"))
    of = {"code": "payment_disputed", "subject": "du_1", "now": s.LATER}
    mine = tc.AssignIncident(owner="ana", **of)
    done = tc.ResolveIncident(resolution="written off", **of)
    story.when(mine, mine).then_kinds(te.IncidentAssigned)
    story.when(done, done).then_kinds(te.IncidentResolved)
    story.after(done).when(mine).then_refused("state_conflict")
    DONE.when(done).then_refused("incident_not_found")


def test_what_was_settled_may_happen_again() -> None:
    stopped = tc.OpenIncident(
        code="work_stopped", detail="d", advice="a", subject="x", at_stake=None, now=s.LATER
    )
    settled = tc.ResolveIncident(
        code="work_stopped", subject="x", resolution="retried", now=s.LATER
    )
    outcome = DONE.when(stopped, stopped, settled, stopped)
    outcome.then_kinds(te.IncidentOpened, te.IncidentResolved, te.IncidentOpened)
    assert [("work_stopped", None)] == open_incidents(outcome)
