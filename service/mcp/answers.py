"""What the tools answer: Jinko's shapes over MCP, where money is a number with its currency."""

from __future__ import annotations

from typing import Any, Literal

from service.http.answers import Reply
from service.http.jinko.answers import (
    JinkoCheckout,
    JinkoContact,
    JinkoFulfillment,
    JinkoPayment,
    JinkoQuote,
    JinkoTotals,
    JinkoTraveler,
    Kind,
)
from service.mcp.text import DATA_NOTICE


class ToolPrice(Reply, kw_only=True):
    """In major units."""

    total: float
    currency: str


class ShownPrice(ToolPrice, kw_only=True):
    """`display` is to be quoted as it is."""

    display: str


class ToolOffer(Reply, kw_only=True):
    """`trip_item_token` goes into `trip`; the offer lives until `expires_at`."""

    trip_item_token: str
    kind: Kind
    title: str
    price: ShownPrice
    expires_at: str
    refundable: bool | None
    passengers: list[str]
    details: dict[str, Any]


class SearchAnswer(Reply, kw_only=True):
    """The cheapest first. `empty_reason` is set when there is nothing: no error, search elsewhere
    or on other dates."""

    offers: list[ToolOffer]
    offers_found: int
    empty_reason: Literal["no_offers"] | None
    next: str
    data_notice: str = DATA_NOTICE


class ToolAncillary(Reply, kw_only=True):
    """An extra that may be chosen; `price` in the currency of its item, for one."""

    offer_id: str
    type: str
    price: float
    name: str


class ToolSelection(Reply, kw_only=True):
    offer_id: str
    name: str
    quantity: int
    pax_ref_id: str | None
    price: float


class ToolItem(Reply, kw_only=True):
    item_id: str
    kind: Kind
    description: str
    price: ShownPrice
    expires_at: str
    refundable: bool | None
    available_ancillaries: list[ToolAncillary]
    selected_ancillaries: list[ToolSelection]


class ToolBooking(Reply, kw_only=True):
    """`booking_reference` is the supplier's own (the PNR); `code` is ours."""

    item_id: str
    code: str
    status: Literal["pending", "confirmed", "failed", "cancelled"]
    description: str
    booking_reference: str | None
    price: ShownPrice


class ToolTrip(Reply, kw_only=True):
    """`quote.status` is `succeeded` when every price is known."""

    trip_id: str
    status: str
    actions_performed: list[str]
    items: list[ToolItem]
    totals: JinkoTotals | None
    travelers: list[JinkoTraveler]
    contact: JinkoContact | None
    quote: JinkoQuote | None
    checkout: JinkoCheckout | None
    payment: JinkoPayment
    fulfillment: JinkoFulfillment | None
    bookings: list[ToolBooking]
    booking_ref: str | None
    next: str
    data_notice: str = DATA_NOTICE


class BookedItem(Reply, kw_only=True):
    item_id: str
    kind: Kind
    price: ToolPrice
    available_ancillaries: list[ToolAncillary]


class BookAnswer(Reply, kw_only=True):
    """An open checkout: nothing is paid or booked yet."""

    status: Literal["success"]
    trip_id: str
    session_id: str
    checkout_url: str
    items: list[BookedItem]
    total_amount: ShownPrice
    expires_at: str
    next: str
    data_notice: str = DATA_NOTICE
