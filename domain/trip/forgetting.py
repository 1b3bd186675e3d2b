"""Deciding whether a person may be forgotten now."""

from __future__ import annotations

from domain.errors import Refused
from domain.trip import commands as c
from domain.trip import events as e
from domain.trip.lifecycle import status
from domain.trip.state import Trip

# While the trip is being paid and ordered, its suppliers must still be told who travels.
NEEDED_IN = frozenset(
    ["opening", "awaiting_payment", "processing", "closing", "paid", "fulfilling"]
)


def forget(command: c.ForgetPerson, trip: Trip) -> list[e.TripEvent]:
    if command.person_id in trip.forgotten:
        return []
    if command.person_id in trip.person_ids and status(trip) in NEEDED_IN:
        raise Refused(
            "person_needed",
            f"The trip is {status(trip)}: its bookings still need this person's data.",
            status=status(trip),
        )
    return [e.PersonForgotten(person_id=command.person_id, forgotten_at=command.now)]
