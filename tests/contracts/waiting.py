"""Waiting in tests for what nothing announces."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

WAIT_S_MAX = 20
LOOK_EVERY_S = 0.002


async def until(holds: Callable[[], Awaitable[bool]], within_s: float = WAIT_S_MAX) -> None:
    """Returns when the condition holds, and fails when it never does."""
    async with asyncio.timeout(within_s):
        while True:
            if await holds():
                return
            await asyncio.sleep(LOOK_EVERY_S)
