"""What of the work is in trouble: tried in vain, overdue, or put aside for a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from adapters.database import Database
from adapters.outbox import TaskRow, shown

ROWS_MAX = 20
LOOKED_AT_MAX = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkOf:
    """Work of one kind: how much should be done by now, how much of it was tried in vain, and how
    much is put aside."""

    kind: str
    waiting: int
    troubled: int
    stopped: int
    reason: str


# What comes next, or should be done by now, is at the front of the open tasks: deadlines of trips
# that are well may be many behind it. Whose a task is follows from its trip's first event.
WORK = """
WITH looked_at AS (
    (
        SELECT kind, state, trip_id, due, reason FROM tripledger.tasks
        WHERE state IN ('ready', 'leased')
        ORDER BY coalesce(lease_until, due), task_id LIMIT $3
    )
    UNION ALL
    (
        SELECT kind, state, trip_id, due, reason FROM tripledger.tasks
        WHERE state = 'parked' ORDER BY task_id DESC LIMIT $3
    )
)
SELECT t.kind,
    count(*) FILTER (
        WHERE t.state <> 'parked' AND (t.due <= $2 OR t.reason IS NOT NULL)
    ) AS waiting,
    count(*) FILTER (WHERE t.state = 'ready' AND t.reason IS NOT NULL) AS troubled,
    count(*) FILTER (WHERE t.state = 'parked') AS stopped,
    coalesce(max(t.reason), '') AS reason
FROM looked_at t
WHERE $1::text IS NULL OR EXISTS (
    SELECT FROM tripledger.trip_events e WHERE e.trip_id = t.trip_id AND e.tenant = $1
)
GROUP BY t.kind ORDER BY t.kind
"""

STOPPED = """
SELECT t.task_id, t.kind, t.key, t.trip_id, t.subject, t.due, t.state, t.attempts, t.sent_at,
    t.reason
FROM tripledger.tasks t
WHERE t.state = 'parked' AND ($1::text IS NULL OR EXISTS (
    SELECT FROM tripledger.trip_events e WHERE e.trip_id = t.trip_id AND e.tenant = $1
))
ORDER BY t.task_id DESC LIMIT $2
"""


LAST_HEARD = """
SELECT provider, max(received_at) AS at FROM (
    SELECT provider, received_at FROM tripledger.inbox
    ORDER BY received_at DESC, inbox_id DESC LIMIT $1
) AS newest
GROUP BY provider
"""


# Each endpoint's open deliveries are counted as far as somebody wants to know.
TOLD = """
SELECT count(*)::int AS endpoints,
    count(e.disabled_at)::int AS disabled,
    (count(e.failing_since) FILTER (WHERE e.disabled_at IS NULL))::int AS failing,
    coalesce(sum(o.waiting), 0)::int AS waiting
FROM tripledger.webhook_endpoints e
LEFT JOIN LATERAL (
    SELECT count(*) AS waiting FROM (
        SELECT FROM tripledger.webhook_deliveries d
        WHERE d.endpoint_id = e.endpoint_id AND d.state = 'open' LIMIT $2
    ) AS open
) AS o ON true
WHERE $1::text IS NULL OR e.tenant = $1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """How telling tenants by webhook goes: endpoints, and events on their way to them."""

    endpoints: int
    disabled: int
    failing: int
    waiting: int


class Troubles:
    def __init__(self, database: Database) -> None:
        self.pool = database.pool

    async def work(self, tenant: str | None, now: datetime) -> Sequence[WorkOf]:
        return [
            WorkOf(**dict(row)) for row in await self.pool.fetch(WORK, tenant, now, LOOKED_AT_MAX)
        ]

    async def stopped(self, tenant: str | None) -> Sequence[TaskRow]:
        return [shown(row) for row in await self.pool.fetch(STOPPED, tenant, ROWS_MAX)]

    async def told(self, tenant: str | None) -> Told:
        return Told(**dict(await self.pool.fetchrow(TOLD, tenant, LOOKED_AT_MAX)))

    async def last_heard(self) -> dict[str, datetime]:
        """When each provider that is among the newest notifications last told us anything."""
        rows = await self.pool.fetch(LAST_HEARD, LOOKED_AT_MAX)
        return {row["provider"]: row["at"] for row in rows}
