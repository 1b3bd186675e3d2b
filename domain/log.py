"""What is written to the log together, and what is read back from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from domain.dossier import DossierEvent


class EffectKind(StrEnum):
    """The things that are done in the world, or at a later time, because of an event."""

    QUOTE_TRIP = "quote_trip"
    EXPIRE_QUOTE = "expire_quote"
    OPEN_CHECKOUT = "open_checkout"
    CLOSE_CHECKOUT = "close_checkout"
    EXPIRE_CHECKOUT = "expire_checkout"
    START_FULFILLMENT = "start_fulfillment"
    PLACE_ORDER = "place_order"
    FIND_ORDER = "find_order"
    CANCEL_ORDER = "cancel_order"
    CANCEL_SECOND_ORDER = "cancel_second_order"
    CAPTURE_PAYMENT = "capture_payment"
    RELEASE_PAYMENT = "release_payment"
    REFUND_PAYMENT = "refund_payment"
    LOOK_AT_REFUND = "look_at_refund"
    GUARD_AUTHORIZATION = "guard_authorization"
    ERASE_PERSON = "erase_person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """Something to be done at or after `due`. `key` is a pure function of the facts, so that the
    same wish, made twice, is one row for ever; `subject` is the id of what it concerns."""

    kind: EffectKind
    key: str
    subject: str
    due: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Who and what made an event: kept with it for ever, so no personal data.

    `actor` is `key:<id>`, `worker:<effect>`, `webhook:<provider>` or `operator:<id>`; `causation`
    the id of the task, request or event that led here; `correlation` ties one story together.
    A command without a `tenant` acts for the trip's own; what is recorded always has one.
    """

    tenant: str | None
    actor: str
    request_id: str | None = None
    causation: str | None = None
    correlation: str | None = None
    trace: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """An event about to be recorded as number `stream_version` (from 1) of its stream."""

    event_id: str
    stream_id: str
    stream_version: int
    event: DossierEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Append:
    """All of it is recorded, or nothing.

    A trip and its bookings are separate streams but one unit of consistency:
    `expected_position` is the position of the trip's newest event that the decision has seen (0:
    none), and the append fails if the trip has moved since, whichever stream moved.
    """

    trip_id: str
    expected_position: int
    events: Sequence[NewEvent]
    effects: Sequence[Effect] = ()
    cause: Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class Appended:
    """Where the events stand. `duplicate`: they had been recorded before, by their event ids."""

    first_position: int
    last_position: int
    recorded_at: datetime
    duplicate: bool = False


class Recorded(NamedTuple):
    """One event as it stands in the log; `position` is its place in the order of all. A tuple,
    since one is made for every event that anybody reads: a frozen dataclass takes ten times as
    long to make."""

    position: int
    event_id: str
    trip_id: str
    stream_id: str
    stream_version: int
    topic: str
    event: DossierEvent
    recorded_at: datetime
    cause: Cause


class TripMoved(Exception):
    """Someone else recorded something of this trip first: read again and decide again."""


class UnreadableEvent(Exception):
    """A stored event has an unknown topic or a payload that does not fit; names the event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A claimed piece of work. `sent_before` tells that an earlier claim had announced its
    effect (`announce`) and never finished: the effect may have happened."""

    task_id: int
    kind: str
    key: str
    trip_id: str | None
    subject: str
    due: datetime
    attempts: int
    sent_before: bool
    lease: str
