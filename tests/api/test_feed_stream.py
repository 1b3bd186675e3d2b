"""The feed as a stream: the same events in the same order, missed by nobody who comes back."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from adapters.api_keys import ApiKeys
from adapters.memory.doors import MemoryApiKeyRows, MemoryIdempotency
from adapters.memory.event_log import MemoryEventLog
from domain.log import Append, Cause, NewEvent, Recorded
from service.http import feed
from service.http.api import Door, Route
from service.http.application import application
from service.http.listener import Listener
from tests.api.native import Native
from tests.contracts.events import new_id
from tests.replay.trips_at_scale import CODEC, live_through
from tests.rules import stories as s
from tests.scenarios.world import World, raised_world

WAIT_S = 20


@dataclass(frozen=True, slots=True)
class Heard:
    """One server-sent event."""

    id: int
    event: str
    data: Any


async def events_of(answer: aiohttp.ClientResponse) -> AsyncIterator[Heard]:
    """The stream's events, by the rules of the format; comments and `retry` are passed over."""
    fields: dict[str, str] = {}
    async for raw in answer.content:
        line = raw.decode().rstrip("\n")
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        else:
            if "data" in fields:
                yield Heard(int(fields["id"]), fields["event"], json.loads(fields["data"]))
            fields = {}


@asynccontextmanager
async def streaming(
    world: World, after: int = 0, last_event_id: int | None = None, key: str | None = None
) -> AsyncIterator[aiohttp.ClientResponse]:
    headers = {"Authorization": f"Bearer {key or world.key}", "Accept": "text/event-stream"}
    if last_event_id is not None:
        headers["Last-Event-ID"] = str(last_event_id)
    url = f"{world.url}/v1/events?after={after}"
    timeout = aiohttp.ClientTimeout(sock_read=WAIT_S)
    async with world.session.get(url, headers=headers, timeout=timeout) as answer:
        assert (200, "text/event-stream") == (answer.status, answer.content_type)
        yield answer


async def first_events(answer: aiohttp.ClientResponse, count: int) -> list[Heard]:
    heard: list[Heard] = []
    async for each in events_of(answer):
        heard.append(each)
        if len(heard) == count:
            break
    return heard


async def test_the_stream_says_what_the_pages_say(native: Native) -> None:
    for _ in range(3):
        await native.call("POST", "/v1/trips")
    pages = (await native.call("GET", "/v1/events?limit=500"))["events"]

    async with streaming(native.world) as answer:
        heard = await first_events(answer, len(pages))
        assert "no-store" == answer.headers["Cache-Control"]

    assert pages == [each.data for each in heard]
    assert [(e["position"], e["topic"]) for e in pages] == [(h.id, h.event) for h in heard]


async def test_what_happens_is_heard_at_once_and_by_its_own_tenant_only(native: Native) -> None:
    world = native.world
    after = await world.service.log.last_position()
    async with (
        streaming(world, after) as ours,
        streaming(world, after, key=world.other_key) as theirs,
    ):
        trip = await native.call("POST", "/v1/trips")
        other = await world.ask("POST", "/v1/trips", key=world.other_key)
        async with asyncio.timeout(WAIT_S):
            [mine] = await first_events(ours, 1)
            [foreign] = await first_events(theirs, 1)

    assert (trip["trip_id"], other.body["trip_id"]) == (
        mine.data["trip_id"],
        foreign.data["trip_id"],
    )
    assert "trip.started.v1" == mine.event == foreign.event


async def test_a_reader_that_stops_and_comes_back_misses_nothing_while_writers_go_on(
    database_url: str, tmp_path: Path
) -> None:
    async with raised_world(database_url, tmp_path) as world:
        tenant = replace(s.STARTED, tenant="ours")

        async def write() -> None:
            for _ in range(12):
                await live_through(world.service.log, [tenant, *s.completed()[1:]], tenant="ours")

        async def read() -> tuple[list[Heard], int]:
            """A few more each time, then the line is cut."""
            heard: list[Heard] = []
            cuts = 0
            async with asyncio.timeout(60):
                while left := 4 * 12 * len(s.completed()) - len(heard):
                    last = heard[-1].id if heard else None
                    async with streaming(world, last_event_id=last) as answer:
                        heard += await first_events(answer, min(7 + 13 * cuts, left))
                    cuts += 1
            return heard, cuts

        reader = asyncio.create_task(read())
        await asyncio.gather(*(write() for _ in range(4)))
        heard, cuts = await reader

        recorded = await world.service.log.read_all(0, 10_000, "ours")
        assert [each.position for each in recorded] == [each.id for each in heard]
        assert cuts > 3


async def test_last_event_id_stands_above_the_address(native: Native) -> None:
    await native.call("POST", "/v1/trips")
    last = await native.world.service.log.last_position()

    async with streaming(native.world, after=0, last_event_id=last - 1) as answer:
        [heard] = await first_events(answer, 1)

    assert last == heard.id


@pytest.mark.parametrize("given", ["x", "-1", "1.5", "²", "9" * 19])
async def test_a_last_event_id_that_is_no_position_is_refused(native: Native, given: str) -> None:
    headers = {"Accept": "text/event-stream", "Last-Event-ID": given}

    told = await native.ask("GET", "/v1/events", headers=headers)

    assert (400, "invalid_request") == (told.status, told.body["code"])


