"""A request repeated under its key gets the first answer again, and is never carried out twice at
the same time. Keys are the caller's own: tenant, caller and route are part of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import uuid4

from adapters.database import CONNECTION_LOST, Database, rows_touched

KEPT_FOR = timedelta(days=7)
# A request that began this long ago and has no answer died with its process.
ABANDONED_AFTER = timedelta(seconds=60)
# More requests than are ever being carried out in one process.
OVER_MAX = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestKey:
    tenant: str
    caller: str
    route: str
    key: str


@dataclass(frozen=True, slots=True)
class Fresh:
    """Carry the request out, then `complete` or `abandon` with this. `first_at` is when the same
    request was first begun under its key, however often it was abandoned since."""

    key: RequestKey
    token: str
    first_at: datetime


@dataclass(frozen=True, slots=True)
class Replay:
    """The answer that was given before, byte for byte."""

    status: int
    headers: dict[str, str]
    body: bytes
    first_at: datetime


@dataclass(frozen=True, slots=True)
class InFlight:
    """The same request is being carried out now."""


@dataclass(frozen=True, slots=True)
class OtherBody:
    """The key was used for a different request."""


Begun = Fresh | Replay | InFlight | OtherBody


class Idempotency(Protocol):
    async def begin(self, key: RequestKey, request_hash: str, now: datetime) -> Begun: ...

    async def complete(
        self, fresh: Fresh, status: int, headers: Mapping[str, str], body: bytes
    ) -> bool:
        """Keep the answer; False: the request took so long that another attempt took over."""
        ...

    async def abandon(self, fresh: Fresh) -> None:
        """No answer worth keeping: the key is free again, for another request too."""
        ...

    async def purge(self, now: datetime) -> int:
        """Drop what is no longer kept; answers how much that was."""
        ...


BEGIN = """
INSERT INTO tripledger.idempotency AS i (
    tenant, caller, route, key, request_hash, token, started_at, first_at
) VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
ON CONFLICT (tenant, caller, route, key) DO UPDATE SET
    request_hash = excluded.request_hash, token = excluded.token,
    started_at = excluded.started_at, status = NULL, headers = NULL, body = NULL,
    first_at = CASE WHEN i.started_at > $8 AND i.request_hash = excluded.request_hash
        THEN i.first_at ELSE excluded.first_at END
WHERE i.started_at <= $8 OR i.token IS NULL
    OR (i.status IS NULL AND i.started_at <= $9 AND i.request_hash = excluded.request_hash)
RETURNING first_at
"""

LOOK = """
SELECT request_hash, status, headers, body, first_at FROM tripledger.idempotency
WHERE tenant = $1 AND caller = $2 AND route = $3 AND key = $4 AND token IS NOT NULL
"""

COMPLETE = """
UPDATE tripledger.idempotency SET status = $6, headers = $7, body = $8
WHERE tenant = $1 AND caller = $2 AND route = $3 AND key = $4 AND token = $5 AND status IS NULL
"""

ABANDON = """
UPDATE tripledger.idempotency SET token = NULL
WHERE tenant = $1 AND caller = $2 AND route = $3 AND key = $4 AND token = $5 AND status IS NULL
"""


class PostgresIdempotency:
    """Implements `Idempotency`."""

    def __init__(self, database: Database) -> None:
        self.pool = database.pool
        self.over: deque[tuple[RequestKey, str]] = deque(maxlen=OVER_MAX)

    async def begin(self, key: RequestKey, request_hash: str, now: datetime) -> Begun:
        await self.free_what_is_over()
        token = str(uuid4())
        with self.over_if_lost(key, token):
            return await self.begun(key, token, request_hash, now)

    async def free_what_is_over(self) -> None:
        """Requests that ended while the database was away still hold their keys there."""
        while self.over:
            key, token = self.over[0]
            await self.pool.execute(ABANDON, *row_key(key), token)
            with suppress(ValueError):
                self.over.remove((key, token))

    @contextmanager
    def over_if_lost(self, key: RequestKey, token: str) -> Iterator[None]:
        try:
            yield
        except CONNECTION_LOST:
            self.over.append((key, token))
            raise

    async def begun(self, key: RequestKey, token: str, request_hash: str, now: datetime) -> Begun:
        while True:
            first_at = await self.pool.fetchval(
                BEGIN,
                *row_key(key),
                request_hash,
                token,
                now,
                now - KEPT_FOR,
                now - ABANDONED_AFTER,
            )
            if first_at is not None:
                return Fresh(key, token, first_at)
            row = await self.pool.fetchrow(LOOK, *row_key(key))
            if row is None:
                # Abandoned between the two statements: the key is free.
                continue
            if row["request_hash"] != request_hash:
                return OtherBody()
            if row["status"] is None:
                return InFlight()
            return Replay(row["status"], row["headers"], row["body"], row["first_at"])

    async def complete(
        self, fresh: Fresh, status: int, headers: Mapping[str, str], body: bytes
    ) -> bool:
        with self.over_if_lost(fresh.key, fresh.token):
            done = await self.pool.execute(
                COMPLETE, *row_key(fresh.key), fresh.token, status, dict(headers), body
            )
        return rows_touched(done) == 1

    async def abandon(self, fresh: Fresh) -> None:
        with self.over_if_lost(fresh.key, fresh.token):
            await self.pool.execute(ABANDON, *row_key(fresh.key), fresh.token)

    async def purge(self, now: datetime) -> int:
        return rows_touched(
            await self.pool.execute(
                "DELETE FROM tripledger.idempotency WHERE started_at <= $1", now - KEPT_FOR
            )
        )


def row_key(key: RequestKey) -> tuple[str, str, str, str]:
    return (key.tenant, key.caller, key.route, key.key)
