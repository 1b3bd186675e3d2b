"""Operators who are signed in: a random secret in their browser, a hash of it here."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from adapters.database import Database, rows_touched

SECRET_BYTES = 32
SECRET_LENGTH = 43
# How exact `seen_at` is: somebody who clicks is not written down at every click.
SEEN_STEP = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """`operator` is how the log names the person: no name, no address."""

    operator: str
    tenant: str
    scopes: frozenset[str]
    started_at: datetime
    ends_at: datetime


BEGIN = """
INSERT INTO tripledger.operator_sessions (
    session_hash, operator, key_id, tenant, scopes, started_at, seen_at, ends_at
) VALUES ($1, $2, $3, $4, $5, $6, $6, $7)
"""

# What a key may do is asked anew each time: a key that is revoked ends its sessions.
FIND = """
SELECT s.operator, s.tenant, coalesce(k.scopes, s.scopes) AS scopes, s.started_at, s.seen_at,
    s.ends_at
FROM tripledger.operator_sessions s LEFT JOIN tripledger.api_keys k USING (key_id)
WHERE s.session_hash = $1 AND s.ends_at > $2 AND s.seen_at > $3 AND (
    s.key_id IS NULL OR (k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > $2))
)
"""

SEEN = "UPDATE tripledger.operator_sessions SET seen_at = $2 WHERE session_hash = $1"


class OperatorSessions:
    """`idle` is how long somebody may do nothing, `lasting` how long a session lasts at most."""

    def __init__(self, database: Database, *, idle: timedelta, lasting: timedelta) -> None:
        self.pool = database.pool
        self.idle = idle
        self.lasting = lasting

    async def begin(
        self,
        operator: str,
        tenant: str,
        scopes: frozenset[str],
        now: datetime,
        *,
        key_id: str | None = None,
        until: datetime | None = None,
    ) -> tuple[str, Session]:
        """The secret for the browser, which exists nowhere else, and what is kept of it. `until`:
        what the session was given for is good no longer."""
        secret = secrets.token_urlsafe(SECRET_BYTES)
        ends = min(now + self.lasting, until or now + self.lasting)
        await self.forget_ended(now)
        await self.pool.execute(
            BEGIN, hashed(secret), operator, key_id, tenant, sorted(scopes), now, ends
        )
        session = Session(
            operator=operator, tenant=tenant, scopes=scopes, started_at=now, ends_at=ends
        )
        return secret, session

    async def find(self, secret: str, now: datetime) -> Session | None:
        """The running session of this secret, marked as used."""
        if len(secret) != SECRET_LENGTH:
            return None
        row = await self.pool.fetchrow(FIND, hashed(secret), now, now - self.idle)
        if row is None:
            return None
        if now >= row["seen_at"] + SEEN_STEP:
            await self.pool.execute(SEEN, hashed(secret), now)
        return session_of(row)

    async def end(self, secret: str) -> None:
        await self.pool.execute(
            "DELETE FROM tripledger.operator_sessions WHERE session_hash = $1", hashed(secret)
        )

    async def forget_ended(self, now: datetime) -> int:
        """Answers how many had ended, or had not been used for too long."""
        return rows_touched(
            await self.pool.execute(
                "DELETE FROM tripledger.operator_sessions WHERE ends_at <= $1 OR seen_at <= $2",
                now,
                now - self.idle,
            )
        )


def hashed(secret: str) -> bytes:
    # The secret is random, not chosen by a person: one round of a plain hash keeps it.
    return hashlib.sha256(secret.encode()).digest()


def session_of(row: asyncpg.Record) -> Session:
    return Session(
        operator=row["operator"],
        tenant=row["tenant"],
        scopes=frozenset(row["scopes"]),
        started_at=row["started_at"],
        ends_at=row["ends_at"],
    )
