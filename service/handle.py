"""The one road to the log: read, decide, append, and again if somebody else was first."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import structlog

from domain.dossier import BOOKING_EVENT_TYPES, Dossier, DossierEvent, fold
from domain.errors import Refused
from domain.ids import ordered_id
from domain.log import Append, Cause, Effect, NewEvent, Recorded, TripMoved
from domain.ports import EventLog
from domain.process import Advance, Command, advance
from domain.trip.commands import StartTrip

CONFLICTS_MAX = 50
CONFLICT_PAUSE_S = 0.005


def new_id() -> str:
    """An identifier (UUID text) that nobody can guess, behind those that were made before it."""
    return ordered_id(time.time_ns() // 1_000_000, os.urandom(10))


@dataclass(frozen=True, slots=True, kw_only=True)
class Handled:
    """How things stand after a command; `events` is empty when it was so already."""

    dossier: Dossier
    events: Sequence[DossierEvent]
    position: int


class Road:
    """Everything that changes a trip takes it: HTTP, MCP, webhooks, workers, operators."""

    def __init__(
        self,
        log: EventLog,
        ids: Callable[[], str] = new_id,
        *,
        on_conflict: Callable[[], None] = lambda: None,
        trace_id: Callable[[], str | None] = lambda: None,
    ) -> None:
        self.log = log
        self.new_id = ids
        self.on_conflict = on_conflict
        self.trace_id = trace_id

    async def read(self, trip_id: str, tenant: str | None = None) -> tuple[Dossier, int]:
        """A trip with its bookings and the position of its newest event.

        Raises Refused("trip_not_found") where there is none, or it is another tenant's.
        """
        recorded = await self.log.read_trip(trip_id)
        dossier = fold(r.event for r in recorded)
        ensure_owned(dossier, tenant)
        return dossier, recorded[-1].position

    async def handle(
        self, trip_id: str, command: Command, cause: Cause, version: int | None = None
    ) -> Handled:
        """Decide `command` on the newest facts and record what follows, all or nothing.

        `version` is what the caller believes the trip's version to be (If-Match). Raises Refused
        (also where the trip is not of the cause's tenant), and TripMoved when the trip never
        holds still.
        """
        return await self.handle_all(trip_id, (command,), cause, version)

    async def handle_all(
        self,
        trip_id: str,
        commands: Sequence[Command],
        cause: Cause,
        version: int | None = None,
    ) -> Handled:
        """Decide one command after the other and record what follows from all of them at once: if
        one is refused, none has happened."""
        for attempt in range(CONFLICTS_MAX):
            recorded = await self.log.read_trip(trip_id)
            before = fold(r.event for r in recorded)
            if recorded or not isinstance(commands[0], StartTrip):
                ensure_owned(before, cause.tenant)
            ensure_version(before, version)
            step = advance_all(commands, before)
            position = recorded[-1].position if recorded else 0
            if not step.events:
                standing_at(step.dossier, position)
                return Handled(dossier=step.dossier, events=(), position=position)
            assert step.dossier.trip is not None, "events belong to a trip"
            append = Append(
                trip_id=trip_id,
                expected_position=position,
                events=self.numbered(trip_id, recorded, step.events),
                effects=step.effects,
                cause=replace(
                    cause,
                    tenant=step.dossier.trip.tenant,
                    correlation=cause.correlation or trip_id,
                    trace=cause.trace or self.trace_id(),
                ),
            )
            try:
                appended = await self.log.append(append)
            except TripMoved:
                self.on_conflict()
                await asyncio.sleep(CONFLICT_PAUSE_S * random.random() * min(attempt + 1, 10))
                continue
            standing_at(step.dossier, appended.last_position)
            return Handled(
                dossier=step.dossier, events=step.events, position=appended.last_position
            )
        raise TripMoved(f"trip {trip_id} moved {CONFLICTS_MAX} times while one command waited")

    def numbered(
        self, trip_id: str, recorded: Sequence[Recorded], events: Sequence[DossierEvent]
    ) -> list[NewEvent]:
        """Each event with its stream and its number in it."""
        versions = {r.stream_id: r.stream_version for r in recorded}
        numbered = []
        for event in events:
            is_booking = isinstance(event, BOOKING_EVENT_TYPES)
            stream_id = event.booking_id if is_booking else trip_id  # type: ignore[union-attr]
            versions[stream_id] = versions.get(stream_id, 0) + 1
            numbered.append(
                NewEvent(
                    event_id=self.new_id(),
                    stream_id=stream_id,
                    stream_version=versions[stream_id],
                    event=event,
                )
            )
        return numbered


def advance_all(commands: Sequence[Command], dossier: Dossier) -> Advance:
    """What follows from the commands, each decided on what the ones before it led to."""
    events: list[DossierEvent] = []
    effects: list[Effect] = []
    for command in commands:
        step = advance(command, dossier)
        events += step.events
        effects += step.effects
        dossier = step.dossier
    return Advance(events=tuple(events), effects=tuple(effects), dossier=dossier)


def standing_at(dossier: Dossier, position: int) -> None:
    """From here on the lines that the request or task logs say where the trip stands."""
    trip = dossier.trip
    if trip is not None:
        structlog.contextvars.bind_contextvars(
            tenant=trip.tenant, trip_id=trip.trip_id, position=position
        )


def ensure_owned(dossier: Dossier, tenant: str | None) -> None:
    """Another tenant's trip is as absent as one that never was."""
    if dossier.trip is None or (tenant is not None and dossier.trip.tenant != tenant):
        raise Refused("trip_not_found", "There is no such trip.")


def ensure_version(dossier: Dossier, version: int | None) -> None:
    if version is not None and version != dossier.version:
        raise Refused(
            "precondition_failed",
            f"The trip is at version {dossier.version}, not {version}; read it and try again.",
            version=dossier.version,
        )
