"""A world with operators in it: each signs in with a key, as a browser without JavaScript would."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest_asyncio

from adapters.api_keys import SCOPES
from tests.console.operating import Console
from tests.scenarios.audit import audit
from tests.scenarios.world import World, raised_world

EVERYTHING = frozenset(SCOPES)

SignIn = Callable[..., Awaitable[Console]]


@pytest_asyncio.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with raised_world(database_url, tmp_path) as world:
        yield world
        await audit(world)


@pytest_asyncio.fixture
async def stranger(world: World) -> AsyncIterator[Console]:
    """Somebody who has not signed in."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield Console(world, session, "")


@pytest_asyncio.fixture
async def sign_in(world: World) -> AsyncIterator[SignIn]:
    """Signs somebody in: of a tenant, with scopes."""
    async with AsyncExitStack() as stack:

        async def enter(tenant: str = "ours", scopes: frozenset[str] = EVERYTHING) -> Console:
            jar = aiohttp.CookieJar(unsafe=True)
            session = await stack.enter_async_context(aiohttp.ClientSession(cookie_jar=jar))
            now = world.service.clock.now()
            key, _ = await world.service.keys.create(tenant, "test", scopes, now)
            console = Console(world, session, key)
            await console.enter()
            return console

        yield enter


@pytest_asyncio.fixture
async def console(sign_in: SignIn) -> Console:
    """An operator who may do everything, for every tenant."""
    return await sign_in()
