"""Read models that somebody holds where they are, so that nothing changes under their eyes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from adapters.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    name: str
    paused_by: str
    reason: str
    paused_at: datetime


class Pauses:
    def __init__(self, database: Database) -> None:
        self.pool = database.pool

    async def listed(self) -> dict[str, Pause]:
        rows = await self.pool.fetch(
            "SELECT name, paused_by, reason, paused_at FROM tripledger.projection_pauses"
        )
        return {row["name"]: Pause(**dict(row)) for row in rows}

    async def pause(self, name: str, paused_by: str, reason: str, now: datetime) -> None:
        """Whoever was first keeps it paused."""
        await self.pool.execute(
            "INSERT INTO tripledger.projection_pauses (name, paused_by, reason, paused_at)"
            " VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
            name,
            paused_by,
            reason,
            now,
        )

    async def resume(self, name: str) -> None:
        await self.pool.execute("DELETE FROM tripledger.projection_pauses WHERE name = $1", name)

    async def begun(self) -> dict[tuple[str, int], datetime]:
        """When each version of each read model was begun."""
        rows = await self.pool.fetch("SELECT name, version, begun_at FROM tripledger.checkpoints")
        return {(row["name"], row["version"]): row["begun_at"] for row in rows}

    async def recorded_after(self, position: int) -> datetime | None:
        """When the first event behind a position was recorded: since when it has waited."""
        at: datetime | None = await self.pool.fetchval(
            "SELECT recorded_at FROM tripledger.trip_events"
            " WHERE notification_id > $1 ORDER BY notification_id LIMIT 1",
            position,
        )
        return at

    async def now(self) -> datetime:
        """The database's time, which checkpoints are dated by."""
        at: datetime = await self.pool.fetchval("SELECT clock_timestamp()")
        return at
