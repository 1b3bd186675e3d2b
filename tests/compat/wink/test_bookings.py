"""Bookings: found by whatever names them, with the status words of the contract and their
history."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from tests.compat.wink.shop import ALEXANDRA, Shop, payment_of
from tests.scenarios.world import DEPARTURE

FIELDS = {
    "id",
    "createdDate",
    "lastUpdate",
    "version",
    "creation",
    "groupIdentifier",
    "customization",
    "bookingCode",
    "user",
    "userSession",
    "hotel",
    "hotelImageUrl",
    "specialRequests",
    "roomStay",
    "bookingStatus",
    "paymentType",
    "paymentDetails",
    "stripePaymentIntentId",
    "cancellation",
    "refund",
    "statusHistory",
    "cancellable",
    "cancelled",
}


async def one(shop: Shop, checkout: Any) -> Any:
    (code,) = checkout["bookingCodes"]
    return await shop.call("GET", f"/api/booking/{code}")


def steps(booking: Any) -> list[tuple[str, str]]:
    return [(each["fromStatus"], each["toStatus"]) for each in booking["statusHistory"]]


async def test_a_booking_has_every_documented_field(shop: Shop) -> None:
    item = shop.item(await shop.room(), specialRequests="High floor")
    cart, checkout = await shop.booked(item)

    booking = await one(shop, checkout)

    assert booking.keys() >= FIELDS
    assert booking["id"] == booking["bookingIdentifier"]
    assert checkout["groupIdentifier"] == booking["groupIdentifier"]
    assert item["customizationIdentifier"] == booking["customization"]["identifier"]
    assert {**ALEXANDRA, "fullName": "Alexandra Beaumont", "valid": True} == booking["user"]
    assert booking["user"] == booking["roomStay"]["guestUser"]
    itinerary = booking["userSession"]["itinerary"]
    assert (item["startDate"], item["endDate"], 3, 1, 1, 0) == tuple(
        itinerary[name]
        for name in ("startDate", "endDate", "nights", "rooms", "guests", "children")
    )
    assert "High floor" == booking["specialRequests"]
    assert ("STRIPE", "TEST", "TEST") == (
        booking["paymentType"],
        booking["paymentDetails"]["vendor"],
        booking["creation"],
    )
    assert payment_of(checkout) == booking["paymentDetails"]["transactionIdentifier"]
    assert checkout["customerId"] == booking["paymentDetails"]["customerIdentifier"]
    assert cart["itemList"][0]["hotelIdentifier"] == booking["hotel"]["identifier"]
    assert booking["supplierBookingCode"]


async def test_a_booking_awaiting_payment_is_initialized(shop: Shop) -> None:
    cart = await shop.usual_cart()
    checkout = await shop.checkout(cart["id"])

    booking = await one(shop, checkout)

    assert ("INITIALIZED", []) == (booking["bookingStatus"], booking["statusHistory"])
    assert (False, False) == (booking["cancellable"], booking["cancelled"])


async def test_a_paid_booking_tells_when_by_whom_and_why(shop: Shop) -> None:
    _, checkout = await shop.booked()

    booking = await one(shop, checkout)

    assert [("INITIALIZED", "TEST_PAYMENT_SUCCEEDED")] == steps(booking)
    (step,) = booking["statusHistory"]
    assert step.keys() == {"fromStatus", "toStatus", "timestamp", "actor", "reason"}
    assert booking["createdDate"] <= step["timestamp"] <= booking["lastUpdate"]
    assert step["actor"]
    assert booking["supplierBookingCode"] in step["reason"]


async def test_a_declined_payment_may_be_followed_by_another_card(shop: Shop) -> None:
    cart = await shop.usual_cart()
    checkout = await shop.checkout(cart["id"])
    await shop.pay(checkout, "declined")
    await shop.world.until(cart["id"], lambda trip: trip["payment"]["status"] == "failed")
    assert "PAYMENT_FAILED" == (await one(shop, checkout))["bookingStatus"]

    again = await shop.checkout(cart["id"])
    await shop.pay(again)
    await shop.world.until_status(cart["id"], "completed", "failed")

    assert checkout["clientSecret"] == again["clientSecret"]
    assert [
        ("INITIALIZED", "PAYMENT_FAILED"),
        ("PAYMENT_FAILED", "INITIALIZED"),
        ("INITIALIZED", "TEST_PAYMENT_SUCCEEDED"),
    ] == steps(await one(shop, checkout))
    declined = (await one(shop, checkout))["statusHistory"][0]
    assert "stripe-webhook" in declined["actor"] or "worker" in declined["actor"]


async def test_a_room_lost_after_payment_has_failed_and_the_money_went_back(shop: Shop) -> None:
    item = shop.item(await shop.room_of_scenario("Rate Unavailable at Booking"))
    cart, checkout = await shop.booked(item)
    await shop.world.at_rest()

    booking = await one(shop, checkout)

    assert [("INITIALIZED", "FAILED"), ("FAILED", "FULLY_REFUNDED")] == steps(booking)
    assert "FULLY_REFUNDED" == booking["bookingStatus"]
    assert [] == await shop.world.amounts("payment.captured", cart["id"])


async def test_one_of_two_rooms_may_fail_without_the_other(shop: Shop) -> None:
    good = shop.item(await shop.room())
    bad = shop.item(await shop.room_of_scenario("Rate Unavailable at Booking"))
    cart, checkout = await shop.booked(good, bad)
    await shop.world.at_rest()

    group = await shop.call("GET", f"/api/booking/group/{checkout['groupIdentifier']}")

    assert ["TEST_PAYMENT_SUCCEEDED", "FULLY_REFUNDED"] == [b["bookingStatus"] for b in group]
    captured = await shop.world.amounts("payment.captured", cart["id"])
    assert [round(group[0]["sourceTotal"]["amount"] * 100)] == captured


async def test_an_edited_cart_leaves_its_first_booking_cancelled(shop: Shop) -> None:
    cart = await shop.usual_cart()
    checkout = await shop.checkout(cart["id"])
    await shop.call("DELETE", f"/api/shopping-cart/{cart['id']}/empty")

    booking = await one(shop, checkout)

    assert ("CANCELLED", True) == (booking["bookingStatus"], booking["cancelled"])
    assert [("INITIALIZED", "CANCELLED")] == steps(booking)
    assert "SYSTEM" == booking["cancellation"]["cancellerType"]
    assert cart["itemList"][0]["hotelIdentifier"] == booking["hotel"]["identifier"]


async def test_a_booking_is_found_by_all_its_names(shop: Shop) -> None:
    _, checkout = await shop.booked(shop.item(await shop.room()), shop.item(await shop.room(2)))

    group = await shop.call("GET", f"/api/booking/group/{checkout['groupIdentifier']}")

    assert checkout["bookingCodes"] == [booking["bookingCode"] for booking in group]
    assert group == await shop.call("GET", f"/api/booking/tx/{payment_of(checkout)}")
    for booking in group:
        assert booking == await shop.call("GET", f"/api/booking/{booking['id']}")
        assert booking == await shop.call("GET", f"/api/booking/{booking['bookingCode']}")
        assert booking == await shop.call("GET", f"/api/booking/{booking['bookingCode'].lower()}")


async def test_a_payment_of_the_hosted_page_is_found_by_its_session(shop: Shop) -> None:
    trip_id = await shop.world.build(await shop.world.find_stay())
    booked = await shop.world.book(trip_id)
    await shop.world.pay(booked["session_id"])
    await shop.world.until_status(trip_id, "completed", "failed")

    (booking,) = await shop.call("GET", f"/api/booking/tx/{booked['session_id']}")

    assert booked["booking_codes"] == [booking["bookingCode"]]
    assert booked["session_id"] == booking["paymentDetails"]["sessionIdentifier"]
    by_payment = await shop.call("GET", f"/api/booking/tx/{booking['stripePaymentIntentId']}")
    assert [booking] == by_payment


async def test_all_bookings_are_listed_page_by_page_the_newest_first(own_shop: Shop) -> None:
    made = []
    for _ in range(3):
        cart = await own_shop.usual_cart()
        made += (await own_shop.checkout(cart["id"]))["bookingCodes"]

    first = await own_shop.call("GET", "/api/booking/list?page=0&size=2")
    second = await own_shop.call("GET", "/api/booking/list?page=1&size=2")
    third = await own_shop.call("GET", "/api/booking/list?page=2&size=2")

    codes = [b["bookingCode"] for page in (first, second, third) for b in page["content"]]
    assert made[::-1] == codes
    assert {
        "number": 0,
        "size": 2,
        "numberOfElements": 2,
        "totalElements": 3,
        "totalPages": 2,
        "first": True,
        "last": False,
    } == {name: value for name, value in first.items() if name != "content"}
    assert (1, 1, False, True) == tuple(
        second[name] for name in ("number", "numberOfElements", "first", "last")
    )
    assert (0, True) == (third["numberOfElements"], third["last"])
    everything = await own_shop.call("GET", "/api/booking/list")
    assert codes == [b["bookingCode"] for b in everything["content"]]
    others = await own_shop.ask("GET", "/api/booking/list", key=own_shop.world.other_key)
    assert (0, []) == (others.body["totalElements"], others.body["content"])


async def test_bookings_are_told_apart_by_whether_the_stay_is_over(own_shop: Shop) -> None:
    _, checkout = await own_shop.booked()

    ahead = await own_shop.call("GET", "/api/booking/state?state=FUTURE")
    over = await own_shop.call("GET", "/api/booking/state?state=PAST")
    today = own_shop.world.service.clock.now().date()
    days = (DEPARTURE + timedelta(days=4) - today).days
    await own_shop.world.advance(days * 86_400)

    assert (checkout["bookingCodes"], []) == (
        [b["bookingCode"] for b in ahead],
        [b["bookingCode"] for b in over],
    )
    (past,) = await own_shop.call("GET", "/api/booking/state?state=PAST")
    assert date.fromisoformat(past["userSession"]["itinerary"]["endDate"]) < today + timedelta(days)
    assert [] == await own_shop.call("GET", "/api/booking/state?state=FUTURE")


async def test_a_forgotten_guest_leaves_a_nameless_booking(shop: Shop) -> None:
    cart, checkout = await shop.booked()
    recorded = await shop.world.service.log.read_trip(cart["id"])
    (added,) = (r.event for r in recorded if r.topic == "trip.item-added.v1")
    await shop.world.service.vault.forget(added.offer.supplier_facts["wink"]["person_id"])

    booking = await one(shop, checkout)

    assert ("", "", "", None, False) == tuple(
        booking["user"][name] for name in ("firstName", "lastName", "email", "telephone", "valid")
    )
    assert "TEST_PAYMENT_SUCCEEDED" == booking["bookingStatus"]
