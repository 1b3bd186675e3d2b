"""Small events for testing the log itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, cast
from uuid import uuid4

from adapters.event_log.codec import EventCodec
from domain.dossier import DossierEvent
from domain.log import Append, Cause, Effect, EffectKind, NewEvent
from domain.money import Money

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)


class Mood(StrEnum):
    CALM = "calm"
    LATE = "late"


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """Nothing but a number."""

    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One of everything that events are made of."""

    price: Money
    rest: Money | None
    sent_at: datetime
    mood: Mood
    parts: tuple[Money, ...]
    names: tuple[str, ...]
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedOut:
    """The trip is about to be paid: stores know it by the name it is kept under."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unheard:
    """Written by a later version of the program: this one has no name for it."""

    secret: str


TOPICS: dict[str, type] = {
    "test.noted.v1": Noted,
    "test.sent.v1": Sent,
    "trip.checkout-initialized.v1": CheckedOut,
}
CAUSE = Cause(tenant="acme", actor="key:1", request_id="req-1", correlation="trip-1")


def codec() -> EventCodec:
    return EventCodec(TOPICS)


def later_codec() -> EventCodec:
    """Of a later version of the program."""
    return EventCodec({**TOPICS, "test.unheard.v1": Unheard})


def new_id() -> str:
    return str(uuid4())


def event(stream_id: str, version: int, n: int = 0, event_id: str | None = None) -> NewEvent:
    return NewEvent(
        event_id=event_id or new_id(),
        stream_id=stream_id,
        stream_version=version,
        event=cast(DossierEvent, Noted(n=n)),
    )


def effect(key: str, *, after_s: float = 0) -> Effect:
    return Effect(
        kind=EffectKind.QUOTE_TRIP,
        key=key,
        subject="quote-1",
        due=NOON + timedelta(seconds=after_s),
    )


def append(
    trip_id: str,
    expected_position: int,
    events: Sequence[NewEvent],
    effects: Sequence[Effect] = (),
    cause: Cause = CAUSE,
) -> Append:
    return Append(
        trip_id=trip_id,
        expected_position=expected_position,
        events=events,
        effects=effects,
        cause=cause,
    )


def first(trip_id: str, *, count: int = 1, effects: Sequence[Effect] = ()) -> Append:
    """A new trip's first append: `count` numbered events."""
    return append(trip_id, 0, [event(trip_id, n, n) for n in range(1, count + 1)], effects=effects)


def numbers(recorded: Sequence[Any]) -> list[int]:
    """What the events say, in the order they were read."""
    return [r.event.n for r in recorded]
