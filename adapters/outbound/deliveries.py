"""What is on its way to tenants' endpoints: made out from the log, claimed under a lease, tried
until it arrives, and kept with every attempt for whoever asks what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import asyncpg

from adapters.database import Database, as_uuid, rows_touched
from adapters.outbound.endpoints import COLUMNS, Endpoint, endpoint_of
from adapters.outbound.posting import Attempted

DeliveryState = Literal["open", "delivered", "failed"]

# Of one endpoint at once; of one that fails again and again, a single one to see how it is.
IN_FLIGHT_MAX = 4
FAILURES_MANY = 5
OPEN_MANY = 1_000

ENDPOINT_FIELDS = tuple(name.strip() for name in COLUMNS.split(","))
OF_ENDPOINT = ", ".join(f"w.{name}" for name in ENDPOINT_FIELDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """An event on its way to an endpoint. Without a `position` it is a test."""

    delivery_id: str
    endpoint_id: str
    position: int | None
    event_id: str
    trip_id: str | None
    topic: str
    happened_at: datetime
    state: DeliveryState
    due: datetime
    attempts: int
    finished_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A delivery that is nobody else's to try before the lease is over."""

    delivery: Delivery
    endpoint: Endpoint
    lease: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try and its answer, as it is kept."""

    delivery_id: str
    at: datetime
    status: int | None
    duration_ms: int
    error: str | None
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What an attempt means: for the delivery its state, and when it is `due` again while it is
    open; for the endpoint whether it rests or is disabled."""

    state: DeliveryState
    due: datetime
    rest_until: datetime | None = None
    disabled_because: str | None = None


OF_DELIVERY = """delivery_id, endpoint_id, position, event_id, trip_id, topic, happened_at, state,
    due, attempts, finished_at"""

# The log is the queue: of an endpoint that takes nothing not more than so much is made out.
BEHIND = f"""
SELECT w.endpoint_id::text FROM tripledger.webhook_endpoints w
WHERE w.disabled_at IS NULL AND EXISTS (
    SELECT 1 FROM tripledger.trip_events e
    WHERE e.tenant = w.tenant AND e.notification_id > w.position
) AND (
    SELECT count(*) FROM (
        SELECT 1 FROM tripledger.webhook_deliveries d
        WHERE d.endpoint_id = w.endpoint_id AND d.state = 'open' LIMIT {OPEN_MANY}
    ) waiting
) < {OPEN_MANY}
ORDER BY w.position
"""

# The deliveries and the position: both or neither. What is made out again after a replay is sent
# again. The log is read so that only the tenant's own index can answer.
FOLLOW = """
WITH here AS (
    SELECT endpoint_id, tenant, position, topics FROM tripledger.webhook_endpoints
    WHERE endpoint_id = $1 AND disabled_at IS NULL
    FOR UPDATE SKIP LOCKED
), page AS (
    SELECT here.endpoint_id, here.topics, e.*
    FROM here CROSS JOIN LATERAL (
        SELECT e.notification_id, e.event_id, e.trip_id, e.topic, e.recorded_at
        FROM tripledger.trip_events e
        WHERE (e.tenant, e.notification_id) > (here.tenant, here.position)
            AND e.tenant <= here.tenant
        ORDER BY e.tenant, e.notification_id LIMIT $3
    ) e
), made AS (
    INSERT INTO tripledger.webhook_deliveries (
        endpoint_id, position, event_id, trip_id, topic, happened_at, due
    )
    SELECT endpoint_id, notification_id, event_id, trip_id, topic, recorded_at, $2 FROM page
    WHERE topic LIKE ANY (SELECT replace(pattern, '*', '%') FROM unnest(topics) pattern)
    ON CONFLICT (endpoint_id, position) DO UPDATE
    SET state = 'open', due = excluded.due, attempts = 0, lease = NULL, lease_until = NULL,
        finished_at = NULL
    RETURNING 1
)
UPDATE tripledger.webhook_endpoints w SET position = read.until
FROM (SELECT max(notification_id) AS until, count(*) AS events FROM page) read
WHERE w.endpoint_id = $1 AND read.until IS NOT NULL
RETURNING read.events, (SELECT count(*) FROM made) AS made
"""

# An endpoint that is told in order has only its oldest open delivery to claim, and none beyond
# where it is: behind that everything is made out anew.
CLAIMABLE = """
    o.endpoint_id = w.endpoint_id AND o.state = 'open' AND (
        o.position IS NULL OR (o.position <= w.position AND (
            NOT w.ordered OR o.position = (
                SELECT min(x.position) FROM tripledger.webhook_deliveries x
                WHERE x.endpoint_id = w.endpoint_id AND x.state = 'open'
            )
        ))
    )
"""

