"""What can be asked of a supplier of travel and what it can answer, whoever the supplier is."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Literal

from domain.money import Money

ItemKind = Literal["flight", "stay"]
PassengerType = Literal["ADULT", "CHILD", "INFANT"]
JsonObject = dict[str, Any]


class CommitDedupe(StrEnum):
    """Whether the supplier itself recognises an order that is sent twice."""

    NONE = "none"
    BY_CLIENT_REFERENCE = "by_client_reference"


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPassenger:
    """Someone who travels: an age in years where known, else a type."""

    type: Literal["adult", "child", "infant"] | None = None
    age: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """One direction of a journey; IATA codes and the local date of departure."""

    origin: str
    destination: str
    departure_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class FlightSearch:
    slices: tuple[Slice, ...]
    passengers: tuple[SearchPassenger, ...]
    cabin_class: Literal["economy", "premium_economy", "business", "first"] | None = None
    max_connections: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StaySearch:
    """Around a place; with `property_id` at this one property of the supplier only."""

    latitude: float
    longitude: float
    radius_km: int
    check_in_date: date
    check_out_date: date
    rooms: int
    guests: tuple[SearchPassenger, ...]
    property_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PassengerSlot:
    """A seat or bed that an offer was priced for; `passenger_id` is the supplier's name for it."""

    passenger_id: str
    passenger_type: PassengerType


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Something that can be put into a trip, as the supplier priced it.

    `refundable` and `holdable` are None where the supplier does not say. `details` is plain JSON
    for people to read: for flights `slices` with segments, times and zones; for stays the
    property, room, dates and rules. `supplier_facts` is plain JSON only the adapter reads.
    """

    offer_id: str
    supplier: str
    kind: ItemKind
    title: str
    price: Money
    expires_at: datetime
    passengers: tuple[PassengerSlot, ...] = ()
    refundable: bool | None = None
    holdable: bool | None = None
    details: JsonObject = field(default_factory=dict)
    supplier_facts: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ancillary:
    """An extra that may be chosen for an item: a bag, a seat. `price` is for one."""

    offer_id: str
    type: str
    name: str
    price: Money
    max_quantity: int = 1
    passenger_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """An extra that was chosen; the price is the supplier's, never the client's."""

    offer_id: str
    quantity: int
    price: Money
    name: str
    type: str
    traveler_id: str | None = None


# --- re-pricing an offer


@dataclass(frozen=True, slots=True, kw_only=True)
class Requoted:
    """Still to be had, at this price (extras included) until `expires_at`.

    `supplier_quote_id` is what an order must name where that is not the offer itself.
    """

    price: Money
    expires_at: datetime
    supplier_quote_id: str | None = None
    refundable: bool | None = None
    holdable: bool | None = None
    conditions: JsonObject = field(default_factory=dict)
    ancillaries: tuple[Ancillary, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unavailable:
    """Not to be had any more, for certain. `code`: `offer_expired`, `sold_out`,
    `ancillary_unavailable` or `supplier_rejected`."""

    code: str
    detail: str


RequoteAnswer = Requoted | Unavailable


# --- ordering


@dataclass(frozen=True, slots=True, kw_only=True)
class Traveler:
    """A person as the supplier needs them; personal data, never stored or logged like this."""

    traveler_id: str
    passenger_type: PassengerType
    first_name: str
    last_name: str
    date_of_birth: date | None = None
    gender: Literal["f", "m", "x"] | None = None
    title: str | None = None
    documents: tuple[JsonObject, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Whom the supplier writes to; personal data."""

    email: str
    phone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRequest:
    """One attempt to order one item. `attempt_id` names the attempt (for suppliers that dedupe);
    `metadata` goes to the supplier so that the order can be found again."""

    attempt_id: str
    trip_id: str
    booking_id: str
    offer: Offer
    price: Money
    supplier_quote_id: str | None
    selections: tuple[Selection, ...]
    travelers: tuple[Traveler, ...]
    contact: Contact
    metadata: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderConfirmed:
    """The order exists. `supplier_reference` is what the traveller shows (PNR, confirmation)."""

    supplier_order_id: str
    supplier_reference: str
    price: Money
    documents: tuple[JsonObject, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRefused:
    """Definitely nothing was created. Codes: `sold_out`, `offer_expired`, `price_changed`,
    `ancillary_unavailable`, `insufficient_balance`, `invalid_travelers`, `supplier_rejected`."""

    code: str
    detail: str
    new_price: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDeferred:
    """Definitely nothing was created, and the same order may be sent again after a pause."""

    retry_after_s: float
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderUnknown:
    """An order may exist: found out by reading, never by sending again."""

    detail: str


OrderAnswer = OrderConfirmed | OrderRefused | OrderDeferred | OrderUnknown


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderNotFound:
    """No order is visible now; absence is no proof for hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierOrder:
    """An order in the supplier's own books. `stands`: it is neither cancelled nor let go. `price`
    None: the supplier does not say. `metadata` is what we wrote on it, if it is ours."""

    supplier_order_id: str
    supplier_reference: str
    title: str
    stands: bool
    price: Money | None
    made_at: datetime
    documents: tuple[JsonObject, ...] = ()
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFailed:
    """The supplier says the order will never exist."""

    code: str
    detail: str


FindAnswer = OrderConfirmed | OrderNotFound | OrderFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Seats kept without payment: pay before `pay_by`, at this price until `price_until`."""

    supplier_order_id: str
    supplier_reference: str
    price: Money
    pay_by: datetime
    price_until: datetime | None = None


HoldAnswer = Hold | OrderRefused | OrderDeferred | OrderUnknown


# --- cancelling

# Where a refund goes that is money again; vouchers and credits are not.
REFUND_TO_BALANCE = "balance"


@dataclass(frozen=True, slots=True, kw_only=True)
class CancellationQuote:
    """What cancelling now would give back to us; `refund` None means unknown, never zero."""

    quote_id: str
    supplier_order_id: str
    refund: Money | None
    refund_to: str
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    refund: Money | None
    refund_to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CancellationRefused:
    """`code`: `not_cancellable`, `cancellation_quote_stale` or `supplier_rejected`."""

    code: str
    detail: str


CancelAnswer = Cancelled | CancellationRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierEvent:
    """A verified notification: only what is needed to go and look. `dedupe_key` names the fact.

    `creation_failed`: an accepted order will never exist, which looking cannot show. `changed`:
    the supplier has changed what was booked.
    """

    event_id: str
    dedupe_key: str
    type: str
    order_id: str | None = None
    offer_id: str | None = None
    creation_failed: bool = False
    changed: bool = False
    metadata: dict[str, str] = field(default_factory=dict)


class SupplierUnavailable(Exception):
    """A question (never an order) got no usable answer; asking again is safe."""


class WebhookRejected(Exception):
    """The notification is unsigned, stale, malformed or foreign; nothing of it may be used."""
