"""A trip's events for commands that look at it, from the log or from an exported file."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

from asyncpg.pgproto.pgproto import UUID
from eventsourcing.persistence import StoredEvent

from adapters.event_log.evidence import Evidence
from domain.log import Cause, Recorded
from service.cli.opening import event_log
from service.cli.output import USAGE, stop
from service.codec import codec_of
from service.settings import Settings


def moment_of(text: str | None) -> int | datetime | None:
    """A version, or a time (without an offset: this machine's)."""
    if text is None:
        return None
    if text.isdecimal():
        return int(text)
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):
        stop(USAGE, f"{text} is neither a version nor an RFC 3339 time.")


def read(trip_id: str) -> Sequence[Recorded]:
    async def work() -> Sequence[Recorded]:
        async with event_log() as log:
            return await log.read_trip(trip_id)

    return asyncio.run(work())


def recorded_of(evidence: Evidence) -> list[Recorded]:
    """What a file tells, as if it was read from the log; raises UnreadableStoredEvent."""
    codec = codec_of(Settings.load())
    found = []
    for facts in evidence.facts:
        stored = StoredEvent(
            originator_id=UUID(facts.stream_id),
            originator_version=facts.stream_version,
            topic=facts.topic,
            state=facts.state,
        )
        meta = {name: facts.meta.get(name) for name in CAUSE_FIELDS}
        found.append(
            Recorded(
                position=facts.position,
                event_id=facts.event_id,
                trip_id=facts.trip_id,
                stream_id=facts.stream_id,
                stream_version=facts.stream_version,
                topic=facts.topic,
                event=codec.read(stored, facts.position),
                recorded_at=facts.recorded_at,
                cause=Cause(tenant=facts.tenant, actor=facts.meta.get("actor") or "", **meta),
            )
        )
    return found


CAUSE_FIELDS = ("request_id", "causation", "correlation", "trace")
