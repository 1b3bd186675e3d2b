"""Whoever goes on asking though it was told to wait, waits for its answer: a client that asks again
as soon as it is refused would otherwise keep this process busy refusing it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

from service.clock import elapsed_s

# So many refusals within a second are answered at once, each further one after half a pause to a
# whole one, so that they do not all come back together. Every refusal says so much in Retry-After.
AT_ONCE = 20
PAUSE_S = 1.0
# Who is remembered, and how many answers may be held back: beyond it they go out at once.
REMEMBERED_MAX = 1_000
HELD_MAX = 1_000


class WaitingRoom:
    def __init__(
        self,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        now: Callable[[], float] = elapsed_s,
    ) -> None:
        self.pause = pause
        self.now = now
        self.held = 0
        self.refused: dict[str, tuple[float, int]] = {}

    async def refuse(self, who: str) -> None:
        """Return when `who` may be told that it is refused."""
        if self.count(who) > AT_ONCE and self.held < HELD_MAX:
            self.held += 1
            try:
                await self.pause(PAUSE_S * random.uniform(0.5, 1.0))
            finally:
                self.held -= 1

    def count(self, who: str) -> int:
        """How often within the present second, this time included."""
        since, times = self.refused.pop(who, (self.now(), 0))
        if self.now() - since >= PAUSE_S:
            since, times = self.now(), 0
        while len(self.refused) >= REMEMBERED_MAX:
            del self.refused[next(iter(self.refused))]
        self.refused[who] = since, times + 1
        return times + 1
