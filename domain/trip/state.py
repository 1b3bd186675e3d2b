"""What the facts of one trip add up to. The classes have no slots, so that `replace` is fast."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from domain.money import Money, total
from domain.payments import CheckoutMode
from domain.replacing import replace
from domain.suppliers import Ancillary, JsonObject, Offer, Selection
from domain.trip.events import (
    BookRequest,
    CancellationLine,
    FulfillmentPolicy,
    QuoteLine,
    QuoteProblem,
    SealedContact,
    SealedTraveler,
)

QuoteStatus = Literal["scheduled", "completed", "failed", "expired", "dropped"]
CheckoutStatus = Literal[
    "opening", "open", "processing", "closing", "closed", "expired", "refused", "paid"
]
PaymentStatus = Literal["authorized", "capturing", "captured", "releasing", "released"]
RefundStatus = Literal["scheduled", "pending", "succeeded", "failed"]
DisputeStatus = Literal["open", "won", "lost"]
FulfillmentStatus = Literal["pending", "fulfilling", "completed", "failed"]


@dataclass(frozen=True, kw_only=True)
class Item:
    """`price` is what the caller was last shown, extras included."""

    item_id: str
    offer: Offer
    price: Money
    selections: tuple[Selection, ...] = ()
    available: tuple[Ancillary, ...] = ()
    conditions: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Quote:
    quote_id: str
    revision: int
    request: BookRequest
    status: QuoteStatus
    scheduled_at: datetime
    lines: tuple[QuoteLine, ...] = ()
    total: Money | None = None
    shown_total: Money | None = None
    expires_at: datetime | None = None
    problems: tuple[QuoteProblem, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A declined attempt to pay."""

    failure_id: str
    code: str


@dataclass(frozen=True, kw_only=True)
class Checkout:
    """`lines` are the quote's: what was bought stays what was quoted, whatever is edited later."""

    checkout_id: str
    attempt: int
    quote_id: str
    mode: CheckoutMode
    policy: FulfillmentPolicy
    amount: Money
    redirect_url: str | None
    requested_at: datetime
    expires_at: datetime
    lines: tuple[QuoteLine, ...]
    status: CheckoutStatus = "opening"
    group_id: str | None = None
    session_id: str | None = None
    payment_id: str | None = None
    customer_id: str | None = None
    url: str | None = None
    reason: str | None = None
    failures: tuple[Failure, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Refund:
    refund_id: str
    amount: Money
    reason: str
    status: RefundStatus = "scheduled"
    provider_refund_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Dispute:
    """A customer's bank that has taken money back, until it is decided who is right."""

    dispute_id: str
    amount: Money
    reason: str
    respond_by: datetime | None
    status: DisputeStatus = "open"


@dataclass(frozen=True, kw_only=True)
class Payment:
    """Money that a customer gave for a checkout. `authorized` is what still waits, `capturing`
    what is to be taken of it."""

    payment_id: str
    checkout_id: str
    status: PaymentStatus
    amount: Money
    authorized: Money
    captured: Money
    released: Money
    capturing: Money | None = None
    capture_before: datetime | None = None
    refunds: tuple[Refund, ...] = ()
    disputes: tuple[Dispute, ...] = ()

    @property
    def refunded(self) -> Money:
        done = (r.amount for r in self.refunds if r.status == "succeeded")
        return total(done, self.amount.currency)

    @property
    def refunding(self) -> Money:
        """Promised back: done, or on its way."""
        wanted = (r.amount for r in self.refunds if r.status != "failed")
        return total(wanted, self.amount.currency)

    @property
    def disputed(self) -> Money:
        """Taken back by the customer's bank: for now, or for good."""
        taken = (d.amount for d in self.disputes if d.status != "won")
        return total(taken, self.amount.currency)

    @property
    def left(self) -> Money:
        """What is ours and nobody has taken or been promised back."""
        return self.captured - self.refunding - self.disputed


@dataclass(frozen=True, kw_only=True)
class Fulfillment:
    """`paid` is how much of the payment was ours, and promised to nobody, when it was settled."""

    checkout_id: str
    status: FulfillmentStatus
    confirmed: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    paid: Money | None = None


@dataclass(frozen=True, kw_only=True)
class Cancellation:
    """The newest terms of cancelling, and whether the customer has taken them."""

    cancellation_quote_id: str
    checkout_id: str
    lines: tuple[CancellationLine, ...]
    refund: Money
    expires_at: datetime
    started: bool = False


@dataclass(frozen=True, kw_only=True)
class Incident:
    code: str
    detail: str
    advice: str
    subject: str
    at_stake: Money | None
    opened_at: datetime
    owner: str | None = None
    resolution: str | None = None
    resolved_at: datetime | None = None

    @property
    def open(self) -> bool:
        return self.resolved_at is None


@dataclass(frozen=True, kw_only=True)
class Trip:
    """`revision` counts edits, `version` the trip's own events. The newest checkout is last.
    `forgotten` are the persons whose data nobody can read any more."""

    trip_id: str
    tenant: str
    started_at: datetime
    version: int = 0
    revision: int = 0
    items: tuple[Item, ...] = ()
    travelers: tuple[SealedTraveler, ...] = ()
    contact: SealedContact | None = None
    quote: Quote | None = None
    checkouts: tuple[Checkout, ...] = ()
    payments: tuple[Payment, ...] = ()
    fulfillment: Fulfillment | None = None
    cancellation: Cancellation | None = None
    cancelled: bool = False
    incidents: tuple[Incident, ...] = ()
    acts: tuple[str, ...] = ()
    forgotten: tuple[str, ...] = ()

    @property
    def checkout(self) -> Checkout | None:
        return self.checkouts[-1] if self.checkouts else None

    @property
    def currency(self) -> str | None:
        return self.items[0].price.currency if self.items else None

    @property
    def shown_total(self) -> Money | None:
        """What the items cost by what the caller was last shown."""
        if not self.items:
            return None
        return total((item.price for item in self.items), self.items[0].price.currency)

    @property
    def person_ids(self) -> tuple[str, ...]:
        """Who travels and whom to write to, as the trip stands now."""
        contact = (self.contact.person_id,) if self.contact else ()
        return (*(traveler.person_id for traveler in self.travelers), *contact)

    def item(self, item_id: str) -> Item | None:
        return next((item for item in self.items if item.item_id == item_id), None)

    def find_checkout(self, checkout_id: str) -> Checkout | None:
        return next((c for c in self.checkouts if c.checkout_id == checkout_id), None)

    def payment(self, payment_id: str) -> Payment | None:
        return next((p for p in self.payments if p.payment_id == payment_id), None)

    def payment_of_refund(self, refund_id: str) -> tuple[Payment, Refund] | None:
        found = ((p, r) for p in self.payments for r in p.refunds if r.refund_id == refund_id)
        return next(found, None)

    def with_checkout(self, checkout: Checkout) -> Trip:
        """The trip with this checkout in place of the one with its id."""
        kept = tuple(
            checkout if c.checkout_id == checkout.checkout_id else c for c in self.checkouts
        )
        return replace(self, checkouts=kept)

    def with_payment(self, payment: Payment) -> Trip:
        """The trip with this payment in place of the one with its id."""
        kept = tuple(payment if p.payment_id == payment.payment_id else p for p in self.payments)
        return replace(self, payments=kept)
