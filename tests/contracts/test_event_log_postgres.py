"""What only the log in Postgres can break: commit order, lost connections, tampering."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import asyncpg
import pytest
import pytest_asyncio

from adapters.database import Database, connect_database
from adapters.event_log.appending import LogUnreachable
from adapters.event_log.committer import Prepared, record
from adapters.event_log.hints import CHANNEL, TELL_PAUSE_S
from adapters.event_log.postgres import PostgresEventLog, meta_of
from domain.log import Append, Appended, Recorded, TripMoved
from tests.contracts.events import CAUSE, append, codec, effect, event, first, new_id, numbers
from tests.contracts.waiting import until

WAIT_S = 10
LOCK = "SELECT pg_advisory_lock(7411650125010101)"


@pytest_asyncio.fixture
async def log(database: Database) -> AsyncIterator[PostgresEventLog]:
    async with PostgresEventLog.opened(database, codec()) as opened:
        yield opened


@pytest_asyncio.fixture
async def raw(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection of somebody who does not go through our adapters."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


def prepared(append: Append) -> Prepared:
    stored = [codec().store(new) for new in append.events]
    return Prepared(append, stored, meta_of(CAUSE), None)


async def follow(log: PostgresEventLog, done: asyncio.Event) -> list[Recorded]:
    """Reads as a projection does, until there is nothing more after the last write."""
    seen: list[Recorded] = []
    while True:
        last_look = done.is_set()
        page = await log.read_all(seen[-1].position if seen else 0, 7)
        seen.extend(page)
        if not page:
            if last_look:
                return seen
            await log.changed(0.05)


async def write(url: str, appends: int) -> list[str]:
    """One service's writes: several at a time, each to a trip of its own."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(connect_database(url, pool_size=1))
        log = await stack.enter_async_context(PostgresEventLog.opened(database, codec()))
        wanted = [first(new_id(), count=2) for _ in range(appends)]
        for start in range(0, appends, 4):
            await asyncio.gather(*(log.append(a) for a in wanted[start : start + 4]))
        return [new.event_id for a in wanted for new in a.events]


async def write_late(url: str, appends: int) -> list[str]:
    """A writer that holds every transaction open for a while before it commits."""
    connection = await asyncpg.connect(url)
    try:
        wanted = [first(new_id()) for _ in range(appends)]
        for one in wanted:
            async with connection.transaction():
                [outcome] = await record(connection, [prepared(one)])
                assert "recorded" == outcome.verdict
                await connection.execute("SELECT pg_sleep(0.004)")
        return [new.event_id for one in wanted for new in one.events]
    finally:
        await connection.close()


async def test_a_follower_misses_nothing_and_sees_nothing_twice(
    log: PostgresEventLog, database_url: str
) -> None:
    writers = [write(database_url, 40) for _ in range(5)]
    late = [write_late(database_url, 25) for _ in range(3)]
    count = 5 * 40 * 2 + 3 * 25

    done = asyncio.Event()
    following = [asyncio.create_task(follow(log, done)) for _ in range(2)]
    written = [ids for each in await asyncio.gather(*writers, *late) for ids in each]
    done.set()

    for seen in await asyncio.gather(*following):
        assert len(seen) == count
        assert set(written) == {r.event_id for r in seen}
        positions = [r.position for r in seen]
        assert sorted(set(positions)) == positions
    assert [] == list(await log.broken_links())


async def test_waiting_appends_travel_together_and_win_or_lose_alone(
    log: PostgresEventLog, raw: asyncpg.Connection
) -> None:
    taken = [new_id() for _ in range(20)]
    for trip in taken:
        await log.append(first(trip))
    late = [append(trip, 0, [event(trip, 1)], effects=[effect(trip)]) for trip in taken]
    fresh = [first(new_id(), effects=[effect(f"fresh {n}")]) for n in range(80)]

    mixed = [a for n in range(20) for a in (late[n], *fresh[4 * n : 4 * n + 4])]
    answers = await asyncio.gather(*(log.append(a) for a in mixed), return_exceptions=True)

    assert 20 == sum(isinstance(answer, TripMoved) for answer in answers)
    assert [TripMoved] * 20 == [type(answer) for answer in answers[::5]]
    assert 100 == len(await log.read_all(0, 1000))
    assert 80 == await raw.fetchval("SELECT count(*) FROM tripledger.tasks")
    commits = await raw.fetchval(
        "SELECT count(DISTINCT tx) FROM tripledger.trip_events WHERE notification_id > 20"
    )
    assert 1 <= commits <= 5


