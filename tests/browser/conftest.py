"""A world, and a browser to look at it. Without Chromium these tests are skipped with a reason,
unless TRIPLEDGER_REQUIRE_BROWSER says that they must run."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tests.browser.browsing import ARGUMENTS, Browsing, watched
from tests.console.prepared import Prepared, prepare
from tests.postgres import fresh_database
from tests.scenarios.audit import audit
from tests.scenarios.world import World, raised_world

NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str | None:
    named = os.environ.get("TRIPLEDGER_CHROMIUM")
    return named or next((path for name in NAMES if (path := shutil.which(name))), None)


@pytest_asyncio.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    path = chromium()
    if path is None:
        reason = "Chromium is not installed (or name it in TRIPLEDGER_CHROMIUM)"
        if os.environ.get("TRIPLEDGER_REQUIRE_BROWSER"):
            pytest.fail(reason)
        pytest.skip(reason)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=[*ARGUMENTS])
        yield browser
        await browser.close()


@pytest_asyncio.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with raised_world(database_url, tmp_path) as world:
        yield world
        await audit(world)


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def troubled(
    postgres_server: str, postgres_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[World, Prepared]]:
    """One world with every kind of trouble, for all of a process who look at it."""
    place = tmp_path_factory.mktemp("troubled")
    async with (
        fresh_database(postgres_server, postgres_template) as url,
        raised_world(url, place) as world,
    ):
        yield world, await prepare(world)
        await audit(world)


@pytest_asyncio.fixture
async def browsing(browser: Browser, world: World) -> AsyncIterator[Browsing]:
    async with watched(browser, world.url, world.stripe_url) as browsing:
        yield browsing
