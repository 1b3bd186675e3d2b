"""Whatever the payment provider answers, money is never believed to be where it is not."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio

from adapters.answers import AMOUNT_MAX, EndlessAnswer
from adapters.payments.stripe import StripePayments
from domain.money import Money
from domain.payments import (
    CheckoutSnapshot,
    DirectSecrets,
    OpenedCheckout,
    PaymentOutcomeUnknown,
    PaymentProviderBusy,
    PaymentRefused,
    PaymentSnapshot,
    RefundSnapshot,
)
from tests.adapters.stripe_checkouts import REFERENCES, eur, order_of
from tests.attacks.tampering import ENDLESS, JSON, NONSENSE, Liar, between, lies_about, lying
from tests.sandbox.stripe.running import API_KEY, SECRET, running_sandbox

NOW = datetime.now(UTC)
Act = Callable[[StripePayments], Awaitable[Any]]
ACTS: dict[str, Act] = {
    "open hosted": lambda it: it.open_hosted(order_of(NOW)),
    "open direct": lambda it: it.open_direct(order_of(NOW)),
    "secrets": lambda it: it.direct_secrets("pi_1", "cus_1"),
    "look at a session": lambda it: it.look("cs_1", None),
    "look at a payment": lambda it: it.look(None, "pi_1"),
    "close": lambda it: it.close("cs_1", None, "close:1"),
    "capture": lambda it: it.capture("pi_1", eur(100), "capture:1"),
    "release": lambda it: it.release("pi_1", "release:1"),
    "refund": lambda it: it.refund("pi_1", eur(100), "refund:1", REFERENCES),
    "look at a refund": lambda it: it.look_at_refund("re_1"),
    "events": lambda it: it.events_since(NOW),
}
ANSWERS = {
    **{name: body for name, (kind, body) in NONSENSE.items() if kind == JSON},
    "an id of another kind": b'{"id": 7, "object": "checkout.session", "url": [], "status": {}}',
}


def connected(url: str) -> StripePayments:
    return StripePayments(
        api_key=API_KEY,
        webhook_secrets=[SECRET],
        api_base=url,
        timeout_s=30.0,
        network_retries_max=0,
    )


@pytest_asyncio.fixture
async def liar() -> AsyncIterator[tuple[Liar, StripePayments]]:
    async with lying() as (liar, url):
        payments = connected(url)
        yield liar, payments
        await payments.aclose()


async def outcome(act: Act, payments: StripePayments) -> Any:
    """What the port tells, also where it raises it; anything else fails the test."""
    try:
        return await act(payments)
    except (PaymentOutcomeUnknown, PaymentProviderBusy, PaymentRefused) as told:
        return told


@pytest.mark.parametrize("name", ACTS)
async def test_what_says_nothing_is_unknown(liar: tuple[Liar, StripePayments], name: str) -> None:
    told = {}
    for what, body in ANSWERS.items():
        liar[0].says(200, JSON, body)
        told[what] = await outcome(ACTS[name], liar[1])

    assert {} == {w: t for w, t in told.items() if not isinstance(t, PaymentOutcomeUnknown)}


@pytest.mark.parametrize("name", ACTS)
async def test_an_answer_without_end_is_not_read_to_its_end(
    liar: tuple[Liar, StripePayments], name: str
) -> None:
    liar[0].says(200, JSON, ENDLESS)

    told = await outcome(ACTS[name], liar[1])

    assert isinstance(told, PaymentOutcomeUnknown)
    assert isinstance(told.__cause__, EndlessAnswer)


async def test_nobody_is_followed_elsewhere(liar: tuple[Liar, StripePayments]) -> None:
    async with lying() as (stranger, elsewhere):
        for status in (301, 302, 307, 308):
            liar[0].says(status, JSON, b"{}", Location=f"{elsewhere}/stolen")
            told = [await outcome(act, liar[1]) for act in ACTS.values()]
            assert all(isinstance(each, PaymentOutcomeUnknown) for each in told), told

    assert [] == stranger.asked


def sane_money(amount: Money) -> bool:
    return type(amount.amount) is int and 0 <= amount.amount <= AMOUNT_MAX


def sane(told: Any) -> bool:
    """Whether an answer of the port is one that the rest of the program may believe."""
    match told:
        case PaymentSnapshot():
            return all(map(sane_money, [told.amount, told.captured, told.refunded]))
        case CheckoutSnapshot():
            return told.payment is None or sane(told.payment)
        case RefundSnapshot():
            return sane_money(told.amount) and isinstance(told.provider_refund_id, str)
        case OpenedCheckout():
            return isinstance(told.session_id, str) and isinstance(told.url, str)
        case DirectSecrets():
            return isinstance(told.client_secret, str)
        case list():
            return True
        case _:
            return isinstance(told, PaymentOutcomeUnknown | PaymentProviderBusy | PaymentRefused)


async def test_one_lie_in_a_true_answer_is_never_a_fault_or_an_amount() -> None:
    """Every place of the answers, one at a time."""
    async with running_sandbox() as sandbox, between(sandbox.url) as (middleman, url):
        payments = connected(url)
        order = order_of(sandbox.clock.now())
        opened = await payments.open_hosted(order)
        assert opened.session_id is not None
        await sandbox.pay(opened.session_id)
        held = (await payments.look(opened.session_id, None)).payment
        assert held is not None
        paid, session = held.payment_id, opened.session_id
        acts: list[Act] = [
            lambda it: it.open_hosted(order),
            lambda it: it.look(session, None),
            lambda it: it.look(None, paid),
            lambda it: it.capture(paid, order.amount, "capture"),
            lambda it: it.refund(paid, eur(5), "refund", REFERENCES),
            lambda it: it.events_since(sandbox.clock.now()),
        ]
        insane = []
        for number, act in enumerate(acts):
            await act(payments)
            for change in lies_about(middleman.last, 60, seed=number):
                middleman.change = change
                told = await outcome(act, payments)
                middleman.change = None
                if not sane(told):
                    insane.append((number, change, told))
        await payments.aclose()

    assert [] == insane
