"""A clock that people and tests can move forward; whatever waits on it wakes when it is moved
as well as when real time passes."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

ADVANCE_SECONDS_MAX = 10 * 366 * 24 * 3600


class SandboxClock:
    """Real time plus an offset that only grows. Timers fire in the order of their due times."""

    def __init__(self, real: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.real = real
        self.offset = timedelta()
        self.changed = asyncio.Event()
        self.numbers = itertools.count()
        self.timers: list[tuple[datetime, int, Callable[[], None]]] = []

    def now(self) -> datetime:
        return self.real() + self.offset

    def epoch(self) -> int:
        return int(self.now().timestamp())

    def advance(self, seconds: float) -> datetime:
        """Move forward, firing each timer on the way with the clock standing at its due time."""
        if not 0 <= seconds <= ADVANCE_SECONDS_MAX:
            raise ValueError(f"advance_s must be between 0 and {ADVANCE_SECONDS_MAX}")
        goal = self.offset + timedelta(seconds=seconds)
        while self.timers and self.timers[0][0] <= self.real() + goal:
            due, _, action = heapq.heappop(self.timers)
            self.offset = max(self.offset, due - self.real())
            action()
        self.offset = max(self.offset, goal)
        self.wake()
        return self.now()

    def at(self, when: datetime, action: Callable[[], None]) -> None:
        """Call the action once when the clock reaches `when`; it decides itself if it still may."""
        heapq.heappush(self.timers, (when, next(self.numbers), action))
        self.wake()

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        self.at(self.now() + timedelta(seconds=seconds), action)

    def fire_due(self) -> None:
        self.advance(0)

    def wake(self) -> None:
        woken, self.changed = self.changed, asyncio.Event()
        woken.set()

    async def sleep_until(self, when: datetime) -> None:
        while (left_s := (when - self.now()).total_seconds()) > 0:
            changed = self.changed
            try:
                await asyncio.wait_for(changed.wait(), left_s)
            except TimeoutError:
                continue

    async def sleep(self, seconds: float) -> None:
        await self.sleep_until(self.now() + timedelta(seconds=seconds))

    async def run_timers(self) -> None:
        """Fire timers as real time reaches them; runs as long as the server does."""
        while True:
            changed = self.changed
            if not self.timers:
                await changed.wait()
                continue
            left_s = (self.timers[0][0] - self.now()).total_seconds()
            if left_s <= 0:
                self.fire_due()
                continue
            try:
                await asyncio.wait_for(changed.wait(), left_s)
            except TimeoutError:
                continue
