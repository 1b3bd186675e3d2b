"""The answers of the native API, and the words and figures they are made of."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any, Literal

import msgspec
from babel.numbers import format_currency

from domain.money import Money, exponent


class Reply(msgspec.Struct, kw_only=True):
    """What every answer shares."""


class MoneyReply(Reply, kw_only=True):
    """`amount` counts whole minor units; `display` is ready for people."""

    amount: int
    currency: str
    display: str


class OfferReply(Reply, kw_only=True):
    """Something that can be put into a trip until `expires_at`. `refundable` and `holdable` are
    null where the supplier does not say."""

    offer_id: str
    kind: Literal["flight", "stay"]
    title: str
    supplier: str
    price: MoneyReply
    expires_at: str
    refundable: bool | None
    holdable: bool | None
    passengers: list[PassengerReply]
    details: dict[str, Any]


class PassengerReply(Reply, kw_only=True):
    passenger_type: Literal["ADULT", "CHILD", "INFANT"]


class OffersReply(Reply, kw_only=True):
    offers: list[OfferReply]


class AncillaryReply(Reply, kw_only=True):
    """An extra that may be chosen; the price is for one."""

    offer_id: str
    type: str
    name: str
    price: MoneyReply
    max_quantity: int


class SelectionReply(Reply, kw_only=True):
    offer_id: str
    type: str
    name: str
    quantity: int
    price: MoneyReply
    traveler_id: str | None


class ItemReply(Reply, kw_only=True):
    """`price` is what was last quoted or shown, extras included."""

    item_id: str
    offer_id: str
    kind: Literal["flight", "stay"]
    title: str
    supplier: str
    price: MoneyReply
    expires_at: str
    refundable: bool | None
    selected_ancillaries: list[SelectionReply]
    available_ancillaries: list[AncillaryReply]
    conditions: dict[str, Any]
    details: dict[str, Any]


class TravelerReply(Reply, kw_only=True):
    """A person, masked: enough to recognise, too little to misuse. Names are null after the
    person was forgotten."""

    traveler_id: str
    person_id: str
    passenger_type: Literal["ADULT", "CHILD", "INFANT"]
    first_name: str | None
    last_name: str | None
    provided: list[str]
    forgotten: bool


class ContactReply(Reply, kw_only=True):
    person_id: str
    email: str | None
    phone: str | None
    forgotten: bool


class QuoteProblemReply(Reply, kw_only=True):
    item_id: str
    code: str
    detail: str


class QuoteReply(Reply, kw_only=True):
    """`status`: `none`, `scheduled`, `completed`, `failed`, `expired` or `dropped`."""

    status: str
    quote_id: str | None = None
    total: MoneyReply | None = None
    expires_at: str | None = None
    problems: list[QuoteProblemReply] = []


class CheckoutReply(Reply, kw_only=True):
    """`status`: `none`, `opening`, `pending_payment`, `processing`, `closing`, `closed`,
    `expired`, `refused` or `paid`."""

    status: str
    session_id: str | None = None
    mode: str | None = None
    group_id: str | None = None
    url: str | None = None
    total: MoneyReply | None = None
    expires_at: str | None = None


class PaymentRefundReply(Reply, kw_only=True):
    """`status`: `scheduled`, `pending`, `succeeded` or `failed` (owed still)."""

    refund_id: str
    status: str
    amount: MoneyReply
    reason: str


class PaymentDisputeReply(Reply, kw_only=True):
    """The customer's bank took money back. `status`: `open`, `won` or `lost`."""

    dispute_id: str
    status: str
    amount: MoneyReply
    reason: str
    respond_by: str | None


class PaymentReply(Reply, kw_only=True):
    """Sums over all payments of the trip; null as long as there is none. `disputed` is what a bank
    has taken back, for now or for good."""

    status: str
    authorized: MoneyReply | None = None
    captured: MoneyReply | None = None
    released: MoneyReply | None = None
    refunded: MoneyReply | None = None
    disputed: MoneyReply | None = None
    refunds: list[PaymentRefundReply] = []
    disputes: list[PaymentDisputeReply] = []


class FulfillmentReply(Reply, kw_only=True):
    """`status`: `pending` (nothing is ordered yet), `fulfilling`, `completed` or `failed`."""

    status: str
    policy: str | None = None
    confirmed: list[str] = []
    failed: list[str] = []


class BookingReply(Reply, kw_only=True):
    """One item's order at its supplier; `supplier_reference` is what the traveller shows there."""

    code: str
    status: str
    item_id: str
    trip_id: str
    group_id: str
    title: str
    price: MoneyReply
    supplier_reference: str | None
    documents: list[dict[str, Any]]
    problem_code: str | None
    problem: str | None


class BookingsReply(Reply, kw_only=True):
    group_id: str
    trip_id: str
    bookings: list[BookingReply]


class TripReply(Reply, kw_only=True):
    trip_id: str
    version: int
    status: str
    created_at: str
    items: list[ItemReply]
    total: MoneyReply | None
    travelers: list[TravelerReply]
    contact: ContactReply | None
    quote: QuoteReply
    checkout: CheckoutReply
    payment: PaymentReply
    fulfillment: FulfillmentReply
    bookings: list[BookingReply]
    clocks: dict[str, str]
    allowed_actions: list[str]


class ItemAddedReply(TripReply, kw_only=True):
    """The trip after the edit, and the id of the new item."""

    item_id: str


class BookItemReply(Reply, kw_only=True):
    item_id: str
    kind: Literal["flight", "stay"]
    title: str
    price: MoneyReply
    available_ancillaries: list[AncillaryReply]


class PaymentSecretsReply(Reply, kw_only=True):
    """What a payment sheet in the caller's app needs; fresh at every answer."""

    client_secret: str
    ephemeral_key: str
    customer_id: str


class BookReply(Reply, kw_only=True, omit_defaults=True):
    """An open checkout; the same one is answered until it is over. `session_id` names the checkout
    here, `checkout_url` is where the traveller pays (hosted mode)."""

    status: str
    trip_id: str
    version: int
    session_id: str
    checkout_url: str | None
    group_id: str
    booking_codes: list[str]
    total: MoneyReply
    expires_at: str
    items: list[BookItemReply]
    payment: PaymentSecretsReply | None = None


class EventReply(Reply, kw_only=True):
    """Something that happened; `topic` is its kind, for ever the same. `data` holds the facts, of
    people only ids."""

    position: int
    event_id: str
    topic: str
    trip_id: str
    stream_id: str
    stream_version: int
    recorded_at: str
    actor: str
    request_id: str | None
    causation: str | None
    correlation: str | None
    data: Annotated[msgspec.Raw, msgspec.Meta(extra_json_schema={"type": "object"})]


class EventsReply(Reply, kw_only=True):
    """Events in the one order of the log; ask again with `after` = `next`."""

    events: list[EventReply]
    next: int


class ClockReply(Reply, kw_only=True):
    now: str


@lru_cache(maxsize=4_096)
def display(amount: Money) -> str:
    """With every digit of it: people's habits of leaving out small coins, which the library knows,
    would round what is charged."""
    digits = exponent(amount.currency)
    form = "¤#,##0." + "0" * digits if digits else "¤#,##0"
    value = amount.to_decimal()
    return format_currency(value, amount.currency, form, locale="en_US", currency_digits=False)


def money(amount: Money) -> MoneyReply:
    return MoneyReply(amount=amount.amount, currency=amount.currency, display=display(amount))


def moment(at: datetime) -> str:
    """RFC 3339 in UTC, with a Z."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
