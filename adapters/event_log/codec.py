"""Events as they are stored: UTF-8 JSON under stable topics, decoded straight into their classes.

A topic ends in its version (`trip.item-added.v1`). When the shape of an event changes, its class
moves to a new topic and an upcast lifts what was stored under the old one. An envelope may hold
the JSON compressed or sealed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import msgspec
from asyncpg.pgproto.pgproto import UUID
from eventsourcing.persistence import StoredEvent

from adapters.event_log.envelope import Envelope, NotOpened
from domain.log import NewEvent, UnreadableEvent

if TYPE_CHECKING:
    from domain.dossier import DossierEvent

Facts = dict[str, Any]

PLACE = re.compile(r" at `\$[\w.\[\]]*`$")


@dataclass(frozen=True, slots=True)
class Upcast:
    """How an event stored under an old topic reads under the one that followed it."""

    to: str
    lift: Callable[[Facts], Facts]


class UnreadableStoredEvent(UnreadableEvent):
    """Names the event by everything but its payload, which may not be shown to everyone."""

    def __init__(self, stored: StoredEvent, position: int | None, why: str) -> None:
        super().__init__(
            f"position {position}, stream {stored.originator_id}"
            f" version {stored.originator_version}, topic {stored.topic}: {why}"
        )
        self.position = position
        self.stream_id = str(stored.originator_id)
        self.stream_version = stored.originator_version
        self.topic = stored.topic


class EventCodec:
    """`topics` name the present classes, `upcasts` the topics they were stored under before;
    `envelope` is what new payloads are put into (unset: none)."""

    def __init__(
        self,
        topics: Mapping[str, type],
        upcasts: Mapping[str, Upcast] | None = None,
        envelope: Envelope | None = None,
    ) -> None:
        self.envelope = envelope or Envelope()
        self.upcasts = dict(upcasts or {})
        self.classes = dict(topics)
        self.topics = {cls: topic for topic, cls in topics.items()}
        if len(self.topics) != len(topics):
            raise ValueError("a class is stored under two topics")
        self.encoder = msgspec.json.Encoder()
        self.decoders: dict[str, msgspec.json.Decoder[Any]] = {
            topic: msgspec.json.Decoder(cls) for topic, cls in topics.items()
        }
        for topic in self.upcasts:
            self.check_upcast(topic)

    def check_upcast(self, old: str) -> None:
        """Every old topic leads to a present one and never back to itself."""
        passed: set[str] = set()
        topic = old
        while topic not in self.classes:
            if topic in passed or topic not in self.upcasts:
                raise ValueError(f"the upcasts of {old} lead nowhere")
            passed.add(topic)
            topic = self.upcasts[topic].to
        if old in self.classes:
            raise ValueError(f"{old} is stored today and cannot be upcast")

    def store(self, new: NewEvent) -> StoredEvent:
        topic = self.topics.get(type(new.event))
        if topic is None:
            raise TypeError(f"{type(new.event).__name__} has no topic")
        return StoredEvent(
            originator_id=UUID(new.stream_id),
            originator_version=new.stream_version,
            topic=topic,
            state=self.envelope.close(self.encoder.encode(new.event)),
        )

    def read(self, stored: StoredEvent, position: int | None = None) -> DossierEvent:
        """The event; raises UnreadableStoredEvent."""
        try:
            decoder = self.decoders.get(stored.topic)
            if decoder is not None:
                return cast("DossierEvent", decoder.decode(self.envelope.open(stored.state)))
            if stored.topic in self.upcasts:
                return self.read_old(stored)
        except NotOpened as error:
            raise UnreadableStoredEvent(stored, position, str(error)) from None
        except (ValueError, KeyError, TypeError) as error:
            # The error's own words may quote the payload; only the place it names is kept.
            where = PLACE.search(str(error))
            why = f"the payload does not fit{where[0] if where else ''}"
            raise UnreadableStoredEvent(stored, position, why) from None
        raise UnreadableStoredEvent(stored, position, "unknown topic")

    def read_present(self, topic: str, state: bytes) -> DossierEvent | None:
        """The event, if it is stored as events are today; None: `read` knows more, or why not."""
        decoder = self.decoders.get(topic)
        if decoder is None:
            return None
        try:
            return cast("DossierEvent", decoder.decode(self.envelope.open(state)))
        except (NotOpened, ValueError):
            return None

    def read_old(self, stored: StoredEvent) -> DossierEvent:
        topic = stored.topic
        facts = msgspec.json.decode(self.envelope.open(stored.state), type=Facts)
        while upcast := self.upcasts.get(topic):
            facts = upcast.lift(facts)
            topic = upcast.to
        return cast("DossierEvent", msgspec.convert(facts, self.classes[topic]))
