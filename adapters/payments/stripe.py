"""Payments at Stripe by its official SDK: money is authorised, then captured or released; every
answer that is not clearly one is told as unknown, and repeating with the same key is safe."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from datetime import datetime
from functools import cache

import aiohttp
import stripe
from stripe.params import PaymentIntentCreateParams
from stripe.params.checkout import SessionCreateParams

from adapters.payments.stripe_client import BoundedClient
from adapters.payments.stripe_events import parse_event, provider_event
from adapters.payments.stripe_wire import (
    PAYABLE,
    check_lines,
    dispute_snapshot,
    instant,
    payment_snapshot,
    refund_snapshot,
    sighting,
    to_stripe,
    told,
    understood,
)
from domain.money import Money
from domain.payments import (
    CheckoutOrder,
    CheckoutSnapshot,
    DirectSecrets,
    MoneyBack,
    OpenedCheckout,
    PaymentOutcomeUnknown,
    PaymentRefused,
    PaymentSighting,
    PaymentSnapshot,
    ProviderEvent,
    RefundSnapshot,
)

API_BASE = "https://api.stripe.com"
# The version whose spec our requests are proven against; requests, webhooks and spec move together.
API_VERSION = "2026-05-27.dahlia"
PAGE_ROWS = 100
EVENT_TYPES = [
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
    "payment_intent.amount_capturable_updated",
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "payment_intent.processing",
    "payment_intent.requires_action",
    "payment_intent.canceled",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.refunded",
    "charge.expired",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "charge.dispute.closed",
]
"""What a webhook endpoint should subscribe to, and what is read from the list of events."""


@cache
def authorities() -> ssl.SSLContext:
    """Who may vouch for Stripe's servers, read once."""
    return ssl.create_default_context(cafile=stripe.ca_bundle_path)


