"""Money moves at the sandbox as it would at Stripe: held, taken, let go, given back."""

from __future__ import annotations

import pytest
import stripe

from tests.sandbox.stripe.conftest import OpenSession, line
from tests.sandbox.stripe.running import RunningSandbox

DAY = 24 * 3600


async def test_a_session_has_no_payment_until_the_customer_confirms(
    open_session: OpenSession, sandbox: RunningSandbox
) -> None:
    session = await open_session()

    assert (
        session.status,
        session.payment_status,
        session.payment_intent,
        session.amount_total,
    ) == ("open", "unpaid", None, 84_230)
    assert session.expires_at - session.created == DAY
    assert await sandbox.kinds() == ["checkout_session.created"]


async def test_paying_with_manual_capture_holds_the_money_and_takes_none(
    open_session: OpenSession, client: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    session = await open_session()
    await sandbox.pay(session.id)

    paid = await client.v1.checkout.sessions.retrieve_async(
        session.id, {"expand": ["payment_intent.latest_charge", "line_items"]}
    )
    intent = paid.payment_intent
    assert (paid.status, paid.payment_status, paid.url) == ("complete", "unpaid", None)
    assert (
        intent.status,
        intent.amount_capturable,
        intent.amount_received,
    ) == ("requires_capture", 84_230, 0)
    assert intent.metadata.to_dict() == {"trip_id": "trip-1"}
    assert intent.latest_charge.captured is False
    card = intent.latest_charge.payment_method_details.card
    assert card.capture_before - intent.latest_charge.created == 7 * DAY
    assert len(paid.line_items.data) == 2
    assert await sandbox.kinds() == [
        "checkout_session.created",
        "payment_intent.created",
        "payment.authorized",
    ]


async def test_a_partial_capture_takes_its_part_once_and_releases_the_rest(
    open_session: OpenSession, client: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    session = await open_session()
    intent_id = (await sandbox.pay(session.id))["payment_intent"]
    captured = await client.v1.payment_intents.capture_async(
        intent_id, {"amount_to_capture": 70_000}
    )
    assert (
        captured.status,
        captured.amount_received,
        captured.amount_capturable,
    ) == ("succeeded", 70_000, 0)

    with pytest.raises(stripe.InvalidRequestError) as again:
        await client.v1.payment_intents.capture_async(intent_id, {"amount_to_capture": 14_230})
    assert again.value.code == "payment_intent_unexpected_state"
    assert [(entry["kind"], entry["amount"]) for entry in (await sandbox.journal())[-2:]] == [
        ("payment.captured", 70_000),
        ("payment.released", 14_230),
    ]


async def test_more_than_was_held_cannot_be_captured(
    open_session: OpenSession, client: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    session = await open_session()
    intent_id = (await sandbox.pay(session.id))["payment_intent"]

    with pytest.raises(stripe.InvalidRequestError) as refused:
        await client.v1.payment_intents.capture_async(intent_id, {"amount_to_capture": 84_231})
    assert refused.value.param == "amount_to_capture"
    assert await sandbox.journal("payment.captured") == []


async def test_automatic_capture_journals_the_capture_and_no_authorization(
    open_session: OpenSession, sandbox: RunningSandbox
) -> None:
    session = await open_session(payment_intent_data=None)
    paid = await sandbox.pay(session.id)

    assert paid["payment_status"] == "paid"
    assert [it for it in await sandbox.kinds() if it.startswith("payment.")] == ["payment.captured"]


async def test_cancelling_a_held_payment_releases_it(
    open_session: OpenSession, client: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    session = await open_session()
    intent_id = (await sandbox.pay(session.id))["payment_intent"]
    canceled = await client.v1.payment_intents.cancel_async(
        intent_id, {"cancellation_reason": "requested_by_customer"}
    )

    assert (canceled.status, canceled.amount_capturable) == ("canceled", 0)
    assert [it["amount"] for it in await sandbox.journal("payment.released")] == [84_230]


async def test_a_payment_owned_by_a_session_cannot_be_cancelled_before_it_is_held(
    open_session: OpenSession, client: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    session = await open_session()
    intent_id = (await sandbox.pay(session.id, "declined"))["payment_intent"]

    with pytest.raises(stripe.InvalidRequestError) as refused:
        await client.v1.payment_intents.cancel_async(intent_id)
    assert refused.value.code == "payment_intent_unexpected_state"
    ended = await client.v1.checkout.sessions.expire_async(session.id)
    intent = await client.v1.payment_intents.retrieve_async(intent_id)
    assert (
        ended.status,
        intent.status,
        intent.cancellation_reason,
    ) == ("expired", "canceled", "expired")


async def test_a_decline_leaves_the_session_open_for_another_card(
    open_session: OpenSession, client: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    session = await open_session()
    declined = await sandbox.pay(session.id, "declined")
    intent = await client.v1.payment_intents.retrieve_async(declined["payment_intent"])
    assert (
        declined["status"],
        intent.status,
        intent.last_payment_error.code,
    ) == ("open", "requires_payment_method", "card_declined")

    paid = await sandbox.pay(session.id)
    assert intent.id == paid["payment_intent"]
    assert [
        len(await sandbox.journal(kind)) for kind in ("payment.declined", "payment.authorized")
    ] == [1, 1]


async def test_three_d_secure_ends_in_payment_or_in_another_try(
    open_session: OpenSession, client: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    session = await open_session()
    asked = await sandbox.pay(session.id, "requires_action")
    intent = await client.v1.payment_intents.retrieve_async(asked["payment_intent"])
    assert (
        asked["status"],
        intent.status,
        intent.next_action.type,
    ) == ("open", "requires_action", "redirect_to_url")

    failed = await sandbox.pay(session.id, "declined")
    await sandbox.pay(session.id, "requires_action")
    done = await sandbox.pay(session.id, "paid")
    assert (failed["status"], done["status"]) == ("open", "complete")
    assert len(await sandbox.journal("payment.authorized")) == 1


async def test_an_abandoned_session_stays_open_and_unpaid(
    open_session: OpenSession, sandbox: RunningSandbox
) -> None:
    session = await open_session()
    left = await sandbox.pay(session.id, "abandoned")

    assert (left["status"], left["payment_intent"]) == ("open", None)


@pytest.mark.parametrize(
    ("outcome", "payment_status", "event"),
    [
        ("succeeded", "paid", "checkout.session.async_payment_succeeded"),
        ("failed", "unpaid", "checkout.session.async_payment_failed"),
    ],
)
async def test_a_delayed_method_completes_the_session_and_settles_later(
    open_session: OpenSession,
    client: stripe.StripeClient,
    sandbox: RunningSandbox,
    outcome: str,
    payment_status: str,
    event: str,
) -> None:
    session = await open_session()
    processing = await sandbox.pay(session.id, "processing")
    assert (processing["status"], processing["payment_status"]) == ("complete", "unpaid")

    await sandbox.act(f"payment_intents/{processing['payment_intent']}/settle", outcome=outcome)
    settled = await client.v1.checkout.sessions.retrieve_async(session.id)
    told = await client.v1.events.list_async({"type": event})
    assert payment_status == settled.payment_status
    assert [session.id] == [it.data.object.id for it in told.data]


async def test_a_delayed_method_left_alone_settles_with_time(
    open_session: OpenSession, client: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    session = await open_session()
    await sandbox.pay(session.id, "processing")
    await sandbox.act("clock", advance_s=3 * DAY)

    settled = await client.v1.checkout.sessions.retrieve_async(session.id)
    assert settled.payment_status == "paid"
    assert [it["amount"] for it in await sandbox.journal("payment.captured")] == [84_230]


async def test_a_session_expires_by_the_clock_and_cannot_be_paid_after(
    open_session: OpenSession, client: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    session = await open_session(expires_at=sandbox.clock.epoch() + 1_801)
    await sandbox.act("clock", advance_s=1_802)
    expired = await client.v1.checkout.sessions.retrieve_async(session.id)
    assert (expired.status, expired.url) == ("expired", None)

    async with sandbox.http.post(
        f"{sandbox.url}/_sandbox/checkout/{session.id}/pay", json={"outcome": "paid"}
    ) as answer:
        assert answer.status == 400
    with pytest.raises(stripe.InvalidRequestError):
        await client.v1.checkout.sessions.expire_async(session.id)
    assert await sandbox.kinds() == ["checkout_session.created", "checkout_session.expired"]


async def test_an_authorization_lapses_after_seven_days(
    open_session: OpenSession, client: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    session = await open_session()
    intent_id = (await sandbox.pay(session.id))["payment_intent"]
    await sandbox.act("clock", advance_s=7 * DAY - 60)
    held = await client.v1.payment_intents.retrieve_async(intent_id)
    await sandbox.act("clock", advance_s=61)
    lapsed = await client.v1.payment_intents.retrieve_async(intent_id)

    assert (
        held.status,
        lapsed.status,
        lapsed.cancellation_reason,
    ) == ("requires_capture", "canceled", "automatic")
    told = await client.v1.events.list_async({"types": ["charge.expired"]})
    assert len(told.data) == 1


async def test_direct_mode_holds_money_once_the_sheet_confirms(
    client: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    customer = await client.v1.customers.create_async({"email": "amelia@shop.example"})
    intent = await client.v1.payment_intents.create_async(
        {
            "amount": 9_900,
            "currency": "eur",
            "customer": customer.id,
            "capture_method": "manual",
            "automatic_payment_methods": {"enabled": True},
        }
    )
    key = await client.v1.ephemeral_keys.create_async(
        {"customer": customer.id}, {"stripe_version": "2025-03-31.basil"}
    )
    session = await client.v1.customer_sessions.create_async(
        {"customer": customer.id, "components": {"mobile_payment_element": {"enabled": True}}}
    )
    held = await sandbox.act(f"payment_intents/{intent.id}/pay", outcome="paid")

    assert (intent.status, held["status"]) == ("requires_payment_method", "requires_capture")
    assert intent.client_secret.startswith(f"{intent.id}_secret_")
    assert (key.secret[:8], session.client_secret[:12]) == ("ek_test_", "cuss_secret_")


async def test_named_test_methods_answer_as_their_banks_do(client: stripe.StripeClient) -> None:
    async def confirmed(method: str) -> stripe.PaymentIntent:
        return await client.v1.payment_intents.create_async(
            {"amount": 1_000, "currency": "eur", "confirm": True, "payment_method": method}
        )

    assert (await confirmed("pm_card_visa")).status == "succeeded"
    assert (await confirmed("pm_card_authenticationRequired")).status == "requires_action"
    assert (await confirmed("pm_usBankAccount")).status == "processing"
    for method, decline_code in (
        ("pm_card_chargeDeclined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "insufficient_funds"),
    ):
        with pytest.raises(stripe.CardError) as declined:
            await confirmed(method)
        assert declined.value.code == "card_declined"
        assert decline_code == declined.value.error.decline_code
        assert declined.value.error.payment_intent.status == "requires_payment_method"


async def test_a_session_of_many_items_and_a_zero_decimal_currency_adds_up(
    open_session: OpenSession,
) -> None:
    session = await open_session(
        line_items=[line("Ryokan", 12_000, "jpy", quantity=3), line("Bus", 500, "jpy")]
    )

    assert (session.amount_total, session.currency) == (36_500, "jpy")


async def test_events_can_be_listed_by_type_time_and_page(
    open_session: OpenSession, client: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    session = await open_session()
    await sandbox.pay(session.id)
    whole = await client.v1.events.list_async({"limit": 100})
    first = await client.v1.events.list_async({"limit": 2})
    second = await client.v1.events.list_async({"limit": 2, "starting_after": first.data[1].id})
    future = await client.v1.events.list_async({"created": {"gte": sandbox.clock.epoch() + 60}})

    assert [it.type for it in whole.data] == [
        "checkout.session.completed",
        "payment_intent.amount_capturable_updated",
        "charge.succeeded",
        "payment_intent.created",
    ]
    assert [it.id for it in whole.data] == [it.id for it in (*first.data, *second.data)]
    assert (first.has_more, second.has_more, future.data) == (True, False, [])
    one = await client.v1.events.retrieve_async(whole.data[0].id)
    assert session.id == one.data.object.id
