"""Each booking as a row of its own, to be found by code, by group and by trip."""

from __future__ import annotations

from domain.booking import state
from domain.booking.events import BookingEvent
from domain.booking.state import Booking

NAME = "bookings"


def project(row: Booking | None, event: BookingEvent) -> Booking:
    """The row after one more event."""
    return state.evolve(row, event)
