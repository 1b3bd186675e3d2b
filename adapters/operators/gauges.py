"""How things stand at a glance, for the front page and for metrics: all of it from indexes that
hold only what is open, so that it costs the same however much is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from adapters.database import Database
from adapters.inbox import TASK_KIND
from domain.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyAtRisk:
    """Captured and neither fulfilled nor given back: `oldest` since then it is so."""

    trips: int
    oldest: datetime | None
    amounts: tuple[Money, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIncidents:
    count: int
    unowned: int
    oldest: datetime | None
    at_stake: tuple[Money, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """`overdue_since`: when the task that has waited longest was due (None: none is overdue)."""

    open: int
    parked: int
    overdue_since: datetime | None
    parked_webhooks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """How far a live read model is behind: in events at most, and since when the oldest waits."""

    behind: int
    waiting_since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauges:
    money: MoneyAtRisk
    incidents: OpenIncidents
    work: Work
    projections: Mapping[str, Lag]


MONEY = """
SELECT currency, count(*)::int AS trips, sum(unfulfilled)::bigint AS amount,
    min(unfulfilled_since) AS oldest
FROM tripledger.read_trip_list
WHERE version = tripledger.live_version('trip_list')
    AND found_by @> ARRAY['money:unfulfilled'] AND ($1::text IS NULL OR tenant = $1)
GROUP BY currency ORDER BY currency
"""

INCIDENTS = """
SELECT currency, count(*)::int AS count, count(*) FILTER (WHERE owner IS NULL)::int AS unowned,
    sum(amount)::bigint AS amount, min(opened_at) AS oldest
FROM tripledger.read_incidents
WHERE version = tripledger.live_version('incidents') AND state = 'open'
    AND ($1::text IS NULL OR tenant = $1)
GROUP BY currency ORDER BY currency
"""

WORK = """
SELECT
    (SELECT count(*)::int FROM tripledger.tasks WHERE state IN ('ready', 'leased')) AS open,
    (SELECT count(*)::int FROM tripledger.tasks WHERE state = 'parked') AS parked,
    (SELECT count(*)::int FROM tripledger.tasks WHERE state = 'parked' AND kind = $2)
        AS parked_webhooks,
    (SELECT coalesce(lease_until, due) FROM tripledger.tasks
     WHERE state IN ('ready', 'leased') AND coalesce(lease_until, due) <= $1
     ORDER BY coalesce(lease_until, due), task_id LIMIT 1) AS overdue_since
"""

LAG = """
SELECT c.name, coalesce(last.position, 0) - c.position AS behind, next.recorded_at
FROM tripledger.checkpoints c
LEFT JOIN LATERAL (
    SELECT notification_id AS position FROM tripledger.trip_events
    ORDER BY notification_id DESC LIMIT 1
) AS last ON true
LEFT JOIN LATERAL (
    SELECT recorded_at FROM tripledger.trip_events WHERE notification_id > c.position
    ORDER BY notification_id LIMIT 1
) AS next ON true
WHERE c.live ORDER BY c.name
"""


class PostgresGauges:
    def __init__(self, database: Database) -> None:
        self.pool = database.pool

    async def read(self, now: datetime, tenant: str | None = None) -> Gauges:
        """Money and incidents of one tenant or of all; work and lag are everybody's."""
        money = await self.pool.fetch(MONEY, tenant)
        incidents = await self.pool.fetch(INCIDENTS, tenant)
        work = await self.pool.fetchrow(WORK, now, TASK_KIND)
        lag = await self.pool.fetch(LAG)
        return Gauges(
            money=MoneyAtRisk(
                trips=sum(row["trips"] for row in money),
                oldest=min((row["oldest"] for row in money), default=None),
                amounts=tuple(Money(row["amount"], row["currency"]) for row in money),
            ),
            incidents=OpenIncidents(
                count=sum(row["count"] for row in incidents),
                unowned=sum(row["unowned"] for row in incidents),
                oldest=min((row["oldest"] for row in incidents), default=None),
                at_stake=tuple(
                    Money(row["amount"], row["currency"]) for row in incidents if row["currency"]
                ),
            ),
            work=Work(**dict(work)),
            projections={
                row["name"]: Lag(behind=max(row["behind"], 0), waiting_since=row["recorded_at"])
                for row in lag
            },
        )
