"""What happens at the supplier without us: orders are cancelled, made, moved or re-priced."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from tests.simulation.afterwards.stage import MINUTE_S, Paid, Stage

ORDERED = {"order.created", "stay_booking.created"}
UNDONE = {"order.cancelled", "stay_booking.cancelled"}
# Written on what somebody orders at the desk.
BY_DESK = "made_by"


@dataclass
class SupplierDesk:
    stage: Stage

    async def cancel(self, paid: Paid) -> None:
        """The airline, or somebody at the desk, cancels what is booked."""
        order = await self.standing(paid.trip_id)
        silent = self.stage.likely(0.3)
        if order is not None and await self.act(order, "cancel", {"silent": silent}):
            self.stage.meet("cancelled at the supplier")

    async def sell(self, paid: Paid) -> None:
        """Somebody orders the same again: for nobody we know, for the trip, or for the booking."""
        order = await self.standing(paid.trip_id)
        if order is None:
            return
        names: tuple[str, ...] = self.stage.chance.choice(
            ((), ("trip_id",), ("trip_id", "booking_id"))
        )
        written = {BY_DESK: "the desk", **{name: order["metadata"][name] for name in names}}
        if await self.act(order, "copy", {"metadata": written}):
            self.stage.meet(f"ordered at the supplier for {names[-1] if names else 'nobody'}")

    async def change(self, paid: Paid) -> None:
        """The airline moves the flight, perhaps twice, or bills it for more."""
        order = await self.standing(paid.trip_id)
        if order is None or "order_id" not in order:
            return
        if self.stage.likely(0.4):
            if await self.act(order, "reprice", {}):
                self.stage.meet("re-priced at the supplier")
            return
        for _ in range(self.stage.chance.choice((1, 2))):
            if await self.act(order, "change", {}):
                self.stage.meet("moved by the airline")
            await asyncio.sleep(self.stage.chance.choice((0.0, MINUTE_S)))

    async def standing(self, trip_id: str) -> dict[str, Any] | None:
        """An order of the trip, by whoever made it; None: it has none."""
        left: dict[str, dict[str, Any]] = {}
        for entry in await self.stage.journal("duffel"):
            written = entry.get("metadata") or {}
            if entry["kind"] in ORDERED and written.keys() >= {"trip_id", "booking_code"}:
                left[id_of(entry)] = entry
            elif entry["kind"] in UNDONE:
                left.pop(id_of(entry), None)
        mine = [each for each in left.values() if each["metadata"]["trip_id"] == trip_id]
        return self.stage.chance.choice(mine) if mine else None

    async def act(self, order: dict[str, Any], what: str, body: dict[str, Any]) -> bool:
        """False: it was too late for that."""
        told = await self.stage.director.ask(
            "duffel", "POST", f"/_sandbox/orders/{id_of(order)}/{what}", body
        )
        return told is not None


def id_of(entry: dict[str, Any]) -> str:
    return str(entry.get("order_id") or entry["booking_id"])
