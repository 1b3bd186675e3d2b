"""A world whose travellers come without keys: only with the link to their checkout."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest_asyncio

from tests.pages.reading import Visitor
from tests.scenarios.audit import audit
from tests.scenarios.world import World, raised_world

SUPPORT = "https://help.example/contact"


@pytest_asyncio.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    branded = {"brand_name": "Bergfahrt & Söhne", "support_url": SUPPORT}
    async with raised_world(database_url, tmp_path, **branded) as world:
        yield world
        await audit(world)


@pytest_asyncio.fixture
async def visitor(world: World) -> AsyncIterator[Visitor]:
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        yield Visitor(world.url, session)


@pytest_asyncio.fixture
async def unprojected(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """A world where nobody keeps the read models."""
    async with raised_world(database_url, tmp_path, ("api", "work")) as world:
        yield world
