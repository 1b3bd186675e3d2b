"""Each trip as a line of a list: what state it is in, whom it waits for and since when, what money
of it is taken and not yet earned, and the words it is found by.

Between events the trip is kept without what only suppliers and customers read: the same rules
fold it, a tenth of its size.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import combinations
from typing import Literal, get_args

from domain.booking.events import BookingConfirmed
from domain.booking.state import BY_CUSTOMER, Booking
from domain.dossier import Dossier, DossierEvent, evolve
from domain.log import Recorded
from domain.money import Money, total
from domain.trip import events as t
from domain.trip.lifecycle import TripLifecycle
from domain.trip.state import Payment, Trip
from projections.trip_details import clocks, payment_status, trip_status

NAME = "trip_list"

Waiting = Literal["customer", "supplier", "payment_provider", "bank", "operator", "nobody"]

# What `waits_for`, `status` and `payment` of a row may say.
WAITS: tuple[Waiting, ...] = get_args(Waiting)
STATUSES: tuple[str, ...] = tuple(state.id for state in TripLifecycle.states)
PAYMENTS: tuple[str, ...] = (
    *("none", "pending", "failed", "processing", "authorized", "captured"),
    *("partially_refunded", "refunding", "refunded", "refund_failed", "releasing", "released"),
    *("disputed", "dispute_lost"),
)

# The newest requests a trip is found by; people ask about what they have just seen go wrong.
REQUESTS_MAX = 50
TITLES_MAX = 3

WAITS_BY_STATUS: dict[str, Waiting] = {
    "draft": "customer",
    "quoting": "supplier",
    "quoted": "customer",
    "opening": "payment_provider",
    "awaiting_payment": "customer",
    "processing": "bank",
    "closing": "payment_provider",
}
OPEN_ORDERS = {"initialized", "ordering", "unknown", "cancelling"}
OPEN_MOVEMENTS = {"capturing", "releasing"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What is remembered of a trip between two of its events."""

    dossier: Dossier
    created_at: datetime
    updated_at: datetime
    waits_for: Waiting
    waits_since: datetime
    unfulfilled_since: datetime | None = None
    requests: tuple[str, ...] = ()


def project(row: Listed | None, recorded: Recorded) -> Listed:
    """The row after one more event."""
    at = recorded.recorded_at
    if row is None:
        row = Listed(
            dossier=Dossier(), created_at=at, updated_at=at, waits_for="nobody", waits_since=at
        )
    dossier = evolve(row.dossier, lean(recorded.event))
    now = waits_for(dossier)
    before = row.dossier.trip and trip_status(row.dossier.trip)
    same = now == row.waits_for and before == (dossier.trip and trip_status(dossier.trip))
    owing = unfulfilled(dossier)
    return Listed(
        dossier=dossier,
        created_at=row.created_at,
        updated_at=at,
        waits_for=now,
        waits_since=row.waits_since if same else at,
        unfulfilled_since=(row.unfulfilled_since or at) if owing else None,
        requests=with_request(row.requests, recorded.cause.request_id),
    )


def lean(event: DossierEvent) -> DossierEvent:
    """The event without its bulk and without anybody's seals."""
    match event:
        case t.ItemAdded():
            offer = replace(event.offer, details={}, supplier_facts={}, passengers=())
            return replace(event, offer=offer)
        case t.QuoteCompleted():
            lines = tuple(replace(line, conditions={}, ancillaries=()) for line in event.lines)
            return replace(event, lines=lines)
        case t.TravelersSet():
            contact = event.contact and replace(event.contact, sealed="")
            travelers = tuple(replace(who, sealed="", fields=()) for who in event.travelers)
            return replace(event, contact=contact, travelers=travelers)
        case BookingConfirmed():
            return replace(event, documents=())
        case _:
            return event


def with_request(requests: tuple[str, ...], request_id: str | None) -> tuple[str, ...]:
    if request_id is None or request_id in requests:
        return requests
    return (*requests, request_id)[-REQUESTS_MAX:]


