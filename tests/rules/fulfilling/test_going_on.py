"""How a trip goes on whose parts are given up, turn up late, or are paid for only in part."""

from __future__ import annotations

import pytest

from domain.booking import commands as bc
from domain.booking import events as be
from domain.booking.state import UNPAID
from domain.payments import RefundSnapshot
from domain.process import Command
from domain.trip import commands as tc
from domain.trip import events as te
from tests.given import Given, When, given
from tests.replay.money_trips import seen
from tests.rules import stories as s

F, H = s.FLIGHT_BOOKING, s.STAY_BOOKING
CAR = s.booking_initialized("item-car", "A car", s.eur(100), refundable=True)
C = CAR.booking_id
GIVEN_UP = "given_up_by_operator"
START = tc.StartFulfillment(checkout_id=s.CHECKOUT, now=s.NOW)


def undo(booking_id: str) -> bc.RequestCancellation:
    return bc.RequestCancellation(booking_id=booking_id, reason=GIVEN_UP, now=s.NOW)


def kept(booking_id: str, code: str = "not_cancellable") -> bc.RecordCancellationRefusal:
    return bc.RecordCancellationRefusal(booking_id=booking_id, code=code, detail="no", now=s.NOW)


def asked(outcome: When) -> list[tuple[str, str]]:
    """Which bookings are to be cancelled, and why."""
    return [
        (event.booking_id, event.reason)
        for event in outcome.done.events
        if isinstance(event, be.CancellationRequested)
    ]


# --- in which order


@pytest.mark.parametrize("policy", ["keep_confirmed", "all_or_nothing"])
def test_what_cannot_be_undone_waits_for_everything_that_can(policy: te.FulfillmentPolicy) -> None:
    story = list(s.paid(policy))
    story.insert(story.index(s.FLIGHT_INITIALIZED), CAR)

    started = given(story).when(START)
    started.then(s.FULFILLMENT_STARTED, s.order_requested(C), s.order_requested(F))
    first = given(story).after(START).when(s.answer(F, s.yes(F)))
    first.then(s.confirmed(F))
    last = given(story).after(START, s.answer(F, s.yes(F))).when(s.answer(C, s.yes(C)))
    last.then(s.confirmed(C), s.order_requested(H))


def test_a_trip_of_one_item_is_settled_with_it() -> None:
    story = [fact for fact in s.fulfilling() if fact != s.STAY_INITIALIZED]
    outcome = given(story).when(s.answer(F, s.yes(F)))
    outcome.then_kinds(be.BookingConfirmed, te.CaptureScheduled)


# --- all or nothing


@pytest.mark.parametrize(
    "lost",
    [
        (bc.RecordFinding(booking_id=F, answer=s.yes(F), final=False, now=s.NOW), undo(F)),
        (bc.RecordFinding(booking_id=F, answer=s.yes(F), final=False, now=s.NOW), undo(F), kept(F)),
        (bc.RecordOrder(booking_id=F, attempt=1, answer=s.SOLD_OUT, now=s.NOW),),
    ],
    ids=["being undone", "not to be undone", "refused"],
)
def test_all_or_nothing_undoes_the_rest_whatever_became_of_a_part(
    lost: tuple[Command, ...],
) -> None:
    story = given(s.fulfilling("all_or_nothing"), s.order_requested(H)).after(*lost)
    outcome = story.when(s.answer(H, s.yes(H)))
    assert [(H, "another_item_failed")] == asked(outcome)


def test_all_or_nothing_undoes_the_rest_when_a_part_was_never_ordered() -> None:
    gone = bc.AbandonBooking(booking_id=H, reason=GIVEN_UP, now=s.NOW)
    outcome = given(s.fulfilling("all_or_nothing")).after(gone).when(s.answer(F, s.yes(F)))
    assert [(F, "another_item_failed")] == asked(outcome)


# --- settling


def settled(cents: int, checkout_id: str = s.CHECKOUT) -> tc.SettleFulfillment:
    return tc.SettleFulfillment(
        checkout_id=checkout_id, confirmed=(F,), failed=(), confirmed_total=s.eur(cents), now=s.NOW
    )


@pytest.mark.parametrize("story", [s.completed(), s.paid(), s.awaiting_payment()])
def test_only_what_is_being_fulfilled_is_settled(story: s.Facts) -> None:
    given(story).when(settled(20_000)).then_nothing()
    given(s.fulfilling()).when(settled(20_000, "another")).then_nothing()


def test_the_last_cent_that_buys_nothing_is_given_back() -> None:
    outcome = given(s.fulfilling(payment=s.PAID_AT_ONCE)).when(settled(34_999))
    outcome.then_kinds(te.RefundScheduled, te.Fulfilled)
    refund = outcome.done.events[0]
    assert isinstance(refund, te.RefundScheduled)
    assert s.eur(1) == refund.amount


# --- paid for only in part


def given_back(cents: int) -> tc.RecordMoneyBack:
    """Somebody refunds so much at the provider."""
    return seen(RefundSnapshot(provider_refund_id="re_9", status="succeeded", amount=s.eur(cents)))


def found(booking_id: str) -> bc.RecordFinding:
    return bc.RecordFinding(
        booking_id=booking_id, answer=s.yes(booking_id), final=False, now=s.LATER
    )


def test_what_turns_up_when_its_price_was_given_back_is_undone() -> None:
    story = given(s.both_ordered(payment=s.PAID_AT_ONCE), s.order_unknown(H))
    outcome = story.after(given_back(15_000)).when(found(H))
    assert [(H, UNPAID)] == asked(outcome)


COSTS = kept(F, "cancellation_not_free")


def turned_up_unpaid() -> Given:
    """The stay is covered by what is left; the flight that turned up later is not."""
    lost = given(s.fulfilling(payment=s.PAID_AT_ONCE)).after(
        s.answer(F, s.LOST), s.answer(H, s.yes(H)), given_back(20_000)
    )
    assert [(F, UNPAID)] == asked(lost.when(found(F)))
    return lost.after(found(F))


def test_what_is_paid_for_is_not_undone_for_what_is_not_and_cannot_be() -> None:
    outcome = turned_up_unpaid().when(COSTS)
    outcome.then_kinds(be.CancellationRefused, te.IncidentOpened, te.Fulfilled)
    incident = outcome.done.events[1]
    assert isinstance(incident, te.IncidentOpened)
    assert ("booked_but_unpaid", s.FLIGHT_PRICE) == (incident.code, incident.at_stake)
