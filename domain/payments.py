"""What can be asked of a payment provider and what it can answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from domain.money import Money

CheckoutMode = Literal["hosted", "direct"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentLine:
    """One line the customer sees: what it is and what it costs in all."""

    name: str
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckoutOrder:
    """One checkout to be opened. `key` is the idempotency key: the same key must always come
    with the same values. `references` (trip_id, checkout_id, …) are stored on everything the
    provider makes, so that money can be matched to its trip without our own tables."""

    key: str
    checkout_id: str
    amount: Money
    lines: tuple[PaymentLine, ...]
    references: dict[str, str]
    expires_at: datetime
    success_url: str
    cancel_url: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedCheckout:
    """The provider's side of a checkout. Hosted: `session_id` and `url`. Direct: `payment_id` and
    `customer_id` (the client secrets are fetched anew for each answer and never stored)."""

    session_id: str | None = None
    url: str | None = None
    payment_id: str | None = None
    customer_id: str | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectSecrets:
    """What a payment sheet needs; secrets: answered to the caller, never stored or logged."""

    client_secret: str
    ephemeral_key: str
    customer_id: str


PaymentStatus = Literal[
    "unpaid", "action_required", "processing", "authorized", "captured", "canceled"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentSnapshot:
    """A payment as the provider sees it now. `captured` and `refunded` are sums; `failure_id`
    names the newest failed attempt (None: none), `capture_before` when an authorisation lapses."""

    payment_id: str
    status: PaymentStatus
    amount: Money
    captured: Money
    refunded: Money
    capture_before: datetime | None = None
    failure_id: str | None = None
    failure_code: str | None = None
    references: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckoutSnapshot:
    """A checkout as the provider sees it now; `payment` is None until the customer acted.

    `payable` says whether the customer could still pay it.
    """

    payable: bool
    payment: PaymentSnapshot | None = None


RefundStatus = Literal["pending", "succeeded", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundSnapshot:
    """A refund as the provider sees it now. `references` are ours, where it was us who asked."""

    provider_refund_id: str
    status: RefundStatus
    amount: Money
    failure_reason: str | None = None
    references: dict[str, str] = field(default_factory=dict)


DisputeStatus = Literal["inquiry", "open", "won", "lost"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeSnapshot:
    """A dispute as the provider sees it now. An `inquiry` only asks and moves no money;
    `respond_by` is when our answer is due."""

    dispute_id: str
    status: DisputeStatus
    amount: Money
    reason: str
    respond_by: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyBack:
    """All that has gone back of a payment, or is going, whoever asked for it."""

    payment_id: str
    refunds: tuple[RefundSnapshot, ...] = ()
    disputes: tuple[DisputeSnapshot, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentSighting:
    """A payment in the provider's own list; `references` are what we wrote on it, if it is ours."""

    payment_id: str
    status: PaymentStatus
    amount: Money
    captured: Money
    created_at: datetime
    references: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderEvent:
    """A verified notification or a row of the provider's event list: it says "look", no more.

    `object_id` is the provider's id of what changed (pi_…, cs_…, re_…); `references` are ours.
    """

    event_id: str
    type: str
    created_at: datetime
    object_id: str
    payment_id: str | None = None
    references: dict[str, str] = field(default_factory=dict)
    livemode: bool = False


class PaymentRefused(Exception):
    """The provider said no, for certain; nothing was done. `code` is the provider's."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class PaymentOutcomeUnknown(Exception):
    """It may or may not have happened. Repeating with the same key and values is safe."""


class PaymentProviderBusy(Exception):
    """Nothing new was done (rate limit, same key in flight): repeat with the same key later."""
