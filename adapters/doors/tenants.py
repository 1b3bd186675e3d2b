"""What tenants have set for themselves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from adapters.database import Database


class Tenants(Protocol):
    async def redirect_origins(self, tenant: str) -> Sequence[str] | None:
        """Where its travellers may be sent back to; None: it has set nothing."""
        ...

    async def set_redirect_origins(
        self, tenant: str, origins: Sequence[str] | None, now: datetime
    ) -> None:
        """None: as the deployment is set again."""
        ...


class PostgresTenants:
    """Implements `Tenants`."""

    def __init__(self, database: Database) -> None:
        self.pool = database.pool

    async def redirect_origins(self, tenant: str) -> Sequence[str] | None:
        origins: Sequence[str] | None = await self.pool.fetchval(
            "SELECT redirect_origins FROM tripledger.tenants WHERE tenant = $1", tenant
        )
        return origins

    async def set_redirect_origins(
        self, tenant: str, origins: Sequence[str] | None, now: datetime
    ) -> None:
        if origins is None:
            await self.pool.execute("DELETE FROM tripledger.tenants WHERE tenant = $1", tenant)
            return
        await self.pool.execute(
            "INSERT INTO tripledger.tenants (tenant, redirect_origins, changed_at)"
            " VALUES ($1, $2, $3) ON CONFLICT (tenant) DO UPDATE"
            " SET redirect_origins = excluded.redirect_origins, changed_at = excluded.changed_at",
            tenant,
            list(origins),
            now,
        )
