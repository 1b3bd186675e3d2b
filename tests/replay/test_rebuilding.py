"""A read model made again from event 1 is the one that is read, byte for byte, and takes its place
while writers and readers go on."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from adapters.console.pauses import Pauses
from adapters.database import Database
from adapters.event_log.postgres import PostgresEventLog
from adapters.memory.event_log import MemoryEventLog
from adapters.memory.read_models import MemoryReadModels
from adapters.read_models import PostgresReadModels, Projection, ReadModels
from adapters.read_tables import PROJECTIONS
from domain.log import Append, Cause
from domain.ports import EventLog
from service.serving import background
from service.workers.pages import Pages
from service.workers.projector import Projector
from service.workers.rebuilding import compare_with_log, rebuild
from tests.contracts.events import NOON
from tests.forking import command
from tests.replay.trips_at_scale import CODEC, live_through, retold
from tests.rules import stories as s

NAMES = PROJECTIONS
TRIPS = 8
WRITERS_PAUSE_S = 0.02
STORIES = [s.completed(), s.expired(), s.awaiting_payment(), s.both_ordered()]

Kept = tuple[EventLog, ReadModels]


@pytest_asyncio.fixture
async def postgres_kept(database: Database) -> AsyncIterator[Kept]:
    async with PostgresEventLog.opened(database, CODEC) as log:
        yield log, PostgresReadModels(database, CODEC)


@pytest_asyncio.fixture
async def memory_kept() -> Kept:
    log = MemoryEventLog(CODEC)
    return log, MemoryReadModels(log)


@pytest.fixture(params=["memory", "postgres"])
def kept(request: pytest.FixtureRequest) -> Kept:
    found: Kept = request.getfixturevalue(f"{request.param}_kept")
    return found


async def write(log: EventLog, trips: int = TRIPS) -> list[str]:
    return [await live_through(log, STORIES[n % len(STORIES)]) for n in range(trips)]


async def project(log: EventLog, models: ReadModels) -> None:
    for name in NAMES:
        while await Projector(Pages(log), models, name, 0.05).catch_up():
            pass


@pytest.mark.parametrize("name", NAMES)
async def test_what_was_folded_live_is_what_is_folded_anew(kept: Kept, name: Projection) -> None:
    log, models = kept
    for _ in range(3):
        await write(log, 3)
        await project(log, models)
    before = await models.checkpoints()

    compared = await compare_with_log(log, models, name)

    assert (None, await log.last_position()) == (compared.difference, compared.events)
    assert before == await models.checkpoints()


@pytest.mark.parametrize("name", NAMES)
async def test_a_read_model_that_is_behind_is_compared_as_far_as_it_is(
    kept: Kept, name: Projection
) -> None:
    log, models = kept
    await write(log, 3)
    await project(log, models)
    seen = await log.last_position()
    await write(log, 3)

    compared = await compare_with_log(log, models, name)

    assert (None, seen) == (compared.difference, compared.events)


SPOILT = {
    "UPDATE tripledger.read_trip_details SET state = state || ' ' WHERE trip_id = $1": ("state",),
    "UPDATE tripledger.read_trip_details SET tenant = 'globex' WHERE trip_id = $1": ("tenant",),
    "DELETE FROM tripledger.read_trip_details WHERE trip_id = $1": ("tenant", "position", "state"),
    "UPDATE tripledger.read_trip_details SET position = 1, state = '{}' WHERE trip_id = $1": (
        "position",
        "state",
    ),
}


@pytest.mark.parametrize("change", sorted(SPOILT))
async def test_the_first_row_that_is_not_what_the_log_says_is_named(
    postgres_kept: Kept, database: Database, change: str
) -> None:
    log, models = postgres_kept
    trips = await write(log)
    await project(log, models)
    spoilt = sorted(trips)[2:5]
    for trip in spoilt:
        await database.pool.execute(change, trip)

    found = (await compare_with_log(log, models, "trip_details")).difference

    assert found is not None
    assert ("trip_details", spoilt[0], SPOILT[change]) == (found.name, found.key, found.columns)
    assert None is (await compare_with_log(log, models, "bookings")).difference
    await rebuild(log, models, ["trip_details"])
    assert None is (await compare_with_log(log, models, "trip_details")).difference


async def test_a_rebuild_takes_the_place_of_what_is_read_while_writers_go_on(
    postgres_kept: Kept, database: Database
) -> None:
    log, models = postgres_kept
    await write(log)
    await project(log, models)
    done = asyncio.Event()

    async def keep_writing() -> list[str]:
        trips = []
        while not done.is_set():
            trips.append(await live_through(log, s.completed()))
            # Were writers as fast as they can be, a busy machine would never catch up.
            await asyncio.sleep(WRITERS_PAUSE_S)
        return trips

    async def keep_reading() -> int:
        """Nobody sees a row or a checkpoint go back, nor a trip vanish."""
        reads, newest = 0, dict.fromkeys(NAMES, 0)
        rows: dict[str, int] = {}
        while not done.is_set():
            for name in NAMES:
                position = await models.checkpoint(name)
                assert newest[name] <= position
                newest[name] = position
            for row in await models.trips(known):
                assert rows.get(row.trip_id, 0) <= row.position
                rows[row.trip_id] = row.position
            assert len(known) == len(rows)
            reads += 1
        return reads

    known = [row["trip_id"] for row in await database.pool.fetch(KNOWN)]
    assert TRIPS == len(known)
    async with AsyncExitStack() as following, asyncio.TaskGroup() as beside:
        for name in NAMES:
            runner = Projector(Pages(log), models, name, 0.05).run()
            await following.enter_async_context(background(runner, name))
        writers = [beside.create_task(keep_writing()) for _ in range(3)]
        reader = beside.create_task(keep_reading())
        for _ in range(3):
            before = await log.last_position()
            made = await rebuild(log, models, NAMES)
            assert list(NAMES) == [one.name for one in made if one.events >= before]
            for name in NAMES:
                assert await models.checkpoint(name) >= before
        done.set()
    written = [trip for writer in writers for trip in writer.result()]
    assert reader.result()
    await project(log, models)

    assert len(written) + TRIPS == len(await models.trips([*written, *known]))
    assert [4] * len(NAMES) == [point.version for point in await models.checkpoints()]
    for name in NAMES:
        assert None is (await compare_with_log(log, models, name)).difference
    versions = await database.pool.fetch(
        "SELECT version FROM tripledger.read_trip_details"
        " UNION SELECT version FROM tripledger.read_bookings"
        " UNION SELECT version FROM tripledger.read_trip_list"
        " UNION SELECT version FROM tripledger.read_incidents"
    )
    assert [4] == [row["version"] for row in versions]


async def test_a_follower_goes_on_with_a_trip_behind_a_rebuild(kept: Kept) -> None:
    log, models = kept
    trip, told = retold(s.completed())
    cause = Cause(tenant="acme", actor="key:1")
    followers = [Projector(Pages(log), models, name, 0.05) for name in NAMES]

    position = 0
    for part in (told[:5], told[5:]):
        append = Append(trip_id=trip, expected_position=position, events=part, cause=cause)
        position = (await log.append(append)).last_position
        for follower in followers:
            while await follower.catch_up():
                pass
        await rebuild(log, models, NAMES)

    assert {position} == {point.position for point in await models.checkpoints()}


async def test_what_is_paused_meanwhile_stays_where_it_is(
    postgres_kept: Kept, database: Database
) -> None:
    log, models = postgres_kept
    await write(log, 1)
    follower, pauses = Projector(Pages(log), models, "bookings", 0.05), Pauses(database)
    assert await follower.catch_up()
    held = await models.checkpoint("bookings")
    await pauses.pause("bookings", "ada", "looking closer", NOON)
    await write(log, 1)
    while await follower.catch_up():
        pass

    assert held == await models.checkpoint("bookings")
    assert await log.last_position() == (await rebuild(log, models, ["bookings"]))[0].events
    await pauses.resume("bookings")
    await write(log, 1)
    assert await follower.catch_up()
    assert await log.last_position() == await models.checkpoint("bookings")


KNOWN = "SELECT trip_id::text FROM tripledger.read_trip_details"


async def test_a_rebuild_that_fails_leaves_what_is_read_as_it_was(
    postgres_kept: Kept, database: Database
) -> None:
    log, models = postgres_kept
    trips = await write(log)
    await project(log, models)
    before = await models.trips(trips), await models.checkpoints()

    def give_up(position: int) -> None:
        raise TimeoutError(f"at {position}")

    with pytest.raises(TimeoutError):
        await rebuild(log, models, ["trip_details"], give_up)

    assert before == (await models.trips(trips), await models.checkpoints())
    assert TRIPS == await database.pool.fetchval(
        "SELECT count(*) FROM tripledger.read_trip_details"
    )


async def cli(url: str, *words: str) -> tuple[int, str]:
    environment = {**os.environ, "TRIPLEDGER_DATABASE_URL": url}
    return (await command(environment, "projections", *words))[:2]


async def test_the_command_names_the_row_and_puts_it_right(
    postgres_kept: Kept, database: Database, database_url: str
) -> None:
    log, models = postgres_kept
    trips = await write(log)
    await project(log, models)
    last = await log.last_position()
    assert 0 == (await cli(database_url, "verify"))[0]
    spoilt = sorted(trips)[3]
    await database.pool.execute(next(iter(SPOILT)), spoilt)

    code, text = await cli(database_url, "verify")
    assert (1, True) == (code, f"row {spoilt} differs in state" in text)
    code, text = await cli(database_url, "verify", "trip_details", "--json")
    [told] = json.loads(text)
    assert (1, spoilt, ["state"]) == (
        code,
        told["difference"]["key"],
        told["difference"]["columns"],
    )
    code, text = await cli(database_url, "rebuild")
    assert (0, len(NAMES)) == (
        code,
        text.count(f"is rebuilt from {last} events; version 2 is live."),
    )
    assert 0 == (await cli(database_url, "verify"))[0]
    code, text = await cli(database_url, "list", "--json")
    assert [(name, 2, True, last, 0, None, None) for name in sorted(NAMES)] == [
        tuple(row.values()) for row in json.loads(text)
    ]
