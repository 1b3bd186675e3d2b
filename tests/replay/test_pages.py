"""Followers of one process share what is read of the log, and none of them misses anything."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.memory.event_log import MemoryEventLog
from domain.log import Recorded
from service.workers.pages import Pages
from tests.replay.trips_at_scale import CODEC, live_through
from tests.rules import stories as s


class CountedLog(MemoryEventLog):
    """Knows how often it was read."""

    readings = 0

    async def read_all(
        self, after: int, limit: int, tenant: str | None = None
    ) -> Sequence[Recorded]:
        self.readings += 1
        return await super().read_all(after, limit, tenant)


async def test_what_one_follower_has_read_is_there_for_the_others() -> None:
    log = CountedLog(CODEC)
    await live_through(log, s.completed())
    everything = await log.read_all(0, 1_000)
    pages, log.readings = Pages(log), 0

    assert everything == await pages.read_all(0, 1_000)
    assert everything == await pages.read_all(0, 1_000)
    assert everything[3:] == await pages.read_all(everything[2].position, 1_000)
    assert everything[3:5] == await pages.read_all(everything[2].position, 2)
    assert 1 == log.readings


async def test_news_and_older_events_are_asked_of_the_log() -> None:
    log = CountedLog(CODEC)
    await live_through(log, s.completed())
    pages = Pages(log)
    before = await pages.read_all(5, 1_000)
    end = before[-1].position
    assert not await pages.read_all(end, 1_000)

    await live_through(log, s.expired())

    assert await log.read_all(end, 1_000) == await pages.read_all(end, 1_000)
    assert await log.read_all(0, 1_000) == await pages.read_all(0, 1_000)


async def test_the_end_that_somebody_has_seen_is_the_end_until_a_hint() -> None:
    log = CountedLog(CODEC)
    await live_through(log, s.completed())
    pages = Pages(log)
    end = (await pages.read_all(0, 1_000))[-1].position
    assert pages.at_end(end)
    assert not pages.at_end(end - 1)

    await live_through(log, s.expired())

    assert not pages.at_end(end)
    assert await pages.read_all(end, 1_000)


async def test_a_full_page_is_not_taken_for_the_end() -> None:
    log = CountedLog(CODEC)
    await live_through(log, s.completed())
    pages = Pages(log)

    last = (await pages.read_all(0, 3))[-1].position

    assert not pages.at_end(last)


async def test_what_no_hint_told_of_is_read_by_who_asks_and_looked_for_by_who_waited() -> None:
    log = CountedLog(CODEC)
    await live_through(log, s.completed())
    pages = Pages(log)
    await pages.changed(0.01)
    end = (await pages.read_all(0, 1_000))[-1].position
    heard = log.bell.rings
    await live_through(log, s.expired())
    log.bell.rings = heard

    assert pages.at_end(end)
    assert await pages.read_all(end, 1_000)
    assert pages.at_end(await log.last_position())
    await pages.changed(0.01)
    assert not pages.at_end(await log.last_position())
