"""What happens when something is asked of a booking.

The rule that everything here serves: an item is ordered at most once. A new attempt follows only
a definite "not created"; an unknown outcome is resolved by looking.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import assert_never

from domain import ids
from domain.booking import commands as c
from domain.booking import events as e
from domain.booking.lifecycle import may
from domain.booking.state import Booking
from domain.errors import Refused
from domain.suppliers import (
    OrderConfirmed,
    OrderDeferred,
    OrderFailed,
    OrderNotFound,
    OrderRefused,
    OrderUnknown,
)

ORDER_ATTEMPTS_MAX = 5


def decide(command: c.BookingCommand, booking: Booking | None) -> list[e.BookingEvent]:
    """The facts that follow; none for "already so"; raises Refused for "not allowed"."""
    if isinstance(command, c.InitializeBooking):
        return initialize(command, booking)
    if booking is None:
        raise Refused("booking_not_found", "There is no such booking.")
    match command:
        case c.RequestOrder():
            return request_order(command, booking)
        case c.RecordOrder():
            return record_order(command, booking)
        case c.RecordFinding():
            return record_finding(command, booking)
        case c.RequestCancellation():
            return request_cancellation(command, booking)
        case c.RecordCancellation():
            return record_cancellation(command, booking)
        case c.RecordCancellationRefusal():
            return record_cancellation_refusal(command, booking)
        case c.AbandonBooking():
            return abandon(command, booking)
        case c.RecordChange():
            return record_change(command, booking)
        case c.RecordSecondOrderCancelled():
            return record_second_order_cancelled(command, booking)
        case _:
            assert_never(command)


def initialize(command: c.InitializeBooking, booking: Booking | None) -> list[e.BookingEvent]:
    if booking is not None:
        return []
    return [
        e.BookingInitialized(
            booking_id=command.booking_id,
            trip_id=command.trip_id,
            checkout_id=command.checkout_id,
            group_id=command.group_id,
            code=ids.booking_code(command.booking_id),
            item_id=command.item_id,
            title=command.title,
            price=command.price,
            refundable=command.refundable,
            initialized_at=command.now,
        )
    ]


def request_order(command: c.RequestOrder, booking: Booking) -> list[e.BookingEvent]:
    if not may("request_order", booking):
        return []
    return [
        e.OrderRequested(
            booking_id=booking.booking_id,
            attempt=1,
            not_before=command.now,
            requested_at=command.now,
        )
    ]


def record_order(command: c.RecordOrder, booking: Booking) -> list[e.BookingEvent]:
    answer = command.answer
    if isinstance(answer, OrderConfirmed):
        return confirm(answer, booking, command.now)
    if command.attempt != booking.attempt:
        return []
    match answer:
        case OrderRefused():
            return refuse(booking, answer.code, answer.detail, command.now)
        case OrderDeferred():
            return defer(answer, booking, command.now)
        case OrderUnknown():
            if not may("lose_answer", booking):
                return []
            return [
                e.OrderUnknown(
                    booking_id=booking.booking_id,
                    attempt=command.attempt,
                    detail=answer.detail,
                    unknown_at=command.now,
                )
            ]
        case _:
            assert_never(answer)


def confirm(answer: OrderConfirmed, booking: Booking, now: datetime) -> list[e.BookingEvent]:
    """The order exists. If the booking was given up before, the order must be undone."""
    if booking.supplier_order_id == answer.supplier_order_id:
        return []
    if may("confirm", booking):
        return [
            e.BookingConfirmed(
                booking_id=booking.booking_id,
                supplier_order_id=answer.supplier_order_id,
                supplier_reference=answer.supplier_reference,
                supplier_price=answer.price,
                documents=answer.documents,
                confirmed_at=now,
            )
        ]
    if booking.supplier_order_id is None and may("request_cancellation", booking):
        return [
            e.CancellationRequested(
                booking_id=booking.booking_id,
                supplier_order_id=answer.supplier_order_id,
                reason="confirmed_too_late",
                requested_at=now,
            )
        ]
    if booking.second_order(answer.supplier_order_id) is not None:
        return []
    return [
        e.SecondOrderFound(
            booking_id=booking.booking_id,
            supplier_order_id=answer.supplier_order_id,
            supplier_reference=answer.supplier_reference,
            supplier_price=answer.price,
            found_at=now,
        )
    ]


def refuse(booking: Booking, code: str, detail: str, now: datetime) -> list[e.BookingEvent]:
    if not may("refuse", booking):
        return []
    return [
        e.OrderRefused(
            booking_id=booking.booking_id,
            attempt=booking.attempt,
            code=code,
            detail=detail,
            refused_at=now,
        ),
        e.BookingFailed(booking_id=booking.booking_id, code=code, detail=detail, failed_at=now),
    ]


def defer(answer: OrderDeferred, booking: Booking, now: datetime) -> list[e.BookingEvent]:
    """Nothing was created and the supplier asks to come back: again later, a few times."""
    if not may("defer_order", booking):
        return []
    if booking.attempt >= ORDER_ATTEMPTS_MAX:
        return refuse(booking, "supplier_unavailable", answer.detail, now)
    pause = timedelta(seconds=answer.retry_after_s * 2 ** (booking.attempt - 1))
    return [
        e.OrderRefused(
            booking_id=booking.booking_id,
            attempt=booking.attempt,
            code="supplier_unavailable",
            detail=answer.detail,
            refused_at=now,
        ),
        e.OrderRequested(
            booking_id=booking.booking_id,
            attempt=booking.attempt + 1,
            not_before=now + pause,
            requested_at=now,
        ),
    ]


def record_finding(command: c.RecordFinding, booking: Booking) -> list[e.BookingEvent]:
    match command.answer:
        case OrderConfirmed():
            return confirm(command.answer, booking, command.now)
        case OrderFailed():
            return refuse(booking, command.answer.code, command.answer.detail, command.now)
        case OrderNotFound():
            if not command.final:
                return []
            detail = "The supplier shows no order, long after it was sent."
            return refuse(booking, "order_not_found", detail, command.now)
        case _:
            assert_never(command.answer)


def request_cancellation(command: c.RequestCancellation, booking: Booking) -> list[e.BookingEvent]:
    if booking.status != "confirmed" or booking.supplier_order_id is None:
        return []
    return [
        e.CancellationRequested(
            booking_id=booking.booking_id,
            supplier_order_id=booking.supplier_order_id,
            reason=command.reason,
            supplier_quote=command.supplier_quote,
            requested_at=command.now,
        )
    ]


def record_cancellation(command: c.RecordCancellation, booking: Booking) -> list[e.BookingEvent]:
    if not may("cancel", booking):
        return []
    return [
        e.BookingCancelled(
            booking_id=booking.booking_id,
            reason="cancelled_at_supplier",
            refund=command.refund,
            cancelled_at=command.now,
        )
    ]


def record_cancellation_refusal(
    command: c.RecordCancellationRefusal, booking: Booking
) -> list[e.BookingEvent]:
    if not may("refuse_cancellation", booking):
        return []
    return [
        e.CancellationRefused(
            booking_id=booking.booking_id,
            code=command.code,
            detail=command.detail,
            refused_at=command.now,
        )
    ]


def abandon(command: c.AbandonBooking, booking: Booking) -> list[e.BookingEvent]:
    if not may("abandon", booking):
        return []
    return [
        e.BookingCancelled(
            booking_id=booking.booking_id,
            reason=command.reason,
            refund=None,
            cancelled_at=command.now,
        )
    ]


def record_change(command: c.RecordChange, booking: Booking) -> list[e.BookingEvent]:
    if not may("change", booking) or command.change_id in booking.changes:
        return []
    return [
        e.BookingChanged(
            booking_id=booking.booking_id, change_id=command.change_id, changed_at=command.now
        )
    ]


def record_second_order_cancelled(
    command: c.RecordSecondOrderCancelled, booking: Booking
) -> list[e.BookingEvent]:
    found = booking.second_order(command.supplier_order_id)
    if found is None or found.cancelled:
        return []
    return [
        e.SecondOrderCancelled(
            booking_id=booking.booking_id,
            supplier_order_id=command.supplier_order_id,
            cancelled_at=command.now,
        )
    ]
