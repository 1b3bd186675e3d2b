"""The traveller's page over HTTP: what it shows along a checkout's life, and what it keeps back."""

from __future__ import annotations

import asyncio
import re

from tests.pages.checkouts import booked, expire_at_stripe, newest
from tests.pages.conftest import SUPPORT
from tests.pages.reading import Visitor
from tests.scenarios.world import World

OFFER_READ = ("GET", "/air/offers/*")
STAY_ORDER = ("POST", "/stays/bookings")


async def test_a_traveller_sees_what_is_bought_before_paying(
    world: World, visitor: Visitor
) -> None:
    trip_id = await world.build_usual()
    sid, _ = await booked(world, trip_id)
    trip = await world.trip(trip_id)

    page = await visitor.open(sid)

    assert (200, "payable") == (page.status, page.standing)
    assert "You have not been charged." in page.text
    for item in trip["items"]:
        assert item["title"] in page.text
        assert item["price"]["display"] in page.text
    assert f"Total {trip['total']['display']} EUR" in page.text
    assert f"Pay {trip['total']['display']} at Stripe" in page.text
    assert len(re.findall(r"London time, UTC[+-]\d\d:\d\d", page.text)) == 1
    assert len(re.findall(r"New York time, UTC[+-]\d\d:\d\d", page.text)) == 1
    assert "Cancelling before departure:" in page.text
    assert "Check-in" in page.text
    assert "Pay before" in page.text
    assert SUPPORT in page.links()
    assert "Bergfahrt & Söhne" in page.text


async def test_names_are_masked_and_nothing_else_personal_is_shown(
    world: World, visitor: Visitor
) -> None:
    trip_id = await world.build_usual()
    sid, _ = await booked(world, trip_id)

    page = await visitor.open(sid)

    assert "A••• E•••" in page.text
    for personal in ("Amelia", "Earhart", "1987-07", "amelia@", "+44208", trip_id):
        assert personal not in page.html


async def test_booking_codes_are_shown_once_confirmed_and_not_before(
    world: World, visitor: Visitor
) -> None:
    trip_id = await world.build_usual()
    sid, session = await booked(world, trip_id)
    codes = [b["code"] for b in (await world.trip(trip_id))["bookings"]]
    before = await visitor.open(sid)

    await world.pay(session)
    trip = await world.until_status(trip_id, "completed")
    await world.at_rest()
    after = await visitor.open(sid)

    assert 2 == len(codes)
    assert all(code not in before.html for code in codes)
    assert "booked" == after.standing
    assert all(code in after.text for code in codes)
    assert all(b["supplier_reference"] in after.text for b in trip["bookings"])
    assert f"You have been charged {trip['total']['display']}." in after.text
    assert after.form("/checkout/pay") is None


async def test_the_page_believes_the_log_and_not_the_way_somebody_came(
    world: World, visitor: Visitor
) -> None:
    trip_id = await world.build_usual()
    sid, _ = await booked(world, trip_id)

    page = await visitor.open(sid, "&returned=1")

    assert "waiting" == page.standing
    assert "We are waiting for Stripe to confirm your payment" in page.text
    assert "You have been charged" not in page.text
    assert 'http-equiv="refresh"' in page.html
    assert {"checkout_session.created": 1} == await world.kinds("stripe", trip_id)


async def test_stripe_sends_payers_back_to_the_page_and_leavers_too(world: World) -> None:
    trip_id = await world.build_usual()
    sid, session = await booked(world, trip_id)
    url = (await newest(world, trip_id)).url
    assert url is not None

    async with world.session.get(url) as answer:
        leave = await answer.text()
    async with world.session.post(url, data={"outcome": "paid"}, allow_redirects=False) as answer:
        back = answer.headers["Location"]

    page = f"{world.service.settings.base_url}/checkout?sid={sid}"
    assert f"{page}&returned=1" == back
    assert f'href="{page}"' in leave
    assert session in url
    await world.until_status(trip_id, "completed")


async def test_a_declined_card_is_said_and_can_be_tried_again(
    world: World, visitor: Visitor
) -> None:
    trip_id = await world.build_usual()
    sid, session = await booked(world, trip_id)

    await world.pay(session, "declined")
    await world.until(trip_id, lambda trip: trip["payment"]["status"] == "failed")
    page = await visitor.open(sid)

    assert "declined" == page.standing
    assert "You have not been charged." in page.text
    assert page.form("/checkout/pay") is not None


async def test_a_slow_payment_is_neither_paid_nor_unpaid(world: World, visitor: Visitor) -> None:
    trip_id = await world.build_usual()
    sid, session = await booked(world, trip_id)

    await world.pay(session, "processing")
    await world.until_status(trip_id, "processing")
    page = await visitor.open(sid)

    assert "processing" == page.standing
    assert "Please do not pay again" in page.text
    assert page.form("/checkout/pay") is None
    assert "You have been charged" not in page.text
    assert "You have not been charged" not in page.text


async def test_a_part_that_was_sold_out_is_named_and_not_paid(
    world: World, visitor: Visitor
) -> None:
    trip_id = await world.build_usual()
    sid, session = await booked(world, trip_id)
    await world.fault("duffel", *STAY_ORDER, "sold_out")

    await world.pay(session)
    trip = await world.until_status(trip_id, "completed")
    await world.at_rest()
    page = await visitor.open(sid)

    flight, stay = trip["items"]
    assert "partly_booked" == page.standing
    assert f"{stay['title']} could not be booked." in page.text
    assert f"You have been charged {flight['price']['display']}." in page.text
    assert f"Released, not charged {stay['price']['display']}" in page.text
    assert ["good", "bad"] == page.marked("data-tone")[1:]


