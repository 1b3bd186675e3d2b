"""The log as several followers read it, who are mostly at the same place."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Awaitable, Sequence
from operator import attrgetter
from typing import Protocol

from domain.log import Recorded
from domain.ports import EventLog

position_of = attrgetter("position")


class Followed(Protocol):
    """What a follower needs of the log."""

    def read_all(self, after: int, limit: int) -> Awaitable[Sequence[Recorded]]: ...

    def changed(self, timeout_s: float) -> Awaitable[None]: ...


class Pages:
    """What one follower has fetched and decoded is there for the others, and so is that there was
    nothing more. What is recorded behind a position never changes, so an older page may be short
    and is never wrong; that it ends the log is true until the next hint, or until somebody has
    waited in vain for one: hints may be lost."""

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
            if self.end == (after, rings):
                return ()
            page = await self.log.read_all(after, limit)
            if page:
                self.after, self.page = after, page
            if len(page) < limit:
                self.end = (page[-1].position if page else after, rings)
            return page

    async def changed(self, timeout_s: float) -> None:
        rings = self.log.rings
        await self.log.changed(timeout_s)
        if self.log.rings == rings:
            self.end = None
