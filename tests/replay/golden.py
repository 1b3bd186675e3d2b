"""What was recorded once and must read the same for ever: the files in `golden/`.

`python -m tests.replay.golden` adds what is missing and never changes what is there: an event's
new version, a new shape of a present one, a new trip. `SHA256SUMS` tells when a file was edited.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec
from eventsourcing.persistence import StoredEvent

from adapters.event_log.codec import EventCodec
from domain.dossier import BOOKING_EVENT_TYPES, TOPICS, Dossier, DossierEvent, evolve
from projections import trip_details
from tests.replay.whole_trips import whole_trips

GOLDEN = Path(__file__).parent / "golden"
SUMS = GOLDEN / "SHA256SUMS"
CODEC = EventCodec(TOPICS)

SAMPLES: dict[Any, Any] = {
    str: "words",
    int: 7,
    float: 2.5,
    bool: True,
    Any: {"any": ["thing", 1, None]},
    datetime: datetime(2027, 1, 10, 12, 30, 15, 250_000, tzinfo=UTC),
}

Facts = dict[str, Any]


def fullest(kind: Any) -> Any:
    """A value of the type in which nothing is left out that may be there."""
    if kind in SAMPLES:
        return SAMPLES[kind]
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return fullest(next(part for part in parts if part is not NoneType))
    if origin is Literal:
        return parts[0]
    if origin is tuple:
        return (fullest(parts[0]), fullest(parts[0]))
    if origin is dict:
        return {fullest(parts[0]): fullest(parts[1])}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind))
    assert is_dataclass(kind), f"events are not made of {kind}"
    hints = get_type_hints(kind)
    if "currency" in hints:
        return kind(84_230, "EUR")  # type: ignore[operator]
    return kind(**{f.name: fullest(hints[f.name]) for f in fields(kind)})  # type: ignore[operator]


def facts_of(event: Any) -> Facts:
    """The event as it is stored."""
    found: Facts = msgspec.json.decode(msgspec.json.encode(event))
    return found


def shape(value: Any) -> Any:
    """The names in a value, whatever it says under them."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in sorted(value.items())}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return None


def read(topic: str, facts: Facts) -> DossierEvent:
    """What the program of today makes of what was stored."""
    return CODEC.read(as_stored(topic, facts), 1)


def as_stored(topic: str, facts: Facts) -> StoredEvent:
    return StoredEvent(UUID(int=1), 1, topic, msgspec.json.encode(facts))


# --- the files


@dataclass(frozen=True, slots=True)
class StoredTrip:
    """A trip as it was stored, and what it was understood to be."""

    name: str
    events: Sequence[tuple[str, Facts]]
    understood: Sequence[Facts]


def event_files(topic: str) -> list[Path]:
    """All shapes of one topic, the oldest first."""
    return sorted((GOLDEN / "events").glob(f"{topic}.*json"), key=lambda p: (len(p.name), p.name))


def examples(path: Path) -> list[Facts]:
    found: list[Facts] = json.loads(path.read_text(encoding="utf-8"))["examples"]
    return found


def topics_of_files() -> list[str]:
    found = (json.loads(p.read_text(encoding="utf-8"))["topic"] for p in files("events"))
    return sorted(set(found))


def files(kind: str) -> list[Path]:
    return sorted((GOLDEN / kind).glob("*.json"))


def stored_trips() -> list[StoredTrip]:
    trips = []
    for path in files("trips"):
        told = json.loads(path.read_text(encoding="utf-8"))
        events = [(each["topic"], each["facts"]) for each in told["events"]]
        trips.append(StoredTrip(path.stem, events, told["understood"]))
    return trips


def checksums(paths: Iterable[Path]) -> dict[str, str]:
    return {
        str(path.relative_to(GOLDEN)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in paths
    }


def remembered_checksums() -> dict[str, str]:
    lines = SUMS.read_text(encoding="utf-8").splitlines() if SUMS.exists() else []
    return {name: checksum for checksum, name in (line.split("  ") for line in lines)}


# --- what a trip is understood to be


def understood(events: Iterable[DossierEvent]) -> list[Facts]:
    """After each event: what customers, operators and accountants go by."""
    dossier = Dossier()
    told = []
    for event in events:
        dossier = evolve(dossier, event)
        told.append(summary(dossier))
    return told


def summary(dossier: Dossier) -> Facts:
    trip = dossier.trip
    assert trip is not None, "a trip's events begin with its start"
    found = {
        "version": dossier.version,
        "status": trip_details.trip_status(trip),
        "items": [[item.item_id, item.offer.offer_id, item.price] for item in trip.items],
        "quote": trip.quote and [trip.quote.status, trip.quote.total],
        "checkout": trip.checkout
        and [trip.checkout.attempt, trip.checkout.status, trip.checkout.amount],
        "payment": trip_details.payment_status(trip),
        "money": trip_details.amounts(trip),
        "refunds": [[r.status, r.amount, r.reason] for p in trip.payments for r in p.refunds],
        "fulfillment": trip.fulfillment and trip.fulfillment.status,
        "bookings": [[b.code, b.status, b.price, b.supplier_reference] for b in dossier.bookings],
        "incidents": [[i.code, i.at_stake] for i in trip.incidents],
    }
    plain: Facts = msgspec.json.decode(msgspec.json.encode(found))
    return plain


# --- recording


def record() -> list[Path]:
    """Write what is missing; answers the new files."""
    kinds = {cls: topic for topic, cls in TOPICS.items()}
    trips = whole_trips()
    real: dict[str, list[Facts]] = {topic: [] for topic in TOPICS}
    for events in trips.values():
        for event in events:
            facts = facts_of(event)
            known = real[kinds[type(event)]]
            if shape(facts) not in [shape(each) for each in known]:
                known.append(facts)
    written = []
    for topic, cls in TOPICS.items():
        full = facts_of(fullest(cls))
        shapes = event_files(topic)
        if shapes and shape(examples(shapes[-1])[0]) == shape(full):
            continue
        number = f".{len(shapes) + 1}" if shapes else ""
        path = GOLDEN / "events" / f"{topic}{number}.json"
        written.append(write(path, {"topic": topic, "examples": [full, *real[topic]]}))
    for name, events in trips.items():
        path = GOLDEN / "trips" / f"{name}.json"
        if not path.exists():
            told = [{"topic": kinds[type(e)], "facts": facts_of(e)} for e in events]
            written.append(write(path, {"events": told, "understood": understood(events)}))
    sums = checksums(written) | remembered_checksums()
    text = "".join(f"{sums[name]}  {name}\n" for name in sorted(sums))
    if written:
        SUMS.write_text(text, encoding="utf-8")
    return written


def write(path: Path, told: Facts) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = json.dumps(told, indent=1, ensure_ascii=False)
    path.write_text(lines + "\n", encoding="utf-8")
    return path


def stream_of(event: DossierEvent, trip_id: str) -> str:
    return event.booking_id if isinstance(event, BOOKING_EVENT_TYPES) else trip_id  # type: ignore[union-attr]


if __name__ == "__main__":
    for path in record():
        print(f"recorded {path.relative_to(GOLDEN)}")
