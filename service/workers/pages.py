"""The log as several followers read it, who are mostly at the same place."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Sequence
from operator import attrgetter

from domain.log import Recorded
from domain.ports import EventLog

position_of = attrgetter("position")


class Pages:
    """What one follower has fetched and decoded is there for the others. What is recorded behind a
    position never changes, so an older page may be short and is never wrong."""

    def __init__(self, log: EventLog) -> None:
        self.log = log
        self.one_at_a_time = asyncio.Lock()
        self.after = 0
        self.page: Sequence[Recorded] = ()
        self.end: tuple[int, int] | None = None

    async def read_all(self, after: int, limit: int) -> Sequence[Recorded]:
        async with self.one_at_a_time:
            if self.page and self.after <= after < self.page[-1].position:
                start = bisect_right(self.page, after, key=position_of)
                return self.page[start : start + limit]
            rings = self.log.rings
            page = await self.log.read_all(after, limit)
            if page:
                self.after, self.page = after, page
            if len(page) < limit:
                self.end = (page[-1].position if page else after, rings)
            return page

    def at_end(self, position: int) -> bool:
        """Whether somebody has seen that nothing is behind it, and no hint came since. A hint may
        be late or lost: this is for those who wait for one."""
        return self.end == (position, self.log.rings)

    async def changed(self, timeout_s: float) -> None:
        rings = self.log.rings
        await self.log.changed(timeout_s)
        if self.log.rings == rings:
            self.end = None
