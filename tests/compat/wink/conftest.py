"""One world for all of Wink's contract, as a shop sees it that only changed base URL and token."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.compat.wink.shop import Shop
from tests.postgres import fresh_database
from tests.scenarios.audit import audit
from tests.scenarios.world import World, raised_world


@pytest_asyncio.fixture(scope="session")
async def wink_world(
    postgres_server: str, postgres_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    """Shared: every test makes its own carts, time only moves in worlds of a test's own. What
    happened in all of them is audited at the end."""
    async with (
        fresh_database(postgres_server, postgres_template) as url,
        raised_world(url, tmp_path_factory.mktemp("wink")) as world,
    ):
        yield world
        await audit(world)


@pytest_asyncio.fixture
async def shop(wink_world: World) -> Shop:
    return Shop(wink_world)


@pytest_asyncio.fixture
async def own_world(
    database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    """For tests that move time or read what all tests share."""
    async with raised_world(database_url, tmp_path_factory.mktemp("wink")) as world:
        yield world
        await audit(world)


@pytest_asyncio.fixture
async def own_shop(own_world: World) -> Shop:
    return Shop(own_world)
