"""Every refusal is a ProblemDetail with a status of the contract, its code and what to do nested
in `properties`, and without a trace of the program."""

from __future__ import annotations

from typing import Any

import pytest

from tests.compat.wink.shop import ALEXANDRA, Shop

NOBODYS = "a2f1c9d8-4e7b-4d3a-9f2c-1a6b5e8d3f42"
MEMBERS = {"type", "title", "status", "detail", "instance", "properties"}
CALLS = [
    ("POST", "/api/checkout"),
    ("GET", f"/api/shopping-cart/{NOBODYS}"),
    ("PATCH", f"/api/shopping-cart/{NOBODYS}"),
    ("PATCH", f"/api/shopping-cart/{NOBODYS}/item/{NOBODYS}"),
    ("DELETE", f"/api/shopping-cart/{NOBODYS}/item/{NOBODYS}"),
    ("DELETE", f"/api/shopping-cart/{NOBODYS}/item/{NOBODYS}/ancillary/{NOBODYS}"),
    ("DELETE", f"/api/shopping-cart/{NOBODYS}/empty"),
    ("DELETE", f"/api/shopping-cart/{NOBODYS}"),
    ("GET", f"/api/booking/{NOBODYS}"),
    ("GET", f"/api/booking/group/{NOBODYS}"),
    ("GET", "/api/booking/tx/pi_nobodys"),
    ("GET", f"/api/booking/{NOBODYS}/refund-preview"),
    ("GET", "/api/booking/group/G-UOCWALXX/refund-preview"),
    ("PATCH", f"/api/booking/{NOBODYS}"),
    ("PATCH", f"/api/booking/group/{NOBODYS}"),
]
ABSENT = {"cart_not_found", "booking_not_found", "group_not_found", "payment_not_found"}


async def body_for(shop: Shop, method: str, path: str) -> Any:
    if path == "/api/checkout":
        return shop.order(NOBODYS)
    if method == "PATCH" and "booking" in path:
        return {"cancellationType": "CANCELLATION", "reason": "Changed plans"}
    if method == "PATCH":
        return shop.item(await shop.room())
    return None


@pytest.mark.parametrize(("method", "path"), CALLS)
async def test_what_is_not_there_is_not_found(shop: Shop, method: str, path: str) -> None:
    body = await body_for(shop, method, path)

    status, code, problem = await shop.refused(method, path, body)

    assert 404 == status
    assert code in ABSENT
    assert problem.keys() >= MEMBERS
    assert path == problem["instance"]
    assert {"code", "retryable", "requestId"} <= problem["properties"].keys()
    assert problem["retryable"] is problem["properties"]["retryable"] is False


@pytest.mark.parametrize(("method", "path"), [*CALLS, ("POST", "/api/shopping-cart")])
async def test_nobody_gets_in_without_a_token(shop: Shop, method: str, path: str) -> None:
    for headers in ({"Authorization": ""}, {"Authorization": "Bearer tl_test_nobody"}):
        status, code, problem = await shop.refused(method, path, headers=headers)

        assert (401, "unauthenticated") == (status, code)
        assert "unauthenticated" == problem["properties"]["code"]


async def test_a_token_without_the_scope_is_forbidden(shop: Shop) -> None:
    service = shop.world.service
    only_reads, _ = await service.keys.create(
        "ours", "test", frozenset(["trips:read"]), service.clock.now()
    )
    cart = await shop.usual_cart()
    item = shop.item(await shop.room())
    for method, path, body, scope in (
        ("POST", "/api/checkout", shop.order(cart["id"]), "payments:write"),
        ("POST", "/api/shopping-cart", [], "trips:write"),
        ("PATCH", f"/api/shopping-cart/{cart['id']}", item, "trips:write"),
        ("DELETE", f"/api/shopping-cart/{cart['id']}", None, "trips:write"),
    ):
        status, code, problem = await shop.refused(method, path, body, key=only_reads)

        assert (403, "insufficient_scope") == (status, code)
        assert [scope] == problem["properties"]["required_scopes"]
    assert 200 == (await shop.ask("GET", f"/api/shopping-cart/{cart['id']}", key=only_reads)).status


async def test_another_tenants_cart_is_as_absent_as_any(shop: Shop) -> None:
    cart, checkout = await shop.booked()
    (code,) = checkout["bookingCodes"]
    for method, path, body in (
        ("POST", "/api/checkout", shop.order(cart["id"])),
        ("GET", f"/api/shopping-cart/{cart['id']}", None),
        ("DELETE", f"/api/shopping-cart/{cart['id']}", None),
        ("GET", f"/api/booking/{code}", None),
        ("GET", f"/api/booking/group/{checkout['groupIdentifier']}", None),
        ("GET", f"/api/booking/tx/{checkout['clientSecret'].partition('_secret_')[0]}", None),
        ("GET", f"/api/booking/{code}/refund-preview", None),
    ):
        status, found, _ = await shop.refused(method, path, body, key=shop.world.other_key)

        assert 404 == status
        assert found in ABSENT


async def test_another_method_is_not_allowed(shop: Shop) -> None:
    told = await shop.ask("PUT", "/api/checkout", {})

    assert (405, "method_not_allowed") == (told.status, told.body["code"])


