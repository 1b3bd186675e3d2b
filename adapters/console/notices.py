"""What providers told us, newest first, with what came of each notification's task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from adapters.database import Database, as_uuid
from adapters.inbox import COLUMNS, Notice, notice


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeRow:
    """`state` is the task's: ready, leased, done or parked; None: a repetition has no task."""

    notice: Notice
    task_id: int | None
    state: str | None
    attempts: int
    reason: str | None


NOTICE_COLUMNS = ", ".join(f"i.{name.strip()}" for name in COLUMNS.split(","))

NEWEST = f"""
SELECT {NOTICE_COLUMNS}, t.task_id, t.state, t.attempts, t.reason
FROM (
    SELECT * FROM tripledger.inbox
    WHERE ($1::timestamptz IS NULL OR (received_at, inbox_id) < ($1, $2))
        AND ($3::text IS NULL OR provider = $3)
    ORDER BY received_at DESC, inbox_id DESC LIMIT $4
) AS i
LEFT JOIN tripledger.tasks t ON t.key = 'webhook:' || i.provider || ':' || i.event_id
ORDER BY i.received_at DESC, i.inbox_id DESC
"""

LAST_HEARD = """
SELECT p.provider, (
    SELECT max(received_at) FROM tripledger.inbox i WHERE i.provider = p.provider
        AND i.received_at > $2
) AS at
FROM unnest($1::text[]) AS p (provider)
"""


class Notices:
    def __init__(self, database: Database) -> None:
        self.pool = database.pool

    async def page(
        self,
        *,
        provider: str | None = None,
        before: tuple[datetime, str] | None = None,
        limit: int = 50,
    ) -> Sequence[NoticeRow]:
        at, inbox_id = before or (None, None)
        known = as_uuid(inbox_id) if inbox_id else None
        rows = await self.pool.fetch(NEWEST, at, known, provider, limit)
        return [
            NoticeRow(
                notice=notice(row),
                task_id=row["task_id"],
                state=row["state"],
                attempts=row["attempts"] or 0,
                reason=row["reason"],
            )
            for row in rows
        ]

    async def last_heard(
        self, providers: Sequence[str], since: datetime
    ) -> dict[str, datetime | None]:
        """When each provider last told us anything, not looking back behind `since`."""
        rows = await self.pool.fetch(LAST_HEARD, list(providers), since)
        return {row["provider"]: row["at"] for row in rows}