async def test_the_stream_needs_a_key(native: Native) -> None:
    headers = {"Accept": "text/event-stream"}

    assert "401 unauthenticated" == await native.code(
        "GET", "/v1/events", key="tl_test_nobody", headers=headers
    )


@pytest.mark.parametrize("as_stream", [True, False])
async def test_readers_do_not_hold_up_a_shutdown(
    database_url: str, tmp_path: Path, as_stream: bool
) -> None:
    loop = asyncio.get_running_loop()
    async with aiohttp.ClientSession() as session:
        async with raised_world(database_url, tmp_path, shutdown_s=30) as world:
            headers = {"Authorization": f"Bearer {world.key}"}
            if as_stream:
                headers["Accept"] = "text/event-stream"
            url = f"{world.url}/v1/events?wait_s=30"
            reader = asyncio.create_task(read_to_the_end(session, url, headers))
            done, _ = await asyncio.wait({reader}, timeout=0.5)
            assert not done
            stopping = loop.time()
        assert loop.time() - stopping < 10
        said = await asyncio.wait_for(reader, WAIT_S)

    assert said == (b"retry: 1000\n\n" if as_stream else b'{"events":[],"next":0}')


async def read_to_the_end(
    session: aiohttp.ClientSession, url: str, headers: dict[str, str]
) -> bytes:
    async with session.get(url, headers=headers) as answer:
        assert 200 == answer.status
        return await answer.read()


class ObservedLog(MemoryEventLog):
    """Knows how far it has been read."""

    asked = 0

    async def read_all(
        self, after: int, limit: int, tenant: str | None = None
    ) -> Sequence[Recorded]:
        self.asked = max(self.asked, after)
        return await super().read_all(after, limit, tenant)


@asynccontextmanager
async def served_alone(routes: list[Route]) -> AsyncIterator[tuple[int, str]]:
    """The routes behind the real door; the port and a key."""
    keys = ApiKeys(MemoryApiKeyRows())
    key, _ = await keys.create("acme", "test", frozenset(["trips:read"]), datetime.now(UTC))
    door = Door(api_keys=keys, idempotency=MemoryIdempotency(), now=lambda: datetime.now(UTC))
    app = application(routes, door, checks={}, version="0.0.0", server_url="http://127.0.0.1")
    listener = Listener(app, shutdown_s=1.0)
    await listener.setup()
    await web.TCPSite(listener, "127.0.0.1", 0).start()
    try:
        yield listener.addresses[0][1], key
    finally:
        await listener.cleanup()


LARGE_EVENTS = 4_000


async def filled_log() -> ObservedLog:
    """Twenty megabytes of events: more than sockets take in advance."""
    log, trip = ObservedLog(CODEC), new_id()
    title = "London to New York " * 256
    added = replace(s.FLIGHT_ADDED, offer=replace(s.FLIGHT_OFFER, title=title))
    position = 0
    for start in range(0, LARGE_EVENTS, 500):
        events = [
            NewEvent(event_id=new_id(), stream_id=trip, stream_version=number, event=added)
            for number in range(start + 1, start + 501)
        ]
        cause = Cause(tenant="acme", actor="key:1")
        appended = await log.append(
            Append(trip_id=trip, expected_position=position, events=events, cause=cause)
        )
        position = appended.last_position
    return log


async def test_a_reader_that_does_not_read_is_not_read_ahead_for() -> None:
    log = await filled_log()
    async with served_alone(feed.feed_routes(log, wait_s_max=1)) as (port, key):
        raw = socket.socket()
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        raw.setblocking(False)
        await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", port))
        reader, writer = await asyncio.open_connection(sock=raw, limit=65_536)
        writer.write(
            f"GET /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
            "Accept: text/event-stream\r\n\r\n".encode()
        )
        assert b"200 OK" in await reader.readline()
        waited_for = await standstill(log)

        assert waited_for < LARGE_EVENTS * 3 // 4
        ids: list[int] = []
        async with asyncio.timeout(WAIT_S):
            while len(ids) < LARGE_EVENTS:
                line = await reader.readuntil(b"\n")
                if line.startswith(b"id: "):
                    ids.append(int(line[4:]))
        writer.close()
    assert list(range(1, LARGE_EVENTS + 1)) == ids


async def standstill(log: ObservedLog) -> int:
    """How far the log has been read when nobody reads on."""
    seen = -1
    while seen != log.asked:
        seen = log.asked
        await asyncio.sleep(0.5)
    return seen


async def test_a_silent_stream_shows_that_it_lives() -> None:
    log = MemoryEventLog(CODEC)
    events = feed.Feed(log, wait_s_max=1, heartbeat_s=0.05)
    [route] = feed.feed_routes(log, wait_s_max=1)
    async with (
        served_alone([replace(route, handler=events.answer, closing=events.close)]) as (port, key),
        aiohttp.ClientSession() as session,
        session.get(
            f"http://127.0.0.1:{port}/v1/events",
            headers={"Authorization": f"Bearer {key}", "Accept": "text/event-stream"},
        ) as answer,
    ):
        lines = [await answer.content.readline() for _ in range(6)]

    assert [b"retry: 1000\n", b"\n"] + 2 * [b": nothing new\n", b"\n"] == lines
