"""Measures how late the event loop is: what blocks it delays everybody."""

from __future__ import annotations

import asyncio

from service.observability.metrics import Metrics

EVERY_S = 0.5


async def watch_loop(metrics: Metrics) -> None:
    clock = asyncio.get_running_loop().time
    while True:
        due = clock() + EVERY_S
        await asyncio.sleep(EVERY_S)
        metrics.loop_lag.observe(max(clock() - due, 0.0))
