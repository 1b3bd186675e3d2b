"""What may have happened to a trip's money, under names that are stored for ever."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from domain.money import Money

DisputeOutcome = Literal["won", "lost"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentSucceeded:
    """The customer has paid: `authorized` waits to be captured, `captured` is ours already."""

    checkout_id: str
    payment_id: str
    authorized: Money
    captured: Money
    capture_before: datetime | None
    succeeded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureScheduled:
    payment_id: str
    amount: Money
    scheduled_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentCaptured:
    """`amount` is ours and must stay matched by bookings; `released` went back to the customer."""

    payment_id: str
    amount: Money
    released: Money
    captured_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseScheduled:
    payment_id: str
    reason: str
    scheduled_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentReleased:
    payment_id: str
    amount: Money
    released_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundScheduled:
    refund_id: str
    payment_id: str
    amount: Money
    reason: str
    scheduled_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundSubmitted:
    """The provider has taken the refund; the money is not back yet."""

    refund_id: str
    provider_refund_id: str
    submitted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundSucceeded:
    refund_id: str
    provider_refund_id: str
    amount: Money
    succeeded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundFailed:
    """The money did not reach the customer: we owe it still."""

    refund_id: str
    provider_refund_id: str | None
    code: str
    failed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundDiscovered:
    """Somebody refunded it at the provider without asking us; `refund_id` is the provider's."""

    refund_id: str
    payment_id: str
    amount: Money
    discovered_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentDisputed:
    """The customer's bank has taken `amount` back; who is right is decided later. `respond_by` is
    when the provider must have our answer."""

    dispute_id: str
    payment_id: str
    amount: Money
    reason: str
    respond_by: datetime | None
    disputed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeClosed:
    """Won: the money is ours again. Lost: it stays with the customer."""

    dispute_id: str
    payment_id: str
    amount: Money
    outcome: DisputeOutcome
    closed_at: datetime


MoneyEvent = (
    PaymentSucceeded
    | CaptureScheduled
    | PaymentCaptured
    | ReleaseScheduled
    | PaymentReleased
    | RefundScheduled
    | RefundSubmitted
    | RefundSucceeded
    | RefundFailed
    | RefundDiscovered
    | PaymentDisputed
    | DisputeClosed
)

TOPICS: dict[str, type[MoneyEvent]] = {
    "trip.payment-succeeded.v1": PaymentSucceeded,
    "trip.capture-scheduled.v1": CaptureScheduled,
    "trip.payment-captured.v1": PaymentCaptured,
    "trip.release-scheduled.v1": ReleaseScheduled,
    "trip.payment-released.v1": PaymentReleased,
    "trip.refund-scheduled.v1": RefundScheduled,
    "trip.refund-submitted.v1": RefundSubmitted,
    "trip.refund-succeeded.v1": RefundSucceeded,
    "trip.refund-failed.v1": RefundFailed,
    "trip.refund-discovered.v1": RefundDiscovered,
    "trip.payment-disputed.v1": PaymentDisputed,
    "trip.dispute-closed.v1": DisputeClosed,
}
