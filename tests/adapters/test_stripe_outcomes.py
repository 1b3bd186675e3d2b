"""What goes wrong on the way to Stripe has one of three meanings; a resend doubles nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from adapters.payments.stripe import StripePayments
from adapters.payments.stripe_wire import from_stripe, to_stripe
from domain.money import Money
from domain.payments import (
    CheckoutOrder,
    PaymentOutcomeUnknown,
    PaymentProviderBusy,
    PaymentRefused,
)
from tests.adapters.stripe_checkouts import (
    authorized,
    captured,
    eur,
    order_of,
)
from tests.sandbox.stripe.running import API_KEY, SECRET, RunningSandbox, running_sandbox

UNKNOWN = [
    "reset_before",
    "commit_then_reset",
    "commit_then_500",
    "commit_then_timeout",
    "cut_body",
    "http_500",
    "http_503",
    "html_502",
    "text_403",
]


@pytest_asyncio.fixture
async def sandbox() -> AsyncIterator[RunningSandbox]:
    async with running_sandbox() as running:
        yield running
        assert running.drift() == []


@pytest_asyncio.fixture
async def payments(sandbox: RunningSandbox) -> AsyncIterator[StripePayments]:
    made = connected(sandbox)
    yield made
    await made.aclose()


def connected(
    sandbox: RunningSandbox, api_key: str = API_KEY, timeout_s: float = 30.0, retries_max: int = 0
) -> StripePayments:
    return StripePayments(
        api_key=api_key,
        webhook_secrets=[SECRET],
        api_base=sandbox.url,
        timeout_s=timeout_s,
        network_retries_max=retries_max,
    )


@pytest.fixture
def order(sandbox: RunningSandbox) -> CheckoutOrder:
    return order_of(sandbox.clock.now())


@pytest.mark.parametrize("mode", UNKNOWN)
async def test_an_answer_that_is_none_is_unknown_and_a_resend_opens_one_checkout(
    payments: StripePayments, sandbox: RunningSandbox, order: CheckoutOrder, mode: str
) -> None:
    hasty = connected(sandbox, timeout_s=0.5)
    asking = hasty if mode == "commit_then_timeout" else payments
    await sandbox.fault(mode, "POST", "/v1/checkout/sessions")
    while await rule_waits(sandbox):
        with pytest.raises(PaymentOutcomeUnknown):
            await asking.open_hosted(order)
    await hasty.aclose()

    opened = await payments.open_hosted(order)
    (entry,) = await sandbox.journal()
    assert entry["checkout_session"] == opened.session_id


async def test_a_rate_limit_means_busy(
    payments: StripePayments, sandbox: RunningSandbox, order: CheckoutOrder
) -> None:
    await sandbox.fault("rate_limited", "POST", "/v1/checkout/sessions")
    with pytest.raises(PaymentProviderBusy):
        await payments.open_hosted(order)

    assert await sandbox.kinds() == []


async def test_a_key_in_flight_means_busy(sandbox: RunningSandbox, order: CheckoutOrder) -> None:
    patient, second = connected(sandbox), connected(sandbox)
    await sandbox.fault("slow_execution", "POST", "/v1/checkout/sessions", latency_s=30)
    first = asyncio.create_task(patient.open_hosted(order))
    while await rule_waits(sandbox):
        pass  # the first request is still on its way
    with pytest.raises(PaymentProviderBusy, match="idempotency_key_in_use"):
        await second.open_hosted(order)
    await sandbox.http.delete(f"{sandbox.url}/_sandbox/faults")

    assert await second.open_hosted(order) == await first
    assert await sandbox.kinds() == ["checkout_session.created"]
    await patient.aclose()
    await second.aclose()


async def rule_waits(sandbox: RunningSandbox) -> bool:
    async with sandbox.http.get(f"{sandbox.url}/_sandbox/faults") as answer:
        return bool((await answer.json())["faults"][0]["times_left"])


async def test_a_wrong_key_of_ours_is_no_verdict_on_the_payment(
    sandbox: RunningSandbox, order: CheckoutOrder
) -> None:
    stranger = connected(sandbox, api_key="sk_test_somebody_else")
    with pytest.raises(PaymentProviderBusy):
        await stranger.open_hosted(order)

    assert await sandbox.kinds() == []
    await stranger.aclose()


async def test_what_does_not_exist_is_a_definite_no(payments: StripePayments) -> None:
    for call in (payments.look("cs_test_none", None), payments.look(None, "pi_none")):
        with pytest.raises(PaymentRefused) as refused:
            await call
        assert refused.value.code == "resource_missing"
    with pytest.raises(PaymentRefused):
        await payments.look_at_refund("re_none")


async def test_a_server_that_is_away_is_unknown(order: CheckoutOrder) -> None:
    nowhere = StripePayments(
        api_key=API_KEY,
        webhook_secrets=[],
        api_base="http://127.0.0.1:9",
        network_retries_max=0,
    )
    with pytest.raises(PaymentOutcomeUnknown):
        await nowhere.open_hosted(order)
    await nowhere.aclose()


async def test_the_sdks_own_repetition_uses_the_same_key(
    sandbox: RunningSandbox, order: CheckoutOrder
) -> None:
    persistent = connected(sandbox, retries_max=1)
    await sandbox.fault("commit_then_reset", "POST", "/v1/checkout/sessions")
    opened = await persistent.open_hosted(order)

    assert opened.session_id is not None
    assert len(await sandbox.journal()) == 1
    await persistent.aclose()


Operation = Callable[[StripePayments, str], Awaitable[object]]
OPERATIONS: dict[str, tuple[str, str, Operation]] = {
    "capture": (
        "/v1/payment_intents/*/capture",
        "payment.captured",
        lambda payments, payment_id: payments.capture(payment_id, eur(84_230), "capture:1"),
    ),
    "release": (
        "/v1/payment_intents/*/cancel",
        "payment.released",
        lambda payments, payment_id: payments.release(payment_id, "release:1"),
    ),
    "refund": (
        "/v1/refunds",
        "refund.created",
        lambda payments, payment_id: payments.refund(
            payment_id, eur(84_230), "refund:1", {"refund_id": "1"}
        ),
    ),
}


@pytest.mark.parametrize("mode", ["reset_before", "commit_then_reset", "cut_body"])
@pytest.mark.parametrize("name", OPERATIONS)
async def test_money_moves_once_however_often_it_is_asked_for(
    payments: StripePayments,
    sandbox: RunningSandbox,
    order: CheckoutOrder,
    name: str,
    mode: str,
) -> None:
    path, kind, operation = OPERATIONS[name]
    before = captured if name == "refund" else authorized
    payment_id = (await before(payments, sandbox, order)).payment_id
    await sandbox.fault(mode, "POST", path)
    with pytest.raises(PaymentOutcomeUnknown):
        await operation(payments, payment_id)

    first = await operation(payments, payment_id)
    assert first == await operation(payments, payment_id)
    assert [entry["amount"] for entry in await sandbox.journal(kind)] == [84_230]


async def test_a_close_whose_answer_is_lost_is_repeated_safely(
    payments: StripePayments, sandbox: RunningSandbox, order: CheckoutOrder
) -> None:
    session_id = (await payments.open_hosted(order)).session_id
    await sandbox.fault("commit_then_reset", "POST", "/v1/checkout/sessions/*/expire")
    with pytest.raises(PaymentOutcomeUnknown):
        await payments.close(session_id, None, "close:1")

    assert (await payments.close(session_id, None, "close:1")).payable is False
    assert len(await sandbox.journal("checkout_session.expired")) == 1


async def test_a_read_that_fails_is_unknown(
    payments: StripePayments, sandbox: RunningSandbox, order: CheckoutOrder
) -> None:
    opened = await payments.open_hosted(order)
    for mode in ("cut_body", "http_503", "html_502", "text_403"):
        await sandbox.fault(mode, "GET")
        with pytest.raises(PaymentOutcomeUnknown):
            await payments.look(opened.session_id, None)
    for mode in ("cut_body", "html_502"):
        await sandbox.fault(mode, "GET", "/v1/events")
        with pytest.raises(PaymentOutcomeUnknown):
            await payments.events_since(sandbox.clock.now())


@given(
    st.integers(1, 999_999).map(lambda hundreds: hundreds * 100),
    st.sampled_from(["EUR", "USD", "JPY", "ISK", "MGA", "KWD", "HUF", "KRW"]),
)
def test_what_stripe_is_told_reads_back_as_the_same_money(amount: int, currency: str) -> None:
    money = Money(amount, currency)

    assert from_stripe(to_stripe(money), currency.lower()) == money


@pytest.mark.parametrize(
    ("money", "told"),
    [
        (Money(80, "JPY"), 80),
        (Money(5, "ISK"), 500),
        (Money(5_120, "KWD"), 5_120),
        (Money(12_300, "MGA"), 123),
        (Money(84_230, "EUR"), 84_230),
    ],
)
def test_stripe_counts_some_currencies_in_other_units(money: Money, told: int) -> None:
    assert to_stripe(money) == told


@pytest.mark.parametrize("money", [Money(5_124, "KWD"), Money(12_345, "MGA"), Money(500, "UGX")])
async def test_an_amount_that_stripe_cannot_charge_exactly_is_refused_unsent(
    payments: StripePayments, sandbox: RunningSandbox, order: CheckoutOrder, money: Money
) -> None:
    lines = (replace(order.lines[0], amount=money),)
    with pytest.raises(PaymentRefused) as refused:
        await payments.open_hosted(replace(order, amount=money, lines=lines))

    assert refused.value.code == "amount_not_chargeable"
    assert sandbox.seen == []
