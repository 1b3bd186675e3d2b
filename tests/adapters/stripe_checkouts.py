"""Checkouts at a Stripe sandbox, brought to where a test of the payments port begins."""

from __future__ import annotations

from datetime import datetime, timedelta

from adapters.payments.stripe import StripePayments
from domain.money import Money
from domain.payments import CheckoutOrder, PaymentLine, PaymentSnapshot
from tests.sandbox.stripe.running import RunningSandbox

REFERENCES = {"trip_id": "trip-1", "checkout_id": "checkout-1", "attempt": "1"}


def eur(amount: int) -> Money:
    return Money(amount, "EUR")


def order_of(now: datetime, key: str = "checkout:trip-1:1") -> CheckoutOrder:
    return CheckoutOrder(
        key=key,
        checkout_id="checkout-1",
        amount=eur(84_230),
        lines=(
            PaymentLine(name="Flight LHR to JFK", amount=eur(70_000)),
            PaymentLine(name="Hotel, 3 nights", amount=eur(14_230)),
        ),
        references=REFERENCES,
        expires_at=(now + timedelta(minutes=45)).replace(microsecond=0),
        success_url="https://shop.example/done",
        cancel_url="https://shop.example/cart",
        description="Trip trip-1",
    )


async def authorized(
    payments: StripePayments, sandbox: RunningSandbox, order: CheckoutOrder
) -> PaymentSnapshot:
    opened = await payments.open_hosted(order)
    assert opened.session_id is not None
    await sandbox.pay(opened.session_id)
    seen = (await payments.look(opened.session_id, None)).payment
    assert seen is not None
    return seen


async def amounts(sandbox: RunningSandbox, kind: str) -> list[int]:
    return [entry["amount"] for entry in await sandbox.journal(kind)]


async def captured(
    payments: StripePayments, sandbox: RunningSandbox, order: CheckoutOrder
) -> PaymentSnapshot:
    held = await authorized(payments, sandbox, order)
    return await payments.capture(held.payment_id, held.amount, f"capture:{held.payment_id}")
