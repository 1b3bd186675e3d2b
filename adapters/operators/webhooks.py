"""What providers told us and what came of it: the inbox with the task that each notification is
worked off by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from adapters.database import Database, as_uuid
from adapters.inbox import TASK_KIND
from adapters.operators.paging import Cursor, Page, rows_wanted
from adapters.outbox import TaskState


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRow:
    """A notification. `outcome` says in a word what came of it (None: not looked at yet); the
    task's facts are None for one that told again what was told before."""

    inbox_id: str
    provider: str
    event_id: str
    type: str
    trip_id: str | None
    received_at: datetime
    duplicate_of: str | None
    outcome: str | None
    task_id: int | None
    state: TaskState | None
    attempts: int | None
    due: datetime | None
    reason: str | None


SELECT = """
SELECT i.inbox_id, i.provider, i.event_id, i.type, i.facts ->> 'trip_id' AS trip_id,
    i.received_at, i.duplicate_of, i.outcome, t.task_id, t.state, t.attempts, t.due, t.reason
"""

INBOX_FIRST = """
FROM tripledger.inbox i LEFT JOIN tripledger.tasks t
    ON t.key = 'webhook:' || i.provider || ':' || i.event_id
"""

# Those put aside are few, and found by their tasks.
PARKED_FIRST = f"""
FROM tripledger.tasks t JOIN tripledger.inbox i ON i.inbox_id = t.subject::uuid
WHERE t.state = 'parked' AND t.kind = '{TASK_KIND}'
"""


class PostgresWebhooks:
    """Notifications, the newest first."""

    def __init__(self, database: Database) -> None:
        self.pool = database.pool

    async def page(
        self,
        *,
        provider: str | None = None,
        trip_id: str | None = None,
        failed: bool = False,
        after: str | None = None,
        limit: int = 50,
    ) -> Page[WebhookRow]:
        """`failed`: those that were given up. Raises CursorUnusable."""
        arguments: list[Any] = [rows_wanted(limit)]
        where = ["true"]
        if provider is not None:
            arguments.append(provider)
            where.append(f"i.provider = ${len(arguments)}")
        if trip_id is not None:
            arguments.append(str(as_uuid(trip_id)))
            where.append(f"i.facts ->> 'trip_id' = ${len(arguments)}")
        if after:
            cursor = Cursor.parse(after)
            arguments += (cursor.at, cursor.id)
            here = f"(${len(arguments) - 1}, ${len(arguments)})"
            where.append(f"(i.received_at, i.inbox_id) < {here}")
        begun = f"{PARKED_FIRST} AND " if failed else f"{INBOX_FIRST} WHERE "
        found = await self.pool.fetch(
            f"{SELECT} {begun} {' AND '.join(where)}"
            " ORDER BY i.received_at DESC, i.inbox_id DESC LIMIT $1",
            *arguments,
        )
        rows = tuple(webhook_row(dict(row)) for row in found)
        shown = rows[: rows_wanted(limit) - 1]
        last = shown[-1] if len(rows) > len(shown) else None
        return Page(
            rows=shown,
            after=Cursor(last.received_at, UUID(last.inbox_id)).text() if last else None,
        )


def webhook_row(facts: dict[str, Any]) -> WebhookRow:
    duplicate = facts["duplicate_of"]
    return WebhookRow(
        **facts
        | {
            "inbox_id": str(facts["inbox_id"]),
            "duplicate_of": str(duplicate) if duplicate else None,
        }
    )
