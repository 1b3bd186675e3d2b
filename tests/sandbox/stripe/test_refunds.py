"""Money given back at the sandbox: refunds that succeed, wait or fail, and disputes."""

from __future__ import annotations

import pytest
import stripe

from tests.sandbox.stripe.conftest import OpenSession
from tests.sandbox.stripe.running import RunningSandbox


async def test_refunds_add_up_to_what_was_captured_and_no_further(
    open_session: OpenSession, client: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    session = await open_session()
    intent_id = (await sandbox.pay(session.id))["payment_intent"]
    await client.v1.payment_intents.capture_async(intent_id)
    first = await client.v1.refunds.create_async({"payment_intent": intent_id, "amount": 30_000})
    with pytest.raises(stripe.InvalidRequestError) as too_much:
        await client.v1.refunds.create_async({"payment_intent": intent_id, "amount": 54_231})
    rest = await client.v1.refunds.create_async({"payment_intent": intent_id})
    with pytest.raises(stripe.InvalidRequestError) as nothing_left:
        await client.v1.refunds.create_async({"payment_intent": intent_id})

    charge = await client.v1.charges.retrieve_async(first.charge)
    listed = await client.v1.refunds.list_async({"payment_intent": intent_id})
    assert (too_much.value.param, nothing_left.value.code) == ("amount", "charge_already_refunded")
    assert (charge.amount_refunded, charge.refunded) == (84_230, True)
    assert [rest.id, first.id] == [it.id for it in listed.data]
    assert [it["amount"] for it in await sandbox.journal("refund.created")] == [30_000, 54_230]


async def test_money_that_is_only_held_cannot_be_refunded(
    open_session: OpenSession, client: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    session = await open_session()
    intent_id = (await sandbox.pay(session.id))["payment_intent"]

    with pytest.raises(stripe.InvalidRequestError):
        await client.v1.refunds.create_async({"payment_intent": intent_id})
    assert await sandbox.journal("refund.created") == []


async def test_a_refund_can_fail_after_it_succeeded(
    client: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    intent = await client.v1.payment_intents.create_async(
        {
            "amount": 5_000,
            "currency": "eur",
            "confirm": True,
            "payment_method": "pm_card_refundFail",
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        }
    )
    refund = await client.v1.refunds.create_async({"payment_intent": intent.id})
    await sandbox.act("clock", advance_s=61)
    later = await client.v1.refunds.retrieve_async(refund.id)
    charge = await client.v1.charges.retrieve_async(refund.charge)

    assert (
        refund.status,
        later.status,
        later.failure_reason,
    ) == ("succeeded", "failed", "expired_or_canceled_card")
    assert (charge.amount_refunded, charge.refunded) == (0, False)
    assert len(await sandbox.journal("refund.failed")) == 1


async def test_a_pending_refund_succeeds_when_told_to(
    client: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    intent = await client.v1.payment_intents.create_async(
        {"amount": 500, "currency": "gbp", "confirm": True, "payment_method": "pm_card_visa"}
    )
    await sandbox.fault("refund_pending", "POST", "/v1/refunds")
    refund = await client.v1.refunds.create_async({"payment_intent": intent.id})
    done = await sandbox.act(f"refunds/{refund.id}/succeed")

    assert (refund.status, done["status"]) == ("pending", "succeeded")


async def test_a_dispute_takes_the_money_and_blocks_refunds(
    client: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    intent = await client.v1.payment_intents.create_async(
        {"amount": 500, "currency": "usd", "confirm": True, "payment_method": "pm_card_visa"}
    )
    dispute = await sandbox.act(
        f"payment_intents/{intent.id}/dispute", reason="fraudulent", currency="eur"
    )
    assert (dispute["amount"], dispute["currency"]) == (500, "eur")
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await client.v1.refunds.create_async({"payment_intent": intent.id})
    closed = await sandbox.act(f"disputes/{dispute['id']}/close", status="lost")

    assert (refused.value.code, closed["status"]) == ("charge_disputed", "lost")
    told = await client.v1.events.list_async(
        {"types": ["charge.dispute.created", "charge.dispute.closed"]}
    )
    assert [it.type for it in told.data] == ["charge.dispute.closed", "charge.dispute.created"]


async def test_disputes_and_refunds_of_a_payment_are_listed_whoever_began_them(
    client: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    intent = await client.v1.payment_intents.create_async(
        {
            "amount": 500,
            "currency": "usd",
            "confirm": True,
            "payment_method": "pm_card_visa",
            "metadata": {"trip_id": "trip-1"},
        }
    )
    refund = await sandbox.act(f"payment_intents/{intent.id}/refund", amount=200)
    inquiry = await sandbox.act(f"payment_intents/{intent.id}/dispute", inquiry=True)
    dispute = await sandbox.act(f"payment_intents/{intent.id}/dispute", amount=300)

    refunds = await client.v1.refunds.list_async({"payment_intent": intent.id})
    disputes = await client.v1.disputes.list_async({"payment_intent": intent.id})
    others = await client.v1.disputes.list_async({"payment_intent": "pi_other"})
    one = await client.v1.disputes.retrieve_async(dispute["id"])
    assert [(refund["id"], 200, {})] == [
        (it.id, it.amount, it.metadata.to_dict()) for it in refunds.data if it.metadata is not None
    ]
    assert [dispute["id"], inquiry["id"]] == [it.id for it in disputes.data]
    assert ["needs_response", "warning_needs_response"] == [it.status for it in disputes.data]
    assert ([], 300) == (list(others.data), one.amount)
    assert {"trip-1"} == {
        entry["metadata"]["trip_id"]
        for entry in await sandbox.journal()
        if entry["kind"].startswith(("refund.", "dispute."))
    }


async def test_a_dispute_has_the_fields_that_stripes_own_library_knows(
    client: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    intent = await client.v1.payment_intents.create_async(
        {"amount": 500, "currency": "usd", "confirm": True, "payment_method": "pm_card_visa"}
    )
    dispute = await sandbox.act(f"payment_intents/{intent.id}/dispute")

    known = set(stripe.Dispute.__annotations__) - {"OBJECT_NAME"}
    optional = {"intended_submission_method", "network_reason_code", "payment_method_details"}
    assert known - optional == set(dispute)
