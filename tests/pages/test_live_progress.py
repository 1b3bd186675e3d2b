"""A page that is open is told when its trip has moved: that it has, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from adapters.event_log.codec import EventCodec
from adapters.memory.event_log import MemoryEventLog
from domain.dossier import TOPICS
from service.pages import changes
from service.pages.changes import Changes
from tests.pages.checkouts import booked
from tests.pages.reading import Visitor
from tests.scenarios.world import World, raised_world

PATIENCE_S = 10.0
LISTEN = {"Accept": "text/event-stream"}


@asynccontextmanager
async def listening(
    world: World, sid: str, seen: str = "0", **headers: str
) -> AsyncIterator[aiohttp.ClientResponse]:
    url = f"{world.url}/checkout?sid={sid}&seen={seen}"
    async with world.session.get(url, headers={**LISTEN, **headers}) as answer:
        yield answer


async def heard(answer: aiohttp.ClientResponse) -> list[str]:
    """The lines of the next message, comments left out."""
    lines: list[str] = []
    async with asyncio.timeout(PATIENCE_S):
        while True:
            line = (await answer.content.readline()).decode().rstrip("\n")
            if line.startswith((":", "retry:")):
                continue
            if line:
                lines.append(line)
            elif lines:
                return lines


async def test_a_page_that_is_out_of_date_is_told_at_once(world: World) -> None:
    trip_id = await world.build_usual()
    sid, _ = await booked(world, trip_id)
    version = (await world.trip(trip_id))["version"]

    async with listening(world, sid) as answer:
        message = await heard(answer)

    assert "text/event-stream; charset=utf-8" == answer.headers["Content-Type"]
    assert ("no-store", "no-referrer") == (
        answer.headers["Cache-Control"],
        answer.headers["Referrer-Policy"],
    )
    assert [f"id: {version}", "data: changed"] == message


@pytest.mark.parametrize("by", ["query", "header"])
async def test_a_page_hears_of_the_payment_and_of_nothing_before_it(
    world: World, visitor: Visitor, by: str
) -> None:
    trip_id = await world.build_usual()
    sid, session = await booked(world, trip_id)
    version = (await visitor.open(sid)).marked("data-version")[0]
    asked = {"seen": version} if by == "query" else {"Last-Event-ID": version}

    async with listening(world, sid, **asked) as answer:
        await world.pay(session)
        message = await heard(answer)

    assert int(message[0].removeprefix("id: ")) > int(version)
    assert "data: changed" == message[1]
    await world.until_status(trip_id, "completed")


async def test_another_trips_news_wake_nobody(world: World) -> None:
    sid, _ = await booked(world, await world.build_usual())
    version = str((await world.trip(world.trips[0]))["version"])
    other = await world.build_usual()

    async with listening(world, sid, version) as answer:
        await booked(world, other)
        await world.at_rest()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await heard(answer)


async def test_a_stream_ends_when_the_service_does(database_url: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        world = await stack.enter_async_context(raised_world(database_url, tmp_path))
        sid, _ = await booked(world, await world.build_usual())
        async with aiohttp.ClientSession() as session:
            answer = await session.get(f"{world.url}/checkout?sid={sid}&seen=0", headers=LISTEN)
            await heard(answer)

            async with asyncio.timeout(PATIENCE_S):
                await stack.aclose()
                rest = await answer.content.read()

    assert {b"", b":"} >= set(rest.split(b"\n"))


async def test_more_pages_than_one_process_tells_look_by_themselves(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    sid, _ = await booked(world, await world.build_usual())
    monkeypatch.setattr(changes, "PAGES_MAX", 1)

    async with listening(world, sid), listening(world, sid) as second:
        assert (503, "5") == (second.status, second.headers["Retry-After"])


def test_a_page_that_left_makes_room() -> None:
    told = Changes(MemoryEventLog(EventCodec(TOPICS)))

    with told.of("one"), told.of("one"), told.of("two"):
        assert {"one": 2, "two": 1} == {name: len(each) for name, each in told.pages.items()}

    assert {} == told.pages
