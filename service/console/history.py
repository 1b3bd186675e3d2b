"""A trip at every moment of its life: each prefix of its events, folded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.booking.state import Booking
from domain.dossier import Dossier, evolve
from domain.log import Recorded
from domain.process import react
from domain.trip.lifecycle import status
from domain.trip.people_events import PersonForgotten
from domain.trip.state import Trip


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """An event, and how the trip stood after it. `wishes` are the keys of the work it asked for;
    `because` is the version of the event that asked for the work which led here."""

    version: int
    recorded: Recorded
    dossier: Dossier
    status: str
    wishes: tuple[str, ...]
    because: int | None


class History:
    """Everything recorded of one trip, in order."""

    def __init__(self, recorded: Sequence[Recorded]) -> None:
        self.steps: list[Step] = []
        dossier, asked = Dossier(), dict[str, int]()
        for version, each in enumerate(recorded, start=1):
            dossier = evolve(dossier, each.event)
            wishes = wished(each, dossier)
            asked |= {key: version for key in wishes}
            self.steps.append(
                Step(
                    version=version,
                    recorded=each,
                    dossier=dossier,
                    status=status(dossier.trip) if dossier.trip else "draft",
                    wishes=wishes,
                    because=asked.get(each.cause.causation or ""),
                )
            )

    @property
    def last(self) -> Step:
        return self.steps[-1]

    def until(self, version: int) -> History:
        """The same trip, as if nothing had happened after this version."""
        past = History(())
        past.steps = self.steps[:version]
        return past

    def version_at(self, moment: datetime) -> int:
        """How many events had been recorded at a moment."""
        return sum(1 for step in self.steps if step.recorded.recorded_at <= moment)

    def since(self) -> datetime:
        """Since when the trip has been in the state it is in."""
        at = self.last.recorded.recorded_at
        for step in reversed(self.steps):
            if step.status != self.last.status:
                break
            at = step.recorded.recorded_at
        return at

    def booking_since(self, booking: Booking) -> datetime:
        """Since when a booking has been in the state it is in."""
        at = self.last.recorded.recorded_at
        for step in reversed(self.steps):
            before = step.dossier.booking(booking.booking_id)
            if before is None or before.status != booking.status:
                break
            at = step.recorded.recorded_at
        return at

    def passed(self) -> tuple[str, ...]:
        """The states the trip has been in, in order."""
        states: list[str] = []
        for step in self.steps:
            if not states or states[-1] != step.status:
                states.append(step.status)
        return tuple(states)

    def forgotten(self) -> frozenset[str]:
        """Who has been erased, by person id."""
        events = (step.recorded.event for step in self.steps)
        return frozenset(e.person_id for e in events if isinstance(e, PersonForgotten))

    @property
    def trip(self) -> Trip:
        trip = self.last.dossier.trip
        assert trip is not None, "a trip's events begin with its start"
        return trip


def wished(recorded: Recorded, dossier: Dossier) -> tuple[str, ...]:
    """The work an event asks for, by key: a pure function of the facts, so it need not be kept."""
    wishes = react(recorded.event, dossier, recorded.recorded_at)
    return tuple(key for wish in wishes if (key := getattr(wish, "key", None)))
