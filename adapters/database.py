"""How the service is connected to Postgres: a pool for short work and one connection for hints."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeVar
from uuid import UUID

import asyncpg
import msgspec

from adapters.embedded_postgres import embedded_postgres
from adapters.event_log.hints import Hints
from adapters.migrate import check_current, migrate

POOL_CONNECTIONS_MAX = 10
STATEMENT_S_MAX = 30.0
# What a transaction's connection lives through.
STATEMENTS_MAX = 50_000
IDLE_S_MAX = 300.0

Answer = TypeVar("Answer")

CONNECTION_LOST = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.exceptions.OperatorInterventionError,
    asyncpg.exceptions.TooManyConnectionsError,
)


# Types below this are Postgres' own and the same in every database.
OID_OF_OTHERS_MIN = 16_384


class Connection(asyncpg.Connection):  # type: ignore[misc]
    """Asks once in a process what Postgres' own array types are made of: asyncpg asks on every
    connection anew, at first sight of each, and that costs more than all else a connection does."""

    known: ClassVar[dict[frozenset[int], Any]] = {}

    async def _introspect_types(self, oids: Iterable[int], timeout: float | None) -> Any:
        wanted = frozenset(oids)
        if wanted not in self.known:
            found = await super()._introspect_types(wanted, timeout)
            if any(oid >= OID_OF_OTHERS_MIN for oid in wanted):
                return found
            self.known[wanted] = found
        return self.known[wanted]


class Connections(asyncpg.Pool):  # type: ignore[misc]
    """A pool with some connections at hand for single statements: taking one out of the stock pool
    and putting it back costs this process twice what the statement does. More than half of the
    connections are there for transactions."""

    def __init__(self, *where: Any, max_size: int, **options: Any) -> None:
        super().__init__(*where, max_size=max_size, **options)
        self.at_hand: list[asyncpg.Connection] = []
        self.kept = 0
        self.kept_max = max(0, max_size - 2) // 2

    async def fetch(self, query: str, *args: Any, timeout: float | None = None) -> list[Any]:
        return await self.once(lambda c: c.fetch(query, *args, timeout=timeout))

    async def fetchrow(self, query: str, *args: Any, timeout: float | None = None) -> Any:
        return await self.once(lambda c: c.fetchrow(query, *args, timeout=timeout))

    async def fetchval(
        self, query: str, *args: Any, column: int = 0, timeout: float | None = None
    ) -> Any:
        return await self.once(lambda c: c.fetchval(query, *args, column=column, timeout=timeout))

    async def execute(self, query: str, *args: Any, timeout: float | None = None) -> str:
        return await self.once(lambda c: c.execute(query, *args, timeout=timeout))

    async def once(self, ask: Callable[[asyncpg.Connection], Awaitable[Answer]]) -> Answer:
        connection = await self.one_to_keep()
        if connection is None:
            async with self.acquire() as connection:
                return await ask(connection)
        try:
            answer = await ask(connection)
        except BaseException:
            # The stock pool knows in what state a failed or cancelled statement leaves it.
            await self.let_go(connection)
            raise
        if self.kept > self.kept_max:
            await self.let_go(connection)
        else:
            self.at_hand.append(connection)
        return answer

    async def one_to_keep(self) -> asyncpg.Connection | None:
        """None: so many are kept already."""
        while self.at_hand:
            connection = self.at_hand.pop()
            if not lost(connection):
                return connection
            await self.let_go(connection)
        if self.kept >= self.kept_max:
            return None
        self.kept += 1
        try:
            return await self.acquire()
        except BaseException:
            self.kept -= 1
            raise

    async def let_go(self, connection: asyncpg.Connection) -> None:
        self.kept -= 1
        await self.release(connection)

    def get_idle_size(self) -> int:
        return int(super().get_idle_size()) + len(self.at_hand)

    async def close(self) -> None:
        self.kept_max = 0
        while self.at_hand:
            await self.let_go(self.at_hand.pop())
        await super().close()


def lost(connection: asyncpg.Connection) -> bool:
    """Whether it was closed from afar: one that asyncpg itself saw off can be asked nothing."""
    try:
        return bool(connection.is_closed())
    except asyncpg.InterfaceError:
        return True


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
    return await Connections(
        url,
        min_size=1,
        max_size=size,
        max_queries=STATEMENTS_MAX,
        max_inactive_connection_lifetime=IDLE_S_MAX,
        init=set_up_connection,
        reset=leave_connection,
        loop=None,
        connection_class=Connection,
        record_class=asyncpg.Record,
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
