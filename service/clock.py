"""Where the running program takes its time from, outside the sandbox."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        return datetime.now(UTC)


def elapsed_s() -> float:
    """Seconds counted by the running loop, from any start: what waiting is measured in. Nobody
    moves them as the sandbox's clock is moved."""
    return asyncio.get_running_loop().time()
