"""The service runs under a role that can append to the log and do nothing else to it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from adapters.database import connect_database
from adapters.event_log.postgres import PostgresEventLog
from adapters.event_log.verify import verify
from adapters.runtime_role import RoleRefused, grant_runtime_role
from tests.contracts.events import codec, first, new_id, numbers
from tests.forking import command
from tests.scenarios.audit import audit
from tests.scenarios.world import raised_world

PASSWORD = "only-for-tests"


def as_role(url: str, role: str) -> str:
    """The same database, entered by another role."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{role}:{PASSWORD}@{host}"))


async def run(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest_asyncio.fixture
async def role(database_url: str) -> AsyncIterator[str]:
    name = f"tripledger_test_{uuid4().hex[:12]}"
    assert await grant_runtime_role(database_url, name)
    await run(database_url, f"ALTER ROLE {name} PASSWORD '{PASSWORD}'")
    yield name
    await run(database_url, f"DROP OWNED BY {name}; DROP ROLE {name}")


FORBIDDEN = [
    "UPDATE tripledger.trip_events SET tenant = 'globex'",
    "DELETE FROM tripledger.trip_events",
    "TRUNCATE tripledger.trip_events",
    "INSERT INTO tripledger.trip_events (originator_id, originator_version, topic, state)"
    " VALUES (gen_random_uuid(), 1, 'test.noted.v1', '{\"n\": 1}')",
    "UPDATE tripledger.log_head SET position = 0",
    "DELETE FROM tripledger.log_head",
    "DELETE FROM tripledger.migrations",
    "UPDATE tripledger.operator_acts SET operator = 'nobody'",
    "DELETE FROM tripledger.operator_acts",
    "ALTER TABLE tripledger.trip_events DISABLE TRIGGER ALL",
    "DROP TABLE tripledger.trip_events",
    "CREATE OR REPLACE FUNCTION tripledger.refuse_change() RETURNS trigger LANGUAGE plpgsql"
    " AS 'BEGIN RETURN NULL; END'",
    "SET session_replication_role = replica",
]


@pytest.mark.parametrize("statement", FORBIDDEN)
async def test_the_role_cannot_touch_what_was_recorded(
    database_url: str, role: str, statement: str
) -> None:
    async with (
        connect_database(database_url, pool_size=1) as database,
        PostgresEventLog.opened(database, codec()) as log,
    ):
        await log.append(first(new_id()))
        before = await log.read_all(0, 10)

        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await run(as_role(database_url, role), statement)

        assert before == await log.read_all(0, 10)


async def test_the_role_appends_reads_and_verifies(database_url: str, role: str) -> None:
    url, trip = as_role(database_url, role), new_id()
    async with (
        connect_database(url, pool_size=1) as database,
        PostgresEventLog.opened(database, codec()) as log,
    ):
        await log.append(first(trip, count=3))

        assert [1, 2, 3] == numbers(await log.read_trip(trip))
    found = await verify(url)
    assert (3, ()) == (found.events, found.flaws)


async def test_the_whole_service_runs_under_the_role(
    database_url: str, role: str, tmp_path: Path
) -> None:
    async with raised_world(as_role(database_url, role), tmp_path) as world:
        trip = await world.pay_and_settle(await world.build_usual())
        assert "completed" == trip["status"]
        await audit(world)


async def test_granting_again_changes_nothing(database_url: str, role: str) -> None:
    assert not await grant_runtime_role(database_url, role)

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await run(as_role(database_url, role), FORBIDDEN[0])


@pytest.mark.parametrize("name", ["", "Robert'); DROP", "1st", "x" * 64])
async def test_what_is_no_name_of_a_role_is_refused(database_url: str, name: str) -> None:
    with pytest.raises(RoleRefused):
        await grant_runtime_role(database_url, name)


async def test_the_owner_of_the_log_cannot_be_the_role(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    owner = await connection.fetchval("SELECT current_user")
    await connection.close()

    with pytest.raises(RoleRefused):
        await grant_runtime_role(database_url, owner)


async def test_migrating_makes_the_role(empty_database_url: str) -> None:
    name = f"tripledger_test_{uuid4().hex[:12]}"
    environment = {**os.environ, "TRIPLEDGER_DATABASE_URL": empty_database_url}
    done = await command(environment, "migrate", "--runtime-role", name)
    try:
        assert (0, True) == (done.code, f"{name} may run the service" in done.answer)
        await run(empty_database_url, f"SET ROLE {name}; SELECT FROM tripledger.trip_log")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await run(empty_database_url, f"SET ROLE {name}; {FORBIDDEN[1]}")
    finally:
        await run(empty_database_url, f"DROP OWNED BY {name}; DROP ROLE {name}")
