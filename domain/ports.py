"""What the rules and the running program need from the outside world, as Protocols.

Methods that wait answer an `Awaitable`, so that this file stays free of `async`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from domain.log import Append, Appended, Recorded, Task
from domain.money import Money
from domain.payments import (
    CheckoutOrder,
    CheckoutSnapshot,
    DirectSecrets,
    MoneyBack,
    OpenedCheckout,
    PaymentSighting,
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
    SupplierOrder,
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

    def unfit(self, request: OrderRequest) -> str | None:
        """Why these travelers could not be booked on this offer, in words without personal data;
        None: as far as we can tell they can. Asks nobody."""
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

    def look_at_order(
        self, offer: Offer, supplier_order_id: str
    ) -> Awaitable[SupplierOrder | None]:
        """The order as the supplier has it now; None: it has none of this id."""
        ...

    def orders_since(self, since: datetime) -> Awaitable[Sequence[SupplierOrder]]:
        """The supplier's own list of what was ordered with our account, whoever did it."""
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

    def money_back(self, payment_id: str) -> Awaitable[MoneyBack]:
        """All refunds and disputes of a payment, whoever made them, as they are now."""
        ...

    def payments_since(self, since: datetime) -> Awaitable[Sequence[PaymentSighting]]:
        """The provider's own list of payments made since then, ours or not, oldest first."""
        ...

    def events_since(self, since: datetime) -> Awaitable[Sequence[ProviderEvent]]:
        """The provider's own list of what happened, oldest first: finds lost webhooks."""
        ...

    def parse_event(self, raw: bytes, signature: str, now: datetime) -> ProviderEvent:
        """Verify a webhook on its raw bytes; raises WebhookRejected, for future times too."""
        ...


class EventLog(Protocol):
    """The log of everything that happened, in one order."""

    def append(self, append: Append) -> Awaitable[Appended]:
        """Record all of it or nothing; repeating it with the same event ids changes nothing.

        Raises TripMoved when the trip has newer events than `expected_position`.
        """
        ...

    def read_trip(self, trip_id: str, after: int = 0) -> Awaitable[Sequence[Recorded]]:
        """The events of a trip and its bookings after a position, in order."""
        ...

    def read_stream(
        self, stream_id: str, after_version: int = 0
    ) -> Awaitable[Sequence[Recorded]]: ...

    def read_all(
        self, after: int, limit: int, tenant: str | None = None
    ) -> Awaitable[Sequence[Recorded]]:
        """The events after a position, in commit order: none ever appears before a seen one."""
        ...

    def pages(
        self, after: int, limit: int, tenant: str | None = None
    ) -> AsyncGenerator[Sequence[Recorded]]:
        """The same page by page, up to the present end. Close it where you stop before that."""
        ...

    def last_position(self) -> Awaitable[int]: ...

    @property
    def rings(self) -> int:
        """How many hints there were: the same as before, and there was none since."""
        ...

    def changed(self, timeout_s: float) -> Awaitable[None]:
        """Wait for a hint that something was recorded, at most `timeout_s`; then read to know."""
        ...


class Outbox(Protocol):
    """Work waiting to be done, written with the events that asked for it."""

    def claim(self, now: datetime, limit: int, lease_s: float) -> Awaitable[Sequence[Task]]:
        """Take due tasks for `lease_s`; no other worker gets them until the lease is over."""
        ...

    def announce(self, task: Task, now: datetime) -> Awaitable[bool]:
        """Mark durably that the effect is about to be sent; False: the lease was lost, so don't."""
        ...

    def renew(self, task: Task, now: datetime, lease_s: float) -> Awaitable[bool]:
        """Keep the task for another `lease_s`; False: the lease was lost."""
        ...

    def finish(self, task: Task) -> Awaitable[None]:
        """The task is done; its key stays for ever. A lost lease changes nothing."""
        ...

    def retry(self, task: Task, due: datetime, reason: str, *, sent: bool) -> Awaitable[None]:
        """Give the task back, due later. `sent` False clears the announcement: nothing was sent."""
        ...

    def park(self, task: Task, reason: str) -> Awaitable[None]:
        """Stop trying: a person must look."""
        ...

    def add(
        self, kind: str, key: str, subject: str, due: datetime, trip_id: str | None = None
    ) -> Awaitable[None]:
        """Ask for work outside an append; a key that was ever used changes nothing."""
        ...

    def hasten(self, key: str, due: datetime) -> Awaitable[None]:
        """Make a waiting task due earlier."""
        ...

    def next_due(self) -> Awaitable[datetime | None]:
        """When the earliest waiting task is due."""
        ...

    def changed(self, timeout_s: float) -> Awaitable[None]:
        """Wait for a hint that there may be work, at most `timeout_s`."""
        ...


class OfferShelf(Protocol):
    """Offers that searches have shown, by tenant: where an item's price and facts come from."""

    def put(self, tenant: str, offers: Sequence[Offer]) -> Awaitable[None]: ...

    def get(self, tenant: str, offer_id: str) -> Awaitable[Offer | None]: ...