async def test_a_body_that_is_not_json_is_refused(shop: Shop) -> None:
    async def sent(data: bytes, kind: str) -> tuple[int, Any]:
        async with shop.world.session.post(
            shop.world.url + "/api/checkout",
            data=data,
            headers={"Authorization": f"Bearer {shop.world.key}", "Content-Type": kind},
        ) as answer:
            return answer.status, (await answer.json(content_type=None))["properties"]["code"]

    assert (415, "unsupported_media_type") == await sent(
        b"a=b", "application/x-www-form-urlencoded"
    )
    assert (400, "malformed_json") == await sent(b"{", "application/json")
    assert (400, "invalid_request") == await sent(b"[]", "application/json")
    assert (400, "invalid_request") == await sent(b"", "application/json")


async def test_an_empty_cart_cannot_be_checked_out(shop: Shop) -> None:
    cart = await shop.cart()

    status, code, _ = await shop.refused("POST", "/api/checkout", shop.order(cart["id"]))

    assert (422, "cart_empty") == (status, code)


async def test_a_room_that_is_gone_is_named_and_is_no_success_body(shop: Shop) -> None:
    """The documents type the 422 with the success shape; it is a ProblemDetail."""
    gone = shop.item(await shop.room_of_scenario("Rate Unavailable at Quote"))
    cart = await shop.cart(shop.item(await shop.room()), gone)

    status, code, problem = await shop.refused("POST", "/api/checkout", shop.order(cart["id"]))

    assert (422, "inventory_unavailable") == (status, code)
    assert "clientSecret" not in problem
    (item,) = problem["properties"]["items"]
    assert cart["itemList"][1]["identifier"] == item["identifier"]
    assert "sold_out" == item["code"]
    assert item["detail"]
    assert 0 == (await shop.world.kinds("stripe", cart["id"]))["payment_intent.created"]


async def test_guests_nobody_can_call_are_refused_before_anything_is_paid(shop: Shop) -> None:
    """Suppliers take no number that only works within a country."""
    silent = {name: value for name, value in ALEXANDRA.items() if name != "telephone"}
    for user in (silent, {**ALEXANDRA, "telephone": "0123456789"}):
        cart = await shop.cart(shop.item(await shop.room(), user=user))

        status, code, problem = await shop.refused("POST", "/api/checkout", shop.order(cart["id"]))

        assert (422, "contact_required") == (status, code)
        (item,) = problem["properties"]["items"]
        assert cart["itemList"][0]["identifier"] == item["identifier"]
        assert 0 == (await shop.world.kinds("stripe", cart["id"]))["payment_intent.created"]


async def test_invented_guests_are_refused_by_field(shop: Shop) -> None:
    item = shop.item(await shop.room(), user={**ALEXANDRA, "firstName": "Passenger"})

    status, code, problem = await shop.refused("POST", "/api/shopping-cart", [item])

    assert (422, "placeholder_traveler") == (status, code)
    assert ["/0/user/firstName"] == [error["pointer"] for error in problem["errors"]]


async def test_a_payment_provider_that_does_not_answer_is_told_and_may_be_asked_again(
    shop: Shop,
) -> None:
    cart = await shop.usual_cart()
    first = await shop.checkout(cart["id"])
    await shop.world.fault("stripe", "POST", "/v1/ephemeral_keys", "http_500", times=3)

    status, code, problem = await shop.refused("POST", "/api/checkout", shop.order(cart["id"]))
    await shop.world.steer("stripe", "DELETE", "/_sandbox/faults")

    assert (503, "payment_provider_unavailable") == (status, code)
    assert problem["properties"]["retryable"] is True
    assert "nothing" == problem["properties"]["happened"]
    again = await shop.checkout(cart["id"])
    assert first["groupIdentifier"] == again["groupIdentifier"]


async def test_a_supplier_that_does_not_answer_is_told(shop: Shop) -> None:
    """These nights were never searched for, so the supplier has to be asked."""
    item = shop.item(await shop.room(), endDate="", nights=5)
    await shop.world.fault("duffel", "POST", "/stays/search", "http_503", times=9)

    status, code, problem = await shop.refused("POST", "/api/shopping-cart", [item])
    await shop.world.steer("duffel", "DELETE", "/_sandbox/faults")

    assert (503, "supplier_unavailable") == (status, code)
    assert problem["properties"]["retryable"] is True
    assert 1 == len((await shop.cart(item))["itemList"])


async def test_a_redirect_to_a_dangerous_place_is_refused(shop: Shop) -> None:
    cart = await shop.usual_cart()

    status, code, problem = await shop.refused(
        "POST", "/api/checkout", shop.order(cart["id"], redirectUrl="javascript:alert(1)")
    )

    assert (400, "invalid_request") == (status, code)
    assert ["/redirectUrl"] == [error["pointer"] for error in problem["errors"]]


async def test_a_refusal_shows_nothing_of_the_program(shop: Shop) -> None:
    for body in ({}, [], {"shoppingCartIdentifier": 7}, {"x": "y" * 100}):
        _, _, problem = await shop.refused("POST", "/api/checkout", body)

        text = str(problem)
        for word in ("Traceback", 'File "', "stackTrace", "line ", ".py", "suppressed"):
            assert word not in text
