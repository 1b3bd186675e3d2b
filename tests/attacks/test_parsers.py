"""Whatever text comes, what reads it answers or refuses as it says, and never otherwise."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime

from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapters.operators.paging import Cursor, CursorUnusable
from adapters.payments.stripe_events import check_signature
from adapters.suppliers.duffel_events import parse_event
from adapters.suppliers.duffel_wire import RETRY_AFTER_S_MAX, Answer, read_json
from domain.money import Money
from domain.suppliers import WebhookRejected
from service.http.feed import last_event_id
from service.http.guards.cards import refuse_card_data
from service.http.guards.repeats import repeated_field
from service.http.idempotency import key_of
from service.http.problems import Problem

NOW = datetime(2027, 1, 1, tzinfo=UTC)
# Also what a header's bytes become that are no text.
TEXT = st.text(st.characters(codec=None, categories=None)) | st.from_regex(r"[tv1=,\d \"W/.eE+-]*")
DATES = st.sampled_from(["Fri, 01 Jan 2027 00:00:00 GMT", "Fri, 01 Jan 2027 00:00:00 -0000"])


@settings(deadline=None)
@given(TEXT)
@example("t=" + "9" * 5_000 + ",v1=a")
@example("t=1,v1=\udcff")
def test_a_signature_is_never_more_than_refused(header: str) -> None:
    for check in (
        lambda: check_signature(b"{}", header, ["secret"], NOW),
        lambda: parse_event(
            b"{}", {"x-duffel-signature": header}, secrets=["secret"], live=False, now=NOW
        ),
    ):
        try:
            check()
        except WebhookRejected:
            continue
        raise AssertionError("believed")


@settings(deadline=None)
@given(TEXT)
def test_a_place_in_a_list_is_read_or_refused(text: str) -> None:
    with suppress(CursorUnusable):
        assert Cursor.parse(Cursor.parse(text).text()) == Cursor.parse(text)


@settings(deadline=None)
@given(TEXT)
def test_a_header_is_read_or_refused(text: str) -> None:
    for read in (last_event_id, key_of):
        with suppress(Problem):
            read(text)


@settings(deadline=None)
@given(st.binary() | st.from_regex(rb'[\[\]{}",:\\u0-9a-f]*'))
@example(b"[" * 100_000)
def test_bytes_are_an_object_or_none(raw: bytes) -> None:
    assert isinstance(read_json(raw), dict | None)
    with suppress(Problem):
        refuse_card_data(raw)


NAMES = st.text(st.characters(codec="utf-8"), max_size=3)
DOCUMENTS = st.recursive(
    st.none() | st.integers() | NAMES,
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(NAMES, inside, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(DOCUMENTS, st.lists(NAMES | st.integers(0, 2), max_size=4), NAMES)
def test_what_is_said_twice_is_found_wherever_it_stands(
    document: object, way: list[str | int], name: str
) -> None:
    """`way` leads into objects by name and into lists by place."""
    once = json.dumps(document)
    said = json.dumps(name)
    raw = f"{{{said}: {once}, {said}: {once}}}"
    pointer = ""
    for step in reversed([*way, name]):
        text = str(step).replace("~", "~0").replace("/", "~1")
        pointer = f"/{text}{pointer}"
    for step in reversed(way):
        raw = f"{{{json.dumps(step)}: {raw}}}" if isinstance(step, str) else listed(raw, step)

    assert repeated_field(once.encode()) is None
    assert repeated_field(raw.encode()) == pointer


def listed(raw: str, place: int) -> str:
    return f"[{'0, ' * place}{raw}]"


@settings(deadline=None)
@given(DATES | TEXT, DATES | TEXT)
@example("Fri, 01 Jan 2027 00:00:00 GMT", "Fri, 01 Jan 2027 00:00:00 -0000")
def test_a_wait_is_bounded_whatever_the_clock_of_another_says(reset: str, date: str) -> None:
    answer = Answer(429, None, {"ratelimit-reset": reset, "date": date})

    assert 1.0 <= answer.retry_after_s <= RETRY_AFTER_S_MAX


@settings(deadline=None)
@given(TEXT, st.sampled_from(["EUR", "JPY", "KWD"]))
def test_an_amount_is_whole_or_refused(text: str, currency: str) -> None:
    with suppress(ValueError):
        assert isinstance(Money.from_decimal(text[:20], currency).amount, int)
