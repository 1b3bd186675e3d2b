"""Many trips that went through the same story, each under ids of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import msgspec

from adapters.event_log.codec import EventCodec
from domain.dossier import BOOKING_EVENT_TYPES, TOPICS, DossierEvent
from domain.log import Append, Cause, NewEvent
from domain.ports import EventLog
from tests.rules import stories as s

CODEC = EventCodec(TOPICS)


def retold(facts: Sequence[DossierEvent]) -> tuple[str, list[NewEvent]]:
    """The story of another trip: its id and its events, numbered in their streams."""
    trip, flight, stay = (str(uuid4()) for _ in range(3))
    code = uuid4().hex[:7].upper()
    renamed = {
        s.TRIP: trip,
        s.FLIGHT_BOOKING: flight,
        s.STAY_BOOKING: stay,
        s.FLIGHT_INITIALIZED.code: f"F{code}",
        s.STAY_INITIALIZED.code: f"S{code}",
    }
    versions = {trip: 0, flight: 0, stay: 0}
    told = []
    for fact in facts:
        text = msgspec.json.encode(fact).decode()
        for old, new in renamed.items():
            text = text.replace(old, new)
        event: Any = msgspec.json.decode(text, type=type(fact))
        stream = event.booking_id if isinstance(event, BOOKING_EVENT_TYPES) else trip
        versions[stream] += 1
        told.append(
            NewEvent(
                event_id=str(uuid4()),
                stream_id=stream,
                stream_version=versions[stream],
                event=event,
            )
        )
    return trip, told


async def live_through(
    log: EventLog, facts: Sequence[DossierEvent], *, steps: int = 4, tenant: str = "acme"
) -> str:
    """Append a trip's story in so many steps; answers its id."""
    trip, told = retold(facts)
    cause = Cause(tenant=tenant, actor="key:1")
    position, size = 0, -(-len(told) // steps)
    for start in range(0, len(told), size):
        part = told[start : start + size]
        appended = await log.append(
            Append(trip_id=trip, expected_position=position, events=part, cause=cause)
        )
        position = appended.last_position
    return trip
