"""What providers told us, each notification kept once with the one task it asks for. Only ids are
kept, never bodies: a notification says "look", and looking is the task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID, uuid5

import asyncpg

from adapters.database import Database, as_uuid

TASK_KIND = "webhook"
NOTICES = UUID("0a3f4bb4-5d8e-4c53-9d0b-0f6f1d2f8f4e")


def notice_id(provider: str, event_id: str) -> str:
    return str(uuid5(NOTICES, f"{provider}:{event_id}"))


def task_key(provider: str, event_id: str) -> str:
    return f"webhook:{provider}:{event_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A stored notification. `duplicate_of` names the notice that told the same fact before;
    `outcome` says in a word what came of it."""

    inbox_id: str
    provider: str
    event_id: str
    dedupe_key: str
    type: str
    facts: dict[str, str]
    received_at: datetime
    duplicate_of: str | None = None
    outcome: str | None = None


class Inbox(Protocol):
    async def store(
        self,
        provider: str,
        event_id: str,
        dedupe_key: str,
        type: str,
        facts: Mapping[str, str],
        now: datetime,
    ) -> bool:
        """Keep the notification and its task (subject: the inbox id), both or neither; False:
        the notification, or the fact it tells under another id, was seen before."""
        ...

    async def get(self, inbox_id: str) -> Notice | None: ...

    async def find(self, provider: str, event_id: str) -> Notice | None: ...

    async def mark(self, inbox_id: str, outcome: str) -> None: ...


# A conflict waits for the other writer to finish, so the second statement sees what it wrote.
STORE_FIRST = """
WITH stored AS (
    INSERT INTO tripledger.inbox (
        inbox_id, provider, event_id, dedupe_key, type, facts, received_at
    ) VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT DO NOTHING
    RETURNING inbox_id
)
INSERT INTO tripledger.tasks (kind, key, subject, due)
SELECT $8, $9, inbox_id::text, $7 FROM stored
RETURNING task_id
"""

STORE_DUPLICATE = """
INSERT INTO tripledger.inbox (
    inbox_id, provider, event_id, dedupe_key, type, facts, received_at, duplicate_of
)
SELECT $1, $2, $3, $4, $5, $6, $7, first.inbox_id FROM tripledger.inbox first
WHERE first.provider = $2 AND first.dedupe_key = $4 AND first.duplicate_of IS NULL
ON CONFLICT DO NOTHING
"""

COLUMNS = """inbox_id, provider, event_id, dedupe_key, type, facts, received_at, duplicate_of,
    outcome"""


class PostgresInbox:
    """Implements `Inbox`."""

    def __init__(self, database: Database) -> None:
        self.pool = database.pool
        self.hints = database.hints

    async def store(
        self,
        provider: str,
        event_id: str,
        dedupe_key: str,
        type: str,
        facts: Mapping[str, str],
        now: datetime,
    ) -> bool:
        row = (
            notice_id(provider, event_id),
            provider,
            event_id,
            dedupe_key,
            type,
            dict(facts),
            now,
        )
        key = task_key(provider, event_id)
        if await self.pool.fetchval(STORE_FIRST, *row, TASK_KIND, key) is not None:
            self.hints.tell_of_work()
            return True
        await self.pool.execute(STORE_DUPLICATE, *row)
        return False

    async def get(self, inbox_id: str) -> Notice | None:
        row = await self.pool.fetchrow(
            f"SELECT {COLUMNS} FROM tripledger.inbox WHERE inbox_id = $1", as_uuid(inbox_id)
        )
        return notice(row) if row else None

    async def find(self, provider: str, event_id: str) -> Notice | None:
        row = await self.pool.fetchrow(
            f"SELECT {COLUMNS} FROM tripledger.inbox WHERE provider = $1 AND event_id = $2",
            provider,
            event_id,
        )
        return notice(row) if row else None

    async def mark(self, inbox_id: str, outcome: str) -> None:
        await self.pool.execute(
            "UPDATE tripledger.inbox SET outcome = $2 WHERE inbox_id = $1",
            as_uuid(inbox_id),
            outcome,
        )


def notice(row: asyncpg.Record) -> Notice:
    return Notice(
        inbox_id=str(row["inbox_id"]),
        provider=row["provider"],
        event_id=row["event_id"],
        dedupe_key=row["dedupe_key"],
        type=row["type"],
        facts=row["facts"],
        received_at=row["received_at"],
        duplicate_of=str(row["duplicate_of"]) if row["duplicate_of"] else None,
        outcome=row["outcome"],
    )
