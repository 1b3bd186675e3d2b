"""Mistakes at the payment provider."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

from domain.money import Money
from domain.payments import CheckoutSnapshot, PaymentSnapshot
from service.app import Service
from service.workers.outcomes import Done
from tests.simulation.planted.composition import Composition, Instead

MOMENT_S = 1.0


class RandomKeys(Instead):
    async def open_hosted(self, order: Any) -> Any:
        return await self.real.open_hosted(replace(order, key=f"{order.key}:{uuid4()}"))

    async def open_direct(self, order: Any) -> Any:
        return await self.real.open_direct(replace(order, key=f"{order.key}:{uuid4()}"))

    async def refund(self, payment_id: str, amount: Money, key: str, references: Any) -> Any:
        return await self.real.refund(payment_id, amount, f"{key}:{uuid4()}", references)


class ARandomIdempotencyKeyPerAttempt(Composition):
    needs = frozenset({"stripe", "crashes", "lost_stores"})
    breaks = frozenset({"M1", "M4"})
    begins = (
        ("stripe", "POST", "/v1/checkout/sessions", "commit_then_reset"),
        ("stripe", "POST", "/v1/payment_intents", "commit_then_reset"),
    )

    def payments(self, payments: Any) -> Any:
        return RandomKeys(payments)


class HopefulCaptures(Instead):
    async def capture(self, payment_id: str, amount: Money, key: str) -> PaymentSnapshot:
        seen: PaymentSnapshot = (await self.real.look(None, payment_id)).payment
        asyncio.create_task(self.send(payment_id, amount, key))
        return replace(seen, status="captured", captured=amount)

    async def send(self, payment_id: str, amount: Money, key: str) -> None:
        with suppress(Exception):
            await asyncio.sleep(MOMENT_S)
            await self.real.capture(payment_id, amount, key)


class RecordingACaptureBeforeItIsMade(Composition):
    needs = frozenset({"stripe", "crashes"})
    breaks = frozenset({"M1", "M2"})
    begins = (("stripe", "POST", "/v1/payment_intents/*/capture", "http_500"),)

    def payments(self, payments: Any) -> Any:
        return HopefulCaptures(payments)


class GreedyCaptures(Instead):
    async def capture(self, payment_id: str, amount: Money, key: str) -> PaymentSnapshot:
        whole = (await self.real.look(None, payment_id)).payment.amount
        seen: PaymentSnapshot = await self.real.capture(payment_id, whole, key)
        return seen


class CapturingMoreThanWasConfirmed(Composition):
    breaks = frozenset({"M7"})
    begins = (("duffel", "POST", "/stays/bookings", "sold_out"),)

    def payments(self, payments: Any) -> Any:
        return GreedyCaptures(payments)


class OpenEnded(Instead):
    async def close(self, *_: Any, key: str) -> CheckoutSnapshot:
        return CheckoutSnapshot(payable=False)


class LeavingTheSessionPayableAfterAnEdit(Composition):
    breaks = frozenset({"M11"})

    def payments(self, payments: Any) -> Any:
        return OpenEnded(payments)


async def believe(notices: Any, _task: Any, notice: Any, trip_id: str, cause: Any) -> Any:
    dossier, _ = await notices.payments.road.read(trip_id)
    checkout = dossier.trip.find_checkout(notice.facts.get("checkout_id", ""))
    if notice.type == "checkout.session.completed" and checkout and "payment_id" in notice.facts:
        nothing = Money(0, checkout.amount.currency)
        paid = PaymentSnapshot(
            payment_id=notice.facts["payment_id"],
            status="authorized",
            amount=checkout.amount,
            captured=nothing,
            refunded=nothing,
            capture_before=notices.payments.clock.now() + timedelta(days=7),
        )
        told = CheckoutSnapshot(payable=False, payment=paid)
        await notices.payments.record_state(dossier.trip, checkout, told, cause)
    return Done()


class TrustingTheWebhook(Composition):
    breaks = frozenset({"S2"})

    def service(self, service: Service) -> None:
        notices: Any = service.worker.notices
        notices.look_at_payment = partial(believe, notices)
