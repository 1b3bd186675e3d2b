"""Who reads an event table by "everything after the last position I saw" loses events, unless
positions become visible in their order. Ours do, whatever becomes of the writers."""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace

import asyncpg
import pytest

from adapters.database import CONNECTION_LOST, connect_database
from adapters.event_log.committer import Prepared, record
from adapters.event_log.postgres import PostgresEventLog, meta_of
from tests.contracts.events import CAUSE, codec, first, new_id
from tests.contracts.waiting import until

PLAIN = """
CREATE SCHEMA IF NOT EXISTS plain;
CREATE TABLE plain.events (position bigserial PRIMARY KEY, event_id uuid NOT NULL);
"""
SLOW_WRITERS = 6
SLOW_WRITES = 25
HOLD_S_MAX = 0.008

# What each kind of log is written and read by.
Write = Callable[[asyncpg.Connection, str], Awaitable[object]]
READ_PLAIN = "SELECT position, event_id FROM plain.events WHERE position > $1 ORDER BY position"
READ_OURS = """
SELECT notification_id AS position, event_id FROM tripledger.trip_events
WHERE notification_id > $1 ORDER BY notification_id
"""


async def write_plain(connection: asyncpg.Connection, event_id: str) -> object:
    return await connection.execute("INSERT INTO plain.events (event_id) VALUES ($1)", event_id)


async def write_ours(connection: asyncpg.Connection, event_id: str) -> object:
    wanted = first(new_id())
    (new,) = (replace(new, event_id=event_id) for new in wanted.events)
    wanted = replace(wanted, events=[new])
    return await record(connection, [Prepared(wanted, [codec().store(new)], meta_of(CAUSE), None)])


class Reader:
    """Reads everything after the last position it saw, as any follower with a checkpoint does."""

    def __init__(self, connection: asyncpg.Connection, query: str) -> None:
        self.connection = connection
        self.query = query
        self.seen: list[tuple[int, str]] = []

    async def look(self) -> int:
        rows = await self.connection.fetch(self.query, self.seen[-1][0] if self.seen else 0)
        self.seen += [(row["position"], str(row["event_id"])) for row in rows]
        return len(rows)

    @property
    def ids(self) -> list[str]:
        return [event_id for _, event_id in self.seen]


@asynccontextmanager
async def connections(url: str, count: int) -> AsyncIterator[list[asyncpg.Connection]]:
    async with AsyncExitStack() as stack:
        opened = []
        for _ in range(count):
            connection = await asyncpg.connect(url)
            stack.push_async_callback(connection.close)
            opened.append(connection)
        await opened[0].execute(PLAIN)
        yield opened


async def test_by_a_plain_sequence_a_late_commit_is_never_read(database_url: str) -> None:
    early, late = new_id(), new_id()
    async with connections(database_url, 3) as (one, other, third):
        reader = Reader(third, READ_PLAIN)
        transaction = one.transaction()
        await transaction.start()
        await write_plain(one, late)
        await write_plain(other, early)
        assert 1 == await reader.look()
        await transaction.commit()

        assert 0 == await reader.look()
        assert [early] == reader.ids
        assert 2 == await third.fetchval("SELECT count(*) FROM plain.events")


async def test_in_our_log_nobody_gets_a_position_before_an_open_commit(database_url: str) -> None:
    held, waiting = new_id(), new_id()
    async with connections(database_url, 3) as (one, other, third):
        reader = Reader(third, READ_OURS)
        transaction = one.transaction()
        await transaction.start()
        await write_ours(one, held)
        second = asyncio.create_task(write_ours(other, waiting))
        await blocked(third)
        assert 0 == await reader.look()
        await transaction.commit()
        await second

        assert 2 == await reader.look()
        assert [held, waiting] == reader.ids


async def blocked(connection: asyncpg.Connection) -> None:
    """Until somebody waits for the log's lock."""

    async def waits() -> bool:
        return bool(
            await connection.fetchval(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            )
        )

    await until(waits)


async def slow_writes(connection: asyncpg.Connection, write: Write, seed: int) -> list[str]:
    """Transactions that stay open for a while after they wrote; every seventh is given up."""
    chance = random.Random(seed)
    committed = []
    for n in range(SLOW_WRITES):
        event_id = new_id()
        transaction = connection.transaction()
        await transaction.start()
        await write(connection, event_id)
        await connection.execute("SELECT pg_sleep($1)", chance.random() * HOLD_S_MAX)
        if n % 7 == 6:
            await transaction.rollback()
        else:
            await transaction.commit()
            committed.append(event_id)
    return committed


