"""An item is ordered at most once: again only after a definite "not created"; what is unknown
is found out by looking."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.booking import commands as bc
from domain.booking import events as be
from domain.booking.decider import ORDER_ATTEMPTS_MAX, decide
from domain.booking.state import Booking, SecondOrder, evolve
from domain.errors import Refused
from domain.suppliers import (
    CancellationQuote,
    FindAnswer,
    OrderFailed,
    OrderNotFound,
    OrderRefused,
)
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
    facts = ORDERED
    refusal = be.OrderRefused(
        booking_id=B,
        attempt=1,
        code="supplier_unavailable",
        detail=s.BUSY.detail,
        refused_at=s.NOW,
    )
    for attempt, pause_s in enumerate((2, 4, 8, 16), 1):
        again = decide(s.answer(B, s.BUSY, attempt), booking(facts))
        later = replace(
            s.order_requested(B, attempt + 1), not_before=s.NOW + timedelta(seconds=pause_s)
        )
        assert [replace(refusal, attempt=attempt), later] == again
        facts = (*facts, *again)
    last = decide(s.answer(B, s.BUSY, ORDER_ATTEMPTS_MAX), booking(facts))
    failed = be.BookingFailed(
        booking_id=B, code=refusal.code, detail=refusal.detail, failed_at=s.NOW
    )
    assert [replace(refusal, attempt=ORDER_ATTEMPTS_MAX), failed] == last


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
    shown = OrderRefused(
        code="order_not_found", detail="The supplier shows no order, long after it was sent."
    )
    last = decide(found(OrderNotFound(), final=True), booking(UNKNOWN))
    assert list(s.refused(B, answer=shown)) == last


def test_an_order_the_supplier_says_will_never_exist_has_failed() -> None:
    never = found(OrderFailed(code="supplier_rejected", detail="no"))
    said = OrderRefused(code="supplier_rejected", detail="no")
    assert list(s.refused(B, answer=said)) == decide(never, booking(UNKNOWN))


@pytest.mark.parametrize("facts", [FAILED, ABANDONED], ids=["failed", "abandoned"])
@pytest.mark.parametrize("command", [YES, found(s.yes(B))], ids=["answer", "finding"])
def test_an_order_that_turns_up_after_it_was_given_up_is_cancelled(
    facts: s.Facts, command: bc.BookingCommand
) -> None:
    assert [replace(CANCELLATION, reason="confirmed_too_late")] == decide(command, booking(facts))


def second_found(order_id: str) -> be.SecondOrderFound:
    return be.SecondOrderFound(
        booking_id=B,
        supplier_order_id=order_id,
        supplier_reference="RZPNX8",
        supplier_price=s.FLIGHT_PRICE,
        found_at=s.NOW,
    )


@pytest.mark.parametrize("facts", [CONFIRMED, CANCELLING, CANCELLED, KEPT])
def test_a_second_order_for_one_booking_is_never_taken_in_silence(facts: s.Facts) -> None:
    other = second_found("ord_other")
    assert [other] == decide(s.answer(B, s.yes(B, "ord_other")), booking(facts))
    assert [] == decide(s.answer(B, s.yes(B, "ord_other")), booking((*facts, other)))
    third = second_found("ord_third")
    assert [third] == decide(s.answer(B, s.yes(B, "ord_third")), booking((*facts, other)))


def test_the_end_of_a_second_order_is_recorded_once_for_one_that_was_found() -> None:
    facts = (*CONFIRMED, second_found("ord_other"), second_found("ord_third"))
    gone = bc.RecordSecondOrderCancelled(booking_id=B, supplier_order_id="ord_third", now=s.NOW)
    told = be.SecondOrderCancelled(booking_id=B, supplier_order_id="ord_third", cancelled_at=s.NOW)
    assert [told] == decide(gone, booking(facts))
    assert [] == decide(gone, booking((*facts, told)))
    assert [] == decide(replace(gone, supplier_order_id="ord_never"), booking(facts))


def test_a_cancelled_booking_says_what_the_supplier_gives_back() -> None:
    given_back = be.BookingCancelled(
        booking_id=B, reason="cancelled_at_supplier", refund=s.FLIGHT_PRICE, cancelled_at=s.NOW
    )
    assert [given_back] == decide(CANCEL_DONE, booking(CANCELLING))


# --- what the facts of a booking add up to

REFUSED = s.refused(B)
CODE = s.SOLD_OUT.code
DOCUMENTS = ({"type": "electronic_ticket", "unique_identifier": "1"},)
TICKETED = replace(s.confirmed(B), documents=DOCUMENTS)
TERMS = CancellationQuote(
    quote_id="ore_1",
    refund_to="balance",
    supplier_order_id=f"ord_{B}",
    refund=s.FLIGHT_PRICE,
    expires_at=s.LATER,
)
NO_MORE = {"problem_code": None, "problem": None}
ORDER_FACTS = {
    "status": "confirmed",
    "attempt": 1,
    "supplier_order_id": f"ord_{B}",
    "supplier_reference": "RZPNX8",
    "supplier_price": s.FLIGHT_PRICE,
    "documents": DOCUMENTS,
    "confirmed_at": s.NOW,
}
GOING = {
    **ORDER_FACTS,
    "documents": (),
    "status": "cancelling",
    "cancel_reason": CANCELLATION.reason,
}
TWO = (
    SecondOrder(supplier_order_id="a", price=s.FLIGHT_PRICE),
    SecondOrder(supplier_order_id="b", price=s.FLIGHT_PRICE),
)


@pytest.mark.parametrize(
    ("facts", "so"),
    [
        (INITIALIZED, {}),
        ((*INITIALIZED, s.FLIGHT_INITIALIZED), {}),
        (ORDERED, {"status": "ordering", "attempt": 1}),
        (UNKNOWN, {"status": "unknown", "attempt": 1, "problem": s.LOST.detail}),
        ((*ORDERED, REFUSED[0]), {"status": "ordering", "attempt": 1, "problem_code": CODE,
                                  "problem": s.SOLD_OUT.detail}),
        ((*ORDERED, REFUSED[1]), {"status": "failed", "attempt": 1, "problem_code": CODE,
                                  "problem": s.SOLD_OUT.detail}),
        ((*ORDERED, REFUSED[0], TICKETED), {**ORDER_FACTS, **NO_MORE}),
        ((*CONFIRMED, replace(CANCELLATION, supplier_quote=TERMS)),
         {**GOING, "cancellation_quote": TERMS}),
        ((*INITIALIZED, CANCELLATION), {"status": "cancelling", "supplier_order_id": f"ord_{B}",
                                        "cancel_reason": CANCELLATION.reason}),
        (KEPT, {**GOING, "status": "cancellation_refused", "problem_code": "not_cancellable",
                "problem": "no"}),
        ((*CANCELLING, replace(s.abandoned(B, "why"), refund=s.FLIGHT_PRICE)),
         {**GOING, "status": "cancelled", "problem_code": "why",
          "supplier_refund": s.FLIGHT_PRICE}),
        ((*INITIALIZED, second_found("a"), second_found("b")), {"second_orders": TWO}),
        ((*INITIALIZED, second_found("a"), second_found("b"),
          be.SecondOrderCancelled(booking_id=B, supplier_order_id="b", cancelled_at=s.NOW)),
         {"second_orders": (TWO[0], replace(TWO[1], cancelled=True))}),
        ((*INITIALIZED, be.BookingChanged(booking_id=B, change_id="c1", changed_at=s.NOW),
          be.BookingChanged(booking_id=B, change_id="c2", changed_at=s.NOW)),
         {"changes": ("c1", "c2")}),
    ],
)  # fmt: skip
def test_a_booking_is_what_its_facts_say(facts: s.Facts, so: dict[str, Any]) -> None:
    at_first = Booking(
        booking_id=B,
        trip_id=s.TRIP,
        checkout_id=s.CHECKOUT,
        group_id=s.GROUP,
        code=s.FLIGHT_INITIALIZED.code,
        item_id=s.FLIGHT,
        title="LHR to JFK",
        price=s.FLIGHT_PRICE,
        refundable=True,
        version=1,
    )
    expected = at_first if len(facts) == 1 else replace(at_first, **so, version=len(facts))
    if facts[-1] is s.FLIGHT_INITIALIZED:
        expected = at_first
    assert expected == booking(facts)
