"""`POST /api/checkout`: what it takes and answers, and what it answers when it is asked again."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.compat.wink.shop import Shop, payment_of

RESULT = {"clientSecret", "ephemeralKey", "customerId", "groupIdentifier", "bookingCodes"}


async def test_a_checkout_answers_exactly_the_five_documented_fields(shop: Shop) -> None:
    cart = await shop.usual_cart()

    checkout = await shop.checkout(cart["id"])

    assert checkout.keys() == RESULT
    assert checkout["clientSecret"].startswith("pi_")
    assert "_secret_" in checkout["clientSecret"]
    assert checkout["ephemeralKey"].startswith("ek_")
    assert checkout["customerId"].startswith("cus_")
    assert 36 == len(checkout["groupIdentifier"])
    assert 1 == len(checkout["bookingCodes"])


async def test_several_items_are_one_payment_and_as_many_bookings(shop: Shop) -> None:
    first, second = await shop.room(0), await shop.room(2)
    cart = await shop.cart(shop.item(first), shop.item(second))

    checkout = await shop.checkout(cart["id"])

    assert 2 == len(set(checkout["bookingCodes"]))
    kinds = await shop.world.kinds("stripe", cart["id"])
    assert (1, 0) == (kinds["payment_intent.created"], kinds["checkout_session.created"])


async def test_every_documented_field_is_taken(shop: Shop) -> None:
    cart = await shop.usual_cart()
    total = cart["userSpecifiedCurrencyTotal"]

    checkout = await shop.checkout(
        cart["id"],
        customizationIdentifier="a4f2e8b1-7c5d-4b9a-9e3f-1d6c2a8f5e91",
        ga4ClientId="123456.7890",
        ga4SessionId="1718000000",
        ga4MeasurementId="G-ABC123DEF4",
        ga4Sessions={"G-ABC123DEF4": "1718000000"},
        quotedTotal={
            "displayAmount": total["amount"],
            "displayCurrency": total["currency"],
            "sourceAmount": total["amount"],
            "sourceCurrency": total["currency"],
        },
    )

    assert checkout.keys() == RESULT


async def test_the_documents_own_examples_are_taken(shop: Shop) -> None:
    """They are no UUID, and measurement and client id have changed places."""
    cart = await shop.usual_cart()

    checkout = await shop.checkout(
        cart["id"],
        customizationIdentifier="g1h2i3j4-k5l6-7890-mnop-qr1234567890",
        ga4ClientId="G-XXXXXXXXXX",
        ga4MeasurementId="1234567890.0987654321",
        ga4SessionId="1640995200",
    )

    assert checkout.keys() == RESULT


async def test_an_empty_text_means_that_an_optional_field_was_left_out(shop: Shop) -> None:
    cart = await shop.usual_cart()

    checkout = await shop.checkout(
        cart["id"],
        customizationIdentifier="",
        ga4ClientId="",
        ga4SessionId="",
        ga4MeasurementId="",
        ga4Sessions="",
        quotedTotal="",
    )

    assert checkout.keys() == RESULT


async def test_fields_nobody_knows_yet_are_ignored(shop: Shop) -> None:
    cart = await shop.usual_cart()

    checkout = await shop.checkout(cart["id"], loyaltyIdentifier="x", utm={"source": "y"})

    assert checkout.keys() == RESULT


@pytest.mark.parametrize("field", ["shoppingCartIdentifier", "redirectUrl"])
@pytest.mark.parametrize("how", ["empty", "missing", "null"])
async def test_a_required_field_must_be_there(shop: Shop, field: str, how: str) -> None:
    body: dict[str, Any] = shop.order("a2f1c9d8-4e7b-4d3a-9f2c-1a6b5e8d3f42")
    body[field] = {"empty": "", "missing": None, "null": None}[how]
    if how == "missing":
        del body[field]

    status, code, problem = await shop.refused("POST", "/api/checkout", body)

    assert (400, "invalid_request") == (status, code)
    assert [f"/{field}"] == [error["pointer"] for error in problem["errors"]]


@pytest.mark.parametrize("version", [None, "", "2.0", "2.0.0"])
async def test_a_spoken_version_is_served(shop: Shop, version: str | None) -> None:
    headers = {} if version is None else {"Wink-Version": version}

    told = await shop.ask("GET", "/api/shopping-cart/list", headers=headers)

    assert 200 == told.status


@pytest.mark.parametrize("version", ["1.0", "2.1", "3", "latest"])
async def test_another_version_is_refused_with_those_that_are_spoken(
    shop: Shop, version: str
) -> None:
    cart = await shop.usual_cart()

    status, code, problem = await shop.refused(
        "POST", "/api/checkout", shop.order(cart["id"]), headers={"Wink-Version": version}
    )

    assert (400, "unsupported_version") == (status, code)
    assert ["2.0", "2.0.0"] == problem["properties"]["supported_versions"]
    assert 0 == (await shop.world.kinds("stripe", cart["id"]))["payment_intent.created"]


async def test_a_checkout_asked_for_again_is_the_same_with_a_live_key(shop: Shop) -> None:
    cart = await shop.usual_cart()
    first = await shop.checkout(cart["id"])

    second = await shop.checkout(cart["id"], ga4ClientId="another")

    lasting = RESULT - {"ephemeralKey"}
    assert {name: first[name] for name in lasting} == {name: second[name] for name in lasting}
    assert first["ephemeralKey"] != second["ephemeralKey"]
    kinds = await shop.world.kinds("stripe", cart["id"])
    assert (1, 1) == (kinds["payment_intent.created"], kinds["customer.created"])


async def test_twenty_clicks_at_once_open_one_payment(shop: Shop) -> None:
    cart = await shop.usual_cart()

    answers = await asyncio.gather(*(shop.checkout(cart["id"]) for _ in range(20)))

    assert 1 == len({(a["clientSecret"], a["groupIdentifier"]) for a in answers})
    assert 1 == len({tuple(a["bookingCodes"]) for a in answers})
    assert 1 == (await shop.world.kinds("stripe", cart["id"]))["payment_intent.created"]


async def test_an_edited_cart_gets_a_new_checkout_and_the_old_one_cannot_be_paid(
    shop: Shop,
) -> None:
    cart = await shop.usual_cart()
    first = await shop.checkout(cart["id"])
    await shop.call("PATCH", f"/api/shopping-cart/{cart['id']}", shop.item(await shop.room(2)))

    second = await shop.checkout(cart["id"])

    assert first["groupIdentifier"] != second["groupIdentifier"]
    assert payment_of(first) != payment_of(second)
    assert 2 == len(second["bookingCodes"])
    assert not set(first["bookingCodes"]) & set(second["bookingCodes"])
    assert ("canceled", "unpaid") == (
        await shop.payment_status(first),
        await shop.payment_status(second),
    )


async def test_a_paid_cart_is_not_checked_out_again(shop: Shop) -> None:
    cart, checkout = await shop.booked()

    status, code, problem = await shop.refused("POST", "/api/checkout", shop.order(cart["id"]))

    assert (409, "already_checked_out") == (status, code)
    assert checkout["groupIdentifier"] == problem["properties"]["groupIdentifier"]
    assert problem["properties"]["retryable"] is False
    assert 1 == (await shop.world.kinds("stripe", cart["id"]))["payment.captured"]


async def test_a_trip_built_by_another_door_is_a_cart_too(shop: Shop) -> None:
    trip_id = await shop.world.build_usual()

    checkout = await shop.checkout(trip_id)
    await shop.pay(checkout)
    trip = await shop.world.until_status(trip_id, "completed", "failed")

    assert "completed" == trip["status"]
    assert sorted(checkout["bookingCodes"]) == sorted(b["code"] for b in trip["bookings"])


async def test_an_idempotency_key_is_honoured_although_the_contract_knows_none(shop: Shop) -> None:
    item = shop.item(await shop.room())
    headers = {"Idempotency-Key": f"create-{item['roomRateIdentifier']}"}

    first = await shop.ask("POST", "/api/shopping-cart", [item], headers=headers)
    second = await shop.ask("POST", "/api/shopping-cart", [item], headers=headers)

    assert (200, 200) == (first.status, second.status)
    assert first.body == second.body
    assert "true" == second.headers["Idempotent-Replayed"]
