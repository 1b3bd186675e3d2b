"""Bearer keys: 256 random bits, shown once and stored as a hash, for one tenant and its scopes."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, Protocol

import asyncpg

from adapters.database import Database

Mode = Literal["test", "live"]

# What a key may open, and in words.
SCOPES = {
    "trips:read": "read trips, bookings and events",
    "trips:write": "make and edit trips, search offers",
    "payments:propose": "price a trip and open a checkout where the traveller pays",
    "payments:write": "the same, and take payments directly, cancel and refund",
    "ops:read": "read everything of the tenant, as an operator",
    "ops:write": "repair, retry and rebuild, as an operator",
    "ops:all": "do so for every tenant",
}

KEY = re.compile(r"tl_(test|live)_([0-9a-f]{16})_([0-9a-f]{64})")
ID_BYTES = 8
SECRET_BYTES = 32
# How exact `last_used_at` is: a key in constant use is not written to at every request.
LAST_USED_STEP = timedelta(minutes=1)
NO_SECRET = bytes(32)
# How long a key that another process has revoked may still open something here.
KEPT_S = 1.0
KEPT_MAX = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """Everything about a key but its secret."""

    key_id: str
    mode: Mode
    tenant: str
    name: str
    scopes: frozenset[str]
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None

    def usable(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True)
class StoredKey:
    key: ApiKey
    secret_hash: bytes


class ApiKeyRows(Protocol):
    """Where keys are kept."""

    async def add(self, stored: StoredKey) -> None: ...

    async def get(self, key_id: str) -> StoredKey | None: ...

    async def listed(self, tenant: str | None) -> Sequence[ApiKey]: ...

    async def revoke(self, key_id: str, now: datetime) -> bool: ...

    async def expire(self, key_id: str, at: datetime) -> None:
        """Let it open nothing from then on, if it did not end before."""
        ...

    async def used(self, key_id: str, now: datetime) -> None: ...


class ApiKeys:
    """Makes, finds and revokes keys. With a `mode`, keys of the other one open nothing: no test
    ever moves real money, and nothing real is ever taken for a test."""

    def __init__(self, rows: ApiKeyRows, mode: Mode | None = None) -> None:
        self.rows = rows
        self.mode = mode

    async def create(
        self,
        tenant: str,
        mode: Mode,
        scopes: frozenset[str],
        now: datetime,
        *,
        name: str = "",
        expires_at: datetime | None = None,
        key_id: str | None = None,
    ) -> tuple[str, ApiKey]:
        """The key's text, which exists nowhere else, and what is stored of it. `key_id`: as
        `new_key_id` made it, where it must be known beforehand."""
        secret = secrets.token_hex(SECRET_BYTES)
        key = ApiKey(
            key_id=key_id or new_key_id(),
            mode=mode,
            tenant=tenant,
            name=name,
            scopes=scopes,
            created_at=now,
            expires_at=expires_at,
        )
        await self.rows.add(StoredKey(key, secret_hash(secret)))
        return f"tl_{mode}_{key.key_id}_{secret}", key

    async def find(self, text: str, now: datetime) -> ApiKey | None:
        """The usable key of this text, marked as used. How long a refusal takes does not tell
        whether the key exists."""
        parts = KEY.fullmatch(text)
        if parts is None:
            return None
        mode, key_id, secret = parts.groups()
        if self.mode not in (None, mode):
            return None
        stored = await self.rows.get(key_id)
        known = stored.secret_hash if stored else NO_SECRET
        genuine = hmac.compare_digest(known, secret_hash(secret))
        if stored is None or not genuine or stored.key.mode != mode or not stored.key.usable(now):
            return None
        last = stored.key.last_used_at
        if last is not None and now < last + LAST_USED_STEP:
            return stored.key
        await self.rows.used(key_id, now)
        return replace(stored.key, last_used_at=now)

    async def listed(self, tenant: str | None = None) -> Sequence[ApiKey]:
        """The keys of a tenant, or of all, oldest first."""
        return await self.rows.listed(tenant)

    async def known(self, key_id: str) -> ApiKey | None:
        stored = await self.rows.get(key_id)
        return stored.key if stored else None

    async def usable(self, key_id: str, now: datetime) -> ApiKey | None:
        key = await self.known(key_id)
        return key if key and key.usable(now) else None

    async def rotate(
        self, key_id: str, now: datetime, overlap: timedelta, new_id: str | None = None
    ) -> tuple[str, ApiKey] | None:
        """A key for the same tenant and scopes; the old one opens for `overlap` longer, so that
        callers can change over. None: there was no usable key by this id."""
        old = await self.usable(key_id, now)
        if old is None:
            return None
        made = await self.create(
            old.tenant,
            old.mode,
            old.scopes,
            now,
            name=old.name,
            expires_at=rotated(old, now),
            key_id=new_id,
        )
        await self.rows.expire(key_id, now + overlap)
        return made

    async def revoke(self, key_id: str, now: datetime) -> bool:
        """From now on the key opens nothing; False: there was no such key to revoke."""
        return await self.rows.revoke(key_id, now)


def new_key_id() -> str:
    return secrets.token_hex(ID_BYTES)


def rotated(old: ApiKey, now: datetime) -> datetime | None:
    """When the key that takes another's place ends: it lives as long as the other was to."""
    return None if old.expires_at is None else now + (old.expires_at - old.created_at)


