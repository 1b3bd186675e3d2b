"""Buckets of tokens in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from math import floor
from time import monotonic

from adapters.doors.rate_limits import Rate, Taken


class MemoryBuckets:
    """Implements `adapters.doors.rate_limits.Buckets`."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self.now = now
        self.full_at: dict[str, float] = {}

    async def take(self, bucket: str, wanted: int, rate: Rate) -> Taken:
        await asyncio.sleep(0)
        now = self.now()
        full = max(self.full_at.get(bucket, now), now)
        there = max(0, floor(rate.burst - (full - now) * rate.per_s + 1e-6))
        granted = min(wanted, there)
        full += granted / rate.per_s
        if granted:
            self.full_at[bucket] = full
        wait_s = max(0.0, full - now - (rate.burst - 1) / rate.per_s)
        return Taken(granted, there - granted, wait_s)

    async def purge(self, now: datetime) -> int:
        await asyncio.sleep(0)
        full = [bucket for bucket, at in self.full_at.items() if at < self.now()]
        for bucket in full:
            del self.full_at[bucket]
        return len(full)
