"""The answers of Wink's contract. Money is a number of major units, written digit by digit; the
three currencies of that contract are one here, because nothing is converted."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

import msgspec

from domain.money import Money
from service.http.api import Answer

Number = Decimal

encode = msgspec.json.Encoder(decimal_format="number").encode


class WinkReply(msgspec.Struct, kw_only=True, rename="camel"):
    """What every answer shares."""


class MonetaryAmount(WinkReply, kw_only=True):
    amount: Number
    currency: str


class CheckoutResult(WinkReply, kw_only=True):
    """What a payment sheet needs, and what was made."""

    client_secret: str
    ephemeral_key: str
    customer_id: str
    group_identifier: str
    booking_codes: Annotated[list[str], msgspec.Meta(min_length=1)]


class ChildReply(WinkReply, kw_only=True):
    age: int
    quantity: int


class RoomConfigurationReply(WinkReply, kw_only=True):
    adults: int
    children: list[ChildReply]
    quantity: int


class UserReply(WinkReply, kw_only=True):
    """Whom the room is for. Names are empty after the person was forgotten."""

    first_name: str
    last_name: str
    full_name: str
    email: str
    telephone: str | None
    valid: bool


class AddressReply(WinkReply, kw_only=True):
    address1: str | None
    city: str | None
    state: str | None
    postal_code: str | None
    country_code: str | None
    full_address: str


class LocationReply(WinkReply, kw_only=True):
    """GeoJSON: longitude first."""

    type: str
    coordinates: list[float]


class HotelReply(WinkReply, kw_only=True):
    identifier: str
    name: str
    stars: float | None
    address: AddressReply
    location: LocationReply | None


class RatePlanReply(WinkReply, kw_only=True):
    name: str
    breakfast: bool
    brunch: bool
    lunch: bool
    dinner: bool
    all_inclusive: bool
    all_inclusive_plus_alcohol: bool


class CancellationPolicyReply(WinkReply, kw_only=True):
    """In the words of the contract, rounded against the traveller's expectations; `timeline` says
    it exactly: what comes back when cancelled before each moment."""

    identifier: str
    hotel_identifier: str
    refundable: bool
    advance_cancellation_free_of_charge: str | None
    refundable_cancellation_charge: str | None
    no_show_charge: str | None
    timeline: list[RefundStepReply]


class RefundStepReply(WinkReply, kw_only=True):
    before: str
    refund: MonetaryAmount


class PriceReply(WinkReply, kw_only=True):
    source_total: MonetaryAmount
    user_specified_currency_total: MonetaryAmount
    internal_total: MonetaryAmount
    quantity: int


class ExtraChargesReply(WinkReply, kw_only=True):
    """What is paid at the property, beside the price; null where it is not known."""

    source_total: MonetaryAmount | None
    user_specified_currency_total: MonetaryAmount | None
    internal_total: MonetaryAmount | None
    items: list[PriceReply]


class WinkAncillaryReply(WinkReply, kw_only=True):
    identifier: str
    type: str
    name: str
    quantity: int
    price: PriceReply


class StayReply(WinkReply, kw_only=True):
    room_rate_identifier: str
    name: str
    price: PriceReply
    rate_plan: RatePlanReply
    active_cancellation_policy: CancellationPolicyReply
    extra_charges: ExtraChargesReply
    guest_user: UserReply | None
    ancillary_list: list[WinkAncillaryReply]
    available: bool


class CartItemReply(WinkReply, kw_only=True):
    """One room reservation. `expiresAt` is how long its price was promised; checkout asks anew."""

    identifier: str
    hotel_identifier: str
    room_rate_identifier: str
    room_configuration: RoomConfigurationReply
    start_date: str
    end_date: str
    nights: int
    currency: str
    language: str
    user: UserReply
    hotel: HotelReply
    stay: StayReply
    ancillaries: list[WinkAncillaryReply]
    promotional_codes: list[str]
    special_requests: str | None
    lifestyle: str | None
    customization_identifier: str | None
    bedroom_configuration_identifier: str | None
    commission: Number
    commissionable: bool
    source_total: MonetaryAmount
    user_specified_currency_total: MonetaryAmount
    internal_total: MonetaryAmount
    expires_at: str


class CartReply(WinkReply, kw_only=True):
    """A shopping cart. Totals are null while it never had an item. `expiresAt` is an hour after
    the last change; null where nothing of it can expire any more."""

    id: str
    item_list: list[CartItemReply]
    source_total: MonetaryAmount | None
    user_specified_currency_total: MonetaryAmount | None
    internal_total: MonetaryAmount | None
    version: int
    expires_at: str | None


class RemoveEntryReply(WinkReply, kw_only=True):
    id: str
    success: bool
    message: str


class BooleanReply(WinkReply, kw_only=True):
    success: bool
    message: str


class StatusTransitionReply(WinkReply, kw_only=True):
    from_status: str
    to_status: str
    timestamp: str
    actor: str
    reason: str


class CustomizationReply(WinkReply, kw_only=True):
    identifier: str


class ItineraryReply(WinkReply, kw_only=True):
    start_date: str
    end_date: str
    nights: int
    items: list[RoomConfigurationReply]
    rooms: int
    guests: int
    children: int


class UserSessionReply(WinkReply, kw_only=True):
    itinerary: ItineraryReply
    language: str
    currency: str
    promotional_codes: list[str]
    lifestyle: str | None


class PaymentDetailsReply(WinkReply, kw_only=True):
    vendor: str
    session_identifier: str | None
    transaction_identifier: str | None
    customer_identifier: str | None


class CancellationReply(WinkReply, kw_only=True):
    cancelled_on: str
    canceller_type: str
    cancellation_type: str
    cancel_reason: str


class RefundReply(WinkReply, kw_only=True):
    """`status` is `PENDING`, `SUCCEEDED` or `FAILED`."""

    status: str
    reason: str
    source_amount: Number
    display_amount: Number
    internal_amount: Number
    currency: str
    stripe_refund_id: str | None


class WinkBookingReply(WinkReply, kw_only=True):
    """One room as it was booked. `supplierBookingCode` is what the traveller shows there."""

    id: str
    booking_identifier: str
    created_date: str
    last_update: str
    version: int
    creation: str
    group_identifier: str
    booking_code: str
    supplier_booking_code: str | None
    booking_status: str
    status_history: list[StatusTransitionReply]
    payment_type: str
    payment_details: PaymentDetailsReply
    stripe_payment_intent_id: str | None
    customization: CustomizationReply
    user: UserReply
    user_session: UserSessionReply
    hotel: HotelReply
    hotel_image_url: str
    room_stay: StayReply
    special_requests: str | None
    source_total: MonetaryAmount
    user_specified_currency_total: MonetaryAmount
    internal_total: MonetaryAmount
    cancellable: bool
    cancelled: bool
    cancellation: CancellationReply | None
    refund: RefundReply | None
    shopping_cart_identifier: str


class BookingPageReply(WinkReply, kw_only=True):
    content: list[WinkBookingReply]
    number: int
    size: int
    number_of_elements: int
    total_elements: int
    total_pages: int
    first: bool
    last: bool


class RefundPreviewReply(WinkReply, kw_only=True):
    """What cancelling now would give back. `refundType` is `NONE`, `PARTIAL` or `FULL`; the amount
    is null where the supplier does not say, which is not nothing."""

    booking_identifier: str
    booking_code: str
    hotel_name: str
    start_date: str
    end_date: str
    refundable: bool
    refund_type: str
    refund_display_amount: Number | None
    display_currency: str
    cancellation_policy: str


class GroupRefundPreviewReply(WinkReply, kw_only=True):
    group_identifier: str
    lines: list[RefundPreviewReply]
    refundable: bool
    refund_type: str
    total_refund_display_amount: Number | None
    display_currency: str


def answered(body: Any) -> Answer:
    return Answer(body=encode(body))


def amount(money: Money) -> MonetaryAmount:
    return MonetaryAmount(amount=money.to_decimal(), currency=money.currency)


def totals(money: Money | None) -> dict[str, MonetaryAmount | None]:
    """The same amount in the source's, the traveller's and our currency, which are one."""
    shown = amount(money) if money is not None else None
    return {
        "source_total": shown,
        "user_specified_currency_total": shown,
        "internal_total": shown,
    }
