"""What may have happened to a trip, under the names it is stored by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.money import Money
from domain.payments import CheckoutMode
from domain.suppliers import Offer, Selection
from domain.trip import money_events
from domain.trip.money_events import CaptureScheduled as CaptureScheduled
from domain.trip.money_events import DisputeClosed as DisputeClosed
from domain.trip.money_events import DisputeOutcome as DisputeOutcome
from domain.trip.money_events import MoneyEvent as MoneyEvent
from domain.trip.money_events import PaymentCaptured as PaymentCaptured
from domain.trip.money_events import PaymentDisputed as PaymentDisputed
from domain.trip.money_events import PaymentReleased as PaymentReleased
from domain.trip.money_events import PaymentSucceeded as PaymentSucceeded
from domain.trip.money_events import RefundDiscovered as RefundDiscovered
from domain.trip.money_events import RefundFailed as RefundFailed
from domain.trip.money_events import RefundScheduled as RefundScheduled
from domain.trip.money_events import RefundSubmitted as RefundSubmitted
from domain.trip.money_events import RefundSucceeded as RefundSucceeded
from domain.trip.money_events import ReleaseScheduled as ReleaseScheduled
from domain.trip.people_events import PersonForgotten as PersonForgotten
from domain.trip.values import BookRequest as BookRequest
from domain.trip.values import CancellationLine as CancellationLine
from domain.trip.values import FulfillmentPolicy as FulfillmentPolicy
from domain.trip.values import QuoteLine as QuoteLine
from domain.trip.values import QuoteProblem as QuoteProblem
from domain.trip.values import SealedContact as SealedContact
from domain.trip.values import SealedTraveler as SealedTraveler


@dataclass(frozen=True, slots=True, kw_only=True)
class TripStarted:
    trip_id: str
    tenant: str
    started_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemAdded:
    item_id: str
    offer: Offer
    added_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRemoved:
    item_id: str
    removed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TravelersSet:
    travelers: tuple[SealedTraveler, ...]
    contact: SealedContact | None
    set_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AncillariesSelected:
    """All extras of one item, replacing those chosen before."""

    item_id: str
    selections: tuple[Selection, ...]
    selected_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteScheduled:
    """Every item is to be priced anew at its supplier, for the trip as edited `revision` times."""

    quote_id: str
    revision: int
    request: BookRequest
    scheduled_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteCompleted:
    """The price of the whole trip; `shown_total` is what the caller had seen before."""

    quote_id: str
    lines: tuple[QuoteLine, ...]
    total: Money
    shown_total: Money
    expires_at: datetime
    completed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteFailed:
    quote_id: str
    problems: tuple[QuoteProblem, ...]
    failed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteExpired:
    quote_id: str
    expired_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckoutRequested:
    """A checkout for exactly this quote and total is to be opened at the payment provider."""

    checkout_id: str
    attempt: int
    quote_id: str
    mode: CheckoutMode
    policy: FulfillmentPolicy
    amount: Money
    redirect_url: str | None
    expires_at: datetime
    requested_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckoutInitialized:
    """The customer can pay now; from here on the bookings of `group_id` have codes."""

    checkout_id: str
    group_id: str
    session_id: str | None
    payment_id: str | None
    customer_id: str | None
    url: str | None
    expires_at: datetime
    initialized_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckoutRefused:
    """The provider would not open it; nothing can be paid."""

    checkout_id: str
    code: str
    detail: str
    refused_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckoutClosing:
    """The checkout is to be made unpayable; until the provider answers it may still be paid."""

    checkout_id: str
    reason: str
    closing_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckoutClosed:
    checkout_id: str
    reason: str
    closed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckoutExpired:
    checkout_id: str
    expired_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFailed:
    """One attempt to pay was declined; another card may follow."""

    checkout_id: str
    payment_id: str
    failure_id: str
    code: str
    failed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentProcessing:
    """The customer has done their part of a slow method; the money is on its way, or not."""

    checkout_id: str
    payment_id: str
    processing_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FulfillmentScheduled:
    checkout_id: str
    payment_id: str
    scheduled_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FulfillmentStarted:
    checkout_id: str
    started_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Fulfilled:
    """Everything that could be booked is booked and paid for; `failed` items cost nothing."""

    checkout_id: str
    confirmed: tuple[str, ...]
    failed: tuple[str, ...]
    fulfilled_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FulfillmentFailed:
    """Nothing is booked, and the money has been given back or is on its way back."""

    checkout_id: str
    failed: tuple[str, ...]
    failed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CancellationQuoted:
    """The customer was told what cancelling these bookings gives back; binding until it expires."""

    cancellation_quote_id: str
    checkout_id: str
    lines: tuple[CancellationLine, ...]
    refund: Money
    expires_at: datetime
    quoted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CancellationStarted:
    """The customer wants it on the quoted terms: the suppliers' orders are to be cancelled."""

    cancellation_quote_id: str
    started_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TripCancelled:
    """Nothing of the trip is booked any more."""

    checkout_id: str
    cancelled_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentOpened:
    """Something a person must settle; says how much money is at stake and what to do."""

    code: str
    detail: str
    advice: str
    subject: str
    at_stake: Money | None
    opened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentAssigned:
    """Somebody has taken it on."""

    code: str
    subject: str
    owner: str
    assigned_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentResolved:
    """It is settled; `resolution` says how."""

    code: str
    subject: str
    resolution: str
    resolved_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorActed:
    """A person wanted something done, and why; what came of it follows. Who it was is told by the
    event's cause. `subject` is the id of what it was done to."""

    action: str
    subject: str
    reason: str
    request_id: str
    acted_at: datetime


