"""Reports of what the log, the payment provider and the suppliers say differently."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, Protocol
from uuid import uuid4

import asyncpg

from adapters.database import Database, as_uuid
from adapters.event_log.browsing import position_after
from domain.money import Money

# `replayed`: a missed notification was taken in; `repaired`: recorded now; `incident`: people are
# asked on the trip; `reported`: it belongs to no trip, people see it here; `settled`: people have
# dealt with it; `not_compared`: one side gave no answer; `would_…`: what a dry run leaves undone.
Done = Literal[
    "replayed",
    "repaired",
    "incident",
    "reported",
    "settled",
    "not_compared",
    "would_replay",
    "would_repair",
    "would_open_incident",
]
SETTLED: frozenset[Done] = frozenset(("replayed", "repaired", "settled"))
# A run that has given no sign of life for so long was killed.
DEAD_AFTER = timedelta(minutes=5)
KEPT = timedelta(days=90)
LOCK = 5_276_301


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One difference, as of one run. `happened_at` is when the newer side came about, where that
    is known; `first_seen_at` when a run first met the difference."""

    key: str
    code: str
    subject: str
    ours: str
    theirs: str
    at_stake: Money | None
    done: Done
    tenant: str | None = None
    trip_id: str | None = None
    happened_at: datetime | None = None
    first_seen_at: datetime | None = None

    @property
    def stays(self) -> bool:
        return self.done not in SETTLED

    @property
    def begun_at(self) -> datetime | None:
        return self.happened_at or self.first_seen_at


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCompared:
    """The finished runs of one day (UTC): `differences` were found, `staying` were not settled by
    the end of the last of them, at `ended_at`."""

    day: date
    runs: int
    ended_at: datetime
    differences: int
    staying: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """`trip_id`: only that trip was compared. Not finished: it is under way, or was killed."""

    run_id: str
    started_at: datetime
    since: datetime
    trip_id: str | None = None
    finished_at: datetime | None = None
    compared: int = 0


class Reconciliations(Protocol):
    """The runs, and what each has found."""

    async def claim(
        self, now: datetime, *, every: timedelta, overlap: timedelta, first_look: timedelta
    ) -> Run | None:
        """Begin the run that is due; None: none is, or another process has it. It compares what
        has moved since the last finished one began."""
        ...

    async def begin(self, now: datetime, since: datetime, trip_id: str | None) -> Run:
        """Begin a run that somebody asks for; what is old is thrown away."""
        ...

    async def alive(self, run: Run, now: datetime, compared: int) -> None: ...

    async def add(self, run: Run, drift: Drift, now: datetime) -> None:
        """Told again by the same run, only what was done about it changes."""
        ...

    async def finish(self, run: Run, now: datetime, compared: int) -> None: ...

    async def last(self, *, of_one_trip: bool = False) -> Run | None:
        """The newest finished run; of all trips, unless those of one trip count too."""
        ...

    async def drifts(self, run: Run, tenant: str | None = None) -> Sequence[Drift]:
        """What a run has found, the longest known first; for one tenant, or for all and for
        what is nobody's."""
        ...

    async def trips_since(self, since: datetime) -> list[str]:
        """Trips with a checkout of which something was recorded since then."""
        ...

    async def accept(self, key: str, reason: str, by: str, now: datetime) -> None:
        """It is right as it is: it will count as settled. Whoever says so first is kept."""
        ...

    async def accepted(self, keys: Sequence[str]) -> set[str]:
        """Which of these were accepted."""
        ...


# Nobody else has begun one within `every`, or whoever did is dead.
CLAIM = """
INSERT INTO tripledger.reconciliations (run_id, started_at, alive_at, since)
SELECT $1::uuid, $2::timestamptz, $2, coalesce(
    (SELECT max(started_at) - $5::interval FROM tripledger.reconciliations
     WHERE trip_id IS NULL AND finished_at IS NOT NULL), $2 - $6::interval)
WHERE NOT EXISTS (
    SELECT FROM tripledger.reconciliations
    WHERE trip_id IS NULL AND started_at > $2 - $3::interval
      AND (finished_at IS NOT NULL OR alive_at > $2 - $4::interval)
)
RETURNING run_id, started_at, since, trip_id, finished_at, compared
"""

