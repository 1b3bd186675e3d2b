"""Every call of the contract is published, and what is answered is what was published."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from tests.compat.wink.shop import Shop, payment_of

CALLS = {
    ("post", "/api/checkout"),
    ("post", "/api/shopping-cart"),
    ("delete", "/api/shopping-cart"),
    ("get", "/api/shopping-cart/list"),
    ("get", "/api/shopping-cart/{shoppingCartIdentifier}"),
    ("patch", "/api/shopping-cart/{shoppingCartIdentifier}"),
    ("delete", "/api/shopping-cart/{shoppingCartIdentifier}"),
    ("delete", "/api/shopping-cart/{shoppingCartIdentifier}/empty"),
    ("patch", "/api/shopping-cart/{shoppingCartIdentifier}/item/{itemIdentifier}"),
    ("delete", "/api/shopping-cart/{shoppingCartIdentifier}/item/{itemIdentifier}"),
    (
        "delete",
        "/api/shopping-cart/{shoppingCartIdentifier}/item/{itemIdentifier}"
        "/ancillary/{ancillaryIdentifier}",
    ),
    ("get", "/api/booking/list"),
    ("get", "/api/booking/state"),
    ("get", "/api/booking/group/{groupIdentifier}"),
    ("patch", "/api/booking/group/{groupIdentifier}"),
    ("get", "/api/booking/group/{groupIdentifier}/refund-preview"),
    ("get", "/api/booking/tx/{paymentIdentifier}"),
    ("get", "/api/booking/{bookingIdentifier}"),
    ("patch", "/api/booking/{bookingIdentifier}"),
    ("get", "/api/booking/{bookingIdentifier}/refund-preview"),
}
# The statuses that the documents list for a checkout.
CHECKOUT = {"200", "400", "401", "403", "404", "409", "415", "422", "500", "503"}


@pytest.fixture
async def document(shop: Shop) -> Any:
    return await shop.call("GET", "/openapi.json")


async def test_every_call_is_published(document: Any) -> None:
    published = {
        (method, path)
        for path, ways in document["paths"].items()
        for method in ways
        if path.startswith("/api/")
    }

    assert published == CALLS
    for method, path in CALLS:
        names = [each["name"] for each in document["paths"][path][method]["parameters"]]
        assert "Wink-Version" in names


async def test_the_documented_statuses_of_a_checkout_are_published(document: Any) -> None:
    responses = document["paths"]["/api/checkout"]["post"]["responses"]

    assert responses.keys() >= CHECKOUT
    for status in CHECKOUT - {"200"}:
        assert ["application/problem+json"] == list(responses[status]["content"])


async def test_what_is_answered_is_what_was_published(shop: Shop, document: Any) -> None:
    cart, checkout = await shop.booked()
    # What is booked is in no list of carts.
    await shop.usual_cart()
    (code,) = checkout["bookingCodes"]
    group, payment = checkout["groupIdentifier"], payment_of(checkout)
    path = "/api/shopping-cart/{shoppingCartIdentifier}"
    told = {
        ("post", "/api/checkout"): checkout,
        ("post", "/api/shopping-cart"): cart,
        ("get", path): await shop.call("GET", f"/api/shopping-cart/{cart['id']}"),
        ("get", "/api/shopping-cart/list"): await shop.call("GET", "/api/shopping-cart/list"),
    }
    for where, asked in (
        ("/api/booking/{bookingIdentifier}", f"/api/booking/{code}"),
        ("/api/booking/group/{groupIdentifier}", f"/api/booking/group/{group}"),
        ("/api/booking/tx/{paymentIdentifier}", f"/api/booking/tx/{payment}"),
        ("/api/booking/list", "/api/booking/list"),
        ("/api/booking/state", "/api/booking/state"),
        ("/api/booking/{bookingIdentifier}/refund-preview", f"/api/booking/{code}/refund-preview"),
        (
            "/api/booking/group/{groupIdentifier}/refund-preview",
            f"/api/booking/group/{group}/refund-preview",
        ),
    ):
        told["get", where] = await shop.call("GET", asked)

    assert 11 == len(told)
    for (method, where), answer in told.items():
        content = document["paths"][where][method]["responses"]["200"]["content"]
        schema = content["application/json"]["schema"] | {"components": document["components"]}
        jsonschema.validate(answer, schema)
        assert answer


async def test_the_published_examples_are_what_may_be_sent(document: Any) -> None:
    checked = 0
    for method, path in CALLS:
        body = document["paths"][path][method].get("requestBody")
        if body is None or "example" not in body["content"]["application/json"]:
            continue
        content = body["content"]["application/json"]
        jsonschema.validate(
            content["example"], content["schema"] | {"components": document["components"]}
        )
        checked += 1
    assert 4 == checked
