"""Money that people and banks send back: each once, never more than is ours, and told of."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.booking import events as be
from domain.money import Money
from domain.payments import DisputeSnapshot, DisputeStatus, MoneyBack, RefundSnapshot
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


def test_a_dispute_that_is_lost_of_what_buys_nothing_is_nobodys_loss() -> None:
    late = given(s.expired(), s.PAID_AT_ONCE).after(seen(dispute="open"))
    late.when(seen(dispute="lost")).then_kinds(te.DisputeClosed, te.IncidentResolved)


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


def back(dispute: DisputeSnapshot) -> tc.RecordMoneyBack:
    told = MoneyBack(payment_id=s.PAYMENT, refunds=(), disputes=(dispute,))
    return tc.RecordMoneyBack(money_back=told, now=s.LATER)


def test_a_dispute_is_of_what_was_disputed_at_first() -> None:
    part = replace(disputed("open"), amount=s.eur(20_000))
    opened, incident = DONE.when(back(part)).done.events
    assert opened == te.PaymentDisputed(
        dispute_id="du_1",
        payment_id=s.PAYMENT,
        amount=s.eur(20_000),
        reason="fraudulent",
        respond_by=s.LAPSES,
        disputed_at=s.LATER,
    )
    assert isinstance(incident, te.IncidentOpened)
    assert "provider until 2027-01-17 12:00 UTC;" in incident.advice

    end = DONE.after(back(part)).when(back(replace(part, status="lost", amount=s.TOTAL)))
    assert end.done.events[0] == te.DisputeClosed(
        dispute_id="du_1",
        payment_id=s.PAYMENT,
        amount=s.eur(20_000),
        outcome="lost",
        closed_at=s.LATER,
    )


def test_a_dispute_without_an_end_names_none() -> None:
    _, incident = DONE.when(back(replace(disputed("open"), respond_by=None))).done.events
    assert isinstance(incident, te.IncidentOpened)
    assert "Send the trip's evidence to the payment provider; do" in incident.advice


@pytest.mark.parametrize(
    ("status", "cents", "stake"),
    [
        ("open", 35_000, 35_000),
        ("lost", 35_000, None),
        ("lost", 34_999, 1),
        ("won", 35_000, 35_000),
    ],
)
def test_a_refused_refund_is_owed_as_far_as_no_bank_has_given_it_back(
    status: DisputeStatus, cents: int, stake: int | None
) -> None:
    refusal = tc.RecordRefundRefused(
        refund_id=OWN, code="charge_disputed", detail="no", now=s.LATER
    )
    taken = back(replace(disputed(status), amount=s.eur(cents)))
    outcome = DONE.after(wanted(35_000), taken).when(refusal)
    assert outcome.done.events[0] == te.RefundFailed(
        refund_id=OWN, provider_refund_id=None, code="charge_disputed", failed_at=s.LATER
    )
    incidents = [e for e in outcome.done.events if isinstance(e, te.IncidentOpened)]
    assert ([] if stake is None else [s.eur(stake)]) == [i.at_stake for i in incidents]
    assert all("(charge_disputed)" in i.detail for i in incidents)


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
