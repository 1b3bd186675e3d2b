"""Mistakes made on purpose, each by a wrong part in the composition, to see that they are found."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, ClassVar
from uuid import uuid4

from adapters.memory.event_log import MemoryEventLog
from adapters.memory.outbox import MemoryOutbox
from adapters.memory.read_models import MemoryReadModels
from domain.log import Append, Appended, Recorded, Task
from domain.money import Money
from domain.payments import CheckoutSnapshot, MoneyBack, PaymentSnapshot, RefundSnapshot
from domain.suppliers import OrderRefused, OrderUnknown
from service.app import Service
from service.workers.outcomes import Done

PAID = ("paid",)
# How people pay, each as likely as the others.
OUTCOMES = PAID * 7 + ("declined", "requires_action", "processing", "processing", "abandoned")
MOMENT_S = 1.0
UNCOMMITTED = timedelta(seconds=2)
A_FLIGHT = ("duffel", "POST", "/air/orders")
A_STAY = ("duffel", "POST", "/stays/bookings")
AN_ORDER_WITHOUT_AN_ANSWER = (
    (*A_FLIGHT, "commit_then_reset"),
    (*A_FLIGHT, "sells_twice"),
    (*A_STAY, "commit_then_reset"),
    (*A_STAY, "sells_twice"),
)


class Composition:
    """The parts as they are. A planted mistake overrides what puts a wrong one in its place; under
    the faults it `needs`, and with what providers are to do at first (`begins`: provider, method,
    path, mode), how people pay (`paying`) and what `befalls` the money afterwards it soon breaks
    one of the promises that it `breaks`."""

    needs: ClassVar[frozenset[str]] = frozenset()
    breaks: ClassVar[frozenset[str]] = frozenset()
    begins: ClassVar[tuple[tuple[str, str, str, str], ...]] = ()
    paying: ClassVar[tuple[str, ...]] = OUTCOMES
    befalls: ClassVar[tuple[str, ...]] = ()

    def store(self, store: Any) -> Any:
        return store

    def payments(self, payments: Any) -> Any:
        return payments

    def supplier(self, supplier: Any) -> Any:
        return supplier

    def service(self, service: Service) -> None:
        """Nothing is replaced in the wired service."""


class Instead:
    """What is not overridden is done by the real part."""

    def __init__(self, real: Any) -> None:
        self.real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


# --- at the payment provider


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
    paying = PAID

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
    paying = ("processing",)

    def service(self, service: Service) -> None:
        notices: Any = service.worker.notices
        notices.look_at_payment = partial(believe, notices)


# --- at the supplier


class Pessimist(Instead):
    async def order(self, request: Any, hold: Any = None) -> Any:
        answer = await self.real.order(request, hold)
        if isinstance(answer, OrderUnknown):
            return OrderRefused(code="supplier_rejected", detail=answer.detail)
        return answer


class ReadingATimeoutAsFailure(Composition):
    needs = frozenset({"duffel"})
    breaks = frozenset({"S1"})
    begins = AN_ORDER_WITHOUT_AN_ANSWER

    def supplier(self, supplier: Any) -> Any:
        return Pessimist(supplier)


class Insistent(Instead):
    async def order(self, request: Any, hold: Any = None) -> Any:
        answer = await self.real.order(request, hold)
        return await self.real.order(request, hold) if isinstance(answer, OrderUnknown) else answer


class SendingAnOrderAgain(Composition):
    needs = frozenset({"duffel"})
    breaks = frozenset({"S1"})
    begins = AN_ORDER_WITHOUT_AN_ANSWER

    def supplier(self, supplier: Any) -> Any:
        return Insistent(supplier)


# --- afterwards


class SeeingDouble(Instead):
    async def money_back(self, payment_id: str) -> MoneyBack:
        told: MoneyBack = await self.real.money_back(payment_id)
        refunds = [each if each.references else seen_anew(each) for each in told.refunds]
        return replace(told, refunds=tuple(refunds))


def seen_anew(refund: RefundSnapshot) -> RefundSnapshot:
    return replace(refund, provider_refund_id=f"{refund.provider_refund_id}:{uuid4()}")


class CountingADashboardRefundTwice(Composition):
    breaks = frozenset({"M2", "M15"})
    befalls = ("dashboard refund",)

    def payments(self, payments: Any) -> Any:
        return SeeingDouble(payments)


class Undisputed(Instead):
    async def money_back(self, payment_id: str) -> MoneyBack:
        told: MoneyBack = await self.real.money_back(payment_id)
        return replace(told, disputes=())


class LeavingADisputeOutOfTheBooks(Composition):
    breaks = frozenset({"M15"})
    paying = PAID
    befalls = ("dispute",)

    def payments(self, payments: Any) -> Any:
        return Undisputed(payments)


class Amnesiac(Instead):
    async def store(self, provider: str, event_id: str, dedupe_key: str, *told: Any) -> bool:
        anew = f"{event_id}:{uuid4()}"
        stored: bool = await self.real.store(provider, anew, f"{dedupe_key}:{uuid4()}", *told)
        return stored


class RepairingAgainWhatWasRepaired(Composition):
    breaks = frozenset({"P11"})
    befalls = ("dashboard refund",)

    def service(self, service: Service) -> None:
        poller: Any = service.poller
        poller.inbox = Amnesiac(poller.inbox)


# --- in the log, the outbox and the read models


class Overtaking(Instead):
    """Some of what was just recorded is not committed yet, while what came later is."""

    async def read_all(self, *asked: Any) -> list[Recorded]:
        latest = self.real.clock.now() - UNCOMMITTED
        return [
            recorded
            for recorded in await self.real.read_all(*asked)
            if recorded.recorded_at < latest or int(recorded.event_id[-1], 16) % 3
        ]


class FollowingAnUnorderedLog(Composition):
    breaks = frozenset({"R3"})

    def store(self, store: Any) -> Any:
        return Overtaking(store) if isinstance(store, MemoryEventLog) else store


class Careless(Instead):
    """What was true when it was looked at is taken to be true still."""

    async def append(self, append: Append) -> Appended:
        rows = self.real.by_trip[append.trip_id]
        ends = {str(r.notification.originator_id): r.notification.originator_version for r in rows}
        events = []
        for event in append.events:
            ends[event.stream_id] = ends.get(event.stream_id, 0) + 1
            events.append(replace(event, stream_version=ends[event.stream_id]))
        head = rows[-1].notification.id if rows else 0
        appended: Appended = await self.real.append(
            replace(append, expected_position=head, events=events)
        )
        return appended


class CheckingFirstAndRecordingLater(Composition):
    breaks = frozenset({"M1", "M2", "S1", "P1", "P4"})

    def store(self, store: Any) -> Any:
        return Careless(store) if isinstance(store, MemoryEventLog) else store


class Forgetful(Instead):
    async def append(self, append: Append) -> Appended:
        appended: Appended = await self.real.append(replace(append, effects=()))
        await asyncio.sleep(MOMENT_S)
        for effect in append.effects:
            kind = effect.kind.value
            self.real.outbox.put(kind, effect.key, effect.subject, effect.due, append.trip_id)
        return appended


class AskingForWorkAfterTheFacts(Composition):
    needs = frozenset({"crashes"})
    breaks = frozenset({"P1", "M1"})

    def store(self, store: Any) -> Any:
        return Forgetful(store) if isinstance(store, MemoryEventLog) else store


class Unfenced(Instead):
    """Whoever once had the task may still do with it what they like. Leases run out sooner than
    workers think, and the word that something will be sent takes longer than that."""

    async def claim(self, now: Any, limit: int, _lease_s: float) -> Any:
        return await self.real.claim(now, limit, MOMENT_S)

    async def announce(self, task: Task, _now: Any) -> bool:
        await asyncio.sleep(2 * MOMENT_S)
        self.real.tasks[task.key].sent = True
        return True

    async def finish(self, task: Task) -> None:
        self.real.tasks[task.key].give_back("done")


class LeasingWithoutFencing(Composition):
    breaks = frozenset({"S1"})
    begins = ((*A_FLIGHT, "sells_twice"), (*A_STAY, "sells_twice"))

    def store(self, store: Any) -> Any:
        return Unfenced(store) if isinstance(store, MemoryOutbox) else store


class Premature(Instead):
    async def claim(self, *asked: Any) -> Any:
        tasks = await self.real.claim(*asked)
        for task in tasks:
            await self.real.finish(task)
        return tasks


class FinishingBeforeDoing(Composition):
    needs = frozenset({"crashes", "stripe"})
    breaks = frozenset({"P1", "M1"})

    def store(self, store: Any) -> Any:
        return Premature(store) if isinstance(store, MemoryOutbox) else store


class AheadOfItself(Instead):
    async def apply(
        self, name: Any, rows: Any, start: int, end: int, version: int | None = None
    ) -> bool:
        if not await self.real.apply(name, [], start, end, version):
            return False
        await asyncio.sleep(MOMENT_S)
        written: bool = await self.real.apply(name, rows, end, end, version)
        return written


class MovingTheCheckpointBeforeTheRows(Composition):
    needs = frozenset({"crashes"})
    breaks = frozenset({"R3"})

    def store(self, store: Any) -> Any:
        return AheadOfItself(store) if isinstance(store, MemoryReadModels) else store


PLANTED: dict[str, type[Composition]] = {
    each.__name__: each for each in Composition.__subclasses__()
}
