"""One stage for all tests of a file: its processes start once, each test starts who is to die."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.crash.stage import Stage, staged
from tests.postgres import fresh_database, scratch_directory


@pytest_asyncio.fixture(scope="module")
async def theatre(postgres_server: str, postgres_template: str) -> AsyncIterator[Stage]:
    """Sandboxes and a database that outlive the processes of each test."""
    with scratch_directory() as directory:
        async with (
            fresh_database(postgres_server, postgres_template) as url,
            staged(url, directory) as stage,
        ):
            yield stage


@pytest_asyncio.fixture
async def stage(theatre: Stage) -> AsyncIterator[Stage]:
    """Nobody of the last test is left, and only this one's trips are looked at."""
    theatre.world.trips.clear()
    yield theatre
    await theatre.stop()
