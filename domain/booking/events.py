"""What may have happened to a booking (one item's order at its supplier)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.money import Money
from domain.suppliers import CancellationQuote, JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingInitialized:
    """The booking has a code and a price; nothing is ordered before it is paid."""

    booking_id: str
    trip_id: str
    checkout_id: str
    group_id: str
    code: str
    item_id: str
    title: str
    price: Money
    refundable: bool
    initialized_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRequested:
    """The item is to be ordered: attempt n. A new attempt follows only a definite "not created"."""

    booking_id: str
    attempt: int
    not_before: datetime
    requested_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderUnknown:
    """Sent, and no usable answer: an order may exist. Found out by reading, never sent again."""

    booking_id: str
    attempt: int
    detail: str
    unknown_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRefused:
    """This attempt definitely created nothing."""

    booking_id: str
    attempt: int
    code: str
    detail: str
    refused_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingConfirmed:
    """The order exists at the supplier and must now be paid for by a capture."""

    booking_id: str
    supplier_order_id: str
    supplier_reference: str
    supplier_price: Money
    documents: tuple[JsonObject, ...]
    confirmed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingFailed:
    """The item will not be booked; its share of the money must go back."""

    booking_id: str
    code: str
    detail: str
    failed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CancellationRequested:
    """The supplier's order is to be undone; on the terms of `supplier_quote` where the customer
    was told them."""

    booking_id: str
    supplier_order_id: str
    reason: str
    supplier_quote: CancellationQuote | None = None
    requested_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CancellationRefused:
    """The supplier will not undo the order: it stands, and a person must decide."""

    booking_id: str
    code: str
    detail: str
    refused_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingCancelled:
    """Nothing is booked any more; `refund` is what the supplier returns to us (None: unknown)."""

    booking_id: str
    reason: str
    refund: Money | None
    cancelled_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingChanged:
    """The supplier says it has changed what was booked: the customer must be told, and a person
    must see whether they accept it. `change_id` is the supplier's name for the notice."""

    booking_id: str
    change_id: str
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondOrderFound:
    """The supplier shows one more order for what is ordered already."""

    booking_id: str
    supplier_order_id: str
    supplier_reference: str
    supplier_price: Money
    found_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondOrderCancelled:
    """The order that was one too many is no more, and cost nothing."""

    booking_id: str
    supplier_order_id: str
    cancelled_at: datetime


BookingEvent = (
    BookingInitialized
    | OrderRequested
    | OrderUnknown
    | OrderRefused
    | BookingConfirmed
    | BookingFailed
    | CancellationRequested
    | CancellationRefused
    | BookingCancelled
    | BookingChanged
    | SecondOrderFound
    | SecondOrderCancelled
)

# Stored for ever: a class may be renamed, its topic may not.
TOPICS: dict[str, type[BookingEvent]] = {
    "booking.initialized.v1": BookingInitialized,
    "booking.order-requested.v1": OrderRequested,
    "booking.order-unknown.v1": OrderUnknown,
    "booking.order-refused.v1": OrderRefused,
    "booking.confirmed.v1": BookingConfirmed,
    "booking.failed.v1": BookingFailed,
    "booking.cancellation-requested.v1": CancellationRequested,
    "booking.cancellation-refused.v1": CancellationRefused,
    "booking.cancelled.v1": BookingCancelled,
    "booking.changed.v1": BookingChanged,
    "booking.second-order-found.v1": SecondOrderFound,
    "booking.second-order-cancelled.v1": SecondOrderCancelled,
}
