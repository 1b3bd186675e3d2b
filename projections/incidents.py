"""What a person must settle, and what has been: one row for each incident of each trip."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from domain import ids
from domain.dossier import DossierEvent
from domain.money import Money
from domain.trip.events import IncidentOpened

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


def key(trip_id: str, event: DossierEvent) -> str | None:
    """The incident that an event is about; None: about none."""
    if isinstance(event, IncidentOpened):
        return ids.incident_id(trip_id, event.code, event.subject)
    return None


def project(row: Incident | None, trip_id: str, event: DossierEvent) -> Incident:
    """The row after one more event; `key` says which."""
    assert isinstance(event, IncidentOpened), "only events about incidents are folded here"
    return Incident(
        incident_id=ids.incident_id(trip_id, event.code, event.subject),
        trip_id=trip_id,
        code=event.code,
        subject=event.subject,
        detail=event.detail,
        advice=event.advice,
        at_stake=event.at_stake,
        opened_at=event.opened_at,
    )
