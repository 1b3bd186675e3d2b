"""Every scenario has a world of its own, and is audited when its story is over."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import structlog

from service.serving import ROLES, Role
from service.telemetry import configure_logging
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


@pytest.fixture
def logs() -> Iterator[StringIO]:
    """Everything that is logged, down to the last detail, as operators would keep it."""
    root = logging.getLogger()
    handlers, level, before = root.handlers, root.level, structlog.get_config()
    stream = StringIO()
    configure_logging("debug", stream, pretty=False)
    yield stream
    root.handlers = handlers
    root.setLevel(level)
    structlog.configure(**before)
