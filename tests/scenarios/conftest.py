"""Every scenario has a world of its own, and is audited when its story is over."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.scenarios.audit import audit
from tests.scenarios.world import World, raised_world


@pytest_asyncio.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with raised_world(database_url, tmp_path) as world:
        yield world
        await audit(world)
