"""What every event log, in memory or in Postgres, asks of an append before it is sent."""

from __future__ import annotations

# The same UUID, but parsed in C: an append names a dozen of them.
from asyncpg.pgproto.pgproto import UUID

from domain.log import Append


class EventIdsReused(ValueError):
    """Some of the append's event ids stand in the log already and some do not: the caller mixed
    two appends. Nothing was recorded."""


class LogUnreachable(ConnectionError):
    """Whether the append was recorded is not known; sending the same append again is safe."""


def check(append: Append) -> None:
    """An append that is malformed is its caller's bug, and refused before anything is sent."""
    if not append.events:
        raise ValueError("an append has at least one event")
    ids = [UUID(new.event_id) for new in append.events]
    if len(set(ids)) != len(ids):
        raise EventIdsReused("an event id stands twice in one append")
    UUID(append.trip_id)
    for new in append.events:
        UUID(new.stream_id)
        if new.stream_version < 1:
            raise ValueError("stream versions count from 1")
    for effect in append.effects:
        if effect.due.tzinfo is None:
            raise ValueError("an effect's due time needs a time zone")