async def lost(url: str, write: Write, query: str) -> int:
    """How many committed events a reader never saw that looked all the time and once more."""
    async with connections(url, SLOW_WRITERS + 1) as (third, *writers):
        reader = Reader(third, query)
        writing = asyncio.gather(
            *(slow_writes(writer, write, seed) for seed, writer in enumerate(writers))
        )
        while not writing.done():
            await reader.look()
            await asyncio.sleep(0)
        await reader.look()
        committed = [event_id for each in writing.result() for event_id in each]
        assert SLOW_WRITERS * (SLOW_WRITES - SLOW_WRITES // 7) == len(committed)
        assert len(set(reader.ids)) == len(reader.ids)
        assert set(reader.ids) <= set(committed)
        return len(set(committed) - set(reader.ids))


async def test_slow_transactions_lose_a_reader_of_a_plain_table_many_events(
    database_url: str,
) -> None:
    # With six writers that overlap all the time, one event in the whole run would be a wonder.
    assert await lost(database_url, write_plain, READ_PLAIN) > 1


async def test_slow_transactions_lose_a_reader_of_our_log_nothing(database_url: str) -> None:
    assert 0 == await lost(database_url, write_ours, READ_OURS)


WRITER = """
import asyncio, json, sys
from adapters.database import connect_database
from adapters.event_log.postgres import PostgresEventLog
from tests.contracts.events import codec, first, new_id

async def main(url):
    told_to_stop = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    async with connect_database(url, pool_size=1) as database:
        async with PostgresEventLog.opened(database, codec()) as log:
            while not told_to_stop.done():
                wanted = [first(new_id(), count=2) for _ in range(5)]
                await asyncio.gather(*(log.append(a) for a in wanted))
                told = [new.event_id for a in wanted for new in a.events]
                print(json.dumps(told), flush=True)

asyncio.run(main(sys.argv[1]))
"""
PROCESSES = 3
KILLS = 9
GIVEN_UP = 20
DISTURB_EVERY_S = 0.15


async def one_process(
    url: str, begun: asyncio.Barrier, enough: asyncio.Future[object]
) -> list[str]:
    """The ids of the events a service process was told are recorded, until it is enough."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", WRITER, url),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    enough.add_done_callback(lambda _: process.stdin.close())
    told = json.loads(await process.stdout.readline())
    await begun.wait()
    told += [event_id async for line in process.stdout for event_id in json.loads(line)]
    assert 0 == await process.wait()
    return told


async def disturb(url: str, begun: asyncio.Barrier) -> None:
    """Ends whoever appends, again and again, until that has often happened."""
    killed = 0
    await begun.wait()
    async with connections(url, 1) as (killer,):
        while killed < KILLS:
            killed += await killer.fetchval(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE datname = current_database() AND query LIKE '%tripledger.append(%'"
                " AND pid <> pg_backend_pid()"
            )
            await asyncio.sleep(DISTURB_EVERY_S)


async def give_up(url: str) -> None:
    """Transactions that take positions and never commit, one after another."""
    given_up = 0
    while given_up < GIVEN_UP:
        connection = await asyncpg.connect(url)
        # It is ended now and then like everybody else.
        with suppress(*CONNECTION_LOST):
            transaction = connection.transaction()
            await transaction.start()
            await write_ours(connection, new_id())
            await transaction.rollback()
            given_up += 1
        connection.terminate()
        await asyncio.sleep(DISTURB_EVERY_S / 8)


@pytest.mark.timeout(180)
async def test_processes_slow_transactions_and_killed_connections_leave_one_order(
    database_url: str,
) -> None:
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(connect_database(database_url, pool_size=2))
        log = await stack.enter_async_context(PostgresEventLog.opened(database, codec()))
        begun = asyncio.Barrier(PROCESSES + 1)
        enough = asyncio.gather(disturb(database_url, begun), give_up(database_url))
        writing = asyncio.gather(
            *(one_process(database_url, begun, enough) for _ in range(PROCESSES))
        )
        seen: list[tuple[int, str]] = []
        while True:
            last_look = writing.done()
            page = await log.read_all(seen[-1][0] if seen else 0, 13)
            seen += [(r.position, r.event_id) for r in page]
            if last_look and not page:
                break
            await log.changed(0.02)

        told = [event_id for each in await writing for event_id in each]
        await enough
        assert all(writing.result())
        assert sorted(told) == sorted(event_id for _, event_id in seen)
        assert sorted({position for position, _ in seen}) == [position for position, _ in seen]
        assert [] == list(await log.broken_links())
