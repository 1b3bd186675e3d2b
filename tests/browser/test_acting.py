"""Every action, done in a browser by keyboard alone: it records what its preview said, calls whom
it said, and the trip's page tells it under the operator's name."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from domain.operating import Action
from service.console.pages.actions import ACTIONS
from tests.browser.browsing import Browsing
from tests.browser.operating import desks, signed_in
from tests.console.test_acting import REASON, STORIES, named
from tests.postgres import fresh_database
from tests.scenarios.world import World, raised_world


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def busy(
    postgres_server: str, postgres_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    """One world for all of them: each has a trip of its own."""
    place = tmp_path_factory.mktemp("acting")
    async with (
        fresh_database(postgres_server, postgres_template) as url,
        raised_world(url, Path(place)) as world,
    ):
        yield world


@pytest_asyncio.fixture
async def browsing(browser: Browser, busy: World) -> AsyncIterator[Browsing]:
    async with desks(browser, busy) as browsing:
        yield browsing


def test_there_is_a_story_for_every_action() -> None:
    assert set(ACTIONS) == set(STORIES)


@pytest.mark.parametrize("action", STORIES)
async def test_an_action_does_what_its_preview_said(
    busy: World, browsing: Browsing, action: Action
) -> None:
    trip_id = await STORIES[action](busy)
    desk = await signed_in(browsing, busy)
    page = desk.page
    await desk.go(f"/trips/{trip_id}")

    await desk.skip()
    await desk.press(f'.actions a[href*="/act?action={action}&"]')
    await page.wait_for_url(re.compile("/act\\?"))
    promised = [
        await each.get_attribute("data-event") for each in await page.locator("#recorded li").all()
    ]
    called = await page.locator("#called").inner_text()
    before = await busy.events(trip_id)
    assert [] == await desk.tab.grave_barriers()
    await desk.skip()
    await desk.type("#reason", REASON)
    if await page.locator("#typed").count():
        meant = page.locator("label[for=typed] strong")
        await desk.type("#typed", await meant.inner_text())
    await desk.press("button.main", "Space")
    await page.wait_for_url(re.compile(f"/console/trips/{trip_id}(\\?|$)"))

    recorded = (await busy.events(trip_id))[len(before) :]
    mine = [named(e["topic"]) for e in recorded if e["actor"].startswith("operator:")]
    assert promised == mine[: len(promised)]
    assert len(promised) > 0
    assert called.strip()
    assert REASON in await page.locator("#acts").inner_text()
    assert "by operator" in await page.locator("#story").inner_text()
    await busy.clear_faults("duffel")
    await busy.clear_faults("stripe")
    await busy.at_rest()