ADD = """
INSERT INTO tripledger.drifts (run_id, drift_key, tenant, trip_id, code, subject, ours, theirs,
    amount, currency, happened_at, first_seen_at, done)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,
    coalesce((SELECT min(first_seen_at) FROM tripledger.drifts WHERE drift_key = $2), $12), $13)
ON CONFLICT (run_id, drift_key) DO UPDATE SET done = excluded.done
"""

# The newest that ended is the report; what one under way has found so far is no report yet.
NEWEST = """
SELECT run_id, started_at, since, trip_id, finished_at, compared
FROM tripledger.reconciliations WHERE finished_at IS NOT NULL AND ($1 OR trip_id IS NULL)
ORDER BY started_at DESC LIMIT 1
"""

DRIFTS = """
SELECT * FROM tripledger.drifts
WHERE run_id = $1 AND ($2::text IS NULL OR tenant = $2) ORDER BY first_seen_at, drift_key
"""

# What the last run of each day found, and what was put right by the earlier ones.
OF_DAYS = """
WITH runs AS (
    SELECT run_id, started_at, finished_at, (started_at AT TIME ZONE 'UTC')::date AS day,
        row_number() OVER (
            PARTITION BY (started_at AT TIME ZONE 'UTC')::date ORDER BY started_at DESC
        ) AS nth
    FROM tripledger.reconciliations
    WHERE finished_at IS NOT NULL AND trip_id IS NULL
      AND started_at >= $1::date::timestamp AT TIME ZONE 'UTC'
      AND started_at < ($2::date + 1)::timestamp AT TIME ZONE 'UTC'
), found AS (
    SELECT DISTINCT ON (r.day, d.drift_key) r.day, d.*
    FROM runs r JOIN tripledger.drifts d USING (run_id)
    WHERE ($3::text IS NULL OR d.tenant = $3) AND (r.nth = 1 OR d.done = ANY($4))
    ORDER BY r.day, d.drift_key, r.nth
)
"""

DAYS = (
    OF_DAYS
    + """
SELECT r.day, r.runs::int, r.ended_at, count(f.drift_key)::int AS differences,
    count(f.drift_key) FILTER (WHERE f.done <> ALL($4))::int AS staying
FROM (SELECT day, count(*) AS runs, max(finished_at) AS ended_at FROM runs GROUP BY day) AS r
LEFT JOIN found f USING (day) GROUP BY r.day, r.runs, r.ended_at ORDER BY r.day DESC
"""
)

DRIFTS_OF_DAY = OF_DAYS + "SELECT * FROM found ORDER BY first_seen_at, drift_key LIMIT $5"

# Trips that were ever about to be paid, of which anything was recorded since a position.
TRIPS = """
SELECT DISTINCT e.trip_id::text AS trip_id FROM tripledger.trip_events e
WHERE e.notification_id >= $1
  AND EXISTS (SELECT FROM tripledger.trip_events c
              WHERE c.trip_id = e.trip_id AND c.topic = 'trip.checkout-initialized.v1')
ORDER BY 1
"""


