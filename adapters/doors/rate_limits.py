"""Buckets of tokens that fill again at a steady rate, shared by all processes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from adapters.database import Database, rows_touched


@dataclass(frozen=True, slots=True)
class Rate:
    """So many tokens a second, and at most `burst` of them at once."""

    per_s: float
    burst: int


@dataclass(frozen=True, slots=True)
class Taken:
    """How many tokens were taken and how many are left; `wait_s`: until there is one again."""

    granted: int
    remaining: int
    wait_s: float


class Buckets(Protocol):
    async def take(self, bucket: str, wanted: int, rate: Rate) -> Taken:
        """As many tokens as are wanted and there; none wanted only looks. A bucket nobody has
        used is full."""
        ...

    async def purge(self, now: datetime) -> int:
        """Drop the buckets that are full; answers how many. `now` is not looked at: buckets have
        a clock of their own."""
        ...


class PostgresBuckets:
    """Implements `Buckets`."""

    def __init__(self, database: Database) -> None:
        self.pool = database.pool

    async def take(self, bucket: str, wanted: int, rate: Rate) -> Taken:
        row = await self.pool.fetchrow(
            "SELECT granted, remaining, wait_s FROM tripledger.take_tokens($1, $2, $3, $4)",
            bucket,
            wanted,
            rate.per_s,
            rate.burst,
        )
        return Taken(row["granted"], row["remaining"], row["wait_s"])

    async def purge(self, now: datetime) -> int:
        return rows_touched(
            await self.pool.execute(
                "DELETE FROM tripledger.rate_limits"
                " WHERE full_at < extract(epoch FROM clock_timestamp())"
            )
        )
