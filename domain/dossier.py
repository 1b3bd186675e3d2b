"""A dossier is one trip with its bookings: everything one decision may look at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast, get_args

from domain.booking import events as booking_events
from domain.booking import state as booking_state
from domain.booking.events import BookingEvent
from domain.booking.state import Booking
from domain.trip import events as trip_events
from domain.trip import evolve as trip_state
from domain.trip.events import TripEvent
from domain.trip.state import Trip

DossierEvent = TripEvent | BookingEvent

TOPICS: dict[str, type[DossierEvent]] = {**trip_events.TOPICS, **booking_events.TOPICS}

BOOKING_EVENT_TYPES = get_args(BookingEvent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """`version` counts the events of the trip and its bookings together, in their order."""

    trip: Trip | None = None
    bookings: tuple[Booking, ...] = ()
    version: int = 0

    def booking(self, booking_id: str) -> Booking | None:
        return next((b for b in self.bookings if b.booking_id == booking_id), None)

    def group(self, checkout_id: str) -> tuple[Booking, ...]:
        """The bookings of one checkout, in the order of its items."""
        return tuple(b for b in self.bookings if b.checkout_id == checkout_id)


def evolve(dossier: Dossier, event: DossierEvent) -> Dossier:
    """The dossier after one more fact."""
    return fold((event,), dossier)


def fold(events: Iterable[DossierEvent], start: Dossier | None = None) -> Dossier:
    """What the facts add up to, in their order."""
    dossier = start or Dossier()
    trip, version = dossier.trip, dossier.version
    bookings = {booking.booking_id: booking for booking in dossier.bookings}
    for event in events:
        version += 1
        if isinstance(event, BOOKING_EVENT_TYPES):
            fact = cast(BookingEvent, event)
            known = bookings.get(fact.booking_id)
            bookings[fact.booking_id] = booking_state.evolve(known, fact)
        else:
            trip = trip_state.evolve(trip, cast(TripEvent, event))
    return Dossier(trip=trip, bookings=tuple(bookings.values()), version=version)
