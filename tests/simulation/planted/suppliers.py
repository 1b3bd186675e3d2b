"""Mistakes at the supplier."""

from __future__ import annotations

from typing import Any

from domain.suppliers import OrderRefused, OrderUnknown
from tests.simulation.planted.composition import Composition, Instead

A_FLIGHT = ("duffel", "POST", "/air/orders")
A_STAY = ("duffel", "POST", "/stays/bookings")
AN_ORDER_WITHOUT_AN_ANSWER = (
    (*A_FLIGHT, "commit_then_reset"),
    (*A_FLIGHT, "sells_twice"),
    (*A_STAY, "commit_then_reset"),
    (*A_STAY, "sells_twice"),
)


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
