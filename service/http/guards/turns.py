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


class Line:
    """The reads of one tenant: how many are under way, and who waits, first come first."""

    __slots__ = ("waiting", "working")

    def __init__(self) -> None:
        self.working = 0
        self.waiting: deque[asyncio.Future[None]] = deque()


class Turns:
    def __init__(
        self,
        at_once: int = READS_AT_ONCE,
        beside_others: int = READS_BESIDE_OTHERS,
        now: Callable[[], float] = elapsed_s,
    ) -> None:
        self.at_once = at_once
        self.beside_others = beside_others
        self.now = now
        self.lines: dict[str, Line] = {}
        # The tenant that read last, and when somebody else last did.
        self.last = ""
        self.others_until = 0.0

    @asynccontextmanager
    async def of(self, tenant: str) -> AsyncIterator[None]:
        if tenant != self.last:
            if self.last:
                self.others_until = self.now() + THERE_S
            self.last = tenant
        line = self.lines.setdefault(tenant, Line())
        if line.working < self.allowed() and not line.waiting:
            line.working += 1
        else:
            await self.called_up(tenant, line)
        began = self.now()
        try:
            yield
        finally:
            line.working -= 1
            if line.waiting and self.others_are_there():
                rest_s = min(self.now() - began, REST_S_MAX)
                asyncio.get_running_loop().call_later(rest_s, self.call_up, tenant, line)
            else:
                self.call_up(tenant, line)

    def allowed(self) -> int:
        return self.beside_others if self.others_are_there() else self.at_once

    def others_are_there(self) -> bool:
        return self.now() < self.others_until

    async def called_up(self, tenant: str, line: Line) -> None:
        """Return when it is our turn, which is counted as taken already."""
        turn = asyncio.get_running_loop().create_future()
        line.waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                with suppress(ValueError):
                    line.waiting.remove(turn)
            else:
                line.working -= 1
            self.call_up(tenant, line)
            raise

    def call_up(self, tenant: str, line: Line) -> None:
        while line.waiting and line.working < self.allowed():
            turn = line.waiting.popleft()
            if not turn.cancelled():
                line.working += 1
                turn.set_result(None)
        if not line.working and not line.waiting and self.lines.get(tenant) is line:
            del self.lines[tenant]
