"""Reads of one tenant take turns within a process: however many come at once, somebody else's waits
for a few of them and not for all. While others are there one goes at a time, and a line rests as
long as it worked: half of the time is theirs."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from service.clock import elapsed_s

READS_AT_ONCE = 4
READS_BESIDE_OTHERS = 1
# Who has read so lately is still there.
THERE_S = 1.0
REST_S_MAX = 0.05
# What takes longer waits for somebody, a supplier say, and holds up nobody behind it.
WORK_S_MAX = 0.25
Place = asyncio.Future[None]


class Line:
    """The reads of one tenant: which are worked on, and which wait, first come first."""

    __slots__ = ("waiting", "working")

    def __init__(self) -> None:
        self.working: set[Place] = set()
        self.waiting: deque[Place] = deque()


class Turns:
    def __init__(
        self,
        at_once: int = READS_AT_ONCE,
        beside_others: int = READS_BESIDE_OTHERS,
        now: Callable[[], float] = elapsed_s,
        work_s_max: float = WORK_S_MAX,
    ) -> None:
        self.at_once = at_once
        self.beside_others = beside_others
        self.now = now
        self.work_s_max = work_s_max
        self.lines: dict[str, Line] = {}
        # The tenant that read last, and until when somebody else counts as there.
        self.last = ""
        self.others_until = 0.0

    @asynccontextmanager
    async def of(self, tenant: str) -> AsyncIterator[None]:
        if tenant != self.last:
            if self.last:
                self.others_until = self.now() + THERE_S
            self.last = tenant
        loop = asyncio.get_running_loop()
        line, place = self.lines.setdefault(tenant, Line()), loop.create_future()
        if len(line.working) < self.allowed() and not line.waiting:
            line.working.add(place)
        else:
            await self.called_up(tenant, line, place)
        began = self.now()
        slow = loop.call_later(self.work_s_max, self.leave, tenant, line, place)
        try:
            yield
        finally:
            slow.cancel()
            if place in line.working and line.waiting and self.others_are_there():
                line.working.discard(place)
                rest_s = min(self.now() - began, REST_S_MAX)
                loop.call_later(rest_s, self.call_up, tenant, line)
            else:
                self.leave(tenant, line, place)

    def allowed(self) -> int:
        return self.beside_others if self.others_are_there() else self.at_once

    def others_are_there(self) -> bool:
        return self.now() < self.others_until

    async def called_up(self, tenant: str, line: Line, place: Place) -> None:
        """Return when it is our turn, which is counted as taken already."""
        line.waiting.append(place)
        try:
            await place
        except asyncio.CancelledError:
            with suppress(ValueError):
                line.waiting.remove(place)
            self.leave(tenant, line, place)
            raise

    def leave(self, tenant: str, line: Line, place: Place) -> None:
        line.working.discard(place)
        self.call_up(tenant, line)

    def call_up(self, tenant: str, line: Line) -> None:
        while line.waiting and len(line.working) < self.allowed():
            place = line.waiting.popleft()
            if not place.cancelled():
                line.working.add(place)
                place.set_result(None)
        if not line.working and not line.waiting and self.lines.get(tenant) is line:
            del self.lines[tenant]
