"""Mistakes made on purpose about what comes afterwards: cancelling, foreign money, orders,
operators."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from adapters.memory.outbox import MemoryOutbox
from domain.money import Money
from domain.payments import MoneyBack
from domain.suppliers import SupplierOrder
from service.app import Service
from tests.simulation import planted
from tests.simulation.planted import PAID, Composition, Instead


async def on_other_terms(desk: Any, cancel: Any, trip_id: str, _quote_id: str, cause: Any) -> Any:
    terms = await desk.cancellation_quote(trip_id, None, cause)
    return await cancel(trip_id, terms.cancellation_quote_id, cause)


class CancellingOnOtherTermsThanQuoted(Composition):
    breaks = frozenset({"M12"})
    paying = PAID
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
    paying = PAID
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


PLANTED: dict[str, type[Composition]] = {
    **planted.PLANTED,
    **{
        each.__name__: each
        for each in (
            CancellingOnOtherTermsThanQuoted,
            TakingForeignMoneyForOurs,
            BelievingThatWhatIsBookedStaysBooked,
            NotAskingWhatElseWasOrdered,
            TickingOffWhatShouldBeTriedAgain,
        )
    },
}


def planted_by_name(name: str) -> Composition:
    return PLANTED[name]()
