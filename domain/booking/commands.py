"""What may be asked of a booking. Times and outcomes come with the command."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.money import Money
from domain.suppliers import CancellationQuote, FindAnswer, OrderAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class InitializeBooking:
    booking_id: str
    trip_id: str
    checkout_id: str
    group_id: str
    item_id: str
    title: str
    price: Money
    refundable: bool
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestOrder:
    booking_id: str
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordOrder:
    """What came of attempt n."""

    booking_id: str
    attempt: int
    answer: OrderAnswer
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFinding:
    """What reading at the supplier showed; `final` when it is not worth looking any longer."""

    booking_id: str
    answer: FindAnswer
    final: bool
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestCancellation:
    booking_id: str
    reason: str
    supplier_quote: CancellationQuote | None = None
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordCancellation:
    booking_id: str
    refund: Money | None
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordCancellationRefusal:
    booking_id: str
    code: str
    detail: str
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AbandonBooking:
    """The checkout died unpaid: the booking never comes to be."""

    booking_id: str
    reason: str
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordChange:
    """The supplier has announced a change of what is booked."""

    booking_id: str
    change_id: str
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSecondOrderCancelled:
    booking_id: str
    supplier_order_id: str
    now: datetime


BookingCommand = (
    InitializeBooking
    | RequestOrder
    | RecordOrder
    | RecordFinding
    | RequestCancellation
    | RecordCancellation
    | RecordCancellationRefusal
    | AbandonBooking
    | RecordChange
    | RecordSecondOrderCancelled
)
