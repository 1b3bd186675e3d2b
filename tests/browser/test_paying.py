"""Travellers pay, hesitate, click twice, go back and close tabs; the page stays true throughout."""

from __future__ import annotations

from tests.browser.browsing import Browsing
from tests.pages.checkouts import booked, expire_at_stripe, newest
from tests.scenarios.world import World

PAY, ASK = "#pay", "#ask"


async def sessions_made(world: World, trip_id: str) -> int:
    return (await world.kinds("stripe", trip_id))["checkout_session.created"]


async def test_a_paid_trip_is_seen_being_booked_without_a_reload(
    world: World, browsing: Browsing
) -> None:
    trip_id = await world.build_usual()
    sid, _ = await booked(world, trip_id)
    await world.webhooks("stripe", drop=True)
    tab = await browsing.tab()
    await tab.open(sid)

    await tab.page.click(PAY)
    await tab.at_stripe()
    await tab.choose("paid")
    await tab.until("waiting")
    await tab.page.evaluate("document.body.dataset.same = 'yes'")
    await world.service.poller.look()
    await tab.until("booked")

    trip = await world.trip(trip_id)
    assert "yes" == await tab.page.get_attribute("body", "data-same")
    assert await tab.says(f"You have been charged {trip['total']['display']}.")
    assert all([await tab.says(b["supplier_reference"]) for b in trip["bookings"]])
    assert 0 == await tab.page.locator(PAY).count()


async def test_a_declined_card_is_followed_by_a_good_one(world: World, browsing: Browsing) -> None:
    trip_id = await world.build_usual()
    sid, _ = await booked(world, trip_id)
    tab = await browsing.tab()
    await tab.open(sid)
    await tab.page.click(PAY)
    await tab.at_stripe()
    browsing.notes.complaints.clear()

    await tab.choose("declined")
    await tab.page.wait_for_selector("[role=alert]")
    await tab.page.click("text=Leave without paying")
    await tab.until("declined")
    # The payment page itself answers a decline with 402, which the console notes.
    browsing.notes.complaints.clear()
    await tab.page.click(PAY)
    await tab.at_stripe()
    await tab.choose("paid")
    await tab.until("booked")

    assert 1 == len(await world.amounts("payment.captured", trip_id))


async def test_a_double_click_opens_one_payment_page_and_pays_once(
    world: World, browsing: Browsing
) -> None:
    trip_id = await world.build_usual()
    sid, _ = await booked(world, trip_id)
    tab = await browsing.tab()
    await tab.open(sid)

    await tab.page.dblclick(PAY)
    await tab.at_stripe()
    await tab.page.dblclick("button[name=outcome][value=paid]")
    await tab.until("booked")
    await world.at_rest()

    assert 1 == await sessions_made(world, trip_id)
    assert 1 == len(await world.amounts("payment.captured", trip_id))


async def test_a_second_tab_learns_what_the_first_one_did(world: World, browsing: Browsing) -> None:
    sid, _ = await booked(world, await world.build_usual())
    person = await browsing.somebody()
    first, second = await browsing.tab(person), await browsing.tab(person)
    await first.open(sid)
    await second.open(sid)

    await first.page.click(PAY)
    await first.at_stripe()
    await first.choose("paid")
    await first.until("booked")
    await second.until("booked")

    assert 0 == await second.page.locator(PAY).count()


async def test_a_tab_left_open_while_paying_elsewhere_updates_itself(
    world: World, browsing: Browsing
) -> None:
    sid, _ = await booked(world, await world.build_usual())
    person = await browsing.somebody()
    kept, paying = await browsing.tab(person), await browsing.tab(person)
    await kept.open(sid)
    await paying.open(sid)

    await paying.page.click(PAY)
    await paying.at_stripe()
    await paying.choose("never_return")
    await paying.page.close()
    await kept.until("booked")

    assert await kept.says("Your trip is booked")


async def test_a_reload_while_booking_shows_the_same_and_goes_on(
    world: World, browsing: Browsing
) -> None:
    trip_id = await world.build_usual()
    sid, session = await booked(world, trip_id)
    await world.fault("duffel", "POST", "/stays/bookings", "latency", latency_s=60)
    tab = await browsing.tab()
    await tab.open(sid)

    await world.pay(session)
    await tab.until("booking")
    await tab.page.reload()
    again = await tab.standing()
    progress = await tab.says("of 2 booked so far")
    await world.clear_faults("duffel")
    await tab.until("booked")

    assert ("booking", True) == (again, progress)
    assert 2 == len(await tab.page.locator(".codes").all())


