"""Idempotency keys do at the sandbox what they do at Stripe."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import stripe

from tests.sandbox.stripe.conftest import OpenSession
from tests.sandbox.stripe.running import RunningSandbox

DAY = 24 * 3600
INTENT = {"amount": 5_000, "currency": "eur"}


def replayed(answer: Any) -> bool:
    return answer.last_response.headers.get("Idempotent-Replayed") == "true"


async def test_a_replay_answers_the_same_and_adds_nothing(
    open_session: OpenSession, sandbox: RunningSandbox
) -> None:
    first = await open_session("book:trip-1:1")
    second = await open_session("book:trip-1:1")

    assert first.id == second.id
    assert (replayed(first), replayed(second)) == (False, True)
    assert first.last_response.request_id != second.last_response.request_id
    assert [(entry["kind"], entry["idempotency_key"]) for entry in await sandbox.journal()] == [
        ("checkout_session.created", "book:trip-1:1")
    ]


async def test_other_parameters_under_a_used_key_are_refused(
    client: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    await client.v1.payment_intents.create_async(INTENT, {"idempotency_key": "k"})

    with pytest.raises(stripe.IdempotencyError) as refused:
        await client.v1.payment_intents.create_async(
            {**INTENT, "amount": 5_001}, {"idempotency_key": "k"}
        )
    assert refused.value.http_status == 400
    assert await sandbox.kinds() == ["payment_intent.created"]


async def test_a_key_in_flight_is_a_conflict_that_is_not_kept(
    client: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    await sandbox.fault("slow_execution", "POST", "/v1/payment_intents", latency_s=30)
    options = {"idempotency_key": "k"}
    first = asyncio.create_task(client.v1.payment_intents.create_async(INTENT, options))
    while await fault_times_left(sandbox):
        pass  # the first request is still on its way
    with pytest.raises(stripe.StripeError) as conflict:
        await client.v1.payment_intents.create_async(INTENT, options)
    await clear_faults(sandbox)
    made = await first
    again = await client.v1.payment_intents.create_async(INTENT, options)

    assert (conflict.value.http_status, conflict.value.error.code) == (
        409,
        "idempotency_key_in_use",
    )
    assert (made.id, True) == (again.id, replayed(again))
    assert await sandbox.kinds() == ["payment_intent.created"]


async def fault_times_left(sandbox: RunningSandbox) -> int:
    async with sandbox.http.get(f"{sandbox.url}/_sandbox/faults") as answer:
        return int((await answer.json())["faults"][0]["times_left"])


async def clear_faults(sandbox: RunningSandbox) -> None:
    async with sandbox.http.delete(f"{sandbox.url}/_sandbox/faults") as answer:
        assert answer.status == 200


async def test_a_decline_is_kept_so_another_card_needs_another_key(
    client: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    intent = await client.v1.payment_intents.create_async(INTENT)

    async def confirmed(method: str, key: str) -> stripe.PaymentIntent:
        return await client.v1.payment_intents.confirm_async(
            intent.id, {"payment_method": method}, {"idempotency_key": key}
        )

    for _ in range(2):
        with pytest.raises(stripe.CardError):
            await confirmed("pm_card_chargeDeclined", "attempt-1")
    assert len(await sandbox.journal("payment.declined")) == 1
    assert (await confirmed("pm_card_visa", "attempt-2")).status == "succeeded"


async def test_a_500_of_a_begun_execution_is_kept(
    client: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    await sandbox.fault("execution_500", "POST", "/v1/payment_intents")

    for _ in range(2):
        with pytest.raises(stripe.APIError) as failed:
            await client.v1.payment_intents.create_async(INTENT, {"idempotency_key": "k"})
        assert failed.value.http_status == 500
    assert failed.value.headers["Idempotent-Replayed"] == "true"
    assert await sandbox.kinds() == []


async def test_a_validation_failure_is_not_kept(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        await client.v1.payment_intents.create_async(
            {"amount": 10, "currency": "eur"}, {"idempotency_key": "k"}
        )

    made = await client.v1.payment_intents.create_async(INTENT, {"idempotency_key": "k"})
    assert made.amount == 5_000


async def test_after_a_day_a_key_is_forgotten_and_makes_a_second_object(
    client: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    options = {"idempotency_key": "k"}
    first = await client.v1.payment_intents.create_async(INTENT, options)
    await sandbox.act("clock", advance_s=DAY - 60)
    same = await client.v1.payment_intents.create_async(INTENT, options)
    await sandbox.act("clock", advance_s=61)
    other = await client.v1.payment_intents.create_async(INTENT, options)

    assert first.id == same.id != other.id
    assert len(await sandbox.journal("payment_intent.created")) == 2


async def test_a_key_of_256_characters_is_refused(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        await client.v1.payment_intents.create_async(INTENT, {"idempotency_key": "k" * 256})
