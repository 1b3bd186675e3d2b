"""Deciding what people must look at: opened once while it is open, taken on, and settled."""

from __future__ import annotations

from domain.errors import Refused
from domain.trip import commands as c
from domain.trip import events as e
from domain.trip.state import Incident, Trip


def open_incident(command: c.OpenIncident, trip: Trip) -> list[e.TripEvent]:
    """One at a time per code and subject; what was settled may happen again."""
    newest = newest_of(command.code, command.subject, trip)
    if newest is not None and newest.open:
        return []
    return [
        e.IncidentOpened(
            code=command.code,
            detail=command.detail,
            advice=command.advice,
            subject=command.subject,
            at_stake=command.at_stake,
            opened_at=command.now,
        )
    ]


def assign(command: c.AssignIncident, trip: Trip) -> list[e.TripEvent]:
    incident = known(command.code, command.subject, trip)
    if not incident.open:
        raise Refused("state_conflict", "The incident is settled already.")
    if incident.owner == command.owner:
        return []
    return [
        e.IncidentAssigned(
            code=command.code,
            subject=command.subject,
            owner=command.owner,
            assigned_at=command.now,
        )
    ]


def resolve(command: c.ResolveIncident, trip: Trip) -> list[e.TripEvent]:
    if not known(command.code, command.subject, trip).open:
        return []
    return [
        e.IncidentResolved(
            code=command.code,
            subject=command.subject,
            resolution=command.resolution,
            resolved_at=command.now,
        )
    ]


def known(code: str, subject: str, trip: Trip) -> Incident:
    found = newest_of(code, subject, trip)
    if found is None:
        raise Refused("incident_not_found", "The trip has no such incident.")
    return found


def newest_of(code: str, subject: str, trip: Trip) -> Incident | None:
    about = (i for i in reversed(trip.incidents) if (i.code, i.subject) == (code, subject))
    return next(about, None)
