"""`quotedTotal` is what the traveller was shown: asserted to the cent, never used as a price."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.compat.wink.shop import Shop


def quoted(total: Any, more: str = "0", **changed: Any) -> dict[str, Any]:
    amount = float(Decimal(str(total["amount"])) + Decimal(more))
    return {"displayAmount": amount, "displayCurrency": total["currency"], **changed}


async def payments(shop: Shop, cart: Any) -> int:
    return (await shop.world.kinds("stripe", cart["id"]))["payment_intent.created"]


async def test_the_right_total_opens_the_checkout_at_this_price(shop: Shop) -> None:
    cart = await shop.usual_cart()

    await shop.checkout(cart["id"], quotedTotal=quoted(cart["userSpecifiedCurrencyTotal"]))

    entries = await shop.world.journal("stripe", cart["id"])
    (opened,) = (e for e in entries if e["kind"] == "payment_intent.created")
    total = Decimal(str(cart["userSpecifiedCurrencyTotal"]["amount"]))
    assert int(total * 100) == opened["amount"]


@pytest.mark.parametrize("more", ["0.01", "-0.01", "100", "-100"])
async def test_another_total_is_refused_before_any_payment(shop: Shop, more: str) -> None:
    cart = await shop.usual_cart()
    total = cart["userSpecifiedCurrencyTotal"]

    status, code, problem = await shop.refused(
        "POST", "/api/checkout", shop.order(cart["id"], quotedTotal=quoted(total, more))
    )

    assert (409, "price_changed") == (status, code)
    assert total == problem["properties"]["new_total"]
    assert quoted(total, more)["displayAmount"] == problem["properties"]["old_total"]["amount"]
    assert 0 == await payments(shop, cart)


async def test_another_currency_is_another_total(shop: Shop) -> None:
    cart = await shop.usual_cart()
    total = quoted(cart["userSpecifiedCurrencyTotal"], displayCurrency="JPY", displayAmount=1)

    status, code, _ = await shop.refused(
        "POST", "/api/checkout", shop.order(cart["id"], quotedTotal=total)
    )

    assert (409, "price_changed") == (status, code)
    assert 0 == await payments(shop, cart)


async def test_a_source_amount_is_asserted_too(shop: Shop) -> None:
    cart = await shop.usual_cart()
    total = cart["userSpecifiedCurrencyTotal"]
    wrong = quoted(total, sourceAmount=1.0, sourceCurrency=total["currency"])

    status, code, _ = await shop.refused(
        "POST", "/api/checkout", shop.order(cart["id"], quotedTotal=wrong)
    )

    assert (409, "price_changed") == (status, code)
    assert 0 == await payments(shop, cart)


@pytest.mark.parametrize(
    "total",
    [
        {"displayAmount": 100},
        {"displayCurrency": "GBP"},
        {"displayAmount": 100, "displayCurrency": "pounds"},
        {"displayAmount": 100, "displayCurrency": "GBP", "sourceAmount": 100},
        {"displayAmount": 100.001, "displayCurrency": "GBP"},
        {"displayAmount": 100.5, "displayCurrency": "JPY"},
        {"displayAmount": 1e300, "displayCurrency": "GBP"},
        {"displayAmount": "many", "displayCurrency": "GBP"},
    ],
)
async def test_a_total_that_makes_no_sense_is_a_bad_request(
    shop: Shop, total: dict[str, Any]
) -> None:
    cart = await shop.usual_cart()

    status, code, _ = await shop.refused(
        "POST", "/api/checkout", shop.order(cart["id"], quotedTotal=total)
    )

    assert (400, "invalid_request") == (status, code)
    assert 0 == await payments(shop, cart)


async def test_a_number_is_read_digit_by_digit(shop: Shop) -> None:
    """0.1 + 0.2 as a binary fraction is no price: 0.30000000000000004 has parts of a cent."""
    cart = await shop.usual_cart()

    status, code, problem = await shop.refused(
        "POST",
        "/api/checkout",
        shop.order(cart["id"], quotedTotal={"displayAmount": 0.1 + 0.2, "displayCurrency": "GBP"}),
    )

    assert (400, "invalid_request") == (status, code)
    assert ["/quotedTotal/displayAmount"] == [e["pointer"] for e in problem["errors"]]


async def test_a_room_that_got_dearer_is_asked_about_and_then_charged_as_told(shop: Shop) -> None:
    cart = await shop.cart(shop.item(await shop.room_of_scenario("Price Changed at Quote")))

    status, code, problem = await shop.refused("POST", "/api/checkout", shop.order(cart["id"]))

    assert (409, "price_changed") == (status, code)
    new = problem["properties"]["new_total"]
    assert cart["userSpecifiedCurrencyTotal"] == problem["properties"]["old_total"]
    assert new["amount"] > cart["userSpecifiedCurrencyTotal"]["amount"]
    shown = await shop.call("GET", f"/api/shopping-cart/{cart['id']}")
    assert new == shown["userSpecifiedCurrencyTotal"]
    checkout = await shop.checkout(cart["id"], quotedTotal=quoted(new))
    assert 1 == len(checkout["bookingCodes"])