TripEvent = (
    MoneyEvent
    | TripStarted
    | ItemAdded
    | ItemRemoved
    | TravelersSet
    | AncillariesSelected
    | QuoteScheduled
    | QuoteCompleted
    | QuoteFailed
    | QuoteExpired
    | CheckoutRequested
    | CheckoutInitialized
    | CheckoutRefused
    | CheckoutClosing
    | CheckoutClosed
    | CheckoutExpired
    | PaymentFailed
    | PaymentProcessing
    | FulfillmentScheduled
    | FulfillmentStarted
    | Fulfilled
    | FulfillmentFailed
    | CancellationQuoted
    | CancellationStarted
    | TripCancelled
    | IncidentOpened
    | PersonForgotten
    | IncidentAssigned
    | IncidentResolved
    | OperatorActed
)

# Stored for ever: a class may be renamed, its topic may not.
TOPICS: dict[str, type[TripEvent]] = {
    **money_events.TOPICS,
    "trip.started.v1": TripStarted,
    "trip.item-added.v1": ItemAdded,
    "trip.item-removed.v1": ItemRemoved,
    "trip.travelers-set.v1": TravelersSet,
    "trip.ancillaries-selected.v1": AncillariesSelected,
    "trip.quote-scheduled.v1": QuoteScheduled,
    "trip.quote-completed.v1": QuoteCompleted,
    "trip.quote-failed.v1": QuoteFailed,
    "trip.quote-expired.v1": QuoteExpired,
    "trip.checkout-requested.v1": CheckoutRequested,
    "trip.checkout-initialized.v1": CheckoutInitialized,
    "trip.checkout-refused.v1": CheckoutRefused,
    "trip.checkout-closing.v1": CheckoutClosing,
    "trip.checkout-closed.v1": CheckoutClosed,
    "trip.checkout-expired.v1": CheckoutExpired,
    "trip.payment-failed.v1": PaymentFailed,
    "trip.payment-processing.v1": PaymentProcessing,
    "trip.fulfillment-scheduled.v1": FulfillmentScheduled,
    "trip.fulfillment-started.v1": FulfillmentStarted,
    "trip.fulfilled.v1": Fulfilled,
    "trip.fulfillment-failed.v1": FulfillmentFailed,
    "trip.cancellation-quoted.v1": CancellationQuoted,
    "trip.cancellation-started.v1": CancellationStarted,
    "trip.cancelled.v1": TripCancelled,
    "trip.incident-opened.v1": IncidentOpened,
    "trip.person-forgotten.v1": PersonForgotten,
    "trip.incident-assigned.v1": IncidentAssigned,
    "trip.incident-resolved.v1": IncidentResolved,
    "trip.operator-acted.v1": OperatorActed,
}
