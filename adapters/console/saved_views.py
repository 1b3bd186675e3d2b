"""Searches that the operators of a tenant keep under a name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from adapters.database import Database

VIEWS_MAX = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedView:
    """`query` is what stands behind the question mark of the page's address."""

    name: str
    query: str
    saved_by: str


class SavedViews:
    def __init__(self, database: Database) -> None:
        self.pool = database.pool

    async def listed(self, tenant: str) -> Sequence[SavedView]:
        rows = await self.pool.fetch(
            "SELECT name, query, saved_by FROM tripledger.saved_views"
            " WHERE tenant = $1 ORDER BY lower(name), name LIMIT $2",
            tenant,
            VIEWS_MAX,
        )
        return [SavedView(**dict(row)) for row in rows]

    async def save(self, tenant: str, name: str, query: str, saved_by: str, now: datetime) -> None:
        """Keep it, in place of what had this name."""
        await self.pool.execute(
            "INSERT INTO tripledger.saved_views (tenant, name, query, saved_by, saved_at)"
            " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (tenant, name) DO UPDATE"
            " SET query = excluded.query, saved_by = excluded.saved_by,"
            " saved_at = excluded.saved_at",
            tenant,
            name,
            query,
            saved_by,
            now,
        )

    async def forget(self, tenant: str, name: str) -> None:
        await self.pool.execute(
            "DELETE FROM tripledger.saved_views WHERE tenant = $1 AND name = $2", tenant, name
        )
