"""What tenants have set for themselves, in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime


class MemoryTenants:
    """Implements `adapters.doors.tenants.Tenants`."""

    def __init__(self) -> None:
        self.origins: dict[str, list[str]] = {}

    async def redirect_origins(self, tenant: str) -> Sequence[str] | None:
        await asyncio.sleep(0)
        return self.origins.get(tenant)

    async def set_redirect_origins(
        self, tenant: str, origins: Sequence[str] | None, now: datetime
    ) -> None:
        await asyncio.sleep(0)
        if origins is None:
            self.origins.pop(tenant, None)
        else:
            self.origins[tenant] = list(origins)
