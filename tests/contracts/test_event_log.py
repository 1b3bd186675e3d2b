"""What both event logs promise."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import timedelta
from typing import Any, cast

import pytest

from adapters.event_log.appending import EventIdsReused
from domain.dossier import DossierEvent
from domain.log import Appended, Cause, NewEvent, TripMoved, UnreadableEvent
from domain.money import Money
from tests.contracts.conftest import Stores
from tests.contracts.events import (
    CAUSE,
    NOON,
    Mood,
    Sent,
    Unheard,
    append,
    effect,
    event,
    first,
    later_codec,
    new_id,
    numbers,
)


async def test_what_was_appended_is_read_back_whole(stores: Stores) -> None:
    trip = new_id()
    sent = Sent(
        price=Money(84230, "EUR"),
        rest=None,
        sent_at=NOON,
        mood=Mood.LATE,
        parts=(Money(1, "EUR"), Money(-2, "EUR")),
        names=("Zoë", "nul \0 and 😀"),
        facts={"a": [1, 2.5, None, {"b": True}]},
    )
    new = NewEvent(
        event_id=new_id(), stream_id=trip, stream_version=1, event=cast(DossierEvent, sent)
    )
    appended = await stores.log.append(append(trip, 0, [new]))

    [read] = await stores.log.read_trip(trip)
    assert cast(DossierEvent, sent) == read.event
    assert (appended.first_position, 1) == (read.position, read.stream_version)
    assert (new.event_id, trip, trip) == (read.event_id, read.trip_id, read.stream_id)
    assert (read.topic, read.cause) == ("test.sent.v1", CAUSE)
    assert appended.recorded_at == read.recorded_at
    assert read.recorded_at == NOON
    assert not appended.duplicate


async def test_a_trip_its_streams_and_the_whole_log_are_read_in_order(stores: Stores) -> None:
    trip, booking, other = new_id(), new_id(), new_id()
    one = await stores.log.append(first(trip, count=2))
    await stores.log.append(first(other))
    await stores.log.append(
        append(trip, one.last_position, [event(booking, 1, 10), event(trip, 3, 3)])
    )

    assert numbers(await stores.log.read_trip(trip)) == [1, 2, 10, 3]
    assert numbers(await stores.log.read_trip(trip, after=one.last_position)) == [10, 3]
    assert numbers(await stores.log.read_stream(trip)) == [1, 2, 3]
    assert numbers(await stores.log.read_stream(trip, after_version=2)) == [3]
    assert numbers(await stores.log.read_stream(booking)) == [10]
    everything = await stores.log.read_all(0, 100)
    assert numbers(everything) == [1, 2, 1, 10, 3]
    assert sorted(r.position for r in everything) == [r.position for r in everything]
    assert everything[-1].position == await stores.log.last_position()
    assert everything[2:4] == await stores.log.read_all(everything[1].position, 2)


async def test_an_unknown_trip_or_stream_has_no_events(stores: Stores) -> None:
    await stores.log.append(first(new_id()))

    assert list(await stores.log.read_trip(new_id())) == []
    assert list(await stores.log.read_stream(new_id())) == []
    assert list(await stores.log.read_trip("no id of ours")) == []
    assert list(await stores.log.read_stream("no id of ours")) == []


async def test_the_position_of_an_empty_log_is_zero(stores: Stores) -> None:
    assert await stores.log.last_position() == 0
    assert list(await stores.log.read_all(0, 10)) == []


async def test_an_append_behind_the_trip_is_refused_whole(stores: Stores) -> None:
    trip = new_id()
    one = await stores.log.append(first(trip, effects=[effect("first")]))
    stale = append(trip, 0, [event(trip, 2), event(new_id(), 1)], effects=[effect("stale")])

    with pytest.raises(TripMoved):
        await stores.log.append(stale)

    assert one.last_position == await stores.log.last_position()
    assert [t.key for t in await stores.outbox.claim(NOON, 10, 30)] == ["first"]


async def test_the_expected_position_guards_every_stream_of_the_trip(stores: Stores) -> None:
    trip, booking = new_id(), new_id()
    one = await stores.log.append(append(trip, 0, [event(trip, 1), event(booking, 1)]))
    await stores.log.append(append(trip, one.last_position, [event(booking, 2)]))

    # The trip's own stream has not grown since; its booking's has.
    with pytest.raises(TripMoved):
        await stores.log.append(append(trip, one.last_position, [event(trip, 2)]))

    assert len(await stores.log.read_stream(trip)) == 1


@pytest.mark.parametrize("versions", [[2], [0], [1, 1], [1, 3], [2, 1]])
async def test_versions_that_do_not_follow_are_refused(stores: Stores, versions: list[int]) -> None:
    trip = new_id()

    with pytest.raises((TripMoved, ValueError)):
        await stores.log.append(append(trip, 0, [event(trip, version) for version in versions]))

    assert await stores.log.last_position() == 0


async def test_of_sixteen_appends_at_one_position_exactly_one_wins(stores: Stores) -> None:
    trip = new_id()
    start = await stores.log.append(first(trip))

    async def compete(n: int) -> int | None:
        try:
            await stores.log.append(append(trip, start.last_position, [event(trip, 2, n)]))
        except TripMoved:
            return None
        return n

    winners = [n for n in await asyncio.gather(*map(compete, range(16))) if n is not None]

    assert len(winners) == 1
    assert [1, *winners] == numbers(await stores.log.read_trip(trip))


async def test_the_same_append_told_again_is_recorded_once(stores: Stores) -> None:
    trip = new_id()
    told = append(trip, 0, [event(trip, 1, 1), event(trip, 2, 2)], effects=[effect("once")])
    one = await stores.log.append(told)
    await stores.log.append(append(trip, one.last_position, [event(trip, 3, 3)]))

    again = await stores.log.append(told)

    assert again.duplicate
    assert (one.first_position, one.last_position) == (again.first_position, again.last_position)
    assert one.recorded_at == again.recorded_at
    assert numbers(await stores.log.read_trip(trip)) == [1, 2, 3]
    assert len(await stores.outbox.claim(NOON, 10, 30)) == 1


async def test_the_same_append_told_sixteen_times_at_once_is_recorded_once(
    stores: Stores,
) -> None:
    told = first(new_id(), count=3)

    answers = await asyncio.gather(*(stores.log.append(told) for _ in range(16)))

    assert sum(answer.duplicate for answer in answers) == 15
    assert len({(a.first_position, a.last_position) for a in answers}) == 1
    assert numbers(await stores.log.read_all(0, 100)) == [1, 2, 3]


async def test_event_ids_of_two_appends_mixed_are_an_error(stores: Stores) -> None:
    trip = new_id()
    known = event(trip, 1)
    one = await stores.log.append(append(trip, 0, [known]))

    with pytest.raises(EventIdsReused):
        await stores.log.append(append(trip, one.last_position, [known, event(trip, 2)]))
    twice = event(trip, 2)
    with pytest.raises(EventIdsReused):
        await stores.log.append(append(trip, one.last_position, [twice, twice]))
    other = new_id()
    elsewhere = append(other, 0, [event(other, 1, event_id=known.event_id)])
    with pytest.raises(EventIdsReused):
        await stores.log.append(elsewhere)

    assert await stores.log.last_position() == 1
    # Together with others it harms nobody.
    answers = await asyncio.gather(
        *(stores.log.append(a) for a in (first(new_id()), elsewhere, first(new_id()))),
        return_exceptions=True,
    )
    assert [Appended, EventIdsReused, Appended] == [type(answer) for answer in answers]


async def test_a_malformed_append_is_refused_and_harms_no_other(stores: Stores) -> None:
    trip = new_id()
    malformed = [
        append(trip, 0, []),
        append("no id", 0, [event(trip, 1)]),
        append(trip, 0, [event("no id", 1)]),
        append(trip, 0, [event(trip, 1, event_id="no id")]),
    ]
    good = [first(new_id()) for _ in range(8)]

    answers = await asyncio.gather(
        *(stores.log.append(a) for a in (*malformed, *good)), return_exceptions=True
    )

    assert [ValueError] * 4 == [type(answer) for answer in answers[:4]]
    assert [answer.duplicate for answer in answers[4:]] == [False] * 8  # type: ignore[union-attr]
    assert len(await stores.log.read_all(0, 100)) == 8


async def test_effects_are_there_if_and_only_if_their_events_are(stores: Stores) -> None:
    async def compete(trip: str, n: int) -> str | None:
        wish = effect(f"{trip}:{n}")
        try:
            await stores.log.append(append(trip, 0, [event(trip, 1, n)], effects=[wish]))
        except TripMoved:
            return None
        return wish.key

    trips = [new_id() for _ in range(10)]
    answers = await asyncio.gather(*(compete(trip, n) for trip in trips for n in range(3)))
    won = {key for key in answers if key is not None}

    assert len(won) == 10
    tasks = await stores.outbox.claim(NOON, 100, 30)
    assert won == {task.key for task in tasks}
    recorded = await stores.log.read_all(0, 100)
    assert won == {f"{r.trip_id}:{r.event.n}" for r in recorded}  # type: ignore[union-attr]


async def test_a_tenant_sees_its_own_events_only(stores: Stores) -> None:
    others = Cause(tenant="globex", actor="key:2")
    for n in range(6):
        trip = new_id()
        cause = CAUSE if n % 2 else others
        await stores.log.append(append(trip, 0, [event(trip, 1, n)], cause=cause))

    assert numbers(await stores.log.read_all(0, 100, tenant="acme")) == [1, 3, 5]
    assert numbers(await stores.log.read_all(0, 2, tenant="globex")) == [0, 2]
    assert list(await stores.log.read_all(0, 100, tenant="nobody")) == []
    pages = [numbers(page) async for page in stores.log.pages(0, 2, tenant="globex")]
    assert [[0, 2], [4]] == pages


async def test_page_by_page_the_log_is_read_to_its_present_end(stores: Stores) -> None:
    assert [] == [page async for page in stores.log.pages(0, 3)]
    trip = new_id()
    one = await stores.log.append(first(trip, count=7))
    everything = await stores.log.read_all(0, 100)

    pages = [list(page) async for page in stores.log.pages(0, 3)]
    assert [everything[:3], everything[3:6], everything[6:]] == pages
    async with aclosing(stores.log.pages(everything[1].position, 3)) as few:
        assert everything[2:5] == await anext(few)
    assert [] == [page async for page in stores.log.pages(one.last_position, 3)]


async def test_time_never_runs_backwards_in_a_trip(stores: Stores) -> None:
    trip = new_id()
    one = await stores.log.append(first(trip))
    stores.clock.time = NOON - timedelta(hours=1)
    two = await stores.log.append(append(trip, one.last_position, [event(trip, 2)]))
    stores.clock.time = NOON + timedelta(hours=1)
    three = await stores.log.append(append(trip, two.last_position, [event(trip, 3)]))

    times = [one.recorded_at, two.recorded_at, three.recorded_at]
    assert [NOON, NOON, NOON + timedelta(hours=1)] == times


async def test_a_stream_of_a_thousand_events_is_read_in_order(stores: Stores) -> None:
    trip = new_id()
    position = 0
    for start in range(1, 1001, 250):
        page = [event(trip, n, n) for n in range(start, start + 250)]
        position = (await stores.log.append(append(trip, position, page))).last_position

    read = await stores.log.read_stream(trip)
    assert list(range(1, 1001)) == numbers(read)
    assert list(range(1, 1001)) == [r.stream_version for r in read]
    assert list(range(751, 1001)) == numbers(await stores.log.read_stream(trip, 750))


async def test_whoever_waits_is_woken_by_an_append(stores: Stores) -> None:
    # A first wait hears what was rung before it; the second has to be woken.
    await stores.log.changed(0.01)

    async def follow() -> list[int]:
        await stores.log.changed(30)
        read = await stores.log.read_all(0, 100)
        while not read:
            await stores.log.changed(30)
            read = await stores.log.read_all(0, 100)
        return numbers(read)

    followers = [asyncio.create_task(follow()) for _ in range(50)]
    trip = new_id()
    await stores.log.append(first(trip))
    async with asyncio.timeout(5):
        assert await asyncio.gather(*followers) == [[1]] * 50


async def test_an_append_between_reading_and_waiting_ends_the_wait(stores: Stores) -> None:
    await stores.log.changed(0.01)
    assert list(await stores.log.read_all(0, 100)) == []
    await stores.log.append(first(new_id()))

    async with asyncio.timeout(5):
        await stores.log.changed(30)


async def test_a_wait_ends_without_any_append(stores: Stores) -> None:
    await stores.log.changed(0.01)
    async with asyncio.timeout(5):
        await stores.log.changed(0.02)
    assert await stores.log.last_position() == 0


async def test_a_page_ends_before_an_unreadable_event_and_starting_at_it_raises(
    stores: Stores,
) -> None:
    log: Any = stores.log
    trip = new_id()
    unheard = NewEvent(
        event_id=new_id(),
        stream_id=trip,
        stream_version=3,
        event=cast(DossierEvent, Unheard(secret="canary")),
    )
    one = await log.append(first(trip, count=2))
    todays, log.codec = log.codec, later_codec()
    await log.append(append(trip, one.last_position, [unheard, event(trip, 4, 4)]))
    log.codec = todays

    assert numbers(await log.read_all(0, 10)) == [1, 2]
    for reading in (log.read_all(2, 10), log.read_trip(trip), log.read_stream(trip, 2)):
        with pytest.raises(UnreadableEvent, match="position 3.*test.unheard.v1") as caught:
            await reading
        assert "canary" not in str(caught.value)
    pages = log.pages(0, 10)
    assert numbers(await anext(pages)) == [1, 2]
    with pytest.raises(UnreadableEvent, match="position 3.*test.unheard.v1"):
        await anext(pages)
    assert numbers(await log.read_all(3, 10)) == [4]
    assert numbers(await log.read_trip(trip, after=3)) == [4]
