"""One trip as its owner sees it: the dossier itself, kept as a row, and the words for its states.

The row is a stored fold: `get_trip` reads it with the events it has not seen yet and folds those
on top, so it is never older than what the log holds.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from domain.dossier import Dossier, DossierEvent, fold
from domain.money import Money
from domain.trip.lifecycle import status
from domain.trip.refunding import REFUND_FAILED
from domain.trip.state import Checkout, Payment, Trip

NAME = "trip_details"


def project(row: Dossier | None, events: Iterable[DossierEvent]) -> Dossier:
    """The row after more events, in their order."""
    return fold(events, row)


def trip_status(trip: Trip) -> str:
    """`draft`, `quoting`, `quoted`, `opening`, `awaiting_payment`, `processing`, `closing`,
    `paid`, `fulfilling`, `completed` or `failed`."""
    return status(trip)


def checkout_status(checkout: Checkout) -> str:
    """`opening`, `pending_payment`, `processing`, `closing`, `closed`, `expired`, `refused` or
    `paid`."""
    return "pending_payment" if checkout.status == "open" else checkout.status


def payment_of(trip: Trip) -> Payment | None:
    """The payment that matters now: the newest checkout's, else the newest."""
    checkout = trip.checkout
    if checkout is not None:
        for payment in trip.payments:
            if payment.checkout_id == checkout.checkout_id:
                return payment
    return trip.payments[-1] if trip.payments else None


def payment_status(trip: Trip) -> str:
    """`none`, `pending`, `failed`, `processing`, `authorized`, `captured`,
    `partially_refunded`, `refunding`, `refunded`, `refund_failed`, `disputed`, `dispute_lost`,
    `releasing` or `released`."""
    payment = payment_of(trip)
    checkout = trip.checkout
    if payment is None or (checkout is not None and checkout.status in {"opening", "open"}):
        return unpaid_status(checkout)
    if payment.status == "capturing":
        return "authorized"
    if disputed := dispute_status(payment):
        return disputed
    if payment.status == "captured" and payment.refunds:
        return refund_status(payment, trip)
    return payment.status


def dispute_status(payment: Payment) -> str | None:
    if any(dispute.status == "open" for dispute in payment.disputes):
        return "disputed"
    if any(dispute.status == "lost" for dispute in payment.disputes):
        return "dispute_lost"
    return None


def unpaid_status(checkout: Checkout | None) -> str:
    if checkout is None:
        return "none"
    if checkout.status == "processing":
        return "processing"
    if checkout.status == "open":
        return "failed" if checkout.failures else "pending"
    return "pending" if checkout.status in {"opening", "closing"} else "none"


def refund_status(payment: Payment, trip: Trip) -> str:
    """A failed refund is what counts until somebody says that it is settled."""
    settled = {i.subject for i in trip.incidents if i.code == REFUND_FAILED and not i.open}
    if any(r.status == "failed" and r.refund_id not in settled for r in payment.refunds):
        return "refund_failed"
    if any(refund.status in {"scheduled", "pending"} for refund in payment.refunds):
        return "refunding"
    if not payment.refunded.amount:
        return "captured"
    return "refunded" if payment.refunded == payment.captured else "partially_refunded"


def amounts(trip: Trip) -> tuple[Money, Money, Money, Money] | None:
    """(authorised, captured, released, refunded) over all payments; None when there are none."""
    if not trip.payments:
        return None
    nothing = Money(0, trip.payments[0].amount.currency)
    authorized = captured = released = refunded = nothing
    for payment in trip.payments:
        authorized += payment.authorized
        captured += payment.captured
        released += payment.released
        refunded += payment.refunded
    return authorized, captured, released, refunded


def clocks(trip: Trip) -> dict[str, datetime]:
    """Every deadline that is running, by name."""
    running: dict[str, datetime] = {}
    for item in trip.items:
        if status(trip) in {"draft", "quoting", "quoted"}:
            running[f"offer:{item.item_id}"] = item.offer.expires_at
    if status(trip) == "quoted" and trip.quote is not None and trip.quote.expires_at is not None:
        running["quote_expires_at"] = trip.quote.expires_at
    checkout = trip.checkout
    if checkout is not None and checkout.status in {"opening", "open"}:
        running["checkout_expires_at"] = checkout.expires_at
    payment = payment_of(trip)
    if payment is not None and payment.authorized.amount and payment.capture_before is not None:
        running["authorization_expires_at"] = payment.capture_before
    return running
