"""Every scenario has a world of its own, and is audited when its story is over."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest_asyncio

from service.serving import ROLES, Role
from tests.scenarios.audit import audit
from tests.scenarios.processes import Crew
from tests.scenarios.world import World, raised_world

Raise = Callable[..., Awaitable[World]]


@pytest_asyncio.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with raised_world(database_url, tmp_path) as world:
        yield world
        await audit(world)


@pytest_asyncio.fixture
async def crew() -> AsyncIterator[Crew]:
    crew = Crew()
    yield crew
    await crew.stop()


@pytest_asyncio.fixture
async def raise_world(database_url: str, tmp_path: Path, crew: Crew) -> AsyncIterator[Raise]:
    """A world that is not like the others: with some roles only, or with other settings. Its
    crew works until it has been audited."""
    async with AsyncExitStack() as stack:
        raised: list[World] = []

        async def raise_one(roles: tuple[Role, ...] = ROLES, **settings: Any) -> World:
            world = await stack.enter_async_context(
                raised_world(database_url, tmp_path, roles, **settings)
            )
            raised.append(world)
            return world

        yield raise_one
        for world in raised:
            await audit(world)
