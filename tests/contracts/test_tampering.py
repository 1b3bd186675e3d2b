"""Whatever the owner of the database does to recorded events, a verification names where."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.database import Database, connect_database
from adapters.event_log.postgres import PostgresEventLog
from adapters.event_log.verify import Anchor, Verified, verify
from adapters.migrate import MIGRATIONS, migrate
from tests.contracts.events import CAUSE, append, codec, event, first, new_id
from tests.forking import command
from tests.postgres import fresh_database

TRIPS = 6
EVENTS_EACH = 4
EVENTS = TRIPS * EVENTS_EACH
POSITIONS = st.integers(1, EVENTS)
# What the owner of the database can always do.
UNLOCKED = "SET session_replication_role = replica"

Change = tuple[str, tuple[Any, ...]]

SET = "UPDATE tripledger.trip_events SET {} WHERE notification_id = $1"
FLIPPED = "{0} = set_byte({0}, $2 % octet_length({0}), get_byte({0}, $2 % octet_length({0})) # $3)"
LETTER = "{0} = overlay({0} PLACING $3 FROM 1 + $2 % length({0}) FOR 1)"
BYTES = st.integers(0, 500)
BITS = st.integers(1, 255)


@st.composite
def changed_bytes(draw: st.DrawFn) -> Change:
    """Any bit of the payload or of the link."""
    column = draw(st.sampled_from(["state", "link"]))
    return SET.format(FLIPPED.format(column)), (draw(POSITIONS), draw(BYTES), draw(BITS))


@st.composite
def changed_words(draw: st.DrawFn) -> Change:
    """Any letter of the topic or of the tenant; `~` stands in none of them."""
    column = draw(st.sampled_from(["topic", "tenant"]))
    return SET.format(LETTER.format(column)), (draw(POSITIONS), draw(BYTES), "~")


@st.composite
def changed_facts(draw: st.DrawFn) -> Change:
    """Another version, time, identity, transaction, or metadata."""
    what = draw(
        st.sampled_from(
            [
                "originator_version = originator_version + $2",
                "recorded_at = recorded_at + make_interval(secs => $2 / 1000000.0)",
                "recorded_at = recorded_at - make_interval(secs => $2)",
                "tx = (tx::text::bigint + $2)::text::xid8",
                "event_id = md5(event_id::text || $2)::uuid",
                "trip_id = md5(trip_id::text || $2)::uuid",
                "originator_id = md5(originator_id::text || $2)::uuid",
                "meta = meta || jsonb_build_object('actor', 'key:' || $2)",
                "meta = meta || jsonb_build_object('more', $2)",
                "meta = meta - 'request_id' || jsonb_build_object('trace', $2)",
                "notification_id = notification_id + 1000 * $2",
                "notification_id = notification_id - 1000 * $2",
            ]
        )
    ).replace("$2", "$2::int")
    return SET.format(what), (draw(POSITIONS), draw(st.integers(2, 10**6)))


@st.composite
def removed(draw: st.DrawFn) -> Change:
    """One event, or all from one position to another, the last ones included."""
    start, end = sorted(draw(st.tuples(POSITIONS, POSITIONS)))
    return (
        "DELETE FROM tripledger.trip_events WHERE notification_id BETWEEN $1 AND $2",
        (start, end),
    )


@st.composite
def swapped(draw: st.DrawFn) -> Change:
    """Two events change their places, or all that they say."""
    one, other = draw(st.lists(POSITIONS, min_size=2, max_size=2, unique=True))
    columns = draw(
        st.sampled_from(
            [
                "originator_id = b.originator_id, originator_version = b.originator_version",
                "state = b.state, recorded_at = b.recorded_at, meta = b.meta",
                "event_id = b.event_id",
                "notification_id = b.notification_id",
                "notification_id = b.notification_id, link = b.link",
            ]
        )
    )
    return (
        f"UPDATE tripledger.trip_events a SET {columns} FROM tripledger.trip_events b"
        " WHERE (a.notification_id, b.notification_id) IN (($1, $2), ($2, $1))",
        (one, other),
    )


@st.composite
def inserted(draw: st.DrawFn) -> Change:
    """A copy of an event, in a stream of its own, at a position that was never taken."""
    return (
        "INSERT INTO tripledger.trip_events (originator_id, originator_version, topic, state,"
        " notification_id, trip_id, recorded_at, tx, tenant, meta, link)"
        " SELECT gen_random_uuid(), 1, topic, state, $2, trip_id, recorded_at, tx, tenant,"
        " meta, link FROM tripledger.trip_events WHERE notification_id = $1",
        (draw(POSITIONS), EVENTS + draw(st.integers(1, 9))),
    )


CHANGES = st.one_of(
    changed_bytes(), changed_words(), changed_facts(), removed(), swapped(), inserted()
)


@pytest_asyncio.fixture(scope="module")
async def written(postgres_server: str, postgres_template: str) -> AsyncIterator[str]:
    """A log of a few trips, whose indexes the owner has dropped too."""
    async with fresh_database(postgres_server, postgres_template) as url:
        async with (
            connect_database(url, pool_size=1) as database,
            PostgresEventLog.opened(database, codec()) as log,
        ):
            await fill(log)
        connection = await asyncpg.connect(url)
        await connection.execute(
            "ALTER TABLE tripledger.trip_events DROP CONSTRAINT trip_events_pkey;"
            "DROP INDEX tripledger.trip_events_notification_id_idx;"
            "DROP INDEX tripledger.trip_events_event_id_idx"
        )
        await connection.close()
        yield url


async def fill(log: PostgresEventLog) -> None:
    """Two events of each trip, then two more of each: streams lie interleaved."""
    trips = [new_id() for _ in range(TRIPS)]
    last = [(await log.append(first(trip, count=2))).last_position for trip in trips]
    for trip, position in zip(trips, last, strict=True):
        cause = replace(CAUSE, causation=trip, trace="trace-1")
        more = [event(trip, 3, 3), event(trip, 4, 4)]
        await log.append(append(trip, position, more, cause=cause))


async def after(url: str, change: Change) -> tuple[int, Verified]:
    """How many rows a change leaves different, and what a verification says; then undone."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(UNLOCKED)
        kept = await connection.fetch("SELECT * FROM tripledger.trip_events")
        statement, arguments = change
        await connection.execute(statement, *arguments)
        found = await verify(url)
        left = await connection.fetch("SELECT * FROM tripledger.trip_events")
        await connection.execute("TRUNCATE tripledger.trip_events")
        await connection.copy_records_to_table(
            "trip_events", records=[tuple(row) for row in kept], schema_name="tripledger"
        )
    finally:
        await connection.close()
    return len(set(map(tuple, left)) ^ set(map(tuple, kept))), found