class StripePayments:
    """The `Payments` port. Make it inside a running event loop and `aclose` it there."""

    def __init__(
        self,
        *,
        api_key: str,
        webhook_secrets: Sequence[str],
        api_base: str = API_BASE,
        api_version: str = API_VERSION,
        mobile_api_version: str = API_VERSION,
        timeout_s: float = 30.0,
        network_retries_max: int = 1,
        watched: aiohttp.TraceConfig | None = None,
    ) -> None:
        # A session of our own, because the SDK's would be closed by nobody.
        self.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=authorities()),
            trace_configs=[watched] if watched else [],
        )
        self.live = api_key.startswith(("sk_live_", "rk_live_"))
        self.mobile_api_version = mobile_api_version
        self.webhook_secrets = tuple(webhook_secrets)
        self.stripe = stripe.StripeClient(
            api_key,
            http_client=BoundedClient(self.session, timeout_s),
            max_network_retries=network_retries_max,
            stripe_version=api_version,
            base_addresses={"api": api_base},
        ).v1

    async def aclose(self) -> None:
        await self.session.close()

    @understood
    async def open_hosted(self, order: CheckoutOrder) -> OpenedCheckout:
        check_lines(order)
        session = await told(
            self.stripe.checkout.sessions.create_async(
                hosted_params(order), {"idempotency_key": order.key}
            )
        )
        return OpenedCheckout(
            session_id=session.id, url=session.url, expires_at=instant(session.expires_at)
        )

    @understood
    async def open_direct(self, order: CheckoutOrder) -> OpenedCheckout:
        check_lines(order)
        params: PaymentIntentCreateParams = {
            "amount": to_stripe(order.amount),
            "currency": order.amount.currency.lower(),
            "capture_method": "manual",
            "automatic_payment_methods": {"enabled": True},
            "description": order.description,
            "metadata": order.references,
        }
        customer = await told(
            self.stripe.customers.create_async(
                {"metadata": order.references}, {"idempotency_key": f"{order.key}:customer"}
            )
        )
        params["customer"] = customer.id
        intent = await told(
            self.stripe.payment_intents.create_async(params, {"idempotency_key": order.key})
        )
        return OpenedCheckout(
            payment_id=intent.id, customer_id=customer.id, expires_at=order.expires_at
        )

    @understood
    async def direct_secrets(self, payment_id: str, customer_id: str) -> DirectSecrets:
        intent = await told(self.stripe.payment_intents.retrieve_async(payment_id))
        key = await told(
            self.stripe.ephemeral_keys.create_async(
                {"customer": customer_id}, {"stripe_version": self.mobile_api_version}
            )
        )
        if intent.client_secret is None or key.secret is None:
            raise PaymentOutcomeUnknown("Stripe answered without the client secrets")
        return DirectSecrets(
            client_secret=intent.client_secret, ephemeral_key=key.secret, customer_id=customer_id
        )

    @understood
    async def look(self, session_id: str | None, payment_id: str | None) -> CheckoutSnapshot:
        if session_id is None:
            if payment_id is None:
                raise ValueError("a checkout is looked at by its session or by its payment")
            seen = await self.payment(payment_id)
            return CheckoutSnapshot(payable=seen.status in PAYABLE, payment=seen)
        session = await told(
            self.stripe.checkout.sessions.retrieve_async(
                session_id, {"expand": ["payment_intent.latest_charge"]}
            )
        )
        payment = None
        if isinstance(session.payment_intent, stripe.PaymentIntent):
            payment = await self.snapshot(session.payment_intent)
        return CheckoutSnapshot(payable=session.status == "open", payment=payment)

    @understood
    async def close(
        self, session_id: str | None, payment_id: str | None, key: str
    ) -> CheckoutSnapshot:
        """A refusal to close is an answer too: what was paid or closed in between is looked at.

        A direct payment is cancelled only when it was seen unpaid just before; if the customer
        authorises in that very moment the hold is let go, and nothing is taken.
        """
        seen = await self.look(session_id, payment_id)
        if not seen.payable:
            return seen
        try:
            if session_id is not None:
                await told(
                    self.stripe.checkout.sessions.expire_async(
                        session_id, options={"idempotency_key": key}
                    )
                )
            elif payment_id is not None:
                await self.cancel(payment_id, key)
        except PaymentRefused:
            return await self.look(session_id, payment_id)
        return await self.look(session_id, payment_id)

    @understood
    async def capture(self, payment_id: str, amount: Money, key: str) -> PaymentSnapshot:
        intent = await told(
            self.stripe.payment_intents.capture_async(
                payment_id,
                {"amount_to_capture": to_stripe(amount), "expand": ["latest_charge"]},
                {"idempotency_key": key},
            )
        )
        return await self.snapshot(intent)

    @understood
    async def release(self, payment_id: str, key: str) -> PaymentSnapshot:
        try:
            return await self.snapshot(await self.cancel(payment_id, key))
        except PaymentRefused:
            seen = await self.payment(payment_id)
            if seen.status not in ("canceled", "captured"):
                raise
            return seen

    async def cancel(self, payment_id: str, key: str) -> stripe.PaymentIntent:
        return await told(
            self.stripe.payment_intents.cancel_async(
                payment_id,
                {"cancellation_reason": "abandoned", "expand": ["latest_charge"]},
                {"idempotency_key": key},
            )
        )

    @understood
    async def refund(
        self, payment_id: str, amount: Money, key: str, references: dict[str, str]
    ) -> RefundSnapshot:
        """Looks for itself first: Stripe forgets keys after a day, its refunds it remembers."""
        for made in await self.refunds_of(payment_id):
            if references and made.metadata is not None and made.metadata.to_dict() == references:
                return refund_snapshot(made)
        refund = await told(
            self.stripe.refunds.create_async(
                {
                    "payment_intent": payment_id,
                    "amount": to_stripe(amount),
                    "metadata": references,
                },
                {"idempotency_key": key},
            )
        )
        return refund_snapshot(refund)

    @understood
    async def look_at_refund(self, provider_refund_id: str) -> RefundSnapshot:
        refund = await told(self.stripe.refunds.retrieve_async(provider_refund_id))
        return refund_snapshot(refund)

    @understood
    async def money_back(self, payment_id: str) -> MoneyBack:
        refunds = await self.refunds_of(payment_id)
        disputes = await told(self.read_disputes(payment_id))
        return MoneyBack(
            payment_id=payment_id,
            refunds=tuple(refund_snapshot(refund) for refund in refunds[::-1]),
            disputes=tuple(dispute_snapshot(dispute) for dispute in disputes[::-1]),
        )

    @understood
    async def payments_since(self, since: datetime) -> Sequence[PaymentSighting]:
        return await told(self.read_payments(int(since.timestamp())))

    async def read_payments(self, since: int) -> list[PaymentSighting]:
        page = await self.stripe.payment_intents.list_async(
            {"created": {"gte": since}, "limit": PAGE_ROWS}
        )
        newest_first = [sighting(intent) async for intent in page.auto_paging_iter()]
        return newest_first[::-1]

    @understood
    async def events_since(self, since: datetime) -> Sequence[ProviderEvent]:
        return await told(self.read_events(int(since.timestamp())))

    async def read_events(self, since: int) -> list[ProviderEvent]:
        page = await self.stripe.events.list_async(
            {"created": {"gte": since}, "types": EVENT_TYPES, "limit": PAGE_ROWS}
        )
        newest_first = [provider_event(it.to_dict()) async for it in page.auto_paging_iter()]
        return newest_first[::-1]

    def parse_event(self, raw: bytes, signature: str, now: datetime) -> ProviderEvent:
        return parse_event(raw, signature, secrets=self.webhook_secrets, live=self.live, now=now)

    async def payment(self, payment_id: str) -> PaymentSnapshot:
        intent = await told(
            self.stripe.payment_intents.retrieve_async(payment_id, {"expand": ["latest_charge"]})
        )
        return await self.snapshot(intent)

    async def snapshot(self, intent: stripe.PaymentIntent) -> PaymentSnapshot:
        refunds = await self.refunds_of(intent.id) if intent.status == "succeeded" else []
        return payment_snapshot(intent, refunds)

    async def refunds_of(self, payment_id: str) -> list[stripe.Refund]:
        return await told(self.read_refunds(payment_id))

    async def read_refunds(self, payment_id: str) -> list[stripe.Refund]:
        page = await self.stripe.refunds.list_async(
            {"payment_intent": payment_id, "limit": PAGE_ROWS}
        )
        return [it async for it in page.auto_paging_iter()]

    async def read_disputes(self, payment_id: str) -> list[stripe.Dispute]:
        page = await self.stripe.disputes.list_async(
            {"payment_intent": payment_id, "limit": PAGE_ROWS}
        )
        return [it async for it in page.auto_paging_iter()]


def hosted_params(order: CheckoutOrder) -> SessionCreateParams:
    """A pure function of the order, so that a repetition is the same to the byte."""
    return {
        "mode": "payment",
        "submit_type": "book",
        "client_reference_id": order.checkout_id,
        "success_url": order.success_url,
        "cancel_url": order.cancel_url,
        "expires_at": int(order.expires_at.timestamp()),
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": line.amount.currency.lower(),
                    "unit_amount": to_stripe(line.amount),
                    "product_data": {"name": line.name},
                },
            }
            for line in order.lines
        ],
        # Both carry them: events of the payment do not show the session's.
        "metadata": order.references,
        "payment_intent_data": {
            "capture_method": "manual",
            "description": order.description,
            "metadata": order.references,
        },
    }
