"""What may be asked of a trip. Times, new ids and outcomes come with the command."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.money import Money
from domain.payments import (
    CheckoutSnapshot,
    MoneyBack,
    OpenedCheckout,
    PaymentSnapshot,
    RefundSnapshot,
)
from domain.suppliers import CancellationQuote, Offer, RequoteAnswer, Selection
from domain.trip.events import BookRequest, SealedContact, SealedTraveler


@dataclass(frozen=True, slots=True, kw_only=True)
class StartTrip:
    trip_id: str
    tenant: str
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AddItem:
    item_id: str
    offer: Offer
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveItem:
    item_id: str
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTravelers:
    travelers: tuple[SealedTraveler, ...]
    contact: SealedContact | None
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectAncillaries:
    item_id: str
    selections: tuple[Selection, ...]
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """Open a checkout, pricing everything first. `quote_id` is for a new quote, if one is due."""

    quote_id: str
    request: BookRequest
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordQuote:
    """Each item's answer, by item id."""

    quote_id: str
    answers: dict[str, RequoteAnswer]
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpireQuote:
    quote_id: str
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordCheckoutOpened:
    checkout_id: str
    opened: OpenedCheckout
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordCheckoutRefused:
    checkout_id: str
    code: str
    detail: str
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseCheckout:
    """Make a checkout unpayable: the named one, or the present one (so as to edit the trip)."""

    reason: str
    checkout_id: str | None = None
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordCheckoutState:
    """The checkout as the provider sees it now; told as often as you like, in any order."""

    checkout_id: str
    snapshot: CheckoutSnapshot
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StartFulfillment:
    checkout_id: str
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleFulfillment:
    """All orders are settled: take what was confirmed, give the rest back."""

    checkout_id: str
    confirmed: tuple[str, ...]
    failed: tuple[str, ...]
    confirmed_total: Money
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPayment:
    """The payment after a capture or a release, as the provider sees it."""

    payment: PaymentSnapshot
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordCaptureRefused:
    payment_id: str
    code: str
    detail: str
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRefund:
    refund_id: str
    refund: RefundSnapshot
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRefundRefused:
    refund_id: str
    code: str
    detail: str
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordMoneyBack:
    """Refunds and disputes of a payment as the provider sees them now, ours and others'."""

    money_back: MoneyBack
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundPayment:
    """Somebody decides to give `amount` back. The same `request_id` means the same refund;
    without a `payment_id` it is of the newest payment that is still ours."""

    request_id: str
    amount: Money
    reason: str
    payment_id: str | None = None
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasePayment:
    """Somebody decides to let an authorisation go; `confirmed` are the checkouts of which bookings
    are confirmed, and is set when it is decided."""

    reason: str
    payment_id: str | None = None
    confirmed: frozenset[str] = frozenset()
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardAuthorization:
    """The authorisation lapses soon: capture what is confirmed or let it go, while it can be."""

    payment_id: str
    confirmed_total: Money
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordCancellationQuote:
    """What the suppliers would give back, by booking id, with what the customer paid for each."""

    cancellation_quote_id: str
    checkout_id: str
    supplier_quotes: dict[str, CancellationQuote]
    prices: dict[str, Money]
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelBookings:
    """Cancel on the terms of a quote: the newest one, while it lives."""

    cancellation_quote_id: str
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundBooking:
    """A booking was cancelled for the customer: give back what was promised for it."""

    checkout_id: str
    booking_id: str
    price: Money
    terms: CancellationQuote | None
    supplier_refund: Money | None
    nothing_booked: bool
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIncident:
    code: str
    detail: str
    advice: str
    subject: str
    at_stake: Money | None
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetPerson:
    """Erase what is known of a person who is, or once was, in the trip."""

    person_id: str
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignIncident:
    """Somebody (`owner`) sees to it."""

    code: str
    subject: str
    owner: str
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolveIncident:
    """It is settled; `resolution` says how."""

    code: str
    subject: str
    resolution: str
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteAction:
    """Somebody wants something done: said before it is done, once for each request."""

    action: str
    subject: str
    reason: str
    request_id: str
    now: datetime


TripCommand = (
    StartTrip
    | AddItem
    | RemoveItem
    | SetTravelers
    | SelectAncillaries
    | Book
    | RecordQuote
    | ExpireQuote
    | RecordCheckoutOpened
    | RecordCheckoutRefused
    | CloseCheckout
    | RecordCheckoutState
    | StartFulfillment
    | SettleFulfillment
    | RecordPayment
    | RecordCaptureRefused
    | RecordRefund
    | RecordRefundRefused
    | RecordMoneyBack
    | RefundPayment
    | ReleasePayment
    | GuardAuthorization
    | RecordCancellationQuote
    | CancelBookings
    | RefundBooking
    | OpenIncident
    | ForgetPerson
    | AssignIncident
    | ResolveIncident
    | NoteAction
)
