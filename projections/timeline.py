"""A trip's story in plain words, one sentence for each thing that happened."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.booking import events as b
from domain.dossier import DossierEvent
from domain.trip import events as t

NAME = "timeline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    at: datetime
    text: str


def tell(events: Iterable[tuple[DossierEvent, datetime]]) -> list[Entry]:
    """The story of the events with the times they were recorded at."""
    return [Entry(at=at, text=sentence(event)) for event, at in events]


def sentence(event: DossierEvent) -> str:
    """What an event means to somebody who knows trips and not this program."""
    return SENTENCES[type(event)](event)


def travelers(event: t.TravelersSet) -> str:
    return f"{len(event.travelers)} traveler(s) set, sealed for their eyes only"


def paid(event: t.PaymentSucceeded) -> str:
    if event.authorized.amount:
        return f"Paid: {event.authorized} authorised, waiting to be captured"
    return f"Paid: {event.captured} captured by the payment method itself"


def quoted(event: t.QuoteCompleted) -> str:
    if event.total == event.shown_total:
        return f"Priced at {event.total}, as shown"
    return f"Priced at {event.total}; {event.shown_total} had been shown"


def fulfilled(event: t.Fulfilled) -> str:
    if event.failed:
        return f"Fulfilled in part: {len(event.confirmed)} booked, {len(event.failed)} not"
    return f"Fulfilled: all {len(event.confirmed)} booked and paid for"


SENTENCES: dict[type[Any], Callable[[Any], str]] = {
    t.TripStarted: lambda e: "Trip started",
    t.ItemAdded: lambda e: f"Added {e.offer.title} for {e.offer.price}",
    t.ItemRemoved: lambda e: "Item removed",
    t.TravelersSet: travelers,
    t.AncillariesSelected: lambda e: f"{len(e.selections)} extra(s) chosen",
    t.QuoteScheduled: lambda e: "Every price is being asked anew at its supplier",
    t.QuoteCompleted: quoted,
    t.QuoteFailed: lambda e: "Cannot be had as it is: " + "; ".join(p.detail for p in e.problems),
    t.QuoteExpired: lambda e: "The price has expired",
    t.CheckoutRequested: lambda e: f"Checkout {e.attempt} for {e.amount} is being opened",
    t.CheckoutInitialized: lambda e: f"Checkout open until {e.expires_at:%H:%M}",
    t.CheckoutRefused: lambda e: f"The payment provider would not open a checkout: {e.code}",
    t.CheckoutClosing: lambda e: f"The checkout is being closed ({e.reason})",
    t.CheckoutClosed: lambda e: f"Checkout closed ({e.reason}); it can no longer be paid",
    t.CheckoutExpired: lambda e: "Checkout expired unpaid",
    t.PaymentFailed: lambda e: f"Payment declined ({e.code}); another card may follow",
    t.PaymentProcessing: lambda e: "Paid by a slow method; waiting for the money",
    t.PaymentSucceeded: paid,
    t.FulfillmentScheduled: lambda e: "Orders are about to be placed",
    t.FulfillmentStarted: lambda e: "Ordering at the suppliers",
    t.Fulfilled: fulfilled,
    t.FulfillmentFailed: lambda e: "Nothing could be booked; the money goes back",
    t.CaptureScheduled: lambda e: f"{e.amount} is to be captured for what was confirmed",
    t.PaymentCaptured: lambda e: f"Captured {e.amount}, released {e.released}",
    t.ReleaseScheduled: lambda e: f"The authorisation is to be let go ({e.reason})",
    t.PaymentReleased: lambda e: f"Released {e.amount}: the customer pays nothing",
    t.RefundScheduled: lambda e: f"{e.amount} is to be refunded ({e.reason})",
    t.RefundSubmitted: lambda e: "The refund is on its way",
    t.RefundSucceeded: lambda e: f"Refunded {e.amount}",
    t.RefundFailed: lambda e: f"The refund failed ({e.code}); the money is still owed",
    t.RefundDiscovered: lambda e: f"{e.amount} refunded at the payment provider, not by us",
    t.PaymentDisputed: lambda e: f"The customer's bank took {e.amount} back ({e.reason})",
    t.DisputeClosed: lambda e: f"The dispute about {e.amount} was {e.outcome}",
    t.CancellationQuoted: lambda e: f"Cancelling would give back {e.refund}",
    t.CancellationStarted: lambda e: "Cancelled by the customer on the quoted terms",
    t.TripCancelled: lambda e: "Nothing of the trip is booked any more",
    t.IncidentOpened: lambda e: f"A person must look: {e.detail} {e.advice}",
    t.PersonForgotten: lambda e: "Somebody's data was erased: nobody can read it any more",
    t.OperatorActed: lambda e: f"An operator acted ({e.action.replace('_', ' ')}): {e.reason}",
    t.IncidentAssigned: lambda e: f"{e.owner} sees to it ({e.code})",
    t.IncidentResolved: lambda e: f"Settled ({e.code}): {e.resolution}",
    b.BookingInitialized: lambda e: f"Booking {e.code} for {e.title} at {e.price}",
    b.OrderRequested: lambda e: f"Order is to be sent (attempt {e.attempt})",
    b.OrderUnknown: lambda e: "No usable answer to the order: looking for it at the supplier",
    b.OrderRefused: lambda e: f"The supplier refused ({e.code}): {e.detail}",
    b.BookingConfirmed: lambda e: f"Confirmed by the supplier as {e.supplier_reference}",
    b.BookingFailed: lambda e: f"Will not be booked ({e.code})",
    b.CancellationRequested: lambda e: f"The order is to be cancelled ({e.reason})",
    b.CancellationRefused: lambda e: f"The supplier will not cancel ({e.code})",
    b.BookingChanged: lambda e: "The supplier has changed what was booked",
    b.SecondOrderFound: lambda e: f"The supplier shows a second order, {e.supplier_order_id}",
    b.SecondOrderCancelled: lambda e: f"The second order {e.supplier_order_id} was cancelled",
    b.BookingCancelled: lambda e: f"Cancelled ({e.reason})",
}
