"""How the service is connected to Postgres: a pool for short work and one connection for hints."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from adapters.embedded_postgres import embedded_postgres
from adapters.event_log.hints import Hints
from adapters.migrate import check_current, migrate

POOL_CONNECTIONS_MAX = 10
STATEMENT_S_MAX = 30.0

CONNECTION_LOST = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.exceptions.OperatorInterventionError,
    asyncpg.exceptions.TooManyConnectionsError,
)


@dataclass(frozen=True, slots=True)
class Database:
    """One Postgres as this process sees it."""

    url: str
    pool: asyncpg.Pool
    hints: Hints


async def set_up_connection(connection: asyncpg.Connection) -> None:
    """jsonb goes in and comes out as plain values."""
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: msgspec.json.encode(value).decode(),
        decoder=msgspec.json.decode,
        format="text",
    )


async def leave_connection(_connection: asyncpg.Connection) -> None:
    """Nothing of ours changes a session, so nothing is reset: it would cost a round trip."""


async def connect_pool(url: str, *, size: int = POOL_CONNECTIONS_MAX) -> asyncpg.Pool:
    """A pool of connections that read and write jsonb as plain values."""
    return await asyncpg.create_pool(
        url,
        min_size=1,
        max_size=size,
        init=set_up_connection,
        reset=leave_connection,
        command_timeout=STATEMENT_S_MAX,
    )


@asynccontextmanager
async def connect_database(
    url: str, *, pool_size: int = POOL_CONNECTIONS_MAX
) -> AsyncIterator[Database]:
    """A migrated database, connected."""
    pool = await connect_pool(url, size=pool_size)
    try:
        async with Hints.listening(url) as hints:
            yield Database(url, pool, hints)
    finally:
        await pool.close()


@asynccontextmanager
async def open_database(
    url: str | None, data_dir: Path, *, pool_size: int = POOL_CONNECTIONS_MAX
) -> AsyncIterator[Database]:
    """The database at `url`, which must be migrated; without one an embedded Postgres below
    `data_dir`, which is migrated here because nobody else would."""
    async with AsyncExitStack() as stack:
        if url is None:
            url = await stack.enter_async_context(embedded_postgres(data_dir / "postgres"))
            await migrate(url)
        else:
            await check_current(url)
        yield await stack.enter_async_context(connect_database(url, pool_size=pool_size))


def as_uuid(text: str) -> UUID | None:
    """What cannot be an id of ours names nothing, so looking it up finds nothing."""
    try:
        return UUID(text)
    except ValueError:
        return None


def rows_touched(status: Any) -> int:
    """How many rows a statement changed, from the words Postgres ends it with."""
    return int(str(status).rsplit(" ", 1)[-1])