def test_no_change_to_recorded_events_goes_unseen(written: str) -> None:
    caught = []

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(CHANGES)
    def check(change: Change) -> None:
        different, found = asyncio.run(after(written, change))
        assert different, f"changed nothing: {change}"
        assert not found.whole, f"unseen: {change}"
        caught.append(found.flaws[0].why)

    check()
    assert len(caught) >= 150


@asynccontextmanager
async def owner(url: str) -> AsyncIterator[asyncpg.Connection]:
    """Somebody for whom neither triggers nor rights are an obstacle."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(UNLOCKED)
        yield connection
    finally:
        await connection.close()


@pytest_asyncio.fixture
async def log(database: Database) -> AsyncIterator[PostgresEventLog]:
    async with PostgresEventLog.opened(database, codec()) as opened:
        await fill(opened)
        yield opened


async def test_a_whole_log_is_whole_from_any_position(
    log: PostgresEventLog, database_url: str
) -> None:
    whole = await verify(database_url)
    last = await verify(database_url, from_position=EVENTS)

    assert (EVENTS, 1, EVENTS) == (whole.events, whole.first_position, whole.last_position)
    assert (1, EVENTS, EVENTS) == (last.events, last.first_position, last.last_position)
    assert ((), ()) == (whole.flaws, last.flaws)
    assert whole.anchor == last.anchor


async def test_an_empty_log_is_whole(database_url: str) -> None:
    found = await verify(database_url)

    assert (0, 0, ()) == (found.events, found.last_position, found.flaws)


@pytest.mark.parametrize(
    ("change", "first_flaw"),
    [
        (SET.format("state = '{\"n\": 99}'").replace("$1", "7"), 7),
        ("DELETE FROM tripledger.trip_events WHERE notification_id = 9", 10),
        ("DELETE FROM tripledger.trip_events WHERE notification_id = 1", 2),
        (SET.format("notification_id = 0, tenant = 'globex'").replace("$1", "1"), 0),
        (SET.format("notification_id = notification_id - 3").replace("= $1", "<= 3"), -2),
        (f"DELETE FROM tripledger.trip_events WHERE notification_id = {EVENTS}", EVENTS),
        (f"DELETE FROM tripledger.trip_events WHERE notification_id > {EVENTS - 5}", EVENTS),
        ("DELETE FROM tripledger.trip_events", EVENTS),
        ("UPDATE tripledger.log_head SET events = 1", EVENTS),
        ("DELETE FROM tripledger.log_head", EVENTS),
    ],
)
async def test_the_first_bad_event_is_named(
    log: PostgresEventLog, database_url: str, change: str, first_flaw: int
) -> None:
    read = {r.position: r for r in await log.read_all(0, EVENTS)}
    async with owner(database_url) as connection:
        await connection.execute(change)

    found = await verify(database_url)

    flaw = found.flaws[0]
    assert first_flaw == flaw.position
    if flaw.stream_id and first_flaw in read:
        named = read[first_flaw]
        assert (named.stream_id, named.stream_version) == (flaw.stream_id, flaw.stream_version)


async def test_a_log_written_anew_by_its_owner_is_not_the_one_of_the_anchor(
    log: PostgresEventLog, database_url: str
) -> None:
    anchor = Anchor.parse((await verify(database_url, from_position=1)).anchor)
    assert (await verify(database_url, anchor=anchor)).whole
    async with owner(database_url) as connection:
        await connection.execute(SET.format("state = '{\"n\": 99}'"), 7)
        # All links made anew, with the function the schema itself has for it.
        for position in range(1, EVENTS + 1):
            await connection.execute(
                "UPDATE tripledger.trip_events e SET link = tripledger.event_link("
                "(SELECT b.link FROM tripledger.trip_events b"
                " WHERE b.notification_id = e.notification_id - 1), e)"
                " WHERE notification_id = $1",
                position,
            )
        await connection.execute(
            "UPDATE tripledger.log_head SET link ="
            " (SELECT link FROM tripledger.trip_events WHERE notification_id = position)"
        )
    assert (await verify(database_url)).whole

    found = await verify(database_url, anchor=anchor)

    assert [EVENTS] == [flaw.position for flaw in found.flaws]


@pytest.mark.parametrize("text", ["", "12", "12:abcd", "x:" + "00" * 32, "12:" + "zz" * 32])
def test_what_is_no_anchor_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Anchor.parse(text)


async def test_the_log_is_verified_while_it_is_written(
    log: PostgresEventLog, database_url: str
) -> None:
    async def write() -> None:
        for _ in range(40):
            await log.append(first(new_id(), count=3))

    writers = [asyncio.create_task(write()) for _ in range(4)]
    looks = 0
    while not all(writer.done() for writer in writers):
        found = await verify(database_url)
        assert () == found.flaws
        looks += 1

    assert looks
    assert EVENTS + 4 * 40 * 3 == (await verify(database_url)).events


INSERT = (
    "INSERT INTO tripledger.trip_events (originator_id, originator_version, topic, state"
    "{}) VALUES ('{}', 1, 'test.noted.v1', '{{\"n\": 1}}'{}){}"
)


async def test_nothing_is_recorded_before_what_was_seen(
    log: PostgresEventLog, database_url: str
) -> None:
    late = INSERT.format(", notification_id", new_id(), f", {EVENTS}", "")
    known = (await log.read_all(0, 1))[0].stream_id
    skipping = INSERT.format("", known, "", " ON CONFLICT DO NOTHING")
    connection = await asyncpg.connect(database_url)
    try:
        for statement in (late, skipping):
            with pytest.raises(asyncpg.RestrictViolationError):
                await connection.execute(statement)
    finally:
        await connection.close()

    found = await verify(database_url)
    assert (EVENTS, ()) == (found.events, found.flaws)


async def cli(database_url: str, *words: str) -> tuple[int, str]:
    """Exit code and output of `tripledger log verify`."""
    environment = {**os.environ, "TRIPLEDGER_DATABASE_URL": database_url}
    return (await command(environment, "log", "verify", *words))[:2]


async def test_the_command_names_the_first_bad_event_and_fails(
    log: PostgresEventLog, database_url: str
) -> None:
    code, text = await cli(database_url, "--json")
    whole = json.loads(text)
    assert (0, True, EVENTS) == (code, whole["whole"], whole["events"])
    assert 0 == (await cli(database_url, "--anchor", whole["anchor"]))[0]
    assert 2 == (await cli(database_url, "--anchor", "7"))[0]

    bad = (await log.read_all(0, EVENTS))[6]
    async with owner(database_url) as connection:
        await connection.execute(SET.format("tenant = 'globex'"), bad.position)

    code, text = await cli(database_url)
    assert 1 == code
    place = f"position {bad.position} (stream {bad.stream_id}, version {bad.stream_version})"
    assert f"The first flaw is at {place}" in text
    code, text = await cli(database_url, "--json", "--from", "7")
    told = json.loads(text)
    assert (1, EVENTS - 6, False) == (code, told["events"], told["whole"])
    assert [bad.position] == [flaw["position"] for flaw in told["flaws"]]
    assert 0 == (await cli(database_url, "--from", "8"))[0]

    async with owner(database_url) as connection:
        await connection.execute("DELETE FROM tripledger.log_head")
    code, text = await cli(database_url, "--json", "--from", "8")
    assert (1, [EVENTS]) == (code, [flaw["position"] for flaw in json.loads(text)["flaws"]])


# Streams lie interleaved.
OLD_EVENTS = """
INSERT INTO tripledger.trip_events (originator_id, originator_version, topic, state, trip_id)
SELECT md5(trip::text)::uuid, version, 'test.noted.v1', '{"n": 1}', md5(trip::text)::uuid
FROM generate_series(1, $2::int) AS version, generate_series(1, $1::int) AS trip
"""


async def test_a_log_from_before_the_chain_of_all_is_linked_anew(
    empty_database_url: str, tmp_path: Path
) -> None:
    for path in MIGRATIONS.glob("000[1-7]_*.sql"):
        shutil.copy(path, tmp_path)
    await migrate(empty_database_url, tmp_path)
    async with (
        connect_database(empty_database_url, pool_size=1) as database,
        PostgresEventLog.opened(database, codec()) as log,
    ):
        await database.pool.execute(OLD_EVENTS, TRIPS, EVENTS_EACH)
        await migrate(empty_database_url)
        migrated = await verify(empty_database_url)
        assert (EVENTS, ()) == (migrated.events, migrated.flaws)
        await log.append(first(new_id()))
        longer = await verify(empty_database_url)
        assert (EVENTS + 1, ()) == (longer.events, longer.flaws)
        assert [] == list(await log.broken_links())
