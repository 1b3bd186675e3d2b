"""The page can be used narrow, dark, by keyboard, and by ear."""

from __future__ import annotations

import pytest

from tests.browser.browsing import Browsing, Tab
from tests.pages.checkouts import booked, expire_at_stripe
from tests.scenarios.world import World

TARGET_PX_MIN = 44
NARROW = {"viewport": {"width": 320, "height": 640}}


async def payable(world: World) -> str:
    return (await booked(world, await world.build_usual()))[0]


async def declined(world: World) -> str:
    trip_id = await world.build_usual()
    sid, session = await booked(world, trip_id)
    await world.pay(session, "declined")
    await world.until(trip_id, lambda trip: trip["payment"]["status"] == "failed")
    return sid


async def partly_booked(world: World) -> str:
    trip_id = await world.build_usual()
    sid, session = await booked(world, trip_id)
    await world.fault("duffel", "POST", "/stays/bookings", "sold_out")
    await world.pay(session)
    await world.until_status(trip_id, "completed")
    await world.at_rest()
    return sid


async def price_changed(world: World) -> str:
    trip_id = await world.build(await world.find_flight())
    sid, session = await booked(world, trip_id)
    await expire_at_stripe(world, trip_id, session)
    await world.fault("duffel", "GET", "/air/offers/*", "price_changed")
    assert "price_changed" == (await world.refused("POST", f"/v1/trips/{trip_id}/book", {}))[1]
    return sid


PLACES = [payable, declined, partly_booked, price_changed]


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
async def test_nothing_keeps_people_out_by_day_by_night_or_on_a_small_screen(
    world: World, browsing: Browsing, place: object
) -> None:
    sid = await place(world)  # type: ignore[operator]
    tab = await browsing.tab(**NARROW)
    await tab.open(sid)

    assert place.__name__ == await tab.standing()  # type: ignore[attr-defined]
    assert [] == await tab.barriers_by_day_and_by_night()


async def test_a_dark_screen_gets_a_dark_page(world: World, browsing: Browsing) -> None:
    sid = await payable(world)
    light, dark = [await browsing.tab(color_scheme=colors) for colors in ("light", "dark")]
    for tab in (light, dark):
        await tab.open(sid)

    ground = "getComputedStyle(document.body).backgroundColor"
    assert "rgb(242, 244, 246)" == await light.page.evaluate(ground)
    assert "rgb(17, 21, 26)" == await dark.page.evaluate(ground)


async def test_buttons_are_large_enough_for_a_thumb(world: World, browsing: Browsing) -> None:
    tab = await browsing.tab(**NARROW)
    await tab.open(await payable(world))

    box = await tab.page.locator("#pay").bounding_box()

    assert box is not None
    assert box["height"] >= TARGET_PX_MIN
    assert box["width"] >= TARGET_PX_MIN


async def focused(tab: Tab) -> str:
    return str(await tab.page.evaluate("document.activeElement.textContent.trim()"))


async def test_the_keyboard_gets_from_the_top_to_stripe(world: World, browsing: Browsing) -> None:
    tab = await browsing.tab()
    await tab.open(await payable(world))

    await tab.page.keyboard.press("Tab")
    first = await focused(tab)
    await tab.page.keyboard.press("Enter")
    await tab.page.keyboard.press("Tab")
    button = await focused(tab)
    outline = await tab.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    await tab.page.keyboard.press("Enter")
    await tab.at_stripe()

    assert "Skip to your trip" == first
    assert button.startswith("Pay €")
    assert "solid" == outline


async def test_news_is_read_out_and_the_countdown_is_not(world: World, browsing: Browsing) -> None:
    sid, session = await booked(world, await world.build_usual())
    tab = await browsing.tab()
    await tab.open(sid)
    live = tab.page.locator("[role=status]")
    await tab.page.evaluate("document.querySelector('[role=status]').dataset.same = 'yes'")
    timer = await tab.page.get_attribute("[role=timer]", "aria-live")

    await world.pay(session)
    await tab.until("booked")
    heading = live.locator("h1")

    assert ("polite", "off") == (await live.get_attribute("aria-live"), timer)
    assert "Your trip is booked" == await heading.inner_text()
    assert "yes" == await live.get_attribute("data-same")
    assert (await tab.page.title()).startswith("Your trip is booked")


async def test_the_focus_stays_where_it_is_while_the_page_changes(
    world: World, browsing: Browsing
) -> None:
    sid, session = await booked(world, await world.build_usual())
    tab = await browsing.tab()
    await tab.open(sid)
    await tab.page.focus("#pay")

    await world.pay(session, "declined")
    await tab.until("declined")

    assert "pay" == await tab.page.evaluate("document.activeElement.id")


async def test_landmarks_and_headings_tell_the_page_apart(world: World, browsing: Browsing) -> None:
    tab = await browsing.tab()
    await tab.open(await payable(world))

    async def count(selector: str) -> int:
        return await tab.page.locator(selector).count()

    assert (1, 1, 1, 1) == (
        await count("header"),
        await count("main"),
        await count("footer"),
        await count("h1"),
    )
    assert ["Your total", "What you buy", "Who travels"] == await tab.page.locator(
        "h2"
    ).all_inner_texts()
    assert "en" == await tab.page.get_attribute("html", "lang")
