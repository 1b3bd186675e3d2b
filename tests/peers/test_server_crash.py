"""The server dies without warning while the service appends, and comes back: what callers were
told is there, once, in order, and callers that were waiting are told when it is back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from adapters.database import CONNECTION_LOST, connect_database
from adapters.event_log.postgres import PostgresEventLog
from domain.log import Recorded
from tests.contracts.events import codec, first, new_id
from tests.contracts.waiting import until
from tests.postgres import own_server, start_again, stop_immediately

WRITERS = 8
TOLD_BETWEEN = 60
CRASHES = 3


@pytest_asyncio.fixture
async def cluster() -> AsyncIterator[tuple[Path, str]]:
    async with own_server() as server:
        yield server


async def follow(log: PostgresEventLog, done: asyncio.Event) -> list[Recorded]:
    """A follower that survives the server."""
    seen: list[Recorded] = []
    while True:
        last_look = done.is_set()
        try:
            page = await log.read_all(seen[-1].position if seen else 0, 50)
        except (*CONNECTION_LOST, asyncpg.CannotConnectNowError):
            await log.changed(0.1)
            continue
        seen.extend(page)
        if last_look and not page:
            return seen
        await log.changed(0.05)


@pytest.mark.timeout(180)
async def test_a_crash_of_the_server_loses_nothing_that_was_told_and_doubles_nothing(
    cluster: tuple[Path, str],
) -> None:
    directory, url = cluster
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(connect_database(url, pool_size=2))
        log = await stack.enter_async_context(PostgresEventLog.opened(database, codec()))
        told: list[str] = []

        async def write() -> None:
            while not enough.is_set():
                wanted = first(new_id(), count=2)
                await log.append(wanted)
                told.extend(new.event_id for new in wanted.events)

        async def told_more(than: int) -> None:
            async def grown() -> bool:
                return len(told) > than + TOLD_BETWEEN

            await until(grown)

        enough, done = asyncio.Event(), asyncio.Event()
        following = asyncio.create_task(follow(log, done))
        writing = asyncio.gather(*(write() for _ in range(WRITERS)))
        for _ in range(CRASHES):
            await told_more(len(told))
            await stop_immediately(directory)
            await start_again(directory)
        await told_more(len(told))
        enough.set()
        await writing
        done.set()
        seen = await following

        assert len(told) > (CRASHES + 1) * TOLD_BETWEEN
        assert sorted(told) == sorted(r.event_id for r in seen)
        positions = [r.position for r in seen]
        assert sorted(set(positions)) == positions
        assert [] == list(await log.broken_links())
