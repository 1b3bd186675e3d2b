"""A world whose notifications are believed to come, so that only comparing finds the lost ones."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.scenarios.world import World, raised_world

NEVER_S = 10.0**6


@pytest_asyncio.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    silent = {"reconcile_every_s": NEVER_S, "reconcile_all_every_s": 0.0}
    async with raised_world(database_url, tmp_path, **silent) as world:
        yield world
