"""The answers of Jinko's contract."""

from __future__ import annotations

from typing import Literal

from service.http.answers import Reply

Kind = Literal["flight", "hotel"]


class JinkoPrice(Reply, kw_only=True):
    """`amount` in major units, `value` in minor ones (`amount` is `value` shifted by
    `decimal_places`); `display` is to be shown as it is."""

    amount: float
    value: int
    currency: str
    decimal_places: int
    display: str


class JinkoTotals(Reply, kw_only=True):
    """In major units. There are no fees of ours: suppliers' prices are what is paid."""

    subtotal: float
    fees: float
    total: float
    currency: str
    display: str


class JinkoAvailable(Reply, kw_only=True):
    """An extra that may be chosen. `per_pax`: it is for one passenger."""

    offer_id: str
    type: str
    label: str
    per_pax: bool
    max_quantity: int
    price_per_unit: JinkoPrice


class JinkoSelected(Reply, kw_only=True):
    offer_id: str
    type: str
    label: str
    quantity: int
    pax_ref_id: str | None
    price_per_unit: JinkoPrice


class JinkoItem(Reply, kw_only=True):
    """`kind` and `type` are the same; `price` includes the extras that are chosen."""

    item_id: str
    kind: Kind
    type: Kind
    trip_item_token: str
    description: str
    pax_count: int
    price: JinkoPrice
    currency: str
    expires_at: str
    refundable: bool | None
    available_ancillaries: list[JinkoAvailable]
    selected_ancillaries: list[JinkoSelected]


class JinkoTraveler(Reply, kw_only=True):
    """A person, masked; `traveler_id` is what `pax_ref_id` of an extra names."""

    traveler_id: str
    passenger_type: Literal["ADULT", "CHILD", "INFANT"]
    first_name: str | None
    last_name: str | None
    provided: list[str]


class JinkoContact(Reply, kw_only=True):
    """Masked."""

    email: str | None
    phone: str | None


class JinkoQuoteProblem(Reply, kw_only=True):
    item_id: str
    code: str
    message: str


class JinkoQuote(Reply, kw_only=True):
    """`status`: `processing`, `quoted` (`succeeded` over MCP), `failed` or `expired`."""

    status: str
    totals: JinkoTotals | None
    expires_at: str | None
    problems: list[JinkoQuoteProblem]


class JinkoCheckout(Reply, kw_only=True):
    """`status`: `opening`, `pending_payment`, `processing`, `closing`, `closed`, `expired`,
    `refused` or `paid`."""

    status: str
    session_id: str
    checkout_url: str
    expires_at: str


class JinkoPayment(Reply, kw_only=True):
    """Kept apart from `fulfillment`: `none`, `pending`, `failed`, `processing`, `authorized`,
    `captured`,
    `partially_refunded`, `refunding`, `refunded`, `refund_failed`, `disputed`, `dispute_lost`,
    `releasing` or `released`."""

    status: str


class JinkoFulfillment(Reply, kw_only=True):
    """`pending` (paid, nothing is booked yet), `fulfilling`, `completed` or `failed`."""

    status: str
    scheduled_at: str


class JinkoBooking(Reply, kw_only=True):
    """`booking_reference` is the supplier's own, to be shown there; `status`: `pending`,
    `confirmed`, `failed` or `cancelled`."""

    item_id: str
    code: str
    status: Literal["pending", "confirmed", "failed", "cancelled"]
    description: str
    booking_reference: str | None
    price: JinkoPrice


class JinkoTrip(Reply, kw_only=True):
    """`status`: `draft`, `quoted`, `pending_payment`, `fulfilling`, `completed`, `failed` or
    `cancelled`. `quote`, `checkout` and `fulfillment` are null as long as there is none.
    `booking_ref` is there from the fulfilment's scheduling on and never changes."""

    trip_id: str
    status: str
    items: list[JinkoItem]
    totals: JinkoTotals | None
    travelers: list[JinkoTraveler]
    contact: JinkoContact | None
    quote: JinkoQuote | None
    checkout: JinkoCheckout | None
    payment: JinkoPayment
    fulfillment: JinkoFulfillment | None
    bookings: list[JinkoBooking]
    booking_ref: str | None


class JinkoTripChanged(JinkoTrip, kw_only=True):
    """The trip afterwards, and what this call did to it: `created`, `item_removed`, `item_added`,
    `travelers_updated`, `ancillaries_selected`."""

    actions_performed: list[str]


class JinkoBook(Reply, kw_only=True):
    """An open checkout; the same one is answered until it is over."""

    trip_id: str
    session_id: str
    checkout_url: str
    status: Literal["pending_payment"]
    expires_at: str
    total_amount: JinkoPrice
    items: list[JinkoItem]
