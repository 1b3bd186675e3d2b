"""Reads of one tenant take turns within a process: however many come at once, somebody else's waits
for a few of them and not for all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

READS_AT_ONCE = 4


class Turns:
    def __init__(self, at_once: int = READS_AT_ONCE) -> None:
        self.at_once = at_once
        self.lines: dict[str, asyncio.Semaphore] = {}
        self.in_line: dict[str, int] = {}

    @asynccontextmanager
    async def of(self, tenant: str) -> AsyncIterator[None]:
        line = self.lines.setdefault(tenant, asyncio.Semaphore(self.at_once))
        self.in_line[tenant] = self.in_line.get(tenant, 0) + 1
        try:
            async with line:
                yield
        finally:
            self.in_line[tenant] -= 1
            if not self.in_line[tenant]:
                del self.in_line[tenant], self.lines[tenant]
