"""Whoever has no pointer gets everywhere: Tab reaches all there is, one sees where one is, and
everything can be pressed, chosen and typed."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser, Route, expect

from tests.browser.browsing import Browsing
from tests.browser.operating import STOPS_MAX, Desk, desks, signed_in
from tests.browser.test_console import PAGES, paths
from tests.console.prepared import Prepared
from tests.scenarios.money.paid import booked_and_paid
from tests.scenarios.world import World

REASON = "Because the traveller called"

# Notes every stop of the keyboard, and whether one sees that it is there.
NOTING = """() => {
  const all = "a[href], button, input, select, textarea, summary, [tabindex='0']";
  const seen = (each) => each.checkVisibility() && each.type !== "hidden" && !each.disabled;
  window.due = [...document.querySelectorAll(all)].filter(seen);
  window.reached = new Set();
  window.unseen = [];
  document.addEventListener("focusin", ({ target }) => {
    const style = getComputedStyle(target), box = target.getBoundingClientRect();
    const drawn = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
    const there = box.width > 0 && box.bottom > 0 && box.top < innerHeight;
    if (!drawn || !there) window.unseen.push(target.outerHTML.slice(0, 120));
    window.reached.add(target);
  });
  return window.due.length;
}"""
MISSED = (
    "() => window.due.filter((e) => !window.reached.has(e)).map((e) => e.outerHTML.slice(0, 120))"
)


@pytest_asyncio.fixture
async def browsing(browser: Browser, troubled: tuple[World, Prepared]) -> AsyncIterator[Browsing]:
    async with desks(browser, troubled[0]) as browsing:
        yield browsing


@pytest_asyncio.fixture
async def desk(troubled: tuple[World, Prepared], browsing: Browsing) -> Desk:
    return await signed_in(browsing, troubled[0])


async def without_news(route: Route) -> None:
    await route.fulfill(content_type="text/event-stream", body=":\n\n")


async def test_tab_reaches_everything_on_every_page_and_shows_where_it_is(
    troubled: tuple[World, Prepared], desk: Desk
) -> None:
    # What is written anew by news while it is walked through would not be what was noted.
    await desk.page.route("**/console/changes*", without_news)
    found = {}
    for name, path in (await paths(*troubled)).items():
        await desk.go(path)
        count = await desk.page.evaluate(NOTING)
        assert 0 < count < STOPS_MAX
        for _ in range(count):
            await desk.page.keyboard.press("Tab")
        found[name] = await desk.page.evaluate(MISSED), await desk.page.evaluate("window.unseen")

    assert {name: ([], []) for name in PAGES} == found


async def test_money_is_given_back_in_part_by_keyboard(
    troubled: tuple[World, Prepared], desk: Desk
) -> None:
    world, prepared = troubled
    before = await world.events(prepared.done)
    await desk.go("/trips")
    await desk.type("#q", prepared.done)
    await desk.page.keyboard.press("Enter")
    await desk.page.wait_for_url(f"**/console/trips/{prepared.done}")

    await desk.skip()
    await desk.press('.actions a[href*="/act?action=refund&"]')
    await desk.page.wait_for_url(re.compile("/act\\?"))
    await desk.skip()
    await desk.type("#amount", "12.50")
    await desk.press(desk.page.get_by_role("button", name="Show what this would do"))
    await desk.page.wait_for_url(re.compile("amount=12.50"))
    await expect(desk.page.locator("label[for=typed] strong")).to_have_text("€12.50")
    await desk.skip()
    await desk.type("#reason", REASON)
    await desk.type("#typed", "12.50")
    await desk.press("button.main", "Space")
    await desk.page.wait_for_url(re.compile(f"/console/trips/{prepared.done}(\\?|$)"))

    await world.at_rest()
    recorded = (await world.events(prepared.done))[len(before) :]
    [scheduled] = [e for e in recorded if e["topic"] == "trip.refund-scheduled.v1"]
    assert 1_250 == scheduled["data"]["amount"]["amount"]
    assert "trip.refund-succeeded.v1" in [e["topic"] for e in recorded]
    assert REASON in await desk.page.locator("#acts").inner_text()


async def test_a_view_is_kept_opened_and_dropped_by_keyboard(desk: Desk) -> None:
    page = desk.page
    await desk.go("/trips")
    await desk.skip()
    await desk.reach("#waits")
    await page.keyboard.type("supplier")
    await desk.press(page.locator(".filters button"))
    await page.wait_for_url(re.compile("waits=supplier"))

    await desk.skip()
    await desk.press("#keep > summary")
    await desk.type("#view-name", "Suppliers who sleep")
    await page.keyboard.press("Enter")
    mine = page.get_by_role("link", name="Suppliers who sleep")
    await expect(mine).to_have_attribute("aria-current", "true")

    await desk.go("/trips")
    await desk.skip()
    await desk.press(mine)
    await page.wait_for_url(re.compile("waits=supplier"))
    await desk.skip()
    await desk.press("#keep > summary", "Space")
    await desk.press(page.get_by_role("button", name="Forget Suppliers who sleep"))
    await expect(mine).to_have_count(0)


async def test_the_past_is_visited_by_keyboard(
    troubled: tuple[World, Prepared], desk: Desk
) -> None:
    page = desk.page
    await desk.go(f"/trips/{troubled[1].done}")
    await desk.skip()
    await desk.reach("#at")
    for key in ("Home", "ArrowRight", "ArrowRight"):
        await page.keyboard.press(key)
    await desk.says("The past.")
    await expect(page.locator("#story .story > li")).to_have_count(3)
    await expect(page.locator("#at")).to_be_focused()


async def test_what_is_focused_stays_focused_when_news_come(
    troubled: tuple[World, Prepared], desk: Desk
) -> None:
    paid = await booked_and_paid(troubled[0])
    page = desk.page
    await desk.go(f"/trips/{paid.trip_id}")
    await desk.skip()
    await desk.reach('.actions a[href*="/act?action=refund&"]')

    await paid.refund_in_the_dashboard(amount=700)
    await paid.world.until_recorded(paid.trip_id, "trip.refund-succeeded.v1")
    await paid.world.at_rest()
    version = len(await paid.world.events(paid.trip_id))
    await desk.says(f"version {version}")

    await expect(page.locator('.actions a[href*="/act?action=refund&"]')).to_be_focused()


async def test_a_field_is_revealed_by_keyboard(
    troubled: tuple[World, Prepared], desk: Desk
) -> None:
    page = desk.page
    await desk.go(f"/trips/{troubled[1].declined}")
    await desk.skip()
    await desk.press("#people a")
    await page.wait_for_url(re.compile("/reveal\\?"))
    await desk.skip()
    await desk.type("#reason", REASON)
    await page.keyboard.press("Enter")
    await expect(page.locator(".revealed")).to_have_count(1)


async def test_a_read_model_is_held_and_let_go_by_keyboard(desk: Desk) -> None:
    page = desk.page
    card = page.locator("section", has=page.locator("#model-bookings"))
    await desk.go("/projections")
    await desk.skip()
    await desk.type("#reason-bookings", REASON)
    await desk.press(card.get_by_role("button", name="Hold"))
    await expect(card.get_by_text("paused")).to_be_visible()
    await desk.skip()
    await desk.press(card.get_by_role("button", name="Let it go on"), "Space")
    await expect(card.get_by_text("paused")).to_have_count(0)


async def test_a_delivery_is_sent_again_and_the_log_verified_by_keyboard(desk: Desk) -> None:
    page = desk.page
    await desk.go("/deliveries")
    await desk.skip()
    again = page.locator("details[id^=again-]").first
    await desk.press(again.locator("summary"))
    await desk.type(again.locator("input[name=reason]"), REASON)
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile("/deliveries\\?endpoint="))

    await desk.go("/log")
    await desk.skip()
    await desk.press(page.get_by_role("button", name="Verify the log"))
    await desk.says("events were read")

    await desk.go("/audit")
    await desk.says("sent a delivery again")
    await desk.says("verified the log")


async def test_the_list_of_keys_holds_the_keyboard_until_it_is_closed(desk: Desk) -> None:
    page = desk.page
    await desk.go("/incidents")
    await page.keyboard.press("?")
    await expect(page.locator("#keys")).to_be_visible()
    await desk.press("#keys button")
    await expect(page.locator("#keys")).to_be_hidden()
    await desk.press(page.get_by_role("button", name="Sign out"))
    await page.wait_for_url("**/console/sign-in")
