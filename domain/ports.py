"""What the rules and the running program need from the outside world, as Protocols.

Methods that wait answer an `Awaitable`, so that this file stays free of `async`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from domain.money import Money
from domain.payments import (
    CheckoutOrder,
    CheckoutSnapshot,
    DirectSecrets,
    OpenedCheckout,
    PaymentSnapshot,
    ProviderEvent,
    RefundSnapshot,
)
from domain.suppliers import (
    CancelAnswer,
    CancellationQuote,
    CancellationRefused,
    CommitDedupe,
    FindAnswer,
    FlightSearch,
    Hold,
    HoldAnswer,
    Offer,
    OrderAnswer,
    OrderRequest,
    RequoteAnswer,
    Selection,
    StaySearch,
    SupplierEvent,
)


class Clock(Protocol):
    """Where time comes from; the sandbox's can be moved."""

    def now(self) -> datetime:
        """The present instant, timezone-aware UTC."""
        ...


class Supplier(Protocol):
    """One supplier of travel. Questions raise SupplierUnavailable when unanswered; orders never
    raise for an unknown outcome, they answer OrderUnknown."""

    name: str
    commit_dedupe: CommitDedupe

    def search_flights(self, search: FlightSearch) -> Awaitable[Sequence[Offer]]: ...

    def search_stays(self, search: StaySearch) -> Awaitable[Sequence[Offer]]: ...

    def requote(self, offer: Offer, selections: Sequence[Selection]) -> Awaitable[RequoteAnswer]:
        """The present price of an offer with the chosen extras. Creates nothing that binds."""
        ...

    def hold(self, request: OrderRequest) -> Awaitable[HoldAnswer]:
        """Keep the seats without paying; refused where the offer cannot be held."""
        ...

    def order(self, request: OrderRequest, hold: Hold | None = None) -> Awaitable[OrderAnswer]:
        """Order and pay (or pay a hold): one attempt, never repeated by the adapter."""
        ...

    def find(self, request: OrderRequest) -> Awaitable[FindAnswer]:
        """Look for the order an attempt may have made. Travelers and contact may be empty."""
        ...

    def cancellation_quote(
        self, offer: Offer, supplier_order_id: str
    ) -> Awaitable[CancellationQuote | CancellationRefused]: ...

    def cancel(self, offer: Offer, quote: CancellationQuote) -> Awaitable[CancelAnswer]:
        """Commit a quote. An order that is already cancelled answers Cancelled. Raises
        SupplierUnavailable when the outcome is unknown: cancelling again is safe."""
        ...

    def parse_event(self, raw: bytes, headers: Mapping[str, str], now: datetime) -> SupplierEvent:
        """Verify a webhook on its raw bytes; raises WebhookRejected."""
        ...


class Payments(Protocol):
    """The payment provider. Calls raise PaymentRefused (definite no), PaymentOutcomeUnknown or
    PaymentProviderBusy; everything is authorised first and captured or released later."""

    def open_hosted(self, order: CheckoutOrder) -> Awaitable[OpenedCheckout]:
        """A page at the provider where the customer pays."""
        ...

    def open_direct(self, order: CheckoutOrder) -> Awaitable[OpenedCheckout]:
        """A customer and a payment that a payment sheet in the caller's app confirms."""
        ...

    def direct_secrets(self, payment_id: str, customer_id: str) -> Awaitable[DirectSecrets]:
        """Fresh secrets for an open direct checkout."""
        ...

    def look(self, session_id: str | None, payment_id: str | None) -> Awaitable[CheckoutSnapshot]:
        """The checkout's present state: by session where there is one, else by payment."""
        ...

    def close(
        self, session_id: str | None, payment_id: str | None, key: str
    ) -> Awaitable[CheckoutSnapshot]:
        """Make the checkout unpayable and answer its state afterwards, which may be: paid in
        between. Never touches money that was already authorised or captured."""
        ...

    def capture(self, payment_id: str, amount: Money, key: str) -> Awaitable[PaymentSnapshot]:
        """Take `amount` of an authorisation, once; the rest is released."""
        ...

    def release(self, payment_id: str, key: str) -> Awaitable[PaymentSnapshot]:
        """Let an authorisation go; already gone answers its state."""
        ...

    def refund(
        self, payment_id: str, amount: Money, key: str, references: dict[str, str]
    ) -> Awaitable[RefundSnapshot]:
        """Give captured money back."""
        ...

    def look_at_refund(self, provider_refund_id: str) -> Awaitable[RefundSnapshot]: ...

    def events_since(self, since: datetime) -> Awaitable[Sequence[ProviderEvent]]:
        """The provider's own list of what happened, oldest first: finds lost webhooks."""
        ...

    def parse_event(self, raw: bytes, signature: str, now: datetime) -> ProviderEvent:
        """Verify a webhook on its raw bytes; raises WebhookRejected (also for future timestamps)."""
        ...
