"""Bad requests get Stripe's own refusals, and nothing happens."""

from __future__ import annotations

import base64
from typing import Any

import pytest
import stripe

from tests.sandbox.stripe.conftest import OpenSession, line
from tests.sandbox.stripe.running import API_VERSION, RunningSandbox, stripe_client


async def test_a_wrong_key_is_refused(sandbox: RunningSandbox) -> None:
    async with stripe_client(sandbox.url, api_key="sk_test_somebody_else") as stranger:
        with pytest.raises(stripe.AuthenticationError) as refused:
            await stranger.v1.customers.create_async({"email": "a@shop.example"})

    assert refused.value.http_status == 401
    assert "somebody" not in str(refused.value)
    assert await sandbox.kinds() == []


async def test_basic_authentication_with_the_key_as_user_is_accepted(
    sandbox: RunningSandbox,
) -> None:
    auth = "Basic " + base64.b64encode(b"sk_test_sandbox:").decode()
    async with sandbox.http.get(
        f"{sandbox.url}/v1/events", headers={"Authorization": auth}
    ) as answer:
        assert answer.status == 200


async def test_every_answer_names_its_request_and_version(
    client: stripe.StripeClient,
) -> None:
    customer = await client.v1.customers.create_async({})
    headers = customer.last_response.headers

    assert headers["Request-Id"].startswith("req_")
    assert headers["Stripe-Version"] == API_VERSION


async def test_an_unknown_url_gets_stripes_404(sandbox: RunningSandbox) -> None:
    async with sandbox.http.get(f"{sandbox.url}/v1/horses") as answer:
        error = (await answer.json())["error"]

    assert (answer.status, error["type"]) == (404, "invalid_request_error")
    assert "/v1/horses" in error["message"]


@pytest.mark.parametrize(
    ("changes", "code", "param"),
    [
        ({"colour": "red"}, "parameter_unknown", "colour"),
        ({"payment_intent_data": {"colour": "red"}}, "parameter_unknown", None),
        ({"success_url": None}, "parameter_missing", "success_url"),
        ({"success_url": "/done"}, "url_invalid", "success_url"),
        ({"line_items": None}, "parameter_missing", "line_items"),
        ({"line_items": [line("Bus", 49)]}, "amount_too_small", "line_items"),
        ({"line_items": [line("Bus", 29, "gbp")]}, "amount_too_small", "line_items"),
        ({"line_items": [line("Jet", 100_000_000)]}, "amount_too_large", "line_items"),
        ({"line_items": [line("Bus", 500, "zzz")]}, None, None),
        ({"line_items": [line("Bus", 500), line("Tram", 500, "usd")]}, None, None),
        ({"line_items": [line("Dhow", 5_124, "kwd")]}, None, "line_items"),
        ({"ui_mode": "hosted"}, None, "ui_mode"),
        ({"mode": "subscription"}, None, "mode=subscription"),
        ({"client_reference_id": "x" * 201}, None, "client_reference_id"),
        ({"metadata": {f"k{n}": "v" for n in range(51)}}, None, "metadata"),
        ({"customer": "cus_nobody"}, "resource_missing", "customer"),
        ({"discounts": [{"coupon": "SALE"}]}, None, "discounts"),
    ],
)
async def test_a_session_that_stripe_would_refuse_is_refused(
    open_session: OpenSession,
    sandbox: RunningSandbox,
    changes: dict[str, Any],
    code: str | None,
    param: str | None,
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await open_session(**changes)

    assert refused.value.code == code
    if param is not None:
        assert refused.value.param == param
    assert await sandbox.kinds() == []


@pytest.mark.parametrize("seconds", [1_795, 24 * 3600 + 5])
async def test_a_session_lives_between_half_an_hour_and_a_day(
    open_session: OpenSession, sandbox: RunningSandbox, seconds: int
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await open_session(expires_at=sandbox.clock.epoch() + seconds)

    assert refused.value.param == "expires_at"


async def test_amounts_are_whole_numbers(client: stripe.StripeClient) -> None:
    for amount in ("12.50", "1e3", "-5"):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            await client.v1.payment_intents.create_async({"amount": amount, "currency": "eur"})
        assert refused.value.code == "parameter_invalid_integer"


async def test_an_ephemeral_key_needs_the_version_that_the_app_speaks(
    client: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    customer = await client.v1.customers.create_async({})
    async with sandbox.http.post(
        f"{sandbox.url}/v1/ephemeral_keys",
        data={"customer": customer.id},
        headers={"Authorization": "Bearer sk_test_sandbox"},
    ) as answer:
        assert answer.status == 400


async def test_what_cannot_be_expanded_is_refused(client: stripe.StripeClient) -> None:
    intent = await client.v1.payment_intents.create_async({"amount": 500, "currency": "eur"})

    with pytest.raises(stripe.InvalidRequestError):
        await client.v1.payment_intents.retrieve_async(intent.id, {"expand": ["weather"]})


@pytest.mark.parametrize(
    ("path", "body"),
    [("clock", {"advance_s": -1}), ("clock", {"advance_s": "soon"}), ("clock", [1])],
)
async def test_the_clock_only_goes_forward(
    sandbox: RunningSandbox, path: str, body: object
) -> None:
    async with sandbox.http.post(f"{sandbox.url}/_sandbox/{path}", json=body) as answer:
        assert answer.status == 400