CLAIM = f"""
WITH picked AS (
    SELECT d.delivery_id
    FROM tripledger.webhook_endpoints w CROSS JOIN LATERAL (
        SELECT o.delivery_id, coalesce(o.lease_until, o.due) AS since
        FROM tripledger.webhook_deliveries o
        WHERE {CLAIMABLE} AND coalesce(o.lease_until, o.due) <= $1
        ORDER BY coalesce(o.lease_until, o.due), o.position
        LIMIT greatest(0, (CASE WHEN w.failures >= {FAILURES_MANY} THEN 1 ELSE {IN_FLIGHT_MAX} END)
            - (SELECT count(*) FROM tripledger.webhook_deliveries l
               WHERE l.endpoint_id = w.endpoint_id AND l.state = 'open' AND l.lease_until > $1))
    ) d
    WHERE w.disabled_at IS NULL AND (w.rest_until IS NULL OR w.rest_until <= $1)
    ORDER BY d.since LIMIT $2
), free AS (
    SELECT delivery_id FROM tripledger.webhook_deliveries
    WHERE delivery_id IN (SELECT delivery_id FROM picked) AND state = 'open'
        AND coalesce(lease_until, due) <= $1
    FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE tripledger.webhook_deliveries t
    SET lease = gen_random_uuid(), lease_until = $3, attempts = t.attempts + 1
    FROM free WHERE t.delivery_id = free.delivery_id
    RETURNING t.*
)
SELECT claimed.lease,
    claimed.delivery_id, claimed.position AS at_position, claimed.event_id, claimed.trip_id,
    claimed.topic, claimed.happened_at, claimed.state, claimed.due, claimed.attempts,
    claimed.finished_at, {OF_ENDPOINT}
FROM claimed JOIN tripledger.webhook_endpoints w USING (endpoint_id)
ORDER BY claimed.due, claimed.position
"""

NEXT_DUE = f"""
SELECT min(greatest(d.since, w.rest_until))
FROM tripledger.webhook_endpoints w CROSS JOIN LATERAL (
    SELECT coalesce(o.lease_until, o.due) AS since FROM tripledger.webhook_deliveries o
    WHERE {CLAIMABLE}
    ORDER BY coalesce(o.lease_until, o.due) LIMIT 1
) d
WHERE w.disabled_at IS NULL
"""

RECORD = """
UPDATE tripledger.webhook_deliveries
SET state = $3, due = $4, lease = NULL, lease_until = NULL,
    finished_at = CASE WHEN $3 <> 'open' THEN $5::timestamptz END
WHERE delivery_id = $1 AND lease = $2
"""

# Kept also where the lease was lost: it happened.
KEEP_ATTEMPT = """
INSERT INTO tripledger.webhook_attempts (delivery_id, at, status, duration_ms, error, answer)
SELECT delivery_id, $2, $3, $4, $5, $6 FROM tripledger.webhook_deliveries WHERE delivery_id = $1
"""

WELL = """
UPDATE tripledger.webhook_endpoints
SET failures = 0, failing_since = NULL, rest_until = NULL
WHERE endpoint_id = $1 AND failures > 0
"""

ILL = """
UPDATE tripledger.webhook_endpoints
SET failures = failures + 1, failing_since = coalesce(failing_since, $2), rest_until = $3,
    disabled_at = coalesce(disabled_at, CASE WHEN $4::text IS NOT NULL THEN $2 END),
    disabled_because = coalesce(disabled_because, $4)
WHERE endpoint_id = $1
"""

GIVE_BACK = """
UPDATE tripledger.webhook_deliveries
SET lease = NULL, lease_until = NULL, attempts = attempts - 1
WHERE delivery_id = $1 AND lease = $2
"""

RESEND = """
UPDATE tripledger.webhook_deliveries
SET state = 'open', due = $2, attempts = 0, lease = NULL, lease_until = NULL, finished_at = NULL
WHERE delivery_id = $1
"""

PAGE = f"""
SELECT {OF_DELIVERY} FROM tripledger.webhook_deliveries
WHERE endpoint_id = $1 AND ($2::text IS NULL OR state = $2)
    AND ($3::bigint IS NULL OR position < $3)
ORDER BY position DESC NULLS FIRST, happened_at DESC LIMIT $4
"""


