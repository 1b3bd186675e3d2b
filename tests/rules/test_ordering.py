"""An item is ordered at most once: again only after a definite "not created"; what is unknown
is found out by looking."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.booking import commands as bc
from domain.booking import events as be
from domain.booking.decider import ORDER_ATTEMPTS_MAX, decide
from domain.booking.state import Booking, evolve
from domain.errors import Refused
from domain.suppliers import FindAnswer, OrderFailed, OrderNotFound
from tests.rules import stories as s

B = s.FLIGHT_BOOKING
INITIALIZED: s.Facts = (s.FLIGHT_INITIALIZED,)
ORDERED: s.Facts = (*INITIALIZED, s.order_requested(B))
UNKNOWN: s.Facts = (*ORDERED, s.order_unknown(B))
CONFIRMED: s.Facts = (*ORDERED, s.confirmed(B))
FAILED: s.Facts = (*ORDERED, *s.refused(B))
ABANDONED: s.Facts = (*INITIALIZED, s.abandoned(B))
CANCELLATION = be.CancellationRequested(
    booking_id=B, supplier_order_id=f"ord_{B}", reason="another_item_failed", requested_at=s.NOW
)
CANCELLING: s.Facts = (*CONFIRMED, CANCELLATION)
CANCELLED: s.Facts = (*CANCELLING, s.abandoned(B, "cancelled_at_supplier"))
KEPT: s.Facts = (
    *CANCELLING,
    be.CancellationRefused(booking_id=B, code="not_cancellable", detail="no", refused_at=s.NOW),
)

INITIALIZE = bc.InitializeBooking(
    booking_id=B,
    trip_id=s.TRIP,
    checkout_id=s.CHECKOUT,
    group_id=s.GROUP,
    item_id=s.FLIGHT,
    title="LHR to JFK",
    price=s.FLIGHT_PRICE,
    refundable=True,
    now=s.NOW,
)
ORDER = bc.RequestOrder(booking_id=B, now=s.NOW)
ABANDON = bc.AbandonBooking(booking_id=B, reason="checkout_ended", now=s.NOW)
CANCEL = bc.RequestCancellation(booking_id=B, reason="another_item_failed", now=s.NOW)
CANCEL_DONE = bc.RecordCancellation(booking_id=B, refund=s.FLIGHT_PRICE, now=s.NOW)
CANCEL_NO = bc.RecordCancellationRefusal(
    booking_id=B, code="not_cancellable", detail="no", now=s.NOW
)
YES, NO = s.answer(B, s.yes(B)), s.answer(B, s.SOLD_OUT)
LOST, BUSY = s.answer(B, s.LOST), s.answer(B, s.BUSY)


def found(answer: FindAnswer, *, final: bool = False) -> bc.RecordFinding:
    return bc.RecordFinding(booking_id=B, answer=answer, final=final, now=s.NOW)


def booking(facts: s.Facts) -> Booking | None:
    now: Booking | None = None
    for fact in facts:
        assert isinstance(fact, be.BookingEvent)
        now = evolve(now, fact)
    return now


def kinds(facts: s.Facts, command: bc.BookingCommand) -> list[type]:
    return [type(event) for event in decide(command, booking(facts))]


@pytest.mark.parametrize(
    ("facts", "command", "expected"),
    [
        ((), INITIALIZE, [s.FLIGHT_INITIALIZED]),
        (INITIALIZED, ORDER, [s.order_requested(B)]),
        (INITIALIZED, ABANDON, [s.abandoned(B)]),
        (ORDERED, YES, [s.confirmed(B)]),
        (ORDERED, NO, list(s.refused(B))),
        (ORDERED, LOST, [s.order_unknown(B)]),
        (UNKNOWN, found(s.yes(B)), [s.confirmed(B)]),
        (UNKNOWN, YES, [s.confirmed(B)]),
        (UNKNOWN, NO, list(s.refused(B))),
        (CONFIRMED, CANCEL, [CANCELLATION]),
        (CANCELLING, CANCEL_NO, [KEPT[-1]]),
    ],
)
def test_each_step_of_a_booking_is_recorded(
    facts: s.Facts, command: bc.BookingCommand, expected: list[be.BookingEvent]
) -> None:
    assert expected == decide(command, booking(facts))


@pytest.mark.parametrize(
    ("facts", "command"),
    [
        (INITIALIZED, INITIALIZE),
        (CONFIRMED, INITIALIZE),
        (ORDERED, ORDER),
        (UNKNOWN, ORDER),
        (CONFIRMED, ORDER),
        (FAILED, ORDER),
        (ABANDONED, ORDER),
        (CONFIRMED, YES),
        (CANCELLING, YES),
        (CANCELLED, YES),
        (KEPT, YES),
        (FAILED, NO),
        (CONFIRMED, NO),
        (UNKNOWN, LOST),
        (CONFIRMED, LOST),
        (FAILED, LOST),
        (INITIALIZED, LOST),
        (UNKNOWN, BUSY),
        (CONFIRMED, BUSY),
        (FAILED, BUSY),
        (UNKNOWN, found(OrderNotFound())),
        (CONFIRMED, found(OrderNotFound(), final=True)),
        (CONFIRMED, found(OrderFailed(code="supplier_rejected", detail="no"))),
        (ORDERED, ABANDON),
        (CONFIRMED, ABANDON),
        (ABANDONED, ABANDON),
        (INITIALIZED, CANCEL),
        (ORDERED, CANCEL),
        (FAILED, CANCEL),
        (CANCELLING, CANCEL),
        (CANCELLED, CANCEL),
        (CONFIRMED, CANCEL_DONE),
        (CANCELLED, CANCEL_DONE),
        (KEPT, CANCEL_DONE),
        (CANCELLED, CANCEL_NO),
        (KEPT, CANCEL_NO),
    ],
)
def test_what_is_so_already_or_comes_out_of_turn_changes_nothing(
    facts: s.Facts, command: bc.BookingCommand
) -> None:
    assert decide(command, booking(facts)) == []


@pytest.mark.parametrize("command", [ORDER, YES, found(OrderNotFound()), ABANDON, CANCEL])
def test_a_booking_that_is_not_there_can_be_told_nothing(command: bc.BookingCommand) -> None:
    with pytest.raises(Refused) as refusal:
        decide(command, None)
    assert refusal.value.code == "booking_not_found"


def test_an_order_without_an_answer_is_never_sent_again() -> None:
    assert kinds(ORDERED, LOST) == [be.OrderUnknown]
    assert kinds(UNKNOWN, ORDER) == []
    assert kinds(UNKNOWN, BUSY) == []


def test_an_order_definitely_not_taken_is_sent_again_after_growing_pauses() -> None:
    facts, pauses = ORDERED, []
    for attempt in range(1, ORDER_ATTEMPTS_MAX):
        again = decide(s.answer(B, s.BUSY, attempt), booking(facts))
        assert [be.OrderRefused, be.OrderRequested] == [type(event) for event in again]
        assert isinstance(again[1], be.OrderRequested)
        assert again[1].attempt == attempt + 1
        pauses.append(again[1].not_before - s.NOW)
        facts = (*facts, *again)
    assert pauses == [timedelta(seconds=n) for n in (2, 4, 8, 16)]
    last = s.answer(B, s.BUSY, ORDER_ATTEMPTS_MAX)
    assert kinds(facts, last) == [be.OrderRefused, be.BookingFailed]


@pytest.mark.parametrize("command", [NO, LOST, BUSY])
def test_an_old_attempts_no_says_nothing_about_the_present_one(
    command: bc.BookingCommand,
) -> None:
    second = (*ORDERED, s.order_requested(B, attempt=2))
    assert decide(command, booking(second)) == []


def test_an_old_attempts_yes_is_a_yes() -> None:
    second = (*ORDERED, s.order_requested(B, attempt=2))
    assert kinds(second, YES) == [be.BookingConfirmed]


def test_an_order_never_found_is_given_up_only_after_the_last_look() -> None:
    assert kinds(UNKNOWN, found(OrderNotFound())) == []
    assert kinds(UNKNOWN, found(OrderNotFound(), final=True)) == [
        be.OrderRefused,
        be.BookingFailed,
    ]


def test_an_order_the_supplier_says_will_never_exist_has_failed() -> None:
    never = found(OrderFailed(code="supplier_rejected", detail="no"))
    assert kinds(UNKNOWN, never) == [be.OrderRefused, be.BookingFailed]


@pytest.mark.parametrize("facts", [FAILED, ABANDONED], ids=["failed", "abandoned"])
@pytest.mark.parametrize("command", [YES, found(s.yes(B))], ids=["answer", "finding"])
def test_an_order_that_turns_up_after_it_was_given_up_is_cancelled(
    facts: s.Facts, command: bc.BookingCommand
) -> None:
    (requested,) = decide(command, booking(facts))
    assert isinstance(requested, be.CancellationRequested)
    assert (requested.reason, requested.supplier_order_id) == ("confirmed_too_late", f"ord_{B}")


@pytest.mark.parametrize("facts", [CONFIRMED, CANCELLING, CANCELLED, KEPT])
def test_a_second_order_for_one_booking_is_never_taken_in_silence(facts: s.Facts) -> None:
    (found,) = decide(s.answer(B, s.yes(B, "ord_other")), booking(facts))
    assert isinstance(found, be.SecondOrderFound)
    assert ("ord_other", s.FLIGHT_PRICE) == (found.supplier_order_id, found.supplier_price)
    assert [] == decide(s.answer(B, s.yes(B, "ord_other")), booking((*facts, found)))


def test_a_cancelled_booking_says_what_the_supplier_gives_back() -> None:
    (cancelled,) = decide(CANCEL_DONE, booking(CANCELLING))
    assert isinstance(cancelled, be.BookingCancelled)
    assert s.FLIGHT_PRICE == cancelled.refund
