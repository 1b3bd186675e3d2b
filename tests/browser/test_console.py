"""The console in a real browser, in a world where things have gone wrong: every page is there, for
everybody, by day and by night, narrow, by keyboard, and without JavaScript."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.browser.browsing import Browsing
from tests.browser.operating import Desk, desks, key_of, signed_in
from tests.console.prepared import Prepared, seen
from tests.scenarios.world import World

PAGES = {
    "today": "",
    "trips": "/trips",
    "trip": "/trips/{refund_failed}",
    "the past": "/trips/{done}?at=9&from=2",
    "lost": "/trips/{never_found}",
    "reveal": "/trips/{done}/reveal?person={person}&field=last_name",
    "incidents": "/incidents",
    "money": "/money",
    "books": "/money/ledger",
    "webhooks": "/webhooks",
    "deliveries": "/deliveries",
    "projections": "/projections",
    "log": "/log",
    "audit": "/audit",
}


@pytest_asyncio.fixture
async def browsing(browser: Browser, troubled: tuple[World, Prepared]) -> AsyncIterator[Browsing]:
    async with desks(browser, troubled[0]) as browsing:
        yield browsing


async def paths(world: World, prepared: Prepared) -> dict[str, str]:
    """Where each page is."""
    dossier, _ = await world.service.road.read(prepared.done)
    assert dossier.trip is not None
    names = {name: getattr(prepared, name) for name in Prepared.__slots__}
    names["person"] = dossier.trip.travelers[0].person_id
    return {page: path.format(**names) for page, path in PAGES.items()}


@pytest.mark.parametrize("width", [320, 1280])
async def test_nothing_keeps_people_out_of_any_page_by_day_or_by_night(
    troubled: tuple[World, Prepared], browsing: Browsing, width: int
) -> None:
    size = {"width": width, "height": 800}
    desk = await signed_in(browsing, troubled[0], viewport=size)
    found = {}

    for name, path in (await paths(*troubled)).items():
        await desk.go(path)
        found[name] = await desk.tab.barriers_by_day_and_by_night()

    assert {name: [] for name in PAGES} == found


async def test_every_page_reads_the_same_without_javascript(
    troubled: tuple[World, Prepared], browsing: Browsing
) -> None:
    world, prepared = troubled
    plain = Desk(world, await browsing.tab(java_script_enabled=False))
    scripted = Desk(world, await browsing.tab())
    for desk in (plain, scripted):
        await desk.enter(await key_of(world))

    for name, path in (await paths(world, prepared)).items():
        headings = []
        for desk in (plain, scripted):
            await desk.go(path)
            headings.append(await desk.page.locator("h1, h2").all_inner_texts())
        assert [h for h in headings[0] if h != "Keys"] == [h for h in headings[1] if h != "Keys"]
        assert len(headings[0]) > 0, name


async def test_the_slider_shows_the_trip_as_it_was(
    troubled: tuple[World, Prepared], browsing: Browsing
) -> None:
    world, prepared = troubled
    desk = await signed_in(browsing, world)
    await desk.go(f"/trips/{prepared.done}")
    slider = desk.page.locator("#at")
    last = int(await slider.get_attribute("max") or 0)

    await slider.focus()
    await desk.page.keyboard.press("Home")
    await desk.page.wait_for_url("**?at=1")
    await desk.says("The past.")
    await expect(desk.page.locator("#story .story > li")).to_have_count(1)
    assert desk.page.url.endswith("?at=1")

    await desk.page.locator("#at").focus()
    await desk.page.keyboard.press("End")
    await expect(desk.page.get_by_text("The past.")).to_have_count(0)
    assert "Everything is booked" in await desk.page.inner_text("#standing")
    await expect(desk.page.locator("#events .events > li")).to_have_count(last)


async def test_news_do_not_stop_who_moves_the_slider(
    troubled: tuple[World, Prepared], browsing: Browsing
) -> None:
    world, prepared = troubled
    desk = await signed_in(browsing, world)
    await desk.go(f"/trips/{prepared.done}")

    await desk.page.evaluate(
        """() => {
            const slider = document.getElementById("at");
            look(location.href);
            slider.value = 1;
            slider.dispatchEvent(new Event("input"));
            stream.dispatchEvent(new MessageEvent("message"));
        }"""
    )

    await desk.page.wait_for_url("**?at=1")
    await desk.says("The past.")
    await expect(desk.page.locator("#story .story > li")).to_have_count(1)
    assert "1" == await desk.page.locator("#at").input_value()


async def test_without_javascript_the_slider_is_a_form(
    troubled: tuple[World, Prepared], browsing: Browsing
) -> None:
    world, prepared = troubled
    desk = await signed_in(browsing, world, java_script_enabled=False)
    await desk.go(f"/trips/{prepared.done}")

    await desk.page.locator("#at").focus()
    await desk.page.keyboard.press("Home")
    await desk.page.keyboard.press("ArrowRight")
    await desk.page.click(".moments button")

    await desk.says("The past.")
    assert desk.page.url.endswith("?at=2")


async def test_the_keyboard_is_enough(troubled: tuple[World, Prepared], browsing: Browsing) -> None:
    world, prepared = troubled
    desk = Desk(world, await browsing.tab())
    keys = desk.page.keyboard
    await desk.go("/sign-in")
    await keys.type(await key_of(world))
    await keys.press("Enter")
    await desk.page.wait_for_url("**/console")

    await keys.press("g")
    await keys.press("t")
    await desk.page.wait_for_url("**/console/trips")
    await keys.press("j")
    await keys.press("j")
    rows = desk.page.locator("main a[data-open]")
    await expect(rows.nth(1)).to_be_focused()
    await keys.press("k")
    await expect(rows.nth(0)).to_be_focused()
    await keys.press("Enter")
    await desk.page.wait_for_url(re.compile("/console/trips/[0-9a-f-]{36}$"))

    await keys.press("/")
    await keys.type(prepared.moved)
    await keys.press("Enter")
    await desk.page.wait_for_url(f"**/console/trips/{prepared.moved}")

    await keys.press("?")
    await expect(desk.page.locator("#keys")).to_be_visible()
    await keys.press("Escape")
    await expect(desk.page.locator("#keys")).to_be_hidden()
    await keys.press("Tab")
    await keys.press("g")
    await keys.press("d")
    await desk.page.wait_for_url("**/console")


async def test_a_page_of_the_documents_looks_as_it_does(
    troubled: tuple[World, Prepared], browsing: Browsing
) -> None:
    """Takes the pictures where they are asked for; in any case the pages say what they show."""
    world, prepared = troubled
    desk = await signed_in(browsing, world, viewport={"width": 1120, "height": 720})
    shown = {
        "today": ("", "Taken, not yet earned"),
        "trips": ("/trips", "1 open incident"),
        "trip": (f"/trips/{prepared.refund_failed}", "Pay the customer back another way"),
        "time-travel": (f"/trips/{prepared.partly}?at=16&from=12", "The past."),
        "incidents": ("/incidents", "order not found"),
        "money": ("/money", "Taken and given back"),
        "projections": ("/projections", "up to date"),
        "audit": ("/audit", "added a webhook endpoint"),
    }

    for name, (path, words) in shown.items():
        await desk.go(path)
        await desk.says(words)
        await desk.picture(name)


async def test_an_open_page_hears_of_what_happens(
    troubled: tuple[World, Prepared], browsing: Browsing
) -> None:
    world, _ = troubled
    trip_id = await world.build_usual()
    desk = await signed_in(browsing, world)
    await desk.go(f"/trips/{trip_id}")
    await desk.says("Being put together")
    await desk.page.evaluate("document.body.dataset.same = 'yes'")

    booked = await world.book(trip_id)
    await desk.says("Waiting for the traveller to pay")
    await world.pay(booked["session_id"])
    await desk.says("Everything is booked.")

    assert "yes" == await desk.page.get_attribute("body", "data-same")


async def test_what_somebody_opened_stays_open_while_the_page_changes(
    troubled: tuple[World, Prepared], browsing: Browsing
) -> None:
    world, _ = troubled
    trip_id = await world.build_usual()
    desk = await signed_in(browsing, world)
    await desk.go(f"/trips/{trip_id}")
    await desk.page.click("#raw-1 > summary")

    booked = await world.book(trip_id)
    await desk.says("Waiting for the traveller to pay")

    assert await desk.page.locator("#raw-1").evaluate("each => each.open")
    await expect(desk.page.locator("#raw-1 > summary")).to_be_focused()
    await world.pay(booked["session_id"])
    await world.until_status(trip_id, "completed")
    await world.at_rest()
    await seen(world)
