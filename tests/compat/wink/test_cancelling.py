"""What cancelling gives back, and cancelling: one booking, or all of a checkout."""

from __future__ import annotations

from typing import Any

import pytest

from tests.compat.wink.shop import Shop

DETAIL = {"cancellationType": "CANCELLATION", "reason": "Guest changed travel plans"}
PREVIEW = {
    "bookingIdentifier",
    "bookingCode",
    "hotelName",
    "startDate",
    "endDate",
    "refundable",
    "refundType",
    "refundDisplayAmount",
    "displayCurrency",
    "cancellationPolicy",
}


async def flexible(shop: Shop, *, skip: int = 0) -> dict[str, Any]:
    """A room that gives everything back until shortly before arrival."""
    offers = [offer for offer in await shop.rooms() if offer["refundable"]]
    return shop.item(offers[skip])


async def test_a_preview_tells_what_comes_back_and_changes_nothing(shop: Shop) -> None:
    cart, checkout = await shop.booked(await flexible(shop))
    (code,) = checkout["bookingCodes"]
    before = await shop.world.topics(cart["id"])

    preview = await shop.call("GET", f"/api/booking/{code}/refund-preview")

    total = cart["userSpecifiedCurrencyTotal"]
    assert PREVIEW == preview.keys()
    assert (code, True, "FULL", total["amount"], total["currency"]) == (
        preview["bookingCode"],
        preview["refundable"],
        preview["refundType"],
        preview["refundDisplayAmount"],
        preview["displayCurrency"],
    )
    assert cart["itemList"][0]["hotel"]["name"] == preview["hotelName"]
    assert before == await shop.world.topics(cart["id"])


async def test_a_room_that_gives_nothing_back_says_so(shop: Shop) -> None:
    offers = [offer for offer in await shop.rooms() if not offer["refundable"]]
    _, checkout = await shop.booked(shop.item(offers[0]))

    preview = await shop.call("GET", f"/api/booking/{checkout['bookingCodes'][0]}/refund-preview")

    assert (False, "NONE", 0) == (
        preview["refundable"],
        preview["refundType"],
        preview["refundDisplayAmount"],
    )


async def test_a_cancelled_booking_is_refunded_as_previewed(shop: Shop) -> None:
    cart, checkout = await shop.booked(await flexible(shop))
    (code,) = checkout["bookingCodes"]

    cancelled = await shop.call("PATCH", f"/api/booking/{code}", DETAIL)
    await shop.world.at_rest()

    assert cancelled["cancelled"] is True
    assert ("GUEST", DETAIL["cancellationType"], DETAIL["reason"]) == tuple(
        cancelled["cancellation"][name]
        for name in ("cancellerType", "cancellationType", "cancelReason")
    )
    booking = await shop.call("GET", f"/api/booking/{code}")
    assert "FULLY_REFUNDED" == booking["bookingStatus"]
    assert [
        ("INITIALIZED", "TEST_PAYMENT_SUCCEEDED"),
        ("TEST_PAYMENT_SUCCEEDED", "CANCELLED"),
        ("CANCELLED", "FULLY_REFUNDED"),
    ] == [(step["fromStatus"], step["toStatus"]) for step in booking["statusHistory"]]
    assert ("SUCCEEDED", cart["sourceTotal"]["amount"], "REQUESTED_BY_CUSTOMER") == (
        booking["refund"]["status"],
        booking["refund"]["displayAmount"],
        booking["refund"]["reason"],
    )
    assert booking["refund"]["stripeRefundId"].startswith("re_")
    refunds = await shop.world.amounts("refund.created", cart["id"])
    assert [round(cart["sourceTotal"]["amount"] * 100)] == refunds


async def test_a_booking_cancelled_twice_is_refunded_once(shop: Shop) -> None:
    cart, checkout = await shop.booked(await flexible(shop))
    path = f"/api/booking/{checkout['bookingCodes'][0]}"
    await shop.call("PATCH", path, DETAIL)

    status, code, problem = await shop.refused("PATCH", path, DETAIL)
    await shop.world.at_rest()

    assert (409, "already_cancelled") == (status, code)
    assert "nobody" == problem["properties"]["who_must_act"]
    assert 1 == len(await shop.world.amounts("refund.created", cart["id"]))


