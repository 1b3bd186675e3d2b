"""Editing a trip and reading it over HTTP, beside a handler that does one insert or one select. The
servers are processes of their own; the client is ours and the same for both."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import get_args
from uuid import uuid4

import aiohttp
import asyncpg

from adapters.api_keys import ApiKeys, PostgresApiKeyRows
from adapters.database import connect_database
from adapters.event_log.codec import EventCodec
from adapters.event_log.postgres import PostgresEventLog
from adapters.offers import PostgresOffers
from adapters.read_models import PostgresReadModels, Projection
from benchmarks.journeys import Step, commands, filled, offer, one_append, starting
from benchmarks.measuring import Measure, Run, hammered
from benchmarks.server import Place, new_database
from domain.dossier import TOPICS

READY_S_MAX = 30.0
WARM_UP_S = 0.5
READ_TRIPS = 50
FEED_TRIPS = 300
EVENTS_EACH = 30
EVENT_FIELD = b"\nevent: "
WRITING_AT_ONCE = 100
EDITS_PER_S_MAX = 800
READS_PER_S_MAX = 6_000
CATCHING_UP_LOOK_S = 0.05
NOBODY = "http://127.0.0.1:9"
TRAVELERS = {
    "travelers": [
        {
            "first_name": "Amelia",
            "last_name": "Earhart",
            "passenger_type": "ADULT",
            "date_of_birth": "1987-07-24",
            "gender": "f",
        }
    ],
    "contact": {"email": "amelia@tripledger.dev", "phone": "+442080160509"},
}
SCOPES = frozenset(["trips:read", "trips:write"])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def process(
    *command: str, variables: Mapping[str, str], url: str
) -> AsyncIterator[aiohttp.ClientSession]:
    """A server of its own, until the block ends; gives a session to speak to it."""
    server = await asyncio.create_subprocess_exec(
        *command, env={**os.environ, **variables}, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with aiohttp.ClientSession(url, connector=aiohttp.TCPConnector(limit=0)) as session:
            await listening(session, server)
            yield session
    finally:
        with suppress(ProcessLookupError):
            server.terminate()
        await server.wait()


async def listening(session: aiohttp.ClientSession, server: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(READY_S_MAX):
        while server.returncode is None:
            with suppress(aiohttp.ClientError):
                async with session.get("/healthz"):
                    return
            await asyncio.sleep(0.05)
    raise RuntimeError(f"the server ended with {server.returncode}")


async def asked(session: aiohttp.ClientSession, method: str, path: str, **options: object) -> bytes:
    async with session.request(method, path, **options) as answer:  # type: ignore[arg-type]
        body = await answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {body[:200]!r}")
        return body


class Serving:
    """The service on a database of its own, one API key, and trips to work on."""

    def __init__(self, session: aiohttp.ClientSession, log: PostgresEventLog, key: str) -> None:
        self.session = session
        self.log = log
        self.offers = PostgresOffers(log.database)
        self.models = PostgresReadModels(log.database, log.codec)
        self.headers = {"Authorization": f"Bearer {key}"}

    async def trips(self, count: int, steps: Callable[[str], Iterator[Step]]) -> list[str]:
        """Trips that got as far as these steps."""
        made = [str(uuid4()) for _ in range(count)]
        for start in range(0, count, WRITING_AT_ONCE):
            some = made[start : start + WRITING_AT_ONCE]
            await asyncio.gather(*(self.log.append(one_append(trip, steps)) for trip in some))
        await self.caught_up()
        return made

    async def caught_up(self) -> None:
        """The read models have seen what was made: that is no part of what is measured."""
        end = await self.log.last_position()
        for name in get_args(Projection):
            while await self.models.checkpoint(name) < end:  # noqa: ASYNC110
                await asyncio.sleep(CATCHING_UP_LOOK_S)

    async def ask(self, method: str, path: str, body: object = None) -> bytes:
        return await asked(self.session, method, path, json=body, headers=self.headers)

    async def edit(self, callers: int, seconds: float) -> Measure:
        """An item with its offer is put into a trip: read, decide, append, answer the trip."""
        for span in (WARM_UP_S, seconds):
            shown = replace(offer("bench"), expires_at=datetime.now(UTC) + timedelta(hours=8))
            await self.offers.put("acme", [shown])
            trips = await self.trips(int(EDITS_PER_S_MAX * span), starting)
            body = {"offer_id": shown.offer_id}
            edits = [partial(self.ask, "POST", f"/v1/trips/{trip}/items", body) for trip in trips]
            found = await hammered(edits, callers, span)
        return found

    async def read(self, callers: int, seconds: float) -> Measure:
        """The whole trip: four items, a traveler who is unsealed and masked, what may be done."""
        trips = await self.trips(READ_TRIPS, filled)
        for trip in trips:
            await self.ask("PUT", f"/v1/trips/{trip}/travelers", TRAVELERS)
        for span in (WARM_UP_S, seconds):
            reads = [
                partial(self.ask, "GET", f"/v1/trips/{trip}")
                for trip in islice(cycle(trips), int(READS_PER_S_MAX * span))
            ]
            found = await hammered(reads, callers, span)
        return found

    async def feed(self, _callers: int, seconds: float) -> Measure:
        """A lone reader of the stream takes everything from the beginning, and again."""
        started = time.perf_counter()
        events = 0
        while time.perf_counter() < started + seconds:
            events += await self.streamed(FEED_TRIPS * EVENTS_EACH)
        return Measure(per_second=events / (time.perf_counter() - started))

    async def streamed(self, end: int) -> int:
        """So many events, counted as they come: what a reader does with them is its own affair."""
        seen, rest = 0, b""
        headers = {**self.headers, "Accept": "text/event-stream"}
        async with self.session.get("/v1/events", headers=headers) as answer:
            async for chunk in answer.content.iter_any():
                found = rest + chunk
                seen += found.count(EVENT_FIELD)
                rest = found[1 - len(EVENT_FIELD) :]
                if seen >= end:
                    return seen
        raise RuntimeError(f"the feed ended after {seen} of {end} events")


@asynccontextmanager
async def ours(server: Place, *, name: str, reading: bool) -> AsyncIterator[Run]:
    async with serving(server, name) as service:
        yield service.read if reading else service.edit


@asynccontextmanager
async def feeding(server: Place) -> AsyncIterator[Run]:
    async with serving(server, "bench_feed_ours") as service:
        await service.trips(FEED_TRIPS, commands)
        yield service.feed


@asynccontextmanager
async def serving(server: Place, name: str) -> AsyncIterator[Serving]:
    place = await new_database(server, name, migrated=True)
    port = free_port()
    variables = {
        "TRIPLEDGER_DATABASE_URL": place.url,
        "TRIPLEDGER_DATA_DIR": str(Path(place.scratch) / name),
        "TRIPLEDGER_PORT": str(port),
        "TRIPLEDGER_STRIPE_API_BASE": NOBODY,
        "TRIPLEDGER_DUFFEL_API_BASE": NOBODY,
        "TRIPLEDGER_LOG_LEVEL": "error",
        "TRIPLEDGER_RATE_CALLER_PER_S": "0",
        "TRIPLEDGER_RATE_TENANT_PER_S": "0",
    }
    command = [sys.executable, "-m", "service.cli", "serve", "--role", "api", "--role", "project"]
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(connect_database(place.url))
        log = await stack.enter_async_context(PostgresEventLog.opened(database, EventCodec(TOPICS)))
        key, _ = await ApiKeys(PostgresApiKeyRows(database)).create(
            "acme", "test", SCOPES, datetime.now(UTC)
        )
        url = f"http://127.0.0.1:{port}"
        session = await stack.enter_async_context(process(*command, variables=variables, url=url))
        yield Serving(session, log, key)


@asynccontextmanager
async def bare(server: Place, *, name: str, reading: bool) -> AsyncIterator[Run]:
    place = await new_database(server, name)
    connection = await asyncpg.connect(place.url)
    await connection.execute(
        "CREATE TABLE notes (position bigserial PRIMARY KEY, state bytea NOT NULL)"
    )
    await connection.close()
    port = free_port()
    variables = {"BENCH_DATABASE_URL": place.url, "BENCH_PORT": str(port)}
    command = [sys.executable, "-m", "benchmarks.bare"]
    url = f"http://127.0.0.1:{port}"
    async with process(*command, variables=variables, url=url) as session:
        one = partial(asked, session, "POST", "/notes", json={"offer_id": f"off_{uuid4().hex}"})
        await one()
        if reading:
            one = partial(asked, session, "GET", "/notes/1")

        async def run(callers: int, seconds: float) -> Measure:
            for span in (WARM_UP_S, seconds):
                found = await hammered([one] * int(2 * READS_PER_S_MAX * span), callers, span)
            return found

        yield run
