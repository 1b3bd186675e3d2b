"""Events are stored as they will be read for ever."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, date, datetime
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import pytest
from eventsourcing.persistence import StoredEvent
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.event_log.codec import EventCodec, Facts, UnreadableStoredEvent, Upcast
from domain import dossier
from domain.log import NewEvent, UnreadableEvent
from tests.contracts.events import codec, event, new_id

STREAM = "5b0c5d3e-6a43-4f8f-9b8e-0d6c8f6f0a01"
TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXT,
    int: st.integers(-(2**63), 2**63 - 1),
    float: st.floats(allow_nan=False, allow_infinity=False),
    bool: st.booleans(),
    NoneType: st.none(),
    Any: JSON,
    date: st.dates(),
    datetime: st.datetimes(timezones=st.just(UTC)),
}


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Any value of a type that events are made of."""
    if kind in PLAIN:
        return PLAIN[kind]
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return st.one_of([values(part) for part in parts])
    if origin is Literal:
        return st.sampled_from(parts)
    if origin is tuple:
        return st.lists(values(parts[0]), max_size=2).map(tuple)
    if origin is dict:
        return st.dictionaries(values(parts[0]), values(parts[1]), max_size=2)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return st.sampled_from(kind)
    assert isinstance(kind, type), f"events are not made of {kind}"
    assert is_dataclass(kind), f"events are not made of {kind}"
    hints = get_type_hints(kind)
    return st.builds(kind, **{f.name: values(hints[f.name]) for f in fields(kind)})


@pytest.mark.parametrize("topic", sorted(dossier.TOPICS))
def test_every_event_is_read_as_it_was_written(topic: str) -> None:
    domain_codec = EventCodec(dossier.TOPICS)

    @settings(max_examples=50)
    @given(values(dossier.TOPICS[topic]))
    def check(happened: Any) -> None:
        new = NewEvent(event_id=new_id(), stream_id=STREAM, stream_version=1, event=happened)
        stored = domain_codec.store(new)
        assert (topic, STREAM, 1) == (
            stored.topic,
            str(stored.originator_id),
            stored.originator_version,
        )
        assert domain_codec.read(stored) == happened
        assert domain_codec.read_present(topic, stored.state) == happened

    check()


def stored(topic: str, state: bytes) -> StoredEvent:
    return StoredEvent(originator_id=UUID(STREAM), originator_version=3, topic=topic, state=state)


@pytest.mark.parametrize(
    ("topic", "state"),
    [
        ("test.unheard-of.v1", b'{"n": 1}'),
        ("test.noted.v2", b'{"n": 1}'),
        ("test.noted.v1", b'{"n": "secret"}'),
        ("test.noted.v1", b'{"m": "secret"}'),
        ("test.noted.v1", b'{"n": secret'),
        ("test.noted.v1", b"\xff secret"),
        ("test.noted.v1", b""),
        ("test.sent.v1", b'{"mood": "secret", "price": {}}'),
    ],
)
def test_an_unreadable_event_is_named_without_its_payload(topic: str, state: bytes) -> None:
    with pytest.raises(UnreadableEvent) as caught:
        codec().read(stored(topic, state), 12)

    error = caught.value
    assert isinstance(error, UnreadableStoredEvent)
    assert (error.position, error.stream_version, error.topic) == (12, 3, topic)
    assert error.stream_id == STREAM
    assert f"position 12, stream {STREAM} version 3, topic {topic}: " in str(error)
    assert "secret" not in str(error)
    assert error.__suppress_context__ or error.__context__ is None


def test_the_place_where_a_payload_does_not_fit_is_named() -> None:
    with pytest.raises(UnreadableStoredEvent) as caught:
        codec().read(stored("test.noted.v1", b'{"n": "secret"}'), 12)

    assert str(caught.value).endswith("topic test.noted.v1: the payload does not fit at `$.n`")


@pytest.mark.parametrize(
    ("topic", "state"),
    [
        ("test.unheard-of.v1", b'{"n": 1}'),
        ("test.noted.v1", b'{"n": "secret"}'),
        ("test.noted.v1", b"\x02sealed"),
    ],
)
def test_a_quick_look_at_what_is_not_stored_as_events_are_today_finds_nothing(
    topic: str, state: bytes
) -> None:
    assert codec().read_present(topic, state) is None


@dataclass(frozen=True)
class Ticket:
    """Today's shape: v1 had `cost` in major units, v2 `amount` without a currency."""

    amount: int
    currency: str


def with_cents(facts: Facts) -> Facts:
    return {"amount": facts["cost"] * 100}


def with_currency(facts: Facts) -> Facts:
    return {**facts, "currency": "EUR"}


TICKETS = EventCodec(
    {"ticket.sold.v3": Ticket},
    {
        "ticket.sold.v1": Upcast("ticket.sold.v2", with_cents),
        "ticket.sold.v2": Upcast("ticket.sold.v3", with_currency),
    },
)


@pytest.mark.parametrize(
    ("topic", "state"),
    [
        ("ticket.sold.v1", b'{"cost": 3}'),
        ("ticket.sold.v2", b'{"amount": 300}'),
        ("ticket.sold.v3", b'{"amount": 300, "currency": "EUR"}'),
    ],
)
def test_old_versions_are_read_in_todays_shape(topic: str, state: bytes) -> None:
    assert TICKETS.read(stored(topic, state)) == Ticket(300, "EUR")  # type: ignore[comparison-overlap]


def test_upcasts_are_followed_to_the_present() -> None:
    """Made here, not when the tests are collected, since making it looks where they lead."""
    tickets = EventCodec(TICKETS.classes, TICKETS.upcasts)
    old = stored("ticket.sold.v1", b'{"cost": 3}')
    assert tickets.read(old) == Ticket(300, "EUR")  # type: ignore[comparison-overlap]


@pytest.mark.parametrize("state", [b'{"price": "secret"}', b"[]", b'{"cost": "secret"}'])
def test_an_old_event_that_does_not_lift_is_unreadable(state: bytes) -> None:
    with pytest.raises(UnreadableStoredEvent) as caught:
        TICKETS.read(stored("ticket.sold.v1", state), 12)

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "upcasts",
    [
        {"ticket.sold.v1": Upcast("ticket.sold.v2", with_cents)},
        {"a": Upcast("b", with_cents), "b": Upcast("a", with_cents)},
        {"ticket.sold.v3": Upcast("ticket.sold.v3", with_cents)},
    ],
)
def test_upcasts_that_lead_nowhere_are_refused_at_the_start(upcasts: dict[str, Upcast]) -> None:
    with pytest.raises(ValueError, match="upcast"):
        EventCodec({"ticket.sold.v3": Ticket}, upcasts)


def test_an_event_without_a_topic_cannot_be_stored() -> None:
    with pytest.raises(TypeError):
        TICKETS.store(event(STREAM, 1))
