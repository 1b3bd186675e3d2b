"""Deciding cancellations: first the terms, then the same terms carried out, then the money."""

from __future__ import annotations

from datetime import timedelta

from domain import ids
from domain.errors import Refused
from domain.money import Money, total
from domain.suppliers import REFUND_TO_BALANCE
from domain.trip import commands as c
from domain.trip import events as e
from domain.trip.lifecycle import may
from domain.trip.refunding import withheld
from domain.trip.state import Payment, Trip

# How long terms bind where the supplier names no end.
QUOTE_LIFE = timedelta(hours=1)


def record_quote(command: c.RecordCancellationQuote, trip: Trip) -> list[e.TripEvent]:
    if not may("quote_cancellation", trip):
        raise not_booked()
    lines = tuple(
        e.CancellationLine(
            booking_id=booking_id,
            supplier_quote=quote,
            refund=owed(quote.refund, quote.refund_to, command.prices[booking_id]),
        )
        for booking_id, quote in sorted(command.supplier_quotes.items())
    )
    ends = [q.expires_at for q in command.supplier_quotes.values() if q.expires_at is not None]
    currency = next(iter(command.prices.values())).currency
    return [
        e.CancellationQuoted(
            cancellation_quote_id=command.cancellation_quote_id,
            checkout_id=command.checkout_id,
            lines=lines,
            refund=total((line.refund for line in lines if line.refund), currency),
            expires_at=min([*ends, command.now + QUOTE_LIFE]),
            quoted_at=command.now,
        )
    ]


def owed(refund: Money | None, refund_to: str, price: Money) -> Money | None:
    """What of a supplier's refund is the customer's: all of it, up to what was paid for the
    booking; unknown when the supplier does not say, or gives something other than money."""
    if not price.amount:
        return price
    if refund is None or refund.currency != price.currency or refund_to != REFUND_TO_BALANCE:
        return None
    return min(refund, price, key=lambda money: money.amount)


def start(command: c.CancelBookings, trip: Trip) -> list[e.TripEvent]:
    quoted = trip.cancellation
    if quoted is None:
        raise Refused(
            "cancellation_quote_required", "Ask for a cancellation quote first; it says the terms."
        )
    if quoted.cancellation_quote_id != command.cancellation_quote_id:
        raise Refused(
            "cancellation_quote_stale", "There are newer terms than these; look at them first."
        )
    if quoted.started:
        return []
    if not may("start_cancellation", trip):
        raise not_booked()
    if quoted.expires_at <= command.now:
        raise Refused("cancellation_quote_stale", "These terms have expired; ask for a new quote.")
    return [
        e.CancellationStarted(
            cancellation_quote_id=command.cancellation_quote_id, started_at=command.now
        )
    ]


def not_booked() -> Refused:
    return Refused("not_cancellable", "Only a trip with confirmed bookings can be cancelled.")


def refund(command: c.RefundBooking, trip: Trip) -> list[e.TripEvent]:
    """The customer gets what the supplier gave back for the booking, never more than is ours."""
    payment = next(p for p in trip.payments if p.checkout_id == command.checkout_id)
    given = owed(command.supplier_refund, REFUND_TO_BALANCE, command.price)
    events = [unknown(command)] if given is None else promised(command, payment, given)
    if command.nothing_booked and not trip.cancelled:
        events.append(e.TripCancelled(checkout_id=command.checkout_id, cancelled_at=command.now))
    return events


def unknown(command: c.RefundBooking) -> e.TripEvent:
    """An airline may have cancelled by itself, after the customer had taken the terms."""
    terms = command.terms
    quoted = owed(terms.refund, terms.refund_to, command.price) if terms is not None else None
    told = f", and {quoted} were promised" if quoted is not None else ""
    return e.IncidentOpened(
        code="refund_unknown",
        detail=f"A cancelled booking's refund is not known to us as money{told}.",
        advice="Ask the supplier what it gives back and refund the customer by hand.",
        subject=command.booking_id,
        at_stake=command.price,
        opened_at=command.now,
    )


def promised(command: c.RefundBooking, payment: Payment, given: Money) -> list[e.TripEvent]:
    """As much as is still ours; what a bank holds back is for people to see to."""
    left = payment.left
    amount = Money(max(0, min(given.amount, left.amount)), left.currency)
    events: list[e.TripEvent] = []
    if amount.amount:
        events.append(
            e.RefundScheduled(
                refund_id=ids.refund_id(payment.payment_id, len(payment.refunds) + 1),
                payment_id=payment.payment_id,
                amount=amount,
                reason="cancelled",
                scheduled_at=command.now,
            )
        )
    return [*events, *withheld(command.booking_id, given, amount, payment, command.now)]