async def test_a_trip_that_failed_whole_is_not_charged(world: World, visitor: Visitor) -> None:
    trip_id = await world.build(await world.find_stay())
    sid, session = await booked(world, trip_id)
    await world.fault("duffel", *STAY_ORDER, "sold_out")

    await world.pay(session)
    await world.until_status(trip_id, "failed")
    await world.at_rest()
    page = await visitor.open(sid)

    assert "failed" == page.standing
    assert "Nothing was booked. You have not been charged." in page.text
    assert [] == await world.amounts("payment.captured", trip_id)


async def test_an_expired_checkout_says_so_and_leads_back_to_the_shop(
    world: World, visitor: Visitor
) -> None:
    trip_id = await world.build_usual()
    sid, _ = await booked(world, trip_id, redirect_url="http://localhost:9/thanks?order=1")

    await world.advance(3_600)
    await world.until_status(trip_id, "draft")
    page = await visitor.open(sid)

    assert "expired" == page.standing
    assert "The offers for this trip have expired too." in page.text
    assert page.form("/checkout") is None
    assert "http://localhost:9/" in page.links()
    assert "thanks" not in page.html


async def test_asking_again_at_an_unchanged_price_opens_a_new_checkout(
    world: World, visitor: Visitor
) -> None:
    trip_id = await world.build_usual()
    sid, session = await booked(world, trip_id)
    await expire_at_stripe(world, trip_id, session)
    page = await visitor.open(sid)
    form = page.form("/checkout")
    assert form is not None

    answer = await visitor.press(form)
    again = await visitor.followed(answer)

    second = await newest(world, trip_id)
    assert "expired" == page.standing
    assert f"/checkout?sid={second.checkout_id}" == answer.headers["Location"]
    assert ("payable", 2) == (again.standing, second.attempt)
    old = await visitor.open(sid)
    assert "superseded" == old.standing
    assert f"/checkout?sid={second.checkout_id}" in old.links()


async def test_asking_twice_at_once_opens_one_checkout(world: World, visitor: Visitor) -> None:
    trip_id = await world.build_usual()
    sid, session = await booked(world, trip_id)
    await expire_at_stripe(world, trip_id, session)
    form = (await visitor.open(sid)).form("/checkout")
    assert form is not None

    answers = await asyncio.gather(visitor.press(form), visitor.press(form))

    pages = [f"/checkout?sid={each}" for each in (sid, (await newest(world, trip_id)).checkout_id)]
    assert [303, 303] == [answer.status for answer in answers]
    assert pages[1] in {answer.headers["Location"] for answer in answers} <= set(pages)
    assert 2 == (await world.kinds("stripe", trip_id))["checkout_session.created"]


async def test_a_changed_price_shows_both_and_needs_another_yes(
    world: World, visitor: Visitor
) -> None:
    trip_id = await world.build(await world.find_flight())
    sid, session = await booked(world, trip_id)
    old = (await world.trip(trip_id))["total"]["display"]
    await expire_at_stripe(world, trip_id, session)
    await world.fault("duffel", *OFFER_READ, "price_changed")
    form = (await visitor.open(sid)).form("/checkout")
    assert form is not None

    asked = await visitor.followed(await visitor.press(form))
    new = (await world.trip(trip_id))["quote"]["total"]
    yes = asked.form("/checkout")
    assert yes is not None
    created = (await world.kinds("stripe", trip_id))["checkout_session.created"]
    agreed = await visitor.followed(await visitor.press(yes))

    assert "price_changed" == asked.standing
    assert old != new["display"]
    assert f"The trip was {old} and is {new['display']} now." in asked.text
    assert f"Total before {old} Total now {new['display']} EUR" in asked.text
    assert 1 == created
    assert "payable" == agreed.standing
    assert f"Pay {new['display']} at Stripe" in agreed.text


async def test_paying_leads_to_stripe_while_the_checkout_is_open_and_back_when_not(
    world: World, visitor: Visitor
) -> None:
    trip_id = await world.build_usual()
    sid, session = await booked(world, trip_id)
    form = (await visitor.open(sid)).form("/checkout/pay")
    assert form is not None

    onward = await visitor.press(form)
    await world.pay(session)
    await world.until_status(trip_id, "completed")
    back = await visitor.press(form)

    assert (303, (await newest(world, trip_id)).url) == (onward.status, onward.headers["Location"])
    assert (303, f"/checkout?sid={sid}") == (back.status, back.headers["Location"])


async def test_the_deadline_shown_is_the_one_that_holds(world: World, visitor: Visitor) -> None:
    trip_id = await world.build_usual()
    sid, _ = await booked(world, trip_id)
    expires_at = (await newest(world, trip_id)).expires_at

    first = await visitor.open(sid)
    await world.advance(600)
    second = await visitor.open(sid)

    left = [int(page.marked("data-left-s")[0]) for page in (first, second)]
    assert 600 <= left[0] - left[1] <= 610
    times = [a["datetime"] for tag, a in second.reader.tags if tag == "time" and "datetime" in a]
    assert expires_at.isoformat(timespec="seconds") in times


async def test_direct_checkouts_are_paid_in_their_app(world: World, visitor: Visitor) -> None:
    trip_id = await world.build_usual()
    await world.book(trip_id, mode="direct")
    sid = (await newest(world, trip_id)).checkout_id

    page = await visitor.open(sid)

    assert "Pay in the app that this checkout was opened in." in page.text
    assert page.form("/checkout/pay") is None


async def test_all_or_nothing_is_promised_in_words(world: World, visitor: Visitor) -> None:
    trip_id = await world.build_usual()
    sid, _ = await booked(world, trip_id, fulfillment_policy="all_or_nothing")

    page = await visitor.open(sid)

    assert "You pay only if everything can be booked" in page.text