async def test_one_trip_may_move_twice_in_one_batch(log: PostgresEventLog) -> None:
    trip, other = new_id(), new_id()
    competing = [append(trip, 0, [event(trip, 1, n)]) for n in range(5)]

    answers = await asyncio.gather(
        *(log.append(a) for a in (*competing, first(other))), return_exceptions=True
    )

    assert 4 == sum(isinstance(answer, TripMoved) for answer in answers)
    assert [1] == numbers(await log.read_trip(other))
    assert 1 == len(await log.read_trip(trip))


async def test_appends_survive_the_loss_of_their_connection_exactly_once(
    log: PostgresEventLog, raw: asyncpg.Connection
) -> None:
    await log.append(first(new_id()))
    kill = (
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND query LIKE '%tripledger.append(%'"
        " AND pid <> pg_backend_pid()"
    )
    killed = rounds = 0
    # However fast the machine is, some die before their batch, some in it, and some after it.
    while killed < 5 or rounds < 10:
        effects = [effect(f"{rounds} {n}") for n in range(20)]
        wanted = [first(new_id(), count=2, effects=[each]) for each in effects]
        running = [asyncio.create_task(log.append(a)) for a in wanted]
        await asyncio.sleep(0.001 * (rounds % 10))
        killed += await raw.fetchval(kill)
        await asyncio.gather(*running)
        rounds += 1

    assert 1 + rounds * 20 * 2 == await raw.fetchval("SELECT count(*) FROM tripledger.trip_events")
    assert rounds * 20 == await raw.fetchval("SELECT count(*) FROM tripledger.tasks")


async def test_a_caller_that_gave_up_before_its_append_was_sent_is_not_recorded(
    log: PostgresEventLog, raw: asyncpg.Connection
) -> None:
    await raw.execute(LOCK)

    async def blocked() -> bool:
        held_up = await raw.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(held_up == len(sent))

    async def queued() -> bool:
        return log.committer.queue.qsize() == 1

    sent: list[asyncio.Task[Appended]] = []
    for _ in log.committer.lanes:
        sent.append(asyncio.create_task(log.append(first(new_id()))))
        await until(blocked)
    waiting = asyncio.create_task(log.append(first(new_id())))
    await until(queued)
    waiting.cancel()
    await asyncio.wait([waiting])
    await raw.execute("SELECT pg_advisory_unlock_all()")
    await asyncio.gather(*sent)

    await log.append(first(new_id()))
    assert len(sent) + 1 == len(await log.read_all(0, 100))


async def test_closing_the_log_settles_what_it_has_accepted(database: Database) -> None:
    async with PostgresEventLog.opened(database, codec()) as log:
        running = [asyncio.create_task(log.append(first(new_id()))) for _ in range(50)]
        # Every task runs up to where it waits for its answer.
        await asyncio.sleep(0)
        accepted = log.committer.queue.qsize()

    assert accepted == 50
    positions = {appended.last_position for appended in await asyncio.gather(*running)}
    assert 50 == len(positions)
    with pytest.raises(LogUnreachable):
        await log.append(first(new_id()))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE tripledger.trip_events SET tenant = 'globex'",
        "DELETE FROM tripledger.trip_events",
        "DELETE FROM tripledger.trip_events WHERE false",
        "TRUNCATE tripledger.trip_events",
    ],
)
async def test_recorded_events_cannot_be_changed(
    log: PostgresEventLog, raw: asyncpg.Connection, statement: str
) -> None:
    await log.append(first(new_id()))
    before = await log.read_all(0, 10)

    with pytest.raises(asyncpg.RestrictViolationError):
        await raw.execute(statement)

    assert before == await log.read_all(0, 10)


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ("UPDATE tripledger.trip_events SET state = '{\"n\": 99}' WHERE notification_id = 2", [2]),
        ("UPDATE tripledger.trip_events SET tenant = 'globex' WHERE notification_id = 1", [1]),
        ("UPDATE tripledger.trip_events SET meta = '{}' WHERE notification_id = 3", [3]),
        ("DELETE FROM tripledger.trip_events WHERE notification_id = 2", [3]),
        ("UPDATE tripledger.trip_events SET link = '' WHERE notification_id = 1", [1, 2]),
    ],
)
async def test_tampering_past_the_locks_shows(
    log: PostgresEventLog, raw: asyncpg.Connection, change: str, broken: list[int]
) -> None:
    await log.append(first(new_id(), count=3))
    await log.append(first(new_id(), count=3))
    assert [] == list(await log.broken_links())

    # What the owner of the database can always do.
    await raw.execute("SET session_replication_role = replica")
    await raw.execute(change)

    assert broken == [link.position for link in await log.broken_links()]


