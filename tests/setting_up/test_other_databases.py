"""A Postgres that somebody else runs: the schema needs no more than the database's owner may do,
and what is wrong with its URL, or with who it names, is said in one line."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from adapters.database import connect_database
from adapters.event_log.postgres import PostgresEventLog
from adapters.migrate import migrate
from tests.contracts.events import codec, first, new_id
from tests.postgres import with_database


@pytest_asyncio.fixture
async def owned(database_url: str) -> AsyncIterator[str]:
    """The URL of an empty database whose owner may do nothing else on the server."""
    owner, name = f"owner_{uuid4().hex}", f"trip-ledger {uuid4().hex}"
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(f"CREATE ROLE {owner} LOGIN PASSWORD 'p@ss/'")
        await connection.execute(f'CREATE DATABASE "{name}" OWNER {owner} TEMPLATE template0')
        parts = urlsplit(with_database(database_url, name.replace(" ", "%20")))
        there = f"{owner}:p%40ss%2F@{parts.netloc.rpartition('@')[2]}"
        yield urlunsplit(parts._replace(scheme="postgres", netloc=there))
        await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await connection.execute(f"DROP ROLE {owner}")
    finally:
        await connection.close()


async def test_the_owner_of_a_database_migrates_and_uses_it_without_being_superuser(
    owned: str,
) -> None:
    assert await migrate(owned)

    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(connect_database(owned, pool_size=2))
        log = await stack.enter_async_context(PostgresEventLog.opened(database, codec()))
        for count in (2, 1):
            await log.append(first(new_id(), count=count))
        assert [1, 2, 3] == [each.position for each in await log.read_all(0, 9)]
        assert not await database.pool.fetchval(
            "SELECT rolsuper FROM pg_roles WHERE rolname = user"
        )


@pytest.mark.parametrize(
    ("url", "code", "said"),
    [
        ("localhost:5432/trips", 2, "must be a URL like"),
        ("postgresql://me:p/w#x@localhost:5432/trips", 2, "must be a URL like"),
        ("postgresql://me:secret@127.0.0.1:1/trips", 1, "ConnectionRefusedError"),
        (None, 1, "InvalidCatalogNameError"),
    ],
)
def test_a_database_that_cannot_be_used_is_told_in_one_line(
    url: str | None, code: int, said: str, database_url: str
) -> None:
    url = url or with_database(database_url, "nowhere")
    env = {**os.environ, "TRIPLEDGER_DATABASE_URL": url}
    command = [sys.executable, "-m", "service.cli", "migrate"]

    run = subprocess.run(command, env=env, capture_output=True, text=True, check=False)

    assert code == run.returncode
    assert said in run.stderr
    assert not any(word in run.stderr for word in ("Traceback", "secret", "p/w"))
