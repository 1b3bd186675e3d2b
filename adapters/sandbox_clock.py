"""The sandbox's time: the machine's, moved forward by an offset all processes share."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from adapters.database import CONNECTION_LOST, Database

FOLLOW_S = 0.2


class SandboxClock:
    """Implements `domain.ports.Clock`. `follow` keeps it at the shared offset."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.offset = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset

    async def read(self) -> None:
        offset_s = await self.database.pool.fetchval(
            "SELECT offset_s FROM tripledger.sandbox_clock"
        )
        self.move_to(float(offset_s))

    async def advance(self, seconds: float) -> datetime:
        """Move time forward for every process; answers the new time."""
        offset_s = await self.database.pool.fetchval(
            "UPDATE tripledger.sandbox_clock SET offset_s = offset_s + $1 RETURNING offset_s",
            seconds,
        )
        self.move_to(float(offset_s))
        return self.now()

    def move_to(self, offset_s: float) -> None:
        """Go forward, never back: an answer asked for earlier may come after a later one."""
        offset = timedelta(seconds=offset_s)
        if offset > self.offset:
            self.offset = offset
            # What was not due before may be due now.
            self.database.hints.work.ring()

    async def follow(self) -> None:
        """Take over what other processes did to the clock, until cancelled."""
        while True:
            await asyncio.sleep(FOLLOW_S)
            try:
                await self.read()
            except CONNECTION_LOST:
                continue
