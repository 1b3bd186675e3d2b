"""Trips of somebody who comes late and that hang: a checkout that nobody pays, an order whose
answer is lost, money of which a part goes back too soon, work that is put aside."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from domain.log import EffectKind
from domain.operating import Action
from service.workers.loop import ATTEMPTS_MAX
from tests.simulation.afterwards.operators import Operators
from tests.simulation.afterwards.stage import HOUR_S, MINUTE_S, Paid, Stage
from tests.simulation.faults import ORDER_PATHS
from tests.simulation.machines import service_of
from tests.simulation.travellers import GaveUp, Traveller

# The supplier's answer is lost; in some of these nothing was ordered.
LOSSES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("commit_then_reset", {}),
    ("commit_then_reset", {}),
    ("commit_then_timeout", {"hold_s": 200}),
    ("reset_before", {}),
    ("async_202", {"delay_s": 30, "outcome": "ok"}),
    ("async_202", {"delay_s": 30, "outcome": "fail"}),
)
WAYS_OUT: tuple[Action, ...] = ("give_up", "release")
FINDING_OUT: tuple[Action, ...] = ("look", "retry")
LISTS = (("GET", "/air/orders*"), ("GET", "/stays/bookings*"))
OFTEN = 1_000
BLIND_SHARE, RACE_SHARE, AT_ONCE_SHARE, LASTING_SHARE = 0.7, 0.4, 0.3, 0.5
LOOKING_SHARE = 0.2
# Longer than the first tries of a refund take, of which each waits twice as long as the last, and
# longer than the last ones, of which each waits minutes.
FIRST_TRIES_S, LAST_TRIES_S = 0.5 * HOUR_S, 2 * HOUR_S
LAST_TRIES = 4


@dataclass
class Hanging:
    stage: Stage
    operators: Operators

    async def booked(self) -> tuple[Traveller, Any] | None:
        """Somebody who has come to the payment page; None: they could not."""
        late = Traveller(self.stage.browser, self.stage.chance)
        offers = await late.search()
        if not offers or not await late.build(offers):
            return None
        checkout = await late.book()
        return None if checkout is None else (late, checkout)

    async def pay(self, checkout: Any, *, at_once: bool = False) -> None:
        """By card, or (`at_once`) by a slow method whose money is ours as soon as it comes."""
        session = checkout["session_id"]
        kind = "payment_intents" if session.startswith("pi_") else "checkout"
        outcome = "processing" if at_once else "paid"
        told = await self.stage.at_stripe(f"{kind}/{session}/pay", {"outcome": outcome})
        if at_once and told is not None:
            intent = told.get("payment_intent") or told["id"]
            await asyncio.sleep(1.0)
            await self.stage.at_stripe(f"payment_intents/{intent}/settle", {"outcome": "succeeded"})

    # --- what hangs

    async def leave_unpaid(self, _: Paid) -> None:
        """An operator closes the checkout, while somebody may just be paying it."""
        try:
            found = await self.booked()
            if found is None:
                return
            late, checkout = found
            closing = self.operators.do_one_of(late.trip_id, ("close_checkout",))
            if self.stage.likely(RACE_SHARE):
                await asyncio.gather(closing, self.pay(checkout))
                self.stage.meet("paid while it was closed")
            else:
                await closing
        except GaveUp as gave_up:
            self.stage.tell(f"nobody answered {gave_up}")

    async def lose_orders(self, _: Paid) -> None:
        """An operator gives the order up or lets the money go, and it may turn up after all."""
        try:
            (mode, options), blind = (
                self.stage.chance.choice(LOSSES),
                self.stage.likely(BLIND_SHARE),
            )
            found = await self.booked()
            if found is None:
                return
            late, checkout = found
            await self.break_orders(mode, options, blind=blind)
            await self.pay(checkout, at_once=self.stage.likely(AT_ONCE_SHARE))
            await asyncio.sleep(self.stage.chance.choice((5.0, 20.0, 400.0)))
            for _again in range(3):
                first = FINDING_OUT if self.stage.likely(LOOKING_SHARE) else WAYS_OUT
                if not await self.operators.do_one_of(late.trip_id, first):
                    await self.operators.do_one_of(late.trip_id, FINDING_OUT)
                await asyncio.sleep(self.stage.chance.choice((2.0, MINUTE_S, 3 * MINUTE_S)))
            await asyncio.sleep(self.stage.chance.choice((1.0, HOUR_S)))
        except GaveUp as gave_up:
            self.stage.tell(f"nobody answered {gave_up}")
        finally:
            await self.mend("duffel")

    async def break_orders(self, mode: str, options: dict[str, Any], *, blind: bool) -> None:
        """`blind`: what was ordered cannot be seen either."""
        fault = self.stage.director.fault
        for method, path in ORDER_PATHS:
            times = self.stage.chance.choice((1, 2))
            await fault("duffel", method, path, mode, times=times, **options)
        for method, path in LISTS if blind else ():
            await fault("duffel", method, path, "http_503", times=OFTEN)

    async def mend(self, provider: str) -> None:
        await self.stage.director.steer(provider, "DELETE", "/_sandbox/faults")

    async def pay_in_part(self, _: Paid) -> Paid | None:
        """A part of the money goes back while an order is still looked for; answers what was
        paid, for somebody to go on with."""
        try:
            found = await self.booked()
            if found is None:
                return None
            late, checkout = found
            await self.break_orders("commit_then_reset", {}, blind=True)
            await self.pay(checkout, at_once=True)
            await asyncio.sleep(self.stage.chance.choice((5.0, 30.0)))
            taken = [each for each in await self.stage.paid() if each.trip_id == late.trip_id]
            for paid in taken:
                part = paid.amount * self.stage.chance.choice((1, 2, 3)) // 4
                body = {"amount": part}
                await self.stage.at_stripe(f"payment_intents/{paid.payment_id}/refund", body)
                self.stage.meet("refunded before it was booked")
            await asyncio.sleep(5.0)
            await self.mend("duffel")
            await self.operators.do_one_of(late.trip_id, ("look",))
            await asyncio.sleep(self.stage.chance.choice((MINUTE_S, HOUR_S)))
            return taken[0] if taken else None
        except GaveUp as gave_up:
            self.stage.tell(f"nobody answered {gave_up}")
            return None
        finally:
            await self.mend("duffel")

    async def put_aside(self, paid: Paid) -> None:
        """A refund fails so long that it is put aside. Hundreds of tries that are all alike are
        work for the simulation: the first and the last are played."""
        if not self.stage.likely(LASTING_SHARE):
            return
        fault = self.stage.director.fault
        await fault("stripe", "POST", "/v1/refunds", "text_403", times=OFTEN)
        if await self.operators.do_one_of(paid.trip_id, ("refund",)):
            await asyncio.sleep(FIRST_TRIES_S)
            self.stage.tell("the refund has been tried for a day")
            outbox: Any = service_of(self.stage.workers[0]).worker.outbox
            for task in outbox.tasks.values():
                if task.kind == EffectKind.REFUND_PAYMENT and task.state != "done":
                    task.attempts = ATTEMPTS_MAX - LAST_TRIES
            await asyncio.sleep(LAST_TRIES_S)
        await self.mend("stripe")
