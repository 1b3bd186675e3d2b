"""What a person must settle, and what has been: one row for each incident of each trip. One that
comes back after it was settled is open again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from domain import ids
from domain.log import Recorded
from domain.money import Money
from domain.trip.events import IncidentAssigned, IncidentOpened, IncidentResolved

NAME = "incidents"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    incident_id: str
    trip_id: str
    code: str
    subject: str
    detail: str
    advice: str
    at_stake: Money | None
    opened_at: datetime
    state: Literal["open", "resolved"] = "open"
    owner: str | None = None
    resolved_at: datetime | None = None
    resolved_by: str | None = None
    resolution: str | None = None


def key(recorded: Recorded) -> str | None:
    """The incident that an event is about; None: about none."""
    event = recorded.event
    if isinstance(event, IncidentOpened | IncidentAssigned | IncidentResolved):
        return ids.incident_id(recorded.trip_id, event.code, event.subject)
    return None


def project(row: Incident | None, recorded: Recorded) -> Incident:
    """The row after one more event about it; `key` says which row."""
    event = recorded.event
    match event:
        case IncidentOpened():
            return Incident(
                incident_id=ids.incident_id(recorded.trip_id, event.code, event.subject),
                trip_id=recorded.trip_id,
                code=event.code,
                subject=event.subject,
                detail=event.detail,
                advice=event.advice,
                at_stake=event.at_stake,
                opened_at=event.opened_at,
            )
        case IncidentAssigned() if row is not None:
            return replace(row, owner=event.owner)
        case IncidentResolved() if row is not None:
            return replace(
                row,
                state="resolved",
                resolved_at=event.resolved_at,
                resolved_by=recorded.cause.actor,
                resolution=event.resolution,
            )
        case _:
            raise AssertionError("an incident begins with IncidentOpened")
