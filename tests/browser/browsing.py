"""A real browser that notices what a careful person would: errors in the console, and any request
that leaves the shop and its payment page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Request

PATIENCE_MS = 45_000
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
GRAVE = {"serious", "critical"}

# By night only the colours are others (tests/pages/test_style_sheets.py holds the sheets to it), so
# only what axe-core judges by colours is judged again; no rules are all rules.
BY_DAY_AND_BY_NIGHT: tuple[tuple[Literal["light", "dark"], tuple[str, ...]], ...] = (
    ("light", ()),
    ("dark", ("color-contrast", "link-in-text-block")),
)
JUDGE = """async (rules) => {
  const only = rules.length > 0 ? { runOnly: rules } : {};
  return (await axe.run({ resultTypes: ["violations"], ...only })).violations;
}"""
OVERFLOWING = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@dataclass
class Notes:
    """What the browser complained about, and where it went that it should not."""

    home: set[str]
    complaints: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def error(self, error: Any) -> None:
        self.complaints.append(str(error))

    def request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https"} and parts.netloc not in self.home:
            self.foreign.append(request.url)


@dataclass(frozen=True)
class Tab:
    """One tab at the traveller's page."""

    page: Page
    url: str

    async def open(self, sid: str, more: str = "") -> None:
        await self.page.goto(f"{self.url}/checkout?sid={sid}{more}")

    async def standing(self) -> str | None:
        return await self.page.get_attribute("[data-standing]", "data-standing")

    async def until(self, standing: str) -> None:
        """Until the page says so by itself."""
        await self.page.wait_for_selector(f"[data-standing={standing}]", timeout=PATIENCE_MS)

    async def says(self, words: str) -> bool:
        return words in await self.page.inner_text("main")

    async def at_stripe(self) -> None:
        await self.page.wait_for_selector("button[name=outcome]", timeout=PATIENCE_MS)

    async def choose(self, outcome: str) -> None:
        await self.page.click(f"button[name=outcome][value={outcome}]")

    async def grave_barriers(self, *rules: str) -> list[str]:
        """What keeps people out, by axe-core: "rule: where", serious and critical only; without
        `rules` by all of them."""
        if not await self.page.evaluate("typeof axe === 'object'"):
            await self.page.evaluate(AXE_SCRIPT)
        return [
            f"{violation['id']}: {node['html']}"
            for violation in await self.page.evaluate(JUDGE, rules)
            if violation["impact"] in GRAVE
            for node in violation["nodes"]
        ]

    async def barriers_by_day_and_by_night(self) -> list[str]:
        """What keeps people out of a page in either colours, and what is wider than the screen."""
        found: list[str] = []
        for colors, rules in BY_DAY_AND_BY_NIGHT:
            # Without motion colours change at once: none is judged on its way to another.
            await self.page.emulate_media(color_scheme=colors, reduced_motion="reduce")
            found += [f"{colors}: {each}" for each in await self.grave_barriers(*rules)]
            if await self.page.evaluate(OVERFLOWING):
                found.append(f"{colors}: wider than the screen")
        return found


@dataclass
class Browsing:
    """Opens tabs; `notes` is judged when the test is over."""

    browser: Browser
    url: str
    notes: Notes
    contexts: list[BrowserContext] = field(default_factory=list)

    async def somebody(self, **how: Any) -> BrowserContext:
        """A person with a browser of their own (JavaScript, width, colours: as `how` says)."""
        context = await self.browser.new_context(**how)
        context.set_default_timeout(PATIENCE_MS)
        context.on("request", self.notes.request)
        context.on("console", self.notes.console)
        context.on("weberror", lambda error: self.notes.error(error.error))
        self.contexts.append(context)
        return context

    async def tab(self, context: BrowserContext | None = None, **how: Any) -> Tab:
        context = context or await self.somebody(**how)
        return Tab(await context.new_page(), self.url)


@asynccontextmanager
async def watched(browser: Browser, url: str, *others: str) -> AsyncIterator[Browsing]:
    home = {urlsplit(each).netloc for each in (url, *others)}
    browsing = Browsing(browser, url, Notes(home))
    try:
        yield browsing
    finally:
        for context in browsing.contexts:
            await context.close()
    assert [] == browsing.notes.complaints
    assert [] == browsing.notes.foreign
