"""`POST /api/checkout`, word for word."""

from __future__ import annotations

from tests.compat.wink.shop import Shop, payment_of


async def test_a_checkout_answers_exactly_the_five_documented_fields(shop: Shop) -> None:
    cart = await shop.usual_cart()

    checkout = await shop.checkout(cart["id"])

    assert {
        "clientSecret",
        "ephemeralKey",
        "customerId",
        "groupIdentifier",
        "bookingCodes",
    } == checkout.keys()
    assert checkout["clientSecret"].startswith("pi_")
    assert "_secret_" in checkout["clientSecret"]
    assert checkout["ephemeralKey"].startswith("ek_")
    assert checkout["customerId"].startswith("cus_")
    assert 1 == len(checkout["bookingCodes"])


async def test_a_paid_checkout_becomes_a_confirmed_booking(shop: Shop) -> None:
    cart, checkout = await shop.booked()

    group = await shop.call("GET", f"/api/booking/group/{checkout['groupIdentifier']}")

    assert checkout["bookingCodes"] == [b["bookingCode"] for b in group]
    assert ["TEST_PAYMENT_SUCCEEDED"] == [b["bookingStatus"] for b in group]
    assert [payment_of(checkout)] == [b["stripePaymentIntentId"] for b in group]
    assert cart["sourceTotal"] == group[0]["sourceTotal"]
