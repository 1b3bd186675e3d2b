"""What a paid trip does by itself: order in the right order, undo what must be undone, and make
the money match what was booked."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.booking import commands as bc
from domain.booking import events as be
from domain.booking.state import UNPAID
from domain.dossier import DossierEvent
from domain.process import GUARD_BEFORE_LAPSE
from domain.suppliers import OrderNotFound
from domain.trip import commands as tc
from domain.trip import events as te
from domain.trip.lifecycle import status
from tests.given import When, given
from tests.rules import stories as s

F, H = s.FLIGHT_BOOKING, s.STAY_BOOKING
START = tc.StartFulfillment(checkout_id=s.CHECKOUT, now=s.NOW)
PLACE_FLIGHT, PLACE_STAY = f"place_order:{F}:1", f"place_order:{H}:1"
CAPTURE, RELEASE = f"capture_payment:{s.PAYMENT}", f"release_payment:{s.PAYMENT}"
REFUND = f"refund_payment:{s.PAYMENT}:1"
CAPTURED = tc.RecordPayment(payment=s.seen("captured", captured=s.TOTAL), now=s.NOW)
LAPSED = tc.RecordPayment(payment=s.seen("canceled"), now=s.NOW)


def ended(outcome: When) -> str:
    assert outcome.dossier.trip is not None
    return status(outcome.dossier.trip)


def incidents(outcome: When) -> list[str]:
    assert outcome.dossier.trip is not None
    return [incident.code for incident in outcome.dossier.trip.incidents]


def guard(confirmed_cents: int = 0) -> tc.GuardAuthorization:
    return tc.GuardAuthorization(
        payment_id=s.PAYMENT, confirmed_total=s.eur(confirmed_cents), now=s.NOW
    )


def fulfilled(confirmed: tuple[str, ...], failed: tuple[str, ...] = ()) -> te.Fulfilled:
    return te.Fulfilled(
        checkout_id=s.CHECKOUT, confirmed=confirmed, failed=failed, fulfilled_at=s.NOW
    )


def capture(cents: int) -> te.CaptureScheduled:
    return te.CaptureScheduled(payment_id=s.PAYMENT, amount=s.eur(cents), scheduled_at=s.NOW)


def refund(cents: int, reason: str = "not_fulfilled") -> te.RefundScheduled:
    return te.RefundScheduled(
        refund_id=f"{s.PAYMENT}:1",
        payment_id=s.PAYMENT,
        amount=s.eur(cents),
        reason=reason,
        scheduled_at=s.NOW,
    )


# --- in which order


def test_what_can_be_undone_is_ordered_first_and_what_cannot_waits() -> None:
    outcome = given(s.paid()).when(START)
    outcome.then(s.FULFILLMENT_STARTED, s.order_requested(F)).then_effects(PLACE_FLIGHT)


def test_nothing_is_ordered_before_it_is_paid() -> None:
    given(s.awaiting_payment()).when(START).then_nothing()


@pytest.mark.parametrize("story", [s.fulfilling(), s.completed()])
def test_fulfillment_started_twice_is_started_once(story: s.Facts) -> None:
    given(story).when(START, START).then_nothing()


def test_what_cannot_be_undone_is_ordered_when_the_first_is_confirmed() -> None:
    outcome = given(s.fulfilling()).when(s.answer(F, s.yes(F)))
    outcome.then(s.confirmed(F), s.order_requested(H)).then_effects(PLACE_STAY)


def test_a_yes_told_twice_orders_the_next_item_once() -> None:
    given(s.both_ordered()).when(s.answer(F, s.yes(F))).then_nothing()


def test_an_unknown_order_does_not_hold_up_the_rest() -> None:
    outcome = given(s.fulfilling()).when(s.answer(F, s.LOST))
    outcome.then(s.order_unknown(F), s.order_requested(H))
    outcome.then_effects(f"find_order:{F}:1", PLACE_STAY)


def test_an_unknown_order_does_hold_up_what_cannot_be_undone_if_all_or_nothing() -> None:
    outcome = given(s.fulfilling("all_or_nothing")).when(s.answer(F, s.LOST))
    outcome.then(s.order_unknown(F)).then_effects(f"find_order:{F}:1")


def test_an_order_the_supplier_was_too_busy_for_is_placed_again_later() -> None:
    outcome = given(s.fulfilling()).when(s.answer(F, s.BUSY))
    outcome.then_kinds(be.OrderRefused, be.OrderRequested)
    assert [(f"place_order:{F}:2", s.NOW + timedelta(seconds=2))] == [
        (e.key, e.due) for e in outcome.done.effects
    ]


def test_a_refused_cancellation_does_not_hold_up_what_comes_last() -> None:
    """The flight was given up, turned up after all and cannot be cancelled; the stay goes on."""
    second = s.booking_initialized("item-car", "A car", s.eur(100), refundable=True)
    story = [fact for fact in s.fulfilling() if fact != s.STAY_INITIALIZED]
    story.insert(story.index(s.FLIGHT_INITIALIZED), second)
    story.append(s.STAY_INITIALIZED)
    C = second.booking_id
    kept = bc.RecordCancellationRefusal(
        booking_id=F, code="not_cancellable", detail="no", now=s.NOW
    )
    outcome = given(story, s.order_requested(C)).when(
        s.answer(F, s.SOLD_OUT), s.answer(F, s.yes(F)), kept, s.answer(C, s.yes(C))
    )
    assert [H] == [e.booking_id for e in outcome.done.events if isinstance(e, be.OrderRequested)]
    assert incidents(outcome) == ["cancellation_refused"]


# --- the money follows


def test_all_confirmed_takes_all_the_money_and_ends_well() -> None:
    last = given(s.both_ordered()).when(s.answer(H, s.yes(H)))
    last.then(s.confirmed(H), capture(35000)).then_effects(CAPTURE)

    outcome = given(s.both_ordered(), last.done.events).when(CAPTURED)
    outcome.then(s.payment_captured(s.TOTAL), fulfilled((F, H))).then_effects()
    assert ended(outcome) == "completed"


def test_a_capture_told_twice_is_recorded_once() -> None:
    given(s.completed()).when(CAPTURED, CAPTURED).then_nothing()


def test_one_item_refused_keeps_the_other_and_takes_only_its_price() -> None:
    last = given(s.both_ordered()).when(s.answer(H, s.SOLD_OUT))
    last.then(s.refused(H), capture(20000)).then_effects(CAPTURE)

    part = replace(CAPTURED, payment=s.seen("captured", captured=s.FLIGHT_PRICE))
    outcome = given(s.both_ordered(), last.done.events).when(part)
    outcome.then(s.payment_captured(s.FLIGHT_PRICE, s.STAY_PRICE), fulfilled((F,), (H,)))
    assert ended(outcome) == "completed"


def test_nothing_confirmed_lets_all_the_money_go() -> None:
    first = given(s.fulfilling()).when(s.answer(F, s.SOLD_OUT))
    first.then(s.refused(F), s.order_requested(H))
    last = given(s.fulfilling(), first.done.events).when(s.answer(H, s.SOLD_OUT))
    last.then(s.refused(H), s.RELEASE_SCHEDULED).then_effects(RELEASE)

    outcome = given(s.fulfilling(), first.done.events, last.done.events).when(LAPSED, LAPSED)
    outcome.then_kinds(te.PaymentReleased, te.FulfillmentFailed).then_effects()
    assert ended(outcome) == "failed"


def test_money_that_was_captured_at_once_is_refunded_for_what_was_not_booked() -> None:
    story = s.both_ordered(payment=s.PAID_AT_ONCE)
    outcome = given(story).when(s.answer(H, s.SOLD_OUT))
    outcome.then(s.refused(H), refund(15000), fulfilled((F,), (H,))).then_effects(REFUND)


def test_sold_out_after_a_capture_is_a_refund_never_a_cancelled_payment() -> None:
    story = s.fulfilling(payment=s.PAID_AT_ONCE)
    outcome = given(story).when(s.answer(F, s.SOLD_OUT), s.answer(H, s.SOLD_OUT))
    outcome.then_effects(PLACE_STAY, REFUND)
    assert outcome.done.events[-2] == refund(35000)
    assert ended(outcome) == "failed"


# --- all or nothing


def test_all_or_nothing_undoes_what_was_confirmed_and_takes_nothing() -> None:
    story = s.both_ordered("all_or_nothing")
    failing = given(story).when(s.answer(H, s.SOLD_OUT))
    failing.then_kinds(be.OrderRefused, be.BookingFailed, be.CancellationRequested)
    failing.then_effects(f"cancel_order:{F}:4")

    undone = bc.RecordCancellation(booking_id=F, refund=s.FLIGHT_PRICE, now=s.NOW)
    outcome = given(story, failing.done.events).when(undone)
    outcome.then_kinds(be.BookingCancelled, te.ReleaseScheduled).then_effects(RELEASE)


def test_all_or_nothing_gives_captured_money_back_only_when_all_is_undone() -> None:
    story = s.both_ordered("all_or_nothing", payment=s.PAID_AT_ONCE)
    failing = given(story).when(s.answer(H, s.SOLD_OUT))
    failing.then_effects(f"cancel_order:{F}:4")

    undone = bc.RecordCancellation(booking_id=F, refund=None, now=s.NOW)
    outcome = given(story, failing.done.events).when(undone)
    outcome.then_kinds(be.BookingCancelled, te.RefundScheduled, te.FulfillmentFailed)
    assert outcome.done.events[1] == refund(35000)


def test_all_or_nothing_orders_nothing_more_after_a_refusal() -> None:
    outcome = given(s.fulfilling("all_or_nothing")).when(s.answer(F, s.SOLD_OUT))
    outcome.then(s.refused(F), s.abandoned(H, "another_item_failed"), s.RELEASE_SCHEDULED)
    outcome.then_effects(RELEASE)


def test_a_cancellation_the_supplier_refuses_costs_the_customer_nothing_and_calls_a_person() -> (
    None
):
    story = s.both_ordered("all_or_nothing")
    failing = given(story).when(s.answer(H, s.SOLD_OUT))
    refusal = bc.RecordCancellationRefusal(
        booking_id=F, code="not_cancellable", detail="no", now=s.NOW
    )
    outcome = given(story, failing.done.events).when(refusal)
    outcome.then_kinds(be.CancellationRefused, te.IncidentOpened, te.ReleaseScheduled)
    assert incidents(outcome) == ["cancellation_refused"]
    assert outcome.dossier.trip is not None
    assert outcome.dossier.trip.incidents[0].at_stake == s.FLIGHT_PRICE


# --- lost orders


def test_an_order_found_later_completes_the_trip() -> None:
    lost = (*s.both_ordered(), s.order_unknown(H))
    found = bc.RecordFinding(booking_id=H, answer=s.yes(H), final=False, now=s.NOW)
    given(lost).when(found).then(s.confirmed(H), capture(35000)).then_effects(CAPTURE)


def test_an_order_never_found_gives_its_money_back_and_calls_a_person() -> None:
    lost = (*s.both_ordered(), s.order_unknown(H))
    gone = bc.RecordFinding(booking_id=H, answer=OrderNotFound(), final=True, now=s.NOW)
    outcome = given(lost).when(gone)
    outcome.then_kinds(be.OrderRefused, be.BookingFailed, te.IncidentOpened, te.CaptureScheduled)
    incident = outcome.done.events[2]
    assert isinstance(incident, te.IncidentOpened)
    assert ("order_not_found", H, s.STAY_PRICE) == (
        incident.code,
        incident.subject,
        incident.at_stake,
    )
    assert outcome.done.events[-1] == capture(20000)


def test_an_order_that_turns_up_after_the_trip_has_ended_is_cancelled() -> None:
    story: list[DossierEvent] = [
        *s.both_ordered(),
        *s.refused(H),
        capture(20000),
        s.payment_captured(s.FLIGHT_PRICE, s.STAY_PRICE),
        fulfilled((F,), (H,)),
    ]
    outcome = given(story).when(s.answer(H, s.yes(H)), s.answer(H, s.yes(H)))
    outcome.then_kinds(be.CancellationRequested).then_effects(f"cancel_order:{H}:5")
    assert ended(outcome) == "completed"


def test_a_command_about_a_booking_or_its_money_needs_a_trip() -> None:
    given().when(s.answer(F, s.yes(F))).then_refused("trip_not_found")
    given().when(guard()).then_refused("trip_not_found")


# --- an authorisation that lapses


def test_an_authorisation_is_looked_after_before_it_lapses() -> None:
    outcome = given(s.awaiting_payment()).when(s.state(s.seen("authorized")))
    assert s.LAPSES - GUARD_BEFORE_LAPSE == outcome.done.effects[0].due


def test_an_authorisation_that_does_not_say_when_it_lapses_is_not_looked_after() -> None:
    endless = replace(s.seen("authorized"), capture_before=None)
    outcome = given(s.awaiting_payment()).when(s.state(endless))
    outcome.then_effects(f"start_fulfillment:{s.CHECKOUT}")


def test_before_it_lapses_what_is_confirmed_is_taken_and_the_rest_looked_for() -> None:
    """Whatever was confirmed when somebody asked, it counts what is so when it is decided."""
    outcome = given(s.both_ordered()).when(guard(17))
    outcome.then_kinds(te.IncidentOpened, te.CaptureScheduled, be.OrderUnknown)
    assert outcome.done.events[1] == capture(20000)
    outcome.then_effects(CAPTURE, f"find_order:{H}:1")
    assert incidents(outcome) == ["authorization_lapsing"]


def test_before_it_lapses_an_authorisation_for_nothing_is_let_go() -> None:
    outcome = given(s.fulfilling()).when(guard())
    outcome.then_kinds(te.IncidentOpened, te.ReleaseScheduled, be.OrderUnknown, be.BookingCancelled)
    outcome.then_effects(RELEASE, f"find_order:{F}:1")


@pytest.mark.parametrize("lost", [guard(), LAPSED], ids=["let go", "lapsed at the provider"])
def test_nothing_is_ordered_once_the_money_is_gone(lost: tc.TripCommand) -> None:
    outcome = given(s.paid()).when(lost, START)
    ordered = [e for e in outcome.done.events if isinstance(e, be.OrderRequested)]
    assert ordered == []
    assert ["cancelled", "cancelled"] == [b.status for b in outcome.dossier.bookings]


@pytest.mark.parametrize("story", [s.completed(), s.awaiting_payment()])
def test_a_guard_has_nothing_to_do_where_no_authorisation_waits(story: s.Facts) -> None:
    given(story).when(guard()).then_nothing()


def test_a_guard_acts_once() -> None:
    once = given(s.both_ordered()).when(guard(20000))
    given(s.both_ordered(), once.done.events).when(guard(20000)).then_nothing()


NOT_FREE = "cancellation_not_free"


def unpaid(booking_id: str) -> be.CancellationRequested:
    return be.CancellationRequested(
        booking_id=booking_id,
        supplier_order_id=f"ord_{booking_id}",
        reason=UNPAID,
        requested_at=s.NOW,
    )


def would_cost(booking_id: str) -> bc.RecordCancellationRefusal:
    return bc.RecordCancellationRefusal(
        booking_id=booking_id, code=NOT_FREE, detail="A fee.", now=s.NOW
    )


def test_what_no_money_covers_is_undone_one_after_the_other_where_that_is_free() -> None:
    """The newest first."""
    story = given((*s.both_ordered(), s.confirmed(H, s.LATER), capture(35000))).after(LAPSED)
    assert story.facts[-1] == unpaid(H)

    free = bc.RecordCancellation(booking_id=H, refund=s.STAY_PRICE, now=s.NOW)
    story.when(free).then_kinds(be.BookingCancelled, be.CancellationRequested)

    outcome = story.after(free).when(replace(free, booking_id=F))
    outcome.then_kinds(be.BookingCancelled, te.FulfillmentFailed).then_effects()
    assert outcome.dossier.trip is not None
    assert () == outcome.dossier.trip.incidents


def test_bookings_that_no_money_covers_and_that_cost_to_cancel_are_an_incident() -> None:
    story = given((*s.both_ordered(), s.confirmed(H), capture(35000))).after(LAPSED)
    story.when(would_cost(F)).then_kinds(be.CancellationRefused, be.CancellationRequested)

    outcome = story.after(would_cost(F)).when(would_cost(H))
    outcome.then_kinds(be.CancellationRefused, te.IncidentOpened, te.Fulfilled)
    assert outcome.dossier.trip is not None
    assert [("booked_but_unpaid", s.TOTAL)] == [
        (i.code, i.at_stake) for i in outcome.dossier.trip.incidents
    ]


def test_what_was_paid_for_is_not_undone_for_what_turned_up_later() -> None:
    """The flight was captured when the authorisation was about to lapse; then the stay appeared."""
    later = s.NOW + timedelta(days=1)
    guard = tc.GuardAuthorization(payment_id=s.PAYMENT, confirmed_total=s.NOTHING, now=s.NOW)
    part = s.seen("captured", captured=s.FLIGHT_PRICE)
    story = given(s.both_ordered(), s.order_unknown(H)).after(
        guard, tc.RecordPayment(payment=part, now=s.NOW)
    )
    found = bc.RecordFinding(booking_id=H, answer=s.yes(H), final=False, now=later)
    story.when(found).then_kinds(be.BookingConfirmed, be.CancellationRequested)
    assert replace(unpaid(H), requested_at=later) == story.after(found).facts[-1]