async def test_events_written_in_the_librarys_own_layout_are_part_of_the_log(
    log: PostgresEventLog, raw: asyncpg.Connection
) -> None:
    foreign, trip = new_id(), new_id()
    await log.append(first(trip))
    for version in (1, 2):
        await raw.execute(
            "INSERT INTO tripledger.trip_events"
            " (originator_id, originator_version, topic, state) VALUES ($1, $2, $3, $4)",
            foreign,
            version,
            "test.noted.v1",
            b'{"n": 7}',
        )

    read = await log.read_trip(foreign)
    assert [7, 7] == numbers(read)
    assert [foreign, foreign] == [r.stream_id for r in read]
    assert ["", ""] == [r.cause.tenant for r in read]
    assert 3 == len(await log.read_all(0, 10))
    assert [] == list(await log.broken_links())


async def test_the_log_is_readable_in_sql(log: PostgresEventLog, raw: asyncpg.Connection) -> None:
    trip = new_id()
    await log.append(first(trip))

    row = await raw.fetchrow("SELECT trip_id, topic, state ->> 'n' AS n FROM tripledger.trip_log")

    assert (trip, "test.noted.v1", "1") == (str(row["trip_id"]), row["topic"], row["n"])


async def test_an_append_wakes_other_processes(log: PostgresEventLog, database_url: str) -> None:
    async with connect_database(database_url, pool_size=1) as elsewhere:
        await listening(log.database, elsewhere)
        heard = rings(elsewhere)

        await log.append(first(new_id(), effects=[effect("k")]))

        await elsewhere.hints.log.wait(WAIT_S)
        await elsewhere.hints.work.wait(WAIT_S)
        assert rings(elsewhere) == (heard[0] + 1, heard[1] + 1)


async def test_many_appends_are_told_of_a_few_times(
    log: PostgresEventLog, raw: asyncpg.Connection
) -> None:
    heard: list[str] = []
    await raw.add_listener(CHANNEL, lambda *told: heard.append(told[-1]))
    started = asyncio.get_running_loop().time()
    for _ in range(100):
        await log.append(first(new_id()))
    took_s = asyncio.get_running_loop().time() - started

    async def told() -> bool:
        return len(heard) > 0

    await until(told)
    assert len(heard) <= min(100, took_s / TELL_PAUSE_S + 1)


async def test_hints_go_on_after_their_connection_is_lost(
    log: PostgresEventLog, raw: asyncpg.Connection, database_url: str
) -> None:
    async with connect_database(database_url, pool_size=1) as elsewhere:
        await listening(log.database, elsewhere)
        killed = await raw.fetchval(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND query LIKE 'LISTEN%'"
        )
        assert killed == 2
        await listening(log.database, elsewhere)
        heard = rings(elsewhere)

        await log.append(first(new_id()))

        await elsewhere.hints.log.wait(WAIT_S)
        assert rings(elsewhere) == (heard[0] + 1, heard[1])


async def listening(*databases: Database) -> None:
    """Each rings its bells once whenever it begins to listen."""
    for database in databases:
        await database.hints.log.wait(WAIT_S)
        await database.hints.work.wait(WAIT_S)


def rings(database: Database) -> tuple[int, int]:
    return database.hints.log.rings, database.hints.work.rings
