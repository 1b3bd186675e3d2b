"""Work waiting in Postgres: claimed by one worker at a time under a lease, done once per key.

Whether a task is due and whether a lease is over is judged by the caller's clock, never the
database's; only `created_at` and `finished_at`, which decide nothing, are the database's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

import asyncpg

from adapters.database import Database, as_uuid, rows_touched
from adapters.event_log.hints import POLL_S
from domain.log import Task
from domain.ports import Outbox

TaskState = Literal["ready", "leased", "done", "parked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRow:
    """A task as operators see it. `reason` says why it was last given back or parked."""

    task_id: int
    kind: str
    key: str
    trip_id: str | None
    subject: str
    due: datetime
    state: TaskState
    attempts: int
    sent: bool
    reason: str | None


class TaskBoard(Outbox, Protocol):
    """An outbox with what operators need besides."""

    async def listed(
        self, state: TaskState | None = None, limit: int = 100, trip_id: str | None = None
    ) -> Sequence[TaskRow]:
        """The newest tasks first."""
        ...

    async def counted(self) -> dict[str, int]:
        """How many tasks are in each state that any is in."""
        ...

    async def requeue(self, task_id: int, due: datetime) -> bool:
        """Let workers try a parked task again; False: it is not parked."""
        ...


CLAIM = """
WITH picked AS (
    SELECT task_id FROM tripledger.tasks
    WHERE state IN ('ready', 'leased') AND coalesce(lease_until, due) <= $1
    ORDER BY coalesce(lease_until, due), task_id
    LIMIT $2 FOR UPDATE SKIP LOCKED
)
UPDATE tripledger.tasks t
SET state = 'leased', lease = gen_random_uuid(), lease_until = $3, attempts = t.attempts + 1
FROM picked WHERE t.task_id = picked.task_id
RETURNING t.task_id, t.kind, t.key, t.trip_id, t.subject, t.due, t.attempts, t.sent_at, t.lease
"""

ANNOUNCE = """
UPDATE tripledger.tasks SET sent_at = $3
WHERE task_id = $1 AND lease = $2 AND lease_until > $3
"""

RENEW = """
UPDATE tripledger.tasks SET lease_until = $3 WHERE task_id = $1 AND lease = $2
"""

FINISH = """
UPDATE tripledger.tasks
SET state = 'done', lease = NULL, lease_until = NULL, finished_at = clock_timestamp()
WHERE task_id = $1 AND lease = $2
"""

RETRY = """
UPDATE tripledger.tasks
SET state = 'ready', lease = NULL, lease_until = NULL, due = $3, reason = $4,
    sent_at = CASE WHEN $5 THEN sent_at END
WHERE task_id = $1 AND lease = $2
"""

PARK = """
UPDATE tripledger.tasks
SET state = 'parked', lease = NULL, lease_until = NULL, reason = $3
WHERE task_id = $1 AND lease = $2
"""

ADD = """
INSERT INTO tripledger.tasks (kind, key, subject, due, trip_id) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (key) DO NOTHING
"""

HASTEN = "UPDATE tripledger.tasks SET due = $2 WHERE key = $1 AND state = 'ready' AND due > $2"

NEXT_DUE = """
SELECT coalesce(lease_until, due) FROM tripledger.tasks
WHERE state IN ('ready', 'leased') ORDER BY coalesce(lease_until, due), task_id LIMIT 1
"""

LISTED = """
SELECT task_id, kind, key, trip_id, subject, due, state, attempts, sent_at, reason
FROM tripledger.tasks
WHERE ($1::text IS NULL OR state = $1) AND ($3::uuid IS NULL OR trip_id = $3)
ORDER BY task_id DESC LIMIT $2
"""

REQUEUE = """
UPDATE tripledger.tasks SET state = 'ready', due = $2 WHERE task_id = $1 AND state = 'parked'
"""


class PostgresOutbox:
    """Implements `domain.ports.Outbox`."""

    def __init__(self, database: Database) -> None:
        self.pool = database.pool
        self.hints = database.hints

    async def claim(self, now: datetime, limit: int, lease_s: float) -> Sequence[Task]:
        rows = await self.pool.fetch(CLAIM, now, limit, now + timedelta(seconds=lease_s))
        return sorted((claimed(row) for row in rows), key=lambda task: (task.due, task.task_id))

    async def announce(self, task: Task, now: datetime) -> bool:
        return await self.change(ANNOUNCE, task.task_id, task.lease, now)

    async def renew(self, task: Task, now: datetime, lease_s: float) -> bool:
        until = now + timedelta(seconds=lease_s)
        return await self.change(RENEW, task.task_id, task.lease, until)

    async def finish(self, task: Task) -> None:
        await self.change(FINISH, task.task_id, task.lease)

    async def retry(self, task: Task, due: datetime, reason: str, *, sent: bool) -> None:
        if await self.change(RETRY, task.task_id, task.lease, due, reason, sent):
            self.hints.tell_of_work()

    async def park(self, task: Task, reason: str) -> None:
        await self.change(PARK, task.task_id, task.lease, reason)

    async def add(
        self, kind: str, key: str, subject: str, due: datetime, trip_id: str | None = None
    ) -> None:
        if await self.change(ADD, kind, key, subject, due, trip_id):
            self.hints.tell_of_work()

    async def hasten(self, key: str, due: datetime) -> None:
        if await self.change(HASTEN, key, due):
            self.hints.tell_of_work()

    async def next_due(self) -> datetime | None:
        """When there may next be something to claim, the end of a running lease included."""
        due: datetime | None = await self.pool.fetchval(NEXT_DUE)
        return due

    async def changed(self, timeout_s: float) -> None:
        await self.hints.work.wait(min(timeout_s, POLL_S))

    async def listed(
        self, state: TaskState | None = None, limit: int = 100, trip_id: str | None = None
    ) -> Sequence[TaskRow]:
        if trip_id is not None and as_uuid(trip_id) is None:
            return []
        return [shown(row) for row in await self.pool.fetch(LISTED, state, limit, trip_id)]

    async def counted(self) -> dict[str, int]:
        rows = await self.pool.fetch(
            "SELECT state, count(*) AS tasks FROM tripledger.tasks GROUP BY state"
        )
        return {row["state"]: row["tasks"] for row in rows}

    async def requeue(self, task_id: int, due: datetime) -> bool:
        changed = await self.change(REQUEUE, task_id, due)
        if changed:
            self.hints.tell_of_work()
        return changed

    async def change(self, statement: str, *arguments: object) -> bool:
        """Whether the statement met its one row."""
        return rows_touched(await self.pool.execute(statement, *arguments)) == 1


def claimed(row: asyncpg.Record) -> Task:
    return Task(
        task_id=row["task_id"],
        kind=row["kind"],
        key=row["key"],
        trip_id=str(row["trip_id"]) if row["trip_id"] else None,
        subject=row["subject"],
        due=row["due"],
        attempts=row["attempts"],
        sent_before=row["sent_at"] is not None,
        lease=str(row["lease"]),
    )


def shown(row: asyncpg.Record) -> TaskRow:
    return TaskRow(
        task_id=row["task_id"],
        kind=row["kind"],
        key=row["key"],
        trip_id=str(row["trip_id"]) if row["trip_id"] else None,
        subject=row["subject"],
        due=row["due"],
        state=row["state"],
        attempts=row["attempts"],
        sent=row["sent_at"] is not None,
        reason=row["reason"],
    )
