"""Who did and saw what: written down before it is done or shown, and never changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import asyncpg

from adapters.database import Database, as_uuid

COLUMNS = "act_id, acted_at, operator, tenant, act, trip_id, subject, reason, request_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAct:
    """`act` in a few words, `subject` what of the trip (or else) it was about; no secrets and no
    personal data. `tenant` is empty where it was about every tenant's."""

    acted_at: datetime
    operator: str
    tenant: str
    act: str
    trip_id: str | None = None
    subject: str = ""
    reason: str = ""
    request_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Act(NewAct):
    """As it stands in the book."""

    act_id: int


class Acts(Protocol):
    """The book that the audit page reads."""

    async def write(self, act: NewAct) -> None: ...

    async def page(
        self,
        tenant: str | None,
        *,
        operator: str | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> Sequence[Act]:
        """The newest first; `tenant` None: everybody's."""
        ...

    async def of_trip(self, trip_id: str, limit: int = 100) -> Sequence[Act]:
        """The newest first."""
        ...


class PostgresActs:
    """Implements `Acts`."""

    def __init__(self, database: Database) -> None:
        self.pool = database.pool

    async def write(self, act: NewAct) -> None:
        await self.pool.execute(
            "INSERT INTO tripledger.operator_acts"
            " (acted_at, operator, tenant, act, trip_id, subject, reason, request_id)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            act.acted_at,
            act.operator,
            act.tenant,
            act.act,
            as_uuid(act.trip_id) if act.trip_id else None,
            act.subject,
            act.reason,
            act.request_id,
        )

    async def page(
        self,
        tenant: str | None,
        *,
        operator: str | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> Sequence[Act]:
        rows = await self.pool.fetch(
            f"SELECT {COLUMNS} FROM tripledger.operator_acts"
            " WHERE ($1::text IS NULL OR tenant = $1) AND ($2::text IS NULL OR operator = $2)"
            " AND ($3::bigint IS NULL OR act_id < $3) ORDER BY act_id DESC LIMIT $4",
            tenant,
            operator,
            before,
            limit,
        )
        return [act_of(row) for row in rows]

    async def of_trip(self, trip_id: str, limit: int = 100) -> Sequence[Act]:
        rows = await self.pool.fetch(
            f"SELECT {COLUMNS} FROM tripledger.operator_acts"
            " WHERE trip_id = $1 ORDER BY act_id DESC LIMIT $2",
            as_uuid(trip_id),
            limit,
        )
        return [act_of(row) for row in rows]


def act_of(row: asyncpg.Record) -> Act:
    return Act(**{**row, "trip_id": str(row["trip_id"]) if row["trip_id"] else None})