class RecentKeys:
    """Implements `ApiKeyRows` in front of others, so that a busy caller's key is not looked up at
    every call. A key that this process revokes opens nothing
    from then on; expiry is the caller's to judge and always exact. Unknown keys are not kept."""

    def __init__(self, rows: ApiKeyRows, seconds: Callable[[], float] = time.monotonic) -> None:
        self.rows = rows
        self.seconds = seconds
        self.kept: dict[str, tuple[float, StoredKey]] = {}
        self.changes = 0

    async def get(self, key_id: str) -> StoredKey | None:
        now = self.seconds()
        until, stored = self.kept.get(key_id, (now, None))
        if now < until:
            return stored
        changes = self.changes
        found = await self.rows.get(key_id)
        # What was changed while it was on its way may be older than the change.
        if found is not None and changes == self.changes:
            self.keep(key_id, found, now + KEPT_S)
        return found

    def keep(self, key_id: str, stored: StoredKey, until: float) -> None:
        self.kept.pop(key_id, None)
        while len(self.kept) >= KEPT_MAX:
            del self.kept[next(iter(self.kept))]
        self.kept[key_id] = (until, stored)

    def forget(self, key_id: str) -> None:
        self.changes += 1
        self.kept.pop(key_id, None)

    async def add(self, stored: StoredKey) -> None:
        await self.rows.add(stored)

    async def listed(self, tenant: str | None) -> Sequence[ApiKey]:
        return await self.rows.listed(tenant)

    async def revoke(self, key_id: str, now: datetime) -> bool:
        try:
            return await self.rows.revoke(key_id, now)
        finally:
            self.forget(key_id)

    async def expire(self, key_id: str, at: datetime) -> None:
        try:
            await self.rows.expire(key_id, at)
        finally:
            self.forget(key_id)

    async def used(self, key_id: str, now: datetime) -> None:
        try:
            await self.rows.used(key_id, now)
        finally:
            self.forget(key_id)


def secret_hash(secret: str) -> bytes:
    # The secret is random, not chosen by a person: one round of a plain hash keeps it.
    return hashlib.sha256(secret.encode()).digest()


COLUMNS = """key_id, mode, tenant, name, scopes, secret_hash, created_at, expires_at, revoked_at,
    last_used_at"""


class PostgresApiKeyRows:
    """Implements `ApiKeyRows`."""

    def __init__(self, database: Database) -> None:
        self.pool = database.pool

    async def add(self, stored: StoredKey) -> None:
        key = stored.key
        await self.pool.execute(
            f"INSERT INTO tripledger.api_keys ({COLUMNS})"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            key.key_id,
            key.mode,
            key.tenant,
            key.name,
            sorted(key.scopes),
            stored.secret_hash,
            key.created_at,
            key.expires_at,
            key.revoked_at,
            key.last_used_at,
        )

    async def get(self, key_id: str) -> StoredKey | None:
        row = await self.pool.fetchrow(
            f"SELECT {COLUMNS} FROM tripledger.api_keys WHERE key_id = $1", key_id
        )
        return StoredKey(api_key(row), row["secret_hash"]) if row else None

    async def listed(self, tenant: str | None) -> Sequence[ApiKey]:
        rows = await self.pool.fetch(
            f"SELECT {COLUMNS} FROM tripledger.api_keys"
            " WHERE $1::text IS NULL OR tenant = $1 ORDER BY created_at, key_id",
            tenant,
        )
        return [api_key(row) for row in rows]

    async def revoke(self, key_id: str, now: datetime) -> bool:
        revoked = await self.pool.fetchval(
            "UPDATE tripledger.api_keys SET revoked_at = $2"
            " WHERE key_id = $1 AND revoked_at IS NULL RETURNING key_id",
            key_id,
            now,
        )
        return revoked is not None

    async def expire(self, key_id: str, at: datetime) -> None:
        await self.pool.execute(
            "UPDATE tripledger.api_keys SET expires_at = least(expires_at, $2) WHERE key_id = $1",
            key_id,
            at,
        )

    async def used(self, key_id: str, now: datetime) -> None:
        await self.pool.execute(
            "UPDATE tripledger.api_keys SET last_used_at = $2 WHERE key_id = $1", key_id, now
        )


def api_key(row: asyncpg.Record) -> ApiKey:
    return ApiKey(
        key_id=row["key_id"],
        mode=row["mode"],
        tenant=row["tenant"],
        name=row["name"],
        scopes=frozenset(row["scopes"]),
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
        last_used_at=row["last_used_at"],
    )
