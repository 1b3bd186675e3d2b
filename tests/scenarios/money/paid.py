"""A trip that is booked and paid, and what people and banks then do with its payment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from domain.log import Cause
from domain.money import Money
from domain.trip.commands import RefundPayment, ResolveIncident
from tests.scenarios.world import World


@dataclass(frozen=True, slots=True)
class Paid:
    """`total` is what was captured, in minor units."""

    world: World
    trip_id: str
    payment_id: str
    total: int
    currency: str

    async def dispute(self, **how: Any) -> str:
        """The customer's bank takes the money back; answers the dispute's id."""
        return str((await self.act("payment_intents", self.payment_id, "dispute", how))["id"])

    async def decide(self, dispute_id: str, status: str) -> None:
        await self.act("disputes", dispute_id, "close", {"status": status})

    async def refund_in_the_dashboard(self, **how: Any) -> str:
        return str((await self.act("payment_intents", self.payment_id, "refund", how))["id"])

    async def fail(self, refund_id: str) -> None:
        """The customer's bank sends a refund back."""
        await self.act("refunds", refund_id, "fail", {})

    async def act(self, kind: str, name: str, act: str, body: dict[str, Any]) -> Any:
        return await self.world.steer("stripe", "POST", f"/_sandbox/{kind}/{name}/{act}", body)

    async def refund(self, amount: int, request_id: str = "request-1") -> None:
        """An operator gives money back."""
        command = RefundPayment(
            request_id=request_id,
            amount=Money(amount, self.currency),
            reason="The room was noisy.",
            now=self.world.service.clock.now(),
        )
        await self.world.service.road.handle(self.trip_id, command, OPERATOR)

    async def resolve(self, code: str, subject: str) -> None:
        command = ResolveIncident(
            code=code,
            subject=subject,
            resolution="Settled by telephone.",
            now=self.world.service.clock.now(),
        )
        await self.world.service.road.handle(self.trip_id, command, OPERATOR)

    async def payment(self) -> Any:
        return (await self.world.trip(self.trip_id))["payment"]

    async def codes(self) -> list[str]:
        return [incident["code"] for incident in await self.world.incidents(self.trip_id)]


OPERATOR = Cause(tenant="ours", actor="operator:ana")


async def booked_and_paid(world: World) -> Paid:
    trip_id = await world.build_usual()
    trip = await world.pay_and_settle(trip_id)
    captured = trip["payment"]["captured"]
    [entry] = [e for e in await world.journal("stripe", trip_id) if e["kind"] == "payment.captured"]
    return Paid(world, trip_id, entry["payment_intent"], captured["amount"], captured["currency"])
