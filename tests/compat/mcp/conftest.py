"""The whole service between both sandboxes, with agents that speak MCP to it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.postgres import fresh_database
from tests.scenarios.audit import audit
from tests.scenarios.world import World, raised_world


@pytest_asyncio.fixture(scope="session")
async def world(
    postgres_server: str, postgres_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    """Shared: each test makes trips of its own; all of them are audited at the end."""
    async with (
        fresh_database(postgres_server, postgres_template) as url,
        raised_world(url, tmp_path_factory.mktemp("world")) as world,
    ):
        yield world
        await audit(world)