def waits_for(dossier: Dossier) -> Waiting:
    """Who must act next for the trip to go on."""
    trip = dossier.trip
    if trip is None:
        return "nobody"
    first = WAITS_BY_STATUS.get(trip_status(trip))
    if first is not None and not trip.payments:
        return first
    if any(b.status in OPEN_ORDERS and ordered(b, trip) for b in dossier.bookings):
        return "supplier"
    refunds = {r.status for payment in trip.payments for r in payment.refunds}
    if "scheduled" in refunds or any(p.status in OPEN_MOVEMENTS for p in trip.payments):
        return "payment_provider"
    if "pending" in refunds:
        return "bank"
    if open_incidents(trip):
        return "operator"
    return first or "nobody"


def ordered(booking: Booking, trip: Trip) -> bool:
    """Whether it is part of what was paid: other checkouts' bookings wait for nothing."""
    return booking.status != "initialized" or (
        trip.fulfillment is not None and trip.fulfillment.checkout_id == booking.checkout_id
    )


def open_incidents(trip: Trip) -> int:
    return sum(incident.open for incident in trip.incidents)


def unfulfilled(dossier: Dossier) -> int:
    """Minor units that are captured, neither refunded nor taken back by a bank, and not matched by
    anything booked."""
    trip = dossier.trip
    if trip is None:
        return 0
    return sum(unmatched(payment, dossier) for payment in trip.payments)


def unmatched(payment: Payment, dossier: Dossier) -> int:
    if not payment.captured.amount:
        return 0
    earned = (
        worth
        for booking in dossier.group(payment.checkout_id)
        if (worth := earned_by(booking)) is not None
    )
    ours = payment.captured - payment.refunded - payment.disputed
    left = ours - total(earned, payment.amount.currency)
    return max(left.amount, 0)


def earned_by(booking: Booking) -> Money | None:
    """What of the customer's money a booking is worth: its price while it stands; after the
    customer cancelled it, what the supplier kept. None where that is nothing, or not known."""
    wanted = booking.cancel_reason == BY_CUSTOMER
    if booking.status == "confirmed" or (booking.status == "cancelling" and wanted):
        return booking.price
    back = booking.supplier_refund
    if booking.status != "cancelled" or not wanted or back is None:
        return None
    if back.currency != booking.price.currency:
        return None
    return Money(max(booking.price.amount - back.amount, 0), back.currency)


def title(trip: Trip) -> str:
    names = list(dict.fromkeys(item.offer.title for item in trip.items))
    more = f" and {len(names) - TITLES_MAX} more" if len(names) > TITLES_MAX else ""
    return ", ".join(names[:TITLES_MAX]) + more


def price(trip: Trip) -> Money | None:
    """What was, or is to be, paid: the newest checkout's amount, else what was last shown."""
    return trip.checkout.amount if trip.checkout else trip.shown_total


def due(trip: Trip) -> datetime | None:
    """The next of the trip's deadlines that are running."""
    return min(clocks(trip).values(), default=None)


def found_by(row: Listed) -> tuple[str, ...]:
    """What the trip can be asked for by, each word in lower case, and what it can be sorted out
    by: `money:unfulfilled`, `incident:open`, and every choice of `status:paid`,
    `payment:captured`, `waits:supplier`, together one word, so that it is known how rare it is."""
    trip = row.dossier.trip
    if trip is None:
        return ()
    words = {word.lower() for word in (*names(row.dossier, trip), *row.requests)}
    states = (
        f"status:{trip_status(trip)}",
        f"payment:{payment_status(trip)}",
        f"waits:{row.waits_for}",
    )
    for size in range(1, len(states) + 1):
        words.update(" ".join(chosen) for chosen in combinations(states, size))
    if unfulfilled(row.dossier):
        words.add("money:unfulfilled")
    if open_incidents(trip):
        words.add("incident:open")
    return tuple(sorted(words))


def names(dossier: Dossier, trip: Trip) -> Iterator[str]:
    """Everything that stands for the trip somewhere: ours, the supplier's, the provider's."""
    yield trip.trip_id
    yield from (traveler.person_id for traveler in trip.travelers)
    if trip.contact is not None:
        yield trip.contact.person_id
    for checkout in trip.checkouts:
        yield checkout.checkout_id
        yield from filter(None, (checkout.group_id, checkout.session_id, checkout.payment_id))
    for payment in trip.payments:
        yield payment.payment_id
        yield from filter(None, (refund.provider_refund_id for refund in payment.refunds))
    for booking in dossier.bookings:
        yield from (booking.booking_id, booking.code)
        yield from filter(None, (booking.supplier_order_id, booking.supplier_reference))