async def test_one_booking_of_two_is_a_partial_refund_of_the_one_payment(shop: Shop) -> None:
    cart, checkout = await shop.booked(await flexible(shop), await flexible(shop, skip=1))
    first, second = checkout["bookingCodes"]

    await shop.call("PATCH", f"/api/booking/{first}", DETAIL)
    await shop.world.at_rest()

    group = await shop.call("GET", f"/api/booking/group/{checkout['groupIdentifier']}")
    assert [(first, "FULLY_REFUNDED"), (second, "TEST_PAYMENT_SUCCEEDED")] == [
        (booking["bookingCode"], booking["bookingStatus"]) for booking in group
    ]
    refunds = await shop.world.amounts("refund.created", cart["id"])
    assert [round(cart["itemList"][0]["sourceTotal"]["amount"] * 100)] == refunds


async def test_a_group_is_cancelled_once_and_never_above_what_was_paid(shop: Shop) -> None:
    cart, checkout = await shop.booked(await flexible(shop), await flexible(shop, skip=1))
    path = f"/api/booking/group/{checkout['groupIdentifier']}"
    preview = await shop.call("GET", f"{path}/refund-preview")
    total = cart["sourceTotal"]["amount"]
    assert (total, "FULL", 2) == (
        preview["totalRefundDisplayAmount"],
        preview["refundType"],
        len(preview["lines"]),
    )

    cancelled = await shop.call("PATCH", path, DETAIL)
    again = await shop.call("PATCH", path, DETAIL)
    await shop.world.at_rest()

    assert checkout["bookingCodes"] == [booking["bookingCode"] for booking in cancelled]
    assert [] == again
    refunds = await shop.world.amounts("refund.created", cart["id"])
    assert (2, round(total * 100)) == (len(refunds), sum(refunds))
    group = await shop.call("GET", path)
    assert ["FULLY_REFUNDED", "FULLY_REFUNDED"] == [each["bookingStatus"] for each in group]


async def test_only_the_bookings_at_one_hotel_can_be_meant(shop: Shop) -> None:
    first = await flexible(shop)
    others = [
        offer
        for offer in await shop.rooms()
        if offer["refundable"] and offer["details"]["hotel_identifier"] != first["hotelIdentifier"]
    ]
    _, checkout = await shop.booked(first, shop.item(others[0]))
    path = f"/api/booking/group/{checkout['groupIdentifier']}"
    only = f"hotelIdentifier={first['hotelIdentifier']}"

    preview = await shop.call("GET", f"{path}/refund-preview?{only}")
    elsewhere = await shop.call("GET", f"{path}/refund-preview?hotelIdentifier=elsewhere")
    cancelled = await shop.call("PATCH", f"{path}?{only}", DETAIL)

    assert [checkout["bookingCodes"][0]] == [line["bookingCode"] for line in preview["lines"]]
    assert [checkout["bookingCodes"][0]] == [booking["bookingCode"] for booking in cancelled]
    assert ([], "NONE", 0, "EUR") == tuple(
        elsewhere[name]
        for name in ("lines", "refundType", "totalRefundDisplayAmount", "displayCurrency")
    )


async def test_what_the_supplier_will_not_cancel_stays(shop: Shop) -> None:
    item = shop.item(await shop.room_of_scenario("Cancellation Not Supported"))
    cart, checkout = await shop.booked(item)
    path = f"/api/booking/{checkout['bookingCodes'][0]}"

    status, code, _ = await shop.refused("PATCH", path, DETAIL)
    await shop.world.at_rest()

    assert (422, "not_cancellable") == (status, code)
    assert "TEST_PAYMENT_SUCCEEDED" == (await shop.call("GET", path))["bookingStatus"]
    assert [] == await shop.world.amounts("refund.created", cart["id"])


async def test_what_was_never_paid_cannot_be_cancelled(shop: Shop) -> None:
    cart = await shop.usual_cart()
    checkout = await shop.checkout(cart["id"])

    for path in (checkout["bookingCodes"][0], f"group/{checkout['groupIdentifier']}"):
        status, code, _ = await shop.refused("PATCH", f"/api/booking/{path}", DETAIL)

        assert (422, "not_cancellable") == (status, code)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"cancellationType": "CANCELLATION"},
        {"cancellationType": "CANCELLATION", "reason": ""},
        {"cancellationType": "FREE_CANCELLATION", "reason": "x"},
        {"reason": "x"},
    ],
)
async def test_a_cancellation_says_its_type_and_reason(shop: Shop, body: dict[str, str]) -> None:
    cart = await shop.usual_cart()
    checkout = await shop.checkout(cart["id"])

    status, code, _ = await shop.refused(
        "PATCH", f"/api/booking/{checkout['bookingCodes'][0]}", body
    )

    assert (400, "invalid_request") == (status, code)