async def test_the_back_button_after_paying_leads_to_no_second_payment(
    world: World, browsing: Browsing
) -> None:
    trip_id = await world.build_usual()
    sid, _ = await booked(world, trip_id)
    tab = await browsing.tab()
    await tab.open(sid)
    await tab.page.click(PAY)
    await tab.at_stripe()
    await tab.choose("paid")
    await tab.until("booked")

    await tab.page.go_back()
    at_stripe = await tab.page.inner_text("body")
    await tab.page.go_back()
    await tab.until("booked")

    assert "paid already" in at_stripe
    assert 1 == len(await world.amounts("payment.captured", trip_id))


async def test_a_closed_tab_finds_everything_again(world: World, browsing: Browsing) -> None:
    sid, session = await booked(world, await world.build_usual())
    tab = await browsing.tab()
    await tab.open(sid)
    await tab.page.close()
    await world.pay(session)

    later = await browsing.tab()
    await later.open(sid)
    await later.until("booked")

    assert await later.says("Booking code")


async def test_time_runs_out_on_an_open_page(world: World, browsing: Browsing) -> None:
    trip_id = await world.build_usual()
    sid, _ = await booked(world, trip_id)
    tab = await browsing.tab()
    await tab.open(sid)
    left = await tab.page.inner_text(".clock .left")
    await tab.page.wait_for_function(
        "before => document.querySelector('.clock .left').textContent !== before", arg=left
    )

    await world.advance(3_600)
    await tab.until("expired")

    assert left.endswith("left to pay.")
    assert await tab.says("You have not been charged.")
    assert 0 == await tab.page.locator(".clock").count()


async def test_a_changed_price_is_agreed_to_or_not_paid(world: World, browsing: Browsing) -> None:
    trip_id = await world.build(await world.find_flight())
    sid, session = await booked(world, trip_id)
    tab = await browsing.tab()
    await tab.open(sid)
    await expire_at_stripe(world, trip_id, session)
    await tab.until("expired")
    await world.fault("duffel", "GET", "/air/offers/*", "price_changed")

    await tab.page.dblclick(ASK)
    await tab.until("price_changed")
    new = (await world.trip(trip_id))["quote"]["total"]["display"]
    struck = await tab.page.inner_text("del")
    before = await sessions_made(world, trip_id)
    await tab.page.dblclick(f"{ASK}:has-text('{new}')")
    await tab.until("payable")

    assert struck != new
    assert (1, 2) == (before, await sessions_made(world, trip_id))
    assert f"sid={(await newest(world, trip_id)).checkout_id}" in tab.page.url
    assert await tab.says(f"Pay {new} at Stripe")


async def test_a_part_that_failed_is_seen_with_its_money(world: World, browsing: Browsing) -> None:
    sid, session = await booked(world, await world.build_usual())
    await world.fault("duffel", "POST", "/stays/bookings", "sold_out")
    tab = await browsing.tab()
    await tab.open(sid)

    await world.pay(session)
    await tab.until("partly_booked")
    await tab.page.wait_for_selector("text=Released, not charged")

    assert ["Booked", "Not booked"] == await tab.page.locator(".badge").all_inner_texts()


async def test_everything_up_to_paying_and_after_works_without_javascript(
    world: World, browsing: Browsing
) -> None:
    trip_id = await world.build_usual()
    sid, _ = await booked(world, trip_id)
    tab = await browsing.tab(java_script_enabled=False)
    await tab.open(sid)

    await tab.page.click(PAY)
    await tab.at_stripe()
    await tab.choose("paid")
    # The page reads itself again every few seconds until it is done.
    await tab.until("booked")

    assert 2 == len(await tab.page.locator(".codes").all())


async def test_asking_again_works_without_javascript(world: World, browsing: Browsing) -> None:
    trip_id = await world.build_usual()
    sid, session = await booked(world, trip_id)
    await expire_at_stripe(world, trip_id, session)
    tab = await browsing.tab(java_script_enabled=False)
    await tab.open(sid)

    await tab.page.click(ASK)
    await tab.until("payable")

    assert 2 == await sessions_made(world, trip_id)
