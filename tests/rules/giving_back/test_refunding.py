"""Money that people and banks send back: each once, never more than is ours, and told of."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain import ids
from domain.booking import events as be
from domain.payments import RefundSnapshot
from domain.trip import commands as tc
from domain.trip import events as te
from domain.trip.state import Payment
from projections.trip_details import payment_status
from tests.given import Given, When, given
from tests.replay.money_trips import ACTED, BY_HAND, SECOND, SECOND_GONE, seen, wanted
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


def test_a_refund_that_fails_says_why_and_whose_money_it_was() -> None:
    failed = te.RefundFailed(
        refund_id="re_9",
        provider_refund_id="re_9",
        code="lost_or_stolen_card",
        failed_at=s.LATER,
    )
    outcome = DONE.after(seen(BY_HAND)).when(seen(FAILED))
    assert failed == outcome.done.events[0]
    incident = outcome.dossier.trip and outcome.dossier.trip.incidents[-1]
    assert incident is not None
    assert ("re_9", s.STAY_PRICE) == (incident.subject, incident.at_stake)
    assert f"{s.STAY_PRICE} did not reach the customer (lost_or_stolen_card)" in incident.detail

    wordless = DONE.after(seen(BY_HAND)).when(seen(replace(FAILED, failure_reason=None)))
    assert replace(failed, code="refund_failed") == wordless.done.events[0]


def test_everything_the_provider_shows_is_taken_in_at_once() -> None:
    other = replace(BY_HAND, provider_refund_id="re_8", amount=s.eur(500))
    outcome = DONE.when(seen(PENDING, replace(other, status="pending"), dispute="open"))
    outcome.then_kinds(
        te.RefundDiscovered, te.RefundDiscovered, te.PaymentDisputed, te.IncidentOpened
    )
    later = DONE.after(seen(PENDING, replace(other, status="pending")))
    later.when(seen(BY_HAND, other)).then_kinds(te.RefundSucceeded, te.RefundSucceeded)
    later.when(seen(BY_HAND, other, dispute="open")).then_kinds(
        te.RefundSucceeded, te.RefundSucceeded, te.PaymentDisputed, te.IncidentOpened
    )
    given(s.DRAFT).when(seen(BY_HAND)).then_nothing()


def test_a_refund_that_does_not_say_what_it_is_is_known_by_the_providers_name_for_it() -> None:
    def submitted(request_id: str, provider_id: str) -> te.RefundSubmitted:
        return te.RefundSubmitted(
            refund_id=f"{s.PAYMENT}:r:{request_id}",
            provider_refund_id=provider_id,
            submitted_at=s.LATER,
        )

    two = DONE.after(wanted(500, "req-1"), wanted(600, "req-2"))
    known = given(two.facts, submitted("req-1", "re_1"), submitted("req-2", "re_2"))
    told = RefundSnapshot(provider_refund_id="re_2", status="succeeded", amount=s.eur(600))
    (succeeded,) = known.when(seen(told)).done.events
    assert isinstance(succeeded, te.RefundSucceeded)
    assert f"{s.PAYMENT}:r:req-2" == succeeded.refund_id


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


SECOND_PAYMENT = replace(s.PAID_AT_ONCE, payment_id="pi_2", succeeded_at=s.NOW)
GOES_BACK = te.RefundScheduled(
    refund_id="pi_2:1",
    payment_id="pi_2",
    amount=s.TOTAL,
    reason="late_payment",
    scheduled_at=s.NOW,
)
CAME_BACK = te.RefundFailed(
    refund_id="pi_2:1", provider_refund_id="re_2", code="declined", failed_at=s.NOW
)


def refunded(outcome: When) -> list[str]:
    return [e.refund_id for e in outcome.done.events if isinstance(e, te.RefundScheduled)]


def test_a_refund_is_of_the_payment_that_is_named_or_the_newest_that_has_something_left() -> None:
    twice = given(s.completed(), SECOND_PAYMENT, GOES_BACK)
    assert [OWN] == refunded(twice.when(wanted(500)))
    assert ["pi_2:r:req-1"] == refunded(given(twice.facts, CAME_BACK).when(wanted(500)))
    named = replace(wanted(500), payment_id=s.PAYMENT)
    assert [OWN] == refunded(given(twice.facts, CAME_BACK).when(named))
    last_cent = twice.after(wanted(34_999)).when(wanted(1, "req-2"))
    assert [f"{s.PAYMENT}:r:req-2"] == refunded(last_cent)


def test_a_refund_asked_for_again_is_of_the_payment_that_it_was_of() -> None:
    named = replace(wanted(500), payment_id=s.PAYMENT)
    given(s.completed(), SECOND_PAYMENT, GOES_BACK, CAME_BACK).after(named).when(
        wanted(500)
    ).then_nothing()


def test_money_for_a_checkout_that_nothing_is_booked_for_can_be_refunded() -> None:
    late = given(s.expired(), SECOND_PAYMENT, GOES_BACK, CAME_BACK)
    assert ["pi_2:r:req-1"] == refunded(late.when(wanted(500)))
    going = given(s.fulfilling(), SECOND_PAYMENT, GOES_BACK, CAME_BACK)
    other = replace(SECOND_PAYMENT, checkout_id="another")
    assert ["pi_2:r:req-1"] == refunded(
        given(s.fulfilling(), other, GOES_BACK, CAME_BACK).when(wanted(500))
    )
    going.when(wanted(500)).then_refused("fulfillment_in_progress")


def test_another_currency_cannot_be_refunded() -> None:
    dollars = replace(wanted(500), amount=replace(s.eur(500), currency="USD"))
    DONE.when(dollars).then_refused("refund_exceeds_payment", left=35_000, currency="EUR")


def test_nothing_is_refunded_where_nothing_was_paid_or_orders_are_under_way() -> None:
    given(s.DRAFT).when(wanted(500)).then_refused("payment_not_found")
    elsewhere = replace(wanted(500), payment_id="pi_9")
    DONE.when(elsewhere).then_refused("payment_not_found")
    for busy in (s.paid(payment=s.PAID_AT_ONCE), s.fulfilling(payment=s.PAID_AT_ONCE)):
        given(busy).when(wanted(500)).then_refused("fulfillment_in_progress")


def test_an_authorisation_is_let_go_while_nothing_is_booked_for_it() -> None:
    letting_go = tc.ReleasePayment(reason="operator", now=s.LATER)
    outcome = given(s.paid()).when(letting_go, letting_go)
    outcome.then_kinds(te.ReleaseScheduled)
    given(s.both_ordered()).when(letting_go).then_refused("not_releasable")
    another = replace(s.PAID_BY_CARD, payment_id="pi_2", checkout_id=ids.checkout_id(s.TRIP, 2))
    given(s.both_ordered(), another).when(letting_go).then_kinds(te.ReleaseScheduled)
    DONE.when(letting_go).then_refused("not_releasable", status="captured")
    gone = tc.RecordPayment(payment=s.seen("canceled"), now=s.LATER)
    given(s.paid()).after(letting_go, gone).when(letting_go).then_nothing()
    given(s.DRAFT).when(letting_go).then_refused("payment_not_found")


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


def test_what_an_operator_does_is_noted_once_for_its_request() -> None:
    again = replace(ACTED, request_id="req-2")
    noted = [
        te.OperatorActed(
            action="refund",
            subject=s.PAYMENT,
            reason="The customer called.",
            request_id=request_id,
            acted_at=s.LATER,
        )
        for request_id in ("req-1", "req-2")
    ]
    DONE.when(ACTED, ACTED, again, again, ACTED).then(*noted)