class PostgresReconciliations:
    """Implements `Reconciliations`, and shows people what was found day by day. Any number of
    processes may ask; of the regular runs only one is under way."""

    def __init__(self, database: Database) -> None:
        self.pool = database.pool

    async def claim(
        self, now: datetime, *, every: timedelta, overlap: timedelta, first_look: timedelta
    ) -> Run | None:
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
            row = await connection.fetchrow(
                CLAIM, uuid4(), now, every, DEAD_AFTER, overlap, first_look
            )
        return run_of(row) if row else None

    async def begin(self, now: datetime, since: datetime, trip_id: str | None) -> Run:
        await self.pool.execute(
            "DELETE FROM tripledger.reconciliations WHERE started_at < $1", now - KEPT
        )
        row = await self.pool.fetchrow(
            "INSERT INTO tripledger.reconciliations (run_id, started_at, alive_at, since, trip_id)"
            " VALUES ($1, $2, $2, $3, $4)"
            " RETURNING run_id, started_at, since, trip_id, finished_at, compared",
            uuid4(),
            now,
            since,
            as_uuid(trip_id) if trip_id else None,
        )
        return run_of(row)

    async def alive(self, run: Run, now: datetime, compared: int) -> None:
        await self.pool.execute(
            "UPDATE tripledger.reconciliations SET alive_at = $2, compared = $3 WHERE run_id = $1",
            as_uuid(run.run_id),
            now,
            compared,
        )

    async def add(self, run: Run, drift: Drift, now: datetime) -> None:
        stake = drift.at_stake
        await self.pool.execute(
            ADD,
            as_uuid(run.run_id),
            drift.key,
            drift.tenant,
            as_uuid(drift.trip_id) if drift.trip_id else None,
            drift.code,
            drift.subject,
            drift.ours,
            drift.theirs,
            stake.amount if stake else None,
            stake.currency if stake else None,
            drift.happened_at,
            now,
            drift.done,
        )

    async def finish(self, run: Run, now: datetime, compared: int) -> None:
        await self.pool.execute(
            "UPDATE tripledger.reconciliations"
            " SET finished_at = $2, alive_at = $2, compared = $3 WHERE run_id = $1",
            as_uuid(run.run_id),
            now,
            compared,
        )

    async def last(self, *, of_one_trip: bool = False) -> Run | None:
        row = await self.pool.fetchrow(NEWEST, of_one_trip)
        return run_of(row) if row else None

    async def drifts(self, run: Run, tenant: str | None = None) -> Sequence[Drift]:
        rows = await self.pool.fetch(DRIFTS, as_uuid(run.run_id), tenant)
        return [drift_of(row) for row in rows]

    async def days(
        self, since: date, until: date, tenant: str | None = None
    ) -> Sequence[DayCompared]:
        """The days on which everything was compared, both ends included, the newest first."""
        rows = await self.pool.fetch(DAYS, since, until, tenant, list(SETTLED))
        return [DayCompared(**dict(row)) for row in rows]

    async def drifts_of_day(
        self, day: date, tenant: str | None = None, *, limit: int
    ) -> Sequence[Drift]:
        """What the day's last run found and what was put right on it, the longest known first."""
        rows = await self.pool.fetch(DRIFTS_OF_DAY, day, day, tenant, list(SETTLED), limit)
        return [drift_of(row) for row in rows]

    async def trips_since(self, since: datetime) -> list[str]:
        first = await position_after(self.pool, since)
        return [row["trip_id"] for row in await self.pool.fetch(TRIPS, first)]

    async def reported(self, key: str) -> bool:
        """Whether a run that is still kept found it, and that it belongs to no trip."""
        query = "SELECT EXISTS (SELECT FROM tripledger.drifts WHERE drift_key = $1 AND done = $2)"
        return bool(await self.pool.fetchval(query, key, "reported"))

    async def accept(self, key: str, reason: str, by: str, now: datetime) -> None:
        await self.pool.execute(
            "INSERT INTO tripledger.accepted_drifts (drift_key, reason, accepted_by, accepted_at)"
            " VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
            key,
            reason,
            by,
            now,
        )

    async def accepted(self, keys: Sequence[str]) -> set[str]:
        rows = await self.pool.fetch(
            "SELECT drift_key FROM tripledger.accepted_drifts WHERE drift_key = ANY($1)", list(keys)
        )
        return {row["drift_key"] for row in rows}


def run_of(row: asyncpg.Record) -> Run:
    return Run(
        run_id=str(row["run_id"]),
        started_at=row["started_at"],
        since=row["since"],
        trip_id=str(row["trip_id"]) if row["trip_id"] else None,
        finished_at=row["finished_at"],
        compared=row["compared"],
    )


def drift_of(row: asyncpg.Record) -> Drift:
    return Drift(
        key=row["drift_key"],
        code=row["code"],
        subject=row["subject"],
        ours=row["ours"],
        theirs=row["theirs"],
        at_stake=None if row["amount"] is None else Money(row["amount"], row["currency"]),
        done=row["done"],
        tenant=row["tenant"],
        trip_id=str(row["trip_id"]) if row["trip_id"] else None,
        happened_at=row["happened_at"],
        first_seen_at=row["first_seen_at"],
    )
