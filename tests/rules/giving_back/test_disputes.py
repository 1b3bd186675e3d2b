"""Money that a bank takes back from us: recorded, told of, and given back only once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.money import Money
from domain.payments import DisputeSnapshot, DisputeStatus, MoneyBack
from domain.trip import commands as tc
from domain.trip import events as te
from tests.given import given
from tests.replay.money_trips import BY_HAND, disputed, seen, wanted
from tests.rules import stories as s
from tests.rules.giving_back.test_refunding import DONE, OWN, open_incidents, payment, said

UNPAID = ("booked_but_unpaid", s.FLIGHT_PRICE)


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
    ("gone", "taken", "refunds", "told"),
    [
        (s.NOTHING, s.TOTAL, [], [UNPAID, ("refund_withheld", s.STAY_PRICE)]),
        (s.NOTHING, s.eur(1), [s.STAY_PRICE - s.eur(1)], [("refund_withheld", s.eur(1))]),
        (s.eur(5_000), s.eur(30_000), [], [UNPAID, ("refund_withheld", s.eur(10_000))]),
    ],
)
def test_what_a_bank_has_of_a_refund_while_it_is_settled_is_told_of(
    gone: Money, taken: Money, refunds: list[Money], told: list[tuple[str, Money]]
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
    promised = te.RefundScheduled(
        refund_id=f"{s.PAYMENT}:1",
        payment_id=s.PAYMENT,
        amount=gone,
        reason="goodwill",
        scheduled_at=s.NOW,
    )
    before = [promised] if gone.amount else []
    ordered = given(s.both_ordered(payment=s.PAID_AT_ONCE), before, dispute)
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
