"""Throws away, now and then, what is only kept for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

import structlog

from domain.ports import Clock

log = structlog.get_logger()

EVERY_S = 3600.0

# Throws away what is too old at a moment; answers how much that was.
Purge = Callable[[datetime], Awaitable[int]]


class Housekeeper:
    """Any number of them may run: throwing away twice does no harm."""

    def __init__(self, purges: Mapping[str, Purge], clock: Clock) -> None:
        self.purges = purges
        self.clock = clock

    async def run(self) -> None:
        while True:
            await self.tidy()
            await asyncio.sleep(EVERY_S)

    async def tidy(self) -> None:
        for name, purge in self.purges.items():
            try:
                count = await purge(self.clock.now())
            except Exception as error:
                log.warning("not_tidied", kind=name, reason=type(error).__name__, exc_info=True)
            else:
                log.info("tidied", kind=name, count=count)
