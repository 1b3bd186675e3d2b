"""An operator's browser: signs in with a key, goes through the console, and takes its picture."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from playwright.async_api import Browser, Locator, Page, expect

from adapters.api_keys import SCOPES
from tests.browser.browsing import PATIENCE_MS, Browsing, Tab, watched
from tests.console.operating import Console
from tests.scenarios.world import World

# Where pictures for the documents are put when they are asked for; see `make pictures`.
PICTURES = os.environ.get("TRIPLEDGER_PICTURES")

# More than any page has.
STOPS_MAX = 400


class Desk:
    """One tab of somebody who is signed in."""

    def __init__(self, world: World, tab: Tab) -> None:
        self.world = world
        self.tab = tab

    @property
    def page(self) -> Page:
        return self.tab.page

    async def go(self, path: str) -> None:
        answer = await self.page.goto(f"{self.world.url}/console{path}")
        assert answer is not None
        assert answer.status == 200, f"{path}: {answer.status}"

    async def enter(self, key: str) -> None:
        await self.go("/sign-in")
        await self.page.fill("#key", key)
        await self.page.click("button.main")
        await self.page.wait_for_url("**/console", timeout=PATIENCE_MS)

    async def says(self, words: str) -> None:
        """Until the page says so."""
        await self.page.get_by_text(words).first.wait_for(timeout=PATIENCE_MS)

    async def skip(self) -> None:
        """Past the search and the places, by the page's first link."""
        await self.page.keyboard.press("Tab")
        await expect(self.page.locator(".skip")).to_be_focused()
        await self.page.keyboard.press("Enter")
        await expect(self.page.locator("#main")).to_be_focused()

    async def reach(self, place: Locator | str) -> None:
        """By Tab alone."""
        wanted = self.page.locator(place).first if isinstance(place, str) else place
        for _ in range(STOPS_MAX):
            await self.page.keyboard.press("Tab")
            if await wanted.evaluate("each => each === document.activeElement"):
                return
        raise AssertionError(f"Tab does not reach {place}")

    async def type(self, place: Locator | str, text: str) -> None:
        await self.reach(place)
        await self.page.keyboard.press("ControlOrMeta+a")
        await self.page.keyboard.type(text)

    async def press(self, place: Locator | str, key: str = "Enter") -> None:
        await self.reach(place)
        await self.page.keyboard.press(key)

    async def picture(self, name: str) -> None:
        """For the documents, where somebody asked for it."""
        if PICTURES:
            await self.page.screenshot(path=Path(PICTURES) / f"{name}.png")


async def key_of(world: World, scopes: frozenset[str] = frozenset(SCOPES)) -> str:
    now = world.service.clock.now()
    return (await world.service.keys.create("ours", "test", scopes, now, name="operator"))[0]


@asynccontextmanager
async def desks(browser: Browser, world: World) -> AsyncIterator[Browsing]:
    """Tabs that may go nowhere but to the console."""
    async with watched(browser, world.url) as browsing:
        yield browsing


async def signed_in(browsing: Browsing, world: World, **how: object) -> Desk:
    """Somebody who has come in by the door before this browser was opened; how the door looks and
    feels is seen where it is the subject."""
    context = await browsing.somebody(**how)
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        await Console(world, session, await key_of(world)).enter()
    cookies = [{"name": each.key, "value": each.value, "url": world.url} for each in jar]
    await context.add_cookies(cookies)
    return Desk(world, await browsing.tab(context))
