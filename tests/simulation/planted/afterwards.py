"""Mistakes about what comes afterwards: money that goes back, orders that change, operators."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any
from uuid import uuid4

from adapters.memory.outbox import MemoryOutbox
from domain.money import Money
from domain.payments import MoneyBack, RefundSnapshot
from domain.suppliers import SupplierOrder
from service.app import Service
from tests.simulation.planted.composition import Composition, Instead


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


async def on_other_terms(desk: Any, cancel: Any, trip_id: str, _quote_id: str, cause: Any) -> Any:
    terms = await desk.cancellation_quote(trip_id, None, cause)
    return await cancel(trip_id, terms.cancellation_quote_id, cause)


class CancellingOnOtherTermsThanQuoted(Composition):
    breaks = frozenset({"M12"})
    befalls = ("cancellation",)

    def service(self, service: Service) -> None:
        desk: Any = service.desk
        desk.cancel = partial(on_other_terms, desk, desk.cancel)


class AsIfInOurs(Instead):
    async def money_back(self, payment_id: str) -> MoneyBack:
        told: MoneyBack = await self.real.money_back(payment_id)
        ours = (await self.real.look(None, payment_id)).payment.amount.currency
        disputes = [replace(d, amount=Money(d.amount.amount, ours)) for d in told.disputes]
        return replace(told, disputes=tuple(disputes))


class TakingForeignMoneyForOurs(Composition):
    breaks = frozenset({"M15"})
    befalls = ("dispute",)

    def payments(self, payments: Any) -> Any:
        return AsIfInOurs(payments)


class Trusting(Instead):
    async def look_at_order(self, *asked: Any) -> SupplierOrder | None:
        seen: SupplierOrder | None = await self.real.look_at_order(*asked)
        return None if seen is None else replace(seen, stands=True)


class BelievingThatWhatIsBookedStaysBooked(Composition):
    breaks = frozenset({"S1"})
    befalls = ("supplier cancels",)

    def supplier(self, supplier: Any) -> Any:
        return Trusting(supplier)


class Incurious(Instead):
    async def orders_since(self, _since: Any) -> list[SupplierOrder]:
        return []


class NotAskingWhatElseWasOrdered(Composition):
    """What was given up and then turns up, and what others ordered for us, is never heard of."""

    breaks = frozenset({"S1", "S3"})
    befalls = ("lost order", "supplier sells")

    def supplier(self, supplier: Any) -> Any:
        return Incurious(supplier)


class Appeasing(Instead):
    async def requeue(self, task_id: int, *_: Any) -> bool:
        for task in self.real.tasks.values():
            if task.task_id == task_id:
                task.give_back("done")
        return True


class TickingOffWhatShouldBeTriedAgain(Composition):
    breaks = frozenset({"M2", "P1"})
    befalls = ("work put aside",)

    def store(self, store: Any) -> Any:
        return Appeasing(store) if isinstance(store, MemoryOutbox) else store
