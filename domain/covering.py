"""What the money of a checkout covers of its bookings: where it is too little, what was confirmed
last is what it does not pay for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from domain.booking.state import Booking
from domain.dossier import Dossier
from domain.money import Money, total


def paid_for(booking: Booking, dossier: Dossier) -> Money:
    """What the customer has paid for it, as its fulfilment was settled; before that its price."""
    going = dossier.trip.fulfillment if dossier.trip else None
    if going is None or going.paid is None:
        return booking.price
    confirmed = [b for b in dossier.group(going.checkout_id) if b.booking_id in going.confirmed]
    short = missing(confirmed, going.paid).get(booking.booking_id)
    return booking.price if short is None else booking.price - short


def uncovered(confirmed: Iterable[Booking], ours: Money) -> Iterator[Booking]:
    """Those that nothing was paid for, and that nobody was asked to cancel yet."""
    short = missing(confirmed, ours)
    for booking in newest_first(confirmed):
        if short.get(booking.booking_id) == booking.price and booking.cancel_reason is None:
            yield booking


def missing(confirmed: Iterable[Booking], ours: Money) -> dict[str, Money]:
    """How much of the prices of confirmed bookings `ours` leaves unpaid, by booking: the newest
    whose whole price is missing, and what is then missing still of the newest of the others."""
    left = (total((b.price for b in confirmed), ours.currency) - ours).amount
    short: dict[str, Money] = {}
    for booking in newest_first(confirmed):
        if booking.price.amount <= left:
            short[booking.booking_id] = booking.price
            left -= booking.price.amount
    for booking in newest_first(confirmed):
        if left > 0 and booking.booking_id not in short:
            short[booking.booking_id] = Money(left, ours.currency)
            break
    return short


def newest_first(confirmed: Iterable[Booking]) -> list[Booking]:
    """What costs nothing lacks nothing."""
    return sorted((b for b in confirmed if b.price.amount), key=confirmed_at, reverse=True)


def confirmed_at(booking: Booking) -> datetime:
    assert booking.confirmed_at is not None, "a confirmed booking was confirmed at some time"
    return booking.confirmed_at
