"""Each fault as Stripe's own SDK sees it, and what really happened behind it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

import aiohttp
import pytest
import stripe

from tests.sandbox.stripe.running import RunningSandbox, stripe_client

INTENT = {"amount": 5_000, "currency": "eur"}
PATH = "/v1/payment_intents"

Create = Callable[[], Awaitable[stripe.PaymentIntent]]


@pytest.fixture
def create(client: stripe.StripeClient) -> Create:
    async def created() -> stripe.PaymentIntent:
        return await client.v1.payment_intents.create_async(INTENT, {"idempotency_key": "k"})

    return created


@pytest.mark.parametrize(
    ("mode", "error", "executed"),
    [
        ("reset_before", stripe.APIConnectionError, False),
        ("commit_then_reset", stripe.APIConnectionError, True),
        ("commit_then_500", stripe.APIError, True),
        ("cut_body", aiohttp.ClientPayloadError, True),
        ("http_500", stripe.APIError, False),
        ("http_503", stripe.APIError, False),
        ("rate_limited", stripe.RateLimitError, False),
        ("html_502", stripe.APIError, False),
        ("text_403", stripe.APIError, False),
    ],
)
async def test_a_fault_hides_the_answer_and_a_resend_gets_exactly_one_object(
    create: Create,
    sandbox: RunningSandbox,
    mode: str,
    error: type[Exception],
    executed: bool,
) -> None:
    await sandbox.fault(mode, "POST", PATH)
    with pytest.raises(error):
        await create()
    assert len(await sandbox.journal()) == int(executed)

    made = await create()
    replayed = made.last_response.headers.get("Idempotent-Replayed") == "true"
    assert replayed is executed
    assert [made.id] == [entry["payment_intent"] for entry in await sandbox.journal()]


async def test_an_answer_held_back_times_out_though_it_was_executed(
    sandbox: RunningSandbox,
) -> None:
    await sandbox.fault("commit_then_timeout", "POST", PATH, hold_s=30)
    async with stripe_client(sandbox.url, timeout_s=0.3) as impatient:
        with pytest.raises(stripe.APIConnectionError):
            await impatient.v1.payment_intents.create_async(INTENT, {"idempotency_key": "k"})
        made = await impatient.v1.payment_intents.create_async(INTENT, {"idempotency_key": "k"})

    assert made.last_response.headers["Idempotent-Replayed"] == "true"
    assert len(await sandbox.journal()) == 1


async def test_latency_answers_late_and_right(create: Create, sandbox: RunningSandbox) -> None:
    await sandbox.fault("latency", "POST", PATH, latency_s=0.2)
    began = time.monotonic()
    made = await create()

    assert time.monotonic() - began >= 0.2
    assert made.amount == 5_000


async def test_the_sdk_itself_repeats_after_a_reset_with_one_key_and_one_effect(
    sandbox: RunningSandbox,
) -> None:
    await sandbox.fault("commit_then_reset", "POST", PATH, times=2)
    async with stripe_client(sandbox.url, retries=2) as patient:
        made = await patient.v1.payment_intents.create_async(INTENT)

    assert [made.id] == [entry["payment_intent"] for entry in await sandbox.journal()]


async def test_a_rule_meets_only_its_method_and_path_and_as_often_as_said(
    create: Create, client: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    await sandbox.fault("http_503", "GET", "/v1/payment_intents/*", times=2)
    made = await create()

    for _ in range(2):
        with pytest.raises(stripe.APIError):
            await client.v1.payment_intents.retrieve_async(made.id)
    assert (await client.v1.payment_intents.retrieve_async(made.id)).id == made.id


async def test_deleting_faults_ends_them(create: Create, sandbox: RunningSandbox) -> None:
    await sandbox.fault("http_500", times=None)
    async with sandbox.http.delete(f"{sandbox.url}/_sandbox/faults") as answer:
        assert answer.status == 200

    assert (await create()).amount == 5_000


async def test_an_unknown_mode_is_refused_with_the_modes_there_are(
    sandbox: RunningSandbox,
) -> None:
    async with sandbox.http.post(
        f"{sandbox.url}/_sandbox/faults", json={"mode": "earthquake"}
    ) as answer:
        message = (await answer.json())["error"]["message"]

    assert answer.status == 400
    assert all(mode in message for mode in ("commit_then_reset", "cut_body", "refund_pending"))
