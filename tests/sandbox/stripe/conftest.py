"""One fresh sandbox per test; whatever a test made it say must be what Stripe's spec allows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest_asyncio
import stripe

from tests.sandbox.stripe.running import RunningSandbox, running_sandbox, stripe_client

OpenSession = Callable[..., Awaitable[Any]]


@pytest_asyncio.fixture
async def sandbox() -> AsyncIterator[RunningSandbox]:
    async with running_sandbox() as running:
        yield running
        assert running.drift() == []


@pytest_asyncio.fixture
async def client(sandbox: RunningSandbox) -> AsyncIterator[stripe.StripeClient]:
    async with stripe_client(sandbox.url) as made:
        yield made


@pytest_asyncio.fixture
async def open_session(client: stripe.StripeClient) -> OpenSession:
    """Opens a session of 842.30 EUR with manual capture; parameters can be overridden."""

    async def opened(key: str | None = None, **changes: Any) -> Any:
        params: dict[str, Any] = {
            "mode": "payment",
            "line_items": [line("Flight LHR to JFK", 70_000), line("Hotel, 3 nights", 14_230)],
            "success_url": "https://shop.example/done?sid={CHECKOUT_SESSION_ID}",
            "cancel_url": "https://shop.example/cart",
            "metadata": {"trip_id": "trip-1"},
            "payment_intent_data": {"capture_method": "manual", "metadata": {"trip_id": "trip-1"}},
        }
        params.update(changes)
        wanted = {name: value for name, value in params.items() if value is not None}
        options = {"idempotency_key": key} if key else {}
        return await client.v1.checkout.sessions.create_async(wanted, options)

    return opened


def line(name: str, unit_amount: int, currency: str = "eur", quantity: int = 1) -> dict[str, Any]:
    return {
        "quantity": quantity,
        "price_data": {
            "currency": currency,
            "unit_amount": unit_amount,
            "product_data": {"name": name},
        },
    }
