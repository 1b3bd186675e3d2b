"""Webhooks leave the sandbox signed, at least once, and as badly as asked for."""

from __future__ import annotations

import pytest
import stripe

from tests.sandbox.stripe.conftest import OpenSession
from tests.sandbox.stripe.running import SECRET, RunningSandbox

PAID = [
    "payment_intent.created",
    "charge.succeeded",
    "payment_intent.amount_capturable_updated",
    "checkout.session.completed",
]


async def outcomes(sandbox: RunningSandbox) -> list[str]:
    async with sandbox.http.get(f"{sandbox.url}/_sandbox/webhooks") as answer:
        return [each["outcome"] for each in (await answer.json())["deliveries"]]


async def test_every_event_arrives_once_signed_over_its_raw_body(
    open_session: OpenSession, client: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    session = await open_session()
    await sandbox.pay(session.id)
    await sandbox.receiver.until(4)

    verified = [
        stripe.Webhook.construct_event(body, signature, SECRET)
        for body, signature in sandbox.receiver.deliveries
    ]
    assert sorted(PAID) == sorted(event.type for event in verified)
    listed = await client.v1.events.list_async({"limit": 100})
    assert {event.id for event in verified} == {event.id for event in listed.data}


async def test_a_refused_delivery_is_retried_until_it_is_accepted(
    client: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    sandbox.receiver.statuses = [500, 302]
    await client.v1.customers.create_async({})
    await sandbox.receiver.until(1)
    await sandbox.act("clock", advance_s=2)
    await sandbox.receiver.until(2)
    await sandbox.act("clock", advance_s=3)
    events = await sandbox.receiver.until(3)

    assert len({event["id"] for event in events}) == 1
    assert len(events) == 3


async def test_duplicates_are_extra_copies_of_the_same_event(
    client: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    await sandbox.act("webhooks", duplicate=2)
    await client.v1.customers.create_async({})
    events = await sandbox.receiver.until(3)

    assert len({event["id"] for event in events}) == 1
    assert len(events) == 3


async def test_dropped_webhooks_are_found_only_in_the_event_list(
    client: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    await sandbox.act("webhooks", drop=True)
    lost = await client.v1.customers.create_async({})
    await sandbox.act("webhooks")
    kept = await client.v1.customers.create_async({})
    arrived = await sandbox.receiver.until(1)

    assert [kept.id] == [event["data"]["object"]["id"] for event in arrived]
    listed = await client.v1.events.list_async({"type": "customer.created"})
    assert [kept.id, lost.id] == [event.data.object.id for event in listed.data]
    assert "dropped" in await outcomes(sandbox)


async def test_delayed_webhooks_wait_for_the_sandbox_clock(
    client: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    await sandbox.act("webhooks", delay_s=3_600)
    await client.v1.customers.create_async({})
    assert sandbox.receiver.deliveries == []

    await sandbox.act("clock", advance_s=3_601)
    assert [event["type"] for event in await sandbox.receiver.until(1)] == ["customer.created"]


async def test_reordered_webhooks_arrive_last_first(
    open_session: OpenSession, sandbox: RunningSandbox
) -> None:
    await sandbox.act("webhooks", reorder=True)
    session = await open_session()
    await sandbox.pay(session.id)
    await sandbox.receiver.until(4)

    assert sandbox.receiver.types() == PAID[::-1]


async def test_the_old_secret_does_not_verify_with_the_new(
    client: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    await sandbox.act("webhooks", old_secret=True)
    await client.v1.customers.create_async({})
    await sandbox.receiver.until(1)
    body, signature = sandbox.receiver.deliveries[0]

    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(body, signature, SECRET)
    event = stripe.Webhook.construct_event(body, signature, f"{SECRET}_retired")
    assert event.type == "customer.created"


async def test_early_webhooks_arrive_before_the_answer(
    client: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    await sandbox.act("webhooks", early=True)
    customer = await client.v1.customers.create_async({})

    assert [customer.id] == [event["data"]["object"]["id"] for event in sandbox.receiver.events()]


async def test_an_endpoint_made_by_the_api_gets_what_it_asked_for(
    open_session: OpenSession, client: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    endpoint = await client.v1.webhook_endpoints.create_async(
        {"url": sandbox.hook_url, "enabled_events": ["checkout.session.completed"]}
    )
    session = await open_session()
    await sandbox.pay(session.id)
    await sandbox.receiver.until(5)

    own = [
        body
        for body, signature in sandbox.receiver.deliveries
        if verifies(body, signature, endpoint.secret)
    ]
    assert len(own) == 1
    assert b'"checkout.session.completed"' in own[0]
    listed = await client.v1.webhook_endpoints.list_async()
    assert [endpoint.id] == [each.id for each in listed.data]


def verifies(body: bytes, signature: str, secret: str) -> bool:
    try:
        stripe.Webhook.construct_event(body, signature, secret)
    except stripe.SignatureVerificationError:
        return False
    return True


@pytest.mark.parametrize("controls", [{"louder": True}, {"drop": 1}, {"duplicate": -1}])
async def test_controls_that_make_no_sense_are_refused(
    sandbox: RunningSandbox, controls: dict[str, object]
) -> None:
    async with sandbox.http.post(f"{sandbox.url}/_sandbox/webhooks", json=controls) as answer:
        assert answer.status == 400
