"""What every event log, in memory or in Postgres, asks of an append before it is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

# The same UUID, but parsed in C: an append names a dozen of them.
from asyncpg.pgproto.pgproto import UUID

from domain.log import Append, NewEvent


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
    continued(append.events)
    for effect in append.effects:
        if effect.due.tzinfo is None:
            raise ValueError("an effect's due time needs a time zone")


def continued(events: Sequence[NewEvent]) -> Mapping[UUID, int]:
    """The streams that the events go on with, and at which version they take each of them to be;
    raises ValueError for versions that do not follow one another."""
    before: dict[UUID, int] = {}
    newest: dict[UUID, int] = {}
    for new in events:
        stream = UUID(new.stream_id)
        version = newest.setdefault(stream, new.stream_version - 1) + 1
        if version != new.stream_version or version < 1:
            raise ValueError("the versions of a stream count from 1, each the one before plus 1")
        before.setdefault(stream, version - 1)
        newest[stream] = version
    return before
