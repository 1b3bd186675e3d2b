"""The payments port at a Stripe sandbox over real HTTP, every request judged by Stripe's spec."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, timedelta

import pytest
import pytest_asyncio

from adapters.payments.stripe import StripePayments
from domain.payments import (
    CheckoutOrder,
    OpenedCheckout,
    PaymentLine,
    PaymentOutcomeUnknown,
    PaymentRefused,
    PaymentSnapshot,
)
from tests.adapters.stripe_checkouts import REFERENCES, amounts, authorized, captured, eur, order_of
from tests.sandbox.stripe.running import API_KEY, SECRET, RunningSandbox, running_sandbox

DAY_S = 24 * 3600


@pytest_asyncio.fixture
async def sandbox() -> AsyncIterator[RunningSandbox]:
    async with running_sandbox() as running:
        yield running
        assert running.drift() == []


@pytest_asyncio.fixture
async def payments(sandbox: RunningSandbox) -> AsyncIterator[StripePayments]:
    made = StripePayments(
        api_key=API_KEY,
        webhook_secrets=[SECRET],
        api_base=sandbox.url,
        mobile_api_version="2025-03-31.basil",
        network_retries_max=0,
    )
    yield made
    await made.aclose()


@pytest.fixture
def order(sandbox: RunningSandbox) -> CheckoutOrder:
    return order_of(sandbox.clock.now())


async def test_a_hosted_checkout_opens_a_page_for_the_whole_amount(
    payments: StripePayments, sandbox: RunningSandbox, order: CheckoutOrder
) -> None:
    opened = await payments.open_hosted(order)

    assert opened == OpenedCheckout(
        session_id=opened.session_id,
        url=f"{sandbox.url}/pay/{opened.session_id}",
        expires_at=order.expires_at,
    )
    (entry,) = await sandbox.journal()
    assert (entry["kind"], entry["amount"]) == ("checkout_session.created", 84_230)
    assert (entry["metadata"], entry["idempotency_key"]) == (REFERENCES, order.key)


async def test_opening_twice_with_one_key_opens_one_checkout(
    payments: StripePayments, sandbox: RunningSandbox, order: CheckoutOrder
) -> None:
    assert await payments.open_hosted(order) == await payments.open_hosted(order)
    direct = replace(order, key="checkout:trip-2:1")
    assert await payments.open_direct(direct) == await payments.open_direct(direct)
    assert await sandbox.kinds() == [
        "checkout_session.created",
        "customer.created",
        "payment_intent.created",
    ]


async def test_other_values_under_a_used_key_are_no_verdict(
    payments: StripePayments, order: CheckoutOrder
) -> None:
    await payments.open_hosted(order)

    with pytest.raises(PaymentOutcomeUnknown, match="idempotency_error"):
        await payments.open_hosted(replace(order, description="Another trip"))


async def test_lines_that_do_not_add_up_are_refused_and_nothing_is_sent(
    payments: StripePayments, sandbox: RunningSandbox, order: CheckoutOrder
) -> None:
    for opener in (payments.open_hosted, payments.open_direct):
        with pytest.raises(PaymentRefused) as refused:
            await opener(replace(order, amount=eur(84_229)))
        assert refused.value.code == "total_mismatch"
    assert sandbox.seen == []


async def test_a_definite_no_carries_stripes_code(
    payments: StripePayments, sandbox: RunningSandbox, order: CheckoutOrder
) -> None:
    cheap = replace(order, amount=eur(49), lines=(PaymentLine(name="Bus", amount=eur(49)),))

    with pytest.raises(PaymentRefused) as refused:
        await payments.open_hosted(cheap)
    assert refused.value.code == "amount_too_small"
    assert await sandbox.kinds() == []


async def test_a_direct_checkout_gives_a_payment_sheet_what_it_needs(
    payments: StripePayments, sandbox: RunningSandbox, order: CheckoutOrder
) -> None:
    opened = await payments.open_direct(order)
    assert opened.payment_id is not None
    assert opened.customer_id is not None
    first = await payments.direct_secrets(opened.payment_id, opened.customer_id)
    second = await payments.direct_secrets(opened.payment_id, opened.customer_id)
    await sandbox.act(f"payment_intents/{opened.payment_id}/pay", outcome="paid")
    seen = (await payments.look(None, opened.payment_id)).payment

    assert first.client_secret == second.client_secret
    assert first.ephemeral_key != second.ephemeral_key
    assert first.customer_id == opened.customer_id
    assert seen is not None
    assert (seen.status, seen.references) == ("authorized", REFERENCES)
    assert await amounts(sandbox, "payment.authorized") == [84_230]


async def test_a_checkout_nobody_touched_is_payable_and_has_no_payment(
    payments: StripePayments, order: CheckoutOrder
) -> None:
    opened = await payments.open_hosted(order)
    seen = await payments.look(opened.session_id, None)

    assert (seen.payable, seen.payment) == (True, None)


async def test_an_authorization_says_until_when_it_holds(
    payments: StripePayments, sandbox: RunningSandbox, order: CheckoutOrder
) -> None:
    before = sandbox.clock.now().replace(microsecond=0)
    seen = await authorized(payments, sandbox, order)

    assert seen == PaymentSnapshot(
        payment_id=seen.payment_id,
        status="authorized",
        amount=eur(84_230),
        captured=eur(0),
        refunded=eur(0),
        capture_before=seen.capture_before,
        references=REFERENCES,
    )
    assert seen.capture_before is not None
    assert timedelta() <= seen.capture_before - before - timedelta(days=7) <= timedelta(seconds=5)


async def test_every_failed_attempt_has_a_name_of_its_own(
    payments: StripePayments, sandbox: RunningSandbox, order: CheckoutOrder
) -> None:
    session_id = (await payments.open_hosted(order)).session_id
    assert session_id is not None
    failures = []
    for outcomes in (["declined"], ["declined"], ["requires_action", "declined"]):
        for outcome in outcomes:
            await sandbox.pay(session_id, outcome)
        seen = await payments.look(session_id, None)
        again = await payments.look(session_id, None)
        assert seen == again
        assert seen.payable is True
        assert seen.payment is not None
        failures.append((seen.payment.status, seen.payment.failure_id, seen.payment.failure_code))

    assert [status for status, _, _ in failures] == ["unpaid"] * 3
    assert len({name for _, name, _ in failures}) == 3
    assert [code for _, _, code in failures] == [
        "generic_decline",
        "generic_decline",
        "payment_intent_authentication_failure",
    ]


@pytest.mark.parametrize(
    ("outcome", "payable", "status"),
    [("requires_action", True, "action_required"), ("processing", False, "processing")],
)
async def test_what_is_under_way_is_told_as_such(
    payments: StripePayments,
    sandbox: RunningSandbox,
    order: CheckoutOrder,
    outcome: str,
    payable: bool,
    status: str,
) -> None:
    session_id = (await payments.open_hosted(order)).session_id
    assert session_id is not None
    await sandbox.pay(session_id, outcome)
    seen = await payments.look(session_id, None)

    assert seen.payment is not None
    assert (seen.payable, seen.payment.status) == (payable, status)


async def test_closing_makes_a_checkout_unpayable_and_closing_again_changes_nothing(
    payments: StripePayments, sandbox: RunningSandbox, order: CheckoutOrder
) -> None:
    session_id = (await payments.open_hosted(order)).session_id
    for _ in range(2):
        seen = await payments.close(session_id, None, "close:trip-1:1")
        assert (seen.payable, seen.payment) == (False, None)

    assert len(await sandbox.journal("checkout_session.expired")) == 1


async def test_closing_what_was_paid_in_between_tells_so_and_keeps_the_money_held(
    payments: StripePayments, sandbox: RunningSandbox, order: CheckoutOrder
) -> None:
    paid = await authorized(payments, sandbox, order)
    session_id = (await payments.open_hosted(order)).session_id
    seen = await payments.close(session_id, None, "close:trip-1:1")

    assert (seen.payable, seen.payment) == (False, paid)
    assert await sandbox.journal("payment.released") == []


async def test_closing_a_direct_checkout_cancels_it_unless_money_is_held(
    payments: StripePayments, sandbox: RunningSandbox, order: CheckoutOrder
) -> None:
    unpaid = (await payments.open_direct(order)).payment_id
    held = (await payments.open_direct(replace(order, key="checkout:trip-1:2"))).payment_id
    await sandbox.act(f"payment_intents/{held}/pay", outcome="paid")
    closed = await payments.close(None, unpaid, "close:trip-1:1")
    kept = await payments.close(None, held, "close:trip-1:2")

    assert closed.payment is not None
    assert kept.payment is not None
    assert (closed.payable, closed.payment.status) == (False, "canceled")
    assert (kept.payable, kept.payment.status) == (False, "authorized")


async def test_a_part_is_captured_once_and_the_rest_let_go(
    payments: StripePayments, sandbox: RunningSandbox, order: CheckoutOrder
) -> None:
    held = await authorized(payments, sandbox, order)
    key = f"capture:{held.payment_id}"
    first = await payments.capture(held.payment_id, eur(70_000), key)
    second = await payments.capture(held.payment_id, eur(70_000), key)

    assert first == second
    assert (first.status, first.captured, first.refunded) == ("captured", eur(70_000), eur(0))
    assert await amounts(sandbox, "payment.captured") == [70_000]
    assert await amounts(sandbox, "payment.released") == [14_230]
    with pytest.raises(PaymentRefused) as refused:
        await payments.capture(held.payment_id, eur(14_230), "capture:again")
    assert refused.value.code == "payment_intent_unexpected_state"


async def test_more_than_is_held_is_not_captured(
    payments: StripePayments, sandbox: RunningSandbox, order: CheckoutOrder
) -> None:
    held = await authorized(payments, sandbox, order)

    with pytest.raises(PaymentRefused):
        await payments.capture(held.payment_id, eur(84_231), "capture")
    assert await sandbox.journal("payment.captured") == []


async def test_a_released_hold_is_gone_and_releasing_again_says_so(
    payments: StripePayments, sandbox: RunningSandbox, order: CheckoutOrder
) -> None:
    held = await authorized(payments, sandbox, order)
    for key in ("release", "release", "release:by-another"):
        seen = await payments.release(held.payment_id, key)
        assert (seen.status, seen.captured, seen.refunded) == ("canceled", eur(0), eur(0))

    assert await amounts(sandbox, "payment.released") == [84_230]


async def test_releasing_what_lapsed_or_was_captured_answers_how_it_is(
    payments: StripePayments, sandbox: RunningSandbox, order: CheckoutOrder
) -> None:
    taken = await authorized(payments, sandbox, order)
    await payments.capture(taken.payment_id, eur(84_230), "capture")
    other = order_of(sandbox.clock.now(), key="checkout:trip-2:1")
    lapsed = await authorized(payments, sandbox, other)
    await sandbox.act("clock", advance_s=7 * DAY_S + 1)

    assert (await payments.release(taken.payment_id, "release:1")).status == "captured"
    assert (await payments.release(lapsed.payment_id, "release:2")).status == "canceled"


@pytest.mark.parametrize("pause_s", [0, 25 * 3600])
async def test_a_refund_told_twice_gives_back_once_even_after_keys_are_forgotten(
    payments: StripePayments, sandbox: RunningSandbox, order: CheckoutOrder, pause_s: int
) -> None:
    payment_id = (await captured(payments, sandbox, order)).payment_id
    references = {"trip_id": "trip-1", "refund_id": "r-1"}
    first = await payments.refund(payment_id, eur(30_000), "refund:r-1", references)
    await sandbox.act("clock", advance_s=pause_s)
    second = await payments.refund(payment_id, eur(30_000), "refund:r-1", references)
    seen = (await payments.look(None, payment_id)).payment

    assert first == second
    assert (first.status, first.amount) == ("succeeded", eur(30_000))
    assert await amounts(sandbox, "refund.created") == [30_000]
    assert seen is not None
    assert seen.refunded == eur(30_000)


async def test_two_refunds_of_the_same_amount_are_two(
    payments: StripePayments, sandbox: RunningSandbox, order: CheckoutOrder
) -> None:
    payment_id = (await captured(payments, sandbox, order)).payment_id
    for number in ("r-1", "r-2"):
        await payments.refund(payment_id, eur(100), f"refund:{number}", {"refund_id": number})

    assert await amounts(sandbox, "refund.created") == [100, 100]


async def test_more_than_was_captured_is_not_given_back(
    payments: StripePayments, sandbox: RunningSandbox, order: CheckoutOrder
) -> None:
    payment_id = (await captured(payments, sandbox, order)).payment_id

    with pytest.raises(PaymentRefused):
        await payments.refund(payment_id, eur(84_231), "refund:r-1", {"refund_id": "r-1"})
    assert await sandbox.journal("refund.created") == []


async def test_a_refund_that_fails_later_no_longer_counts(
    payments: StripePayments, sandbox: RunningSandbox, order: CheckoutOrder
) -> None:
    payment_id = (await captured(payments, sandbox, order)).payment_id
    await sandbox.fault("refund_pending", "POST", "/v1/refunds")
    pending = await payments.refund(payment_id, eur(500), "refund:r-1", {"refund_id": "r-1"})
    counted = (await payments.look(None, payment_id)).payment
    await sandbox.act(f"refunds/{pending.provider_refund_id}/fail")
    failed = await payments.look_at_refund(pending.provider_refund_id)
    uncounted = (await payments.look(None, payment_id)).payment

    assert (pending.status, pending.failure_reason) == ("pending", None)
    assert (failed.status, failed.failure_reason) == ("failed", "expired_or_canceled_card")
    assert counted is not None
    assert uncounted is not None
    assert (counted.refunded, uncounted.refunded) == (eur(500), eur(0))


async def test_all_that_went_back_is_told_whoever_began_it(
    payments: StripePayments, sandbox: RunningSandbox, order: CheckoutOrder
) -> None:
    payment_id = (await captured(payments, sandbox, order)).payment_id
    ours = await payments.refund(payment_id, eur(100), "refund:r-1", {"refund_id": "r-1"})
    theirs = await sandbox.act(f"payment_intents/{payment_id}/refund", amount=200)
    asked = await sandbox.act(f"payment_intents/{payment_id}/dispute", inquiry=True)
    taken = await sandbox.act(f"payment_intents/{payment_id}/dispute", amount=300)

    told = await payments.money_back(payment_id)
    assert [(ours.provider_refund_id, {"refund_id": "r-1"}), (theirs["id"], {})] == [
        (refund.provider_refund_id, refund.references) for refund in told.refunds
    ]
    assert [(asked["id"], "inquiry"), (taken["id"], "open")] == [
        (dispute.dispute_id, dispute.status) for dispute in told.disputes
    ]
    assert (eur(300), "fraudulent") == (told.disputes[1].amount, told.disputes[1].reason)

    await sandbox.act(f"disputes/{taken['id']}/close", status="lost")
    assert "lost" == (await payments.money_back(payment_id)).disputes[1].status


async def test_events_are_read_oldest_first_over_all_pages(
    payments: StripePayments, sandbox: RunningSandbox
) -> None:
    await sandbox.act("webhooks", drop=True)
    started = sandbox.clock.now()
    checkouts = []
    for number in range(52):
        order = order_of(sandbox.clock.now(), key=f"checkout:trip-1:{number}")
        opened = await payments.open_hosted(order)
        assert opened.session_id is not None
        await sandbox.pay(opened.session_id)
        checkouts.append(opened.session_id)

    events = await payments.events_since(started)
    assert len(events) == 104
    completed = [it for it in events if it.type == "checkout.session.completed"]
    assert [it.object_id for it in completed] == checkouts
    assert {it.references["trip_id"] for it in events} == {"trip-1"}
    assert await payments.events_since(started + timedelta(days=1)) == []
    assert events[0].created_at.tzinfo is UTC
