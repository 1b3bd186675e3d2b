"""What the facts of one booking add up to. `Booking` has no slots, so that `replace` is fast."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, assert_never

from domain.booking.events import (
    BookingCancelled,
    BookingChanged,
    BookingConfirmed,
    BookingEvent,
    BookingFailed,
    BookingInitialized,
    CancellationRefused,
    CancellationRequested,
    OrderRefused,
    OrderRequested,
    OrderUnknown,
    SecondOrderCancelled,
    SecondOrderFound,
)
from domain.money import Money
from domain.replacing import replace
from domain.suppliers import CancellationQuote, JsonObject

# The reason of a cancellation that the customer asked for; others are ours.
BY_CUSTOMER = "requested_by_customer"
# It is booked and its money is gone: undone where that costs nothing, else it stays booked.
UNPAID = "booked_but_unpaid"

BookingStatus = Literal[
    "initialized",
    "ordering",
    "unknown",
    "confirmed",
    "failed",
    "cancelling",
    "cancellation_refused",
    "cancelled",
]


@dataclass(frozen=True, kw_only=True)
class SecondOrder:
    """One order more than was wanted, and what it costs at the supplier."""

    supplier_order_id: str
    price: Money
    cancelled: bool = False


@dataclass(frozen=True, kw_only=True)
class Booking:
    booking_id: str
    trip_id: str
    checkout_id: str
    group_id: str
    code: str
    item_id: str
    title: str
    price: Money
    refundable: bool
    status: BookingStatus = "initialized"
    version: int = 0
    attempt: int = 0
    supplier_order_id: str | None = None
    supplier_reference: str | None = None
    supplier_price: Money | None = None
    documents: tuple[JsonObject, ...] = ()
    confirmed_at: datetime | None = None
    cancel_reason: str | None = None
    cancellation_quote: CancellationQuote | None = None
    supplier_refund: Money | None = None
    changes: tuple[str, ...] = ()
    second_orders: tuple[SecondOrder, ...] = ()
    problem_code: str | None = None
    problem: str | None = None

    @property
    def settled(self) -> bool:
        """Whether nothing more will happen to it by itself."""
        return self.status in {"confirmed", "failed", "cancelled", "cancellation_refused"}

    def second_order(self, supplier_order_id: str) -> SecondOrder | None:
        orders = (o for o in self.second_orders if o.supplier_order_id == supplier_order_id)
        return next(orders, None)


def evolve(booking: Booking | None, event: BookingEvent) -> Booking:
    """The booking after one more fact; refuses nothing."""
    if isinstance(event, BookingInitialized):
        return Booking(
            booking_id=event.booking_id,
            trip_id=event.trip_id,
            checkout_id=event.checkout_id,
            group_id=event.group_id,
            code=event.code,
            item_id=event.item_id,
            title=event.title,
            price=event.price,
            refundable=event.refundable,
            version=1,
        )
    assert booking is not None, "a booking's stream begins with BookingInitialized"
    return replace(_changed(booking, event), version=booking.version + 1)


def _changed(booking: Booking, event: BookingEvent) -> Booking:
    match event:
        case BookingInitialized():
            return booking
        case OrderRequested():
            return replace(booking, status="ordering", attempt=event.attempt)
        case OrderUnknown():
            return replace(booking, status="unknown", problem=event.detail)
        case OrderRefused():
            return replace(booking, problem_code=event.code, problem=event.detail)
        case BookingConfirmed():
            return replace(
                booking,
                status="confirmed",
                supplier_order_id=event.supplier_order_id,
                supplier_reference=event.supplier_reference,
                supplier_price=event.supplier_price,
                documents=event.documents,
                confirmed_at=event.confirmed_at,
                problem_code=None,
                problem=None,
            )
        case BookingFailed():
            return replace(booking, status="failed", problem_code=event.code, problem=event.detail)
        case CancellationRequested() | CancellationRefused() | BookingCancelled():
            return _cancelled(booking, event)
        case BookingChanged():
            return replace(booking, changes=(*booking.changes, event.change_id))
        case SecondOrderFound() | SecondOrderCancelled():
            return replace(booking, second_orders=_second_orders(booking, event))
        case _:
            assert_never(event)


def _second_orders(
    booking: Booking, event: SecondOrderFound | SecondOrderCancelled
) -> tuple[SecondOrder, ...]:
    if isinstance(event, SecondOrderFound):
        found = SecondOrder(supplier_order_id=event.supplier_order_id, price=event.supplier_price)
        return (*booking.second_orders, found)
    return tuple(
        replace(o, cancelled=True) if o.supplier_order_id == event.supplier_order_id else o
        for o in booking.second_orders
    )


def _cancelled(
    booking: Booking, event: CancellationRequested | CancellationRefused | BookingCancelled
) -> Booking:
    match event:
        case CancellationRequested():
            return replace(
                booking,
                status="cancelling",
                supplier_order_id=event.supplier_order_id,
                cancel_reason=event.reason,
                cancellation_quote=event.supplier_quote,
            )
        case CancellationRefused():
            # What the customer asked to cancel stays booked, and so does what would cost us to
            # cancel; what else we wanted undone does not count.
            asked = booking.cancel_reason in {BY_CUSTOMER, UNPAID}
            return replace(
                booking,
                status="confirmed" if asked else "cancellation_refused",
                problem_code=event.code,
                problem=event.detail,
            )
        case BookingCancelled():
            return replace(
                booking,
                status="cancelled",
                problem_code=event.reason,
                supplier_refund=event.refund,
            )