class PostgresDeliveries:
    """Deliveries of all tenants."""

    def __init__(self, database: Database) -> None:
        self.pool = database.pool
        self.hints = database.hints

    async def behind(self) -> Sequence[str]:
        """The endpoints with events of their tenant that they have not come to yet, and without too
        many deliveries on their way."""
        return [row["endpoint_id"] for row in await self.pool.fetch(BEHIND)]

    async def follow(self, endpoint_id: str, now: datetime, limit: int) -> int:
        """Make out the deliveries of so many further events; answers how many there were."""
        row = await self.pool.fetchrow(FOLLOW, as_uuid(endpoint_id), now, limit)
        if row is None:
            return 0
        if row["made"]:
            self.hints.tell_of_work()
        return int(row["events"])

    async def claim(self, now: datetime, limit: int, lease_s: float) -> Sequence[Claimed]:
        rows = await self.pool.fetch(CLAIM, now, limit, now + timedelta(seconds=lease_s))
        return [claimed_of(row) for row in rows]

    async def next_due(self) -> datetime | None:
        """When there may next be something to claim."""
        due: datetime | None = await self.pool.fetchval(NEXT_DUE)
        return due

    async def changed(self, timeout_s: float) -> None:
        await self.hints.work.wait(timeout_s)

    async def record(
        self, claimed: Claimed, attempted: Attempted, verdict: Verdict, now: datetime
    ) -> None:
        """Keep the attempt and what it means, for the delivery and for its endpoint."""
        delivery = claimed.delivery
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.execute(
                RECORD, delivery.delivery_id, claimed.lease, verdict.state, verdict.due, now
            )
            await connection.execute(
                KEEP_ATTEMPT,
                delivery.delivery_id,
                now,
                attempted.status,
                attempted.duration_ms,
                attempted.error,
                attempted.answer,
            )
            if verdict.state == "delivered":
                await connection.execute(WELL, delivery.endpoint_id)
            elif delivery.position is not None or verdict.disabled_because is not None:
                await connection.execute(
                    ILL, delivery.endpoint_id, now, verdict.rest_until, verdict.disabled_because
                )

    async def give_back(self, claimed: Claimed) -> None:
        """Let somebody else try it now: this attempt was cut short by ourselves."""
        await self.pool.execute(GIVE_BACK, claimed.delivery.delivery_id, claimed.lease)
        self.hints.tell_of_work()

    async def add_test(
        self, endpoint_id: str, event_id: str, topic: str, now: datetime
    ) -> Delivery:
        """A delivery that tells of nothing; the same `event_id` is the same delivery."""
        row = await self.pool.fetchrow(
            "INSERT INTO tripledger.webhook_deliveries"
            " (delivery_id, endpoint_id, event_id, topic, happened_at, due)"
            " VALUES ($1, $2, $1, $3, $4, $4)"
            " ON CONFLICT (delivery_id) DO UPDATE SET topic = excluded.topic"
            f" RETURNING {OF_DELIVERY}",
            as_uuid(event_id),
            as_uuid(endpoint_id),
            topic,
            now,
        )
        self.hints.tell_of_work()
        return delivery_of(dict(row))

    async def get(self, endpoint_id: str, delivery_id: str) -> Delivery | None:
        row = await self.pool.fetchrow(
            f"SELECT {OF_DELIVERY} FROM tripledger.webhook_deliveries"
            " WHERE delivery_id = $1 AND endpoint_id = $2",
            as_uuid(delivery_id),
            as_uuid(endpoint_id),
        )
        return delivery_of(dict(row)) if row else None

    async def resend(self, delivery_id: str, now: datetime) -> bool:
        """Try it anew, whatever became of it before; False: there is none."""
        status = await self.pool.execute(RESEND, as_uuid(delivery_id), now)
        self.hints.tell_of_work()
        return rows_touched(status) == 1

    async def page(
        self, endpoint_id: str, state: DeliveryState | None, before: int | None, limit: int
    ) -> Sequence[Delivery]:
        """The newest first, by position; tests before all others."""
        rows = await self.pool.fetch(PAGE, as_uuid(endpoint_id), state, before, limit)
        return [delivery_of(dict(row)) for row in rows]

    async def attempts_of(self, delivery_ids: Sequence[str]) -> Mapping[str, list[Attempt]]:
        """Every attempt of each, the first first."""
        rows = await self.pool.fetch(
            "SELECT delivery_id::text, at, status, duration_ms, error, answer"
            " FROM tripledger.webhook_attempts WHERE delivery_id = ANY($1::uuid[])"
            " ORDER BY attempt_id",
            [as_uuid(each) for each in delivery_ids],
        )
        found: dict[str, list[Attempt]] = {each: [] for each in delivery_ids}
        for row in rows:
            found[row["delivery_id"]].append(Attempt(**row))
        return found

    async def purge(self, before: datetime) -> int:
        """Throw away what was done with before then; the log still has the events."""
        status = await self.pool.execute(
            "DELETE FROM tripledger.webhook_deliveries WHERE state <> 'open' AND finished_at < $1",
            before,
        )
        return rows_touched(status)


def delivery_of(facts: Mapping[str, Any]) -> Delivery:
    trip_id = facts["trip_id"]
    return Delivery(
        **dict(facts)
        | {
            "delivery_id": str(facts["delivery_id"]),
            "endpoint_id": str(facts["endpoint_id"]),
            "event_id": str(facts["event_id"]),
            "trip_id": str(trip_id) if trip_id else None,
        }
    )


def claimed_of(row: asyncpg.Record) -> Claimed:
    facts = dict(row)
    lease, at_position = facts.pop("lease"), facts.pop("at_position")
    of_delivery = {name.strip() for name in OF_DELIVERY.split(",")}
    own = {name: facts[name] for name in of_delivery - {"position"}}
    return Claimed(
        delivery=delivery_of(own | {"position": at_position}),
        endpoint=endpoint_of({name: facts[name] for name in ENDPOINT_FIELDS}),
        lease=str(lease),
    )
