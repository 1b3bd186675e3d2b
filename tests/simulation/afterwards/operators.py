"""What operators do to trips: something that is offered, then what follows from it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from domain.log import Cause
from domain.money import Money
from domain.operating import Action, Offered, Wanted
from service.app import Service
from tests.simulation.afterwards.stage import Paid, Stage

FAILING_SHARE = 0.3
AT_ONCE_SHARE = 0.3
SETTLED_SHARE = 0.6
SIGHT_S = 2.0
ON_MONEY: tuple[Action, ...] = ("retry", "cancel", "refund", "look", "quote_cancellation")
ON_INCIDENTS = {"retry", "assign", "resolve"}
RETRY: Action = "retry"


@dataclass
class Operators:
    stage: Stage

    async def operate(self, paid: Paid) -> None:
        """Something that is offered for the trip, and then what follows from it."""
        if self.stage.likely(FAILING_SHARE):
            director = self.stage.director
            await director.fault("stripe", "POST", "/v1/refunds", "http_503", times=6)
        for actions in (ON_MONEY, ON_MONEY[:2]):
            wanted = [each for each in await self.offers(paid.trip_id) if each.action in actions]
            urgent = [each for each in wanted if each.action in ON_MONEY[:2]]
            if wanted:
                await self.do(paid.trip_id, self.stage.chance.choice(urgent or wanted))
            await asyncio.sleep(SIGHT_S)

    async def do_one_of(self, trip_id: str, actions: Sequence[Action]) -> Action | None:
        """One of these kinds, as far as they are offered; answers which was tried."""
        wanted = [each for each in await self.offers(trip_id) if each.action in actions]
        kinds = sorted({each.action for each in wanted})
        if not kinds:
            return None
        kind: Action = self.stage.chance.choice(kinds)
        await self.do(trip_id, self.stage.chance.choice([e for e in wanted if e.action == kind]))
        return kind

    async def offers(self, trip_id: str) -> Sequence[Offered]:
        machine = self.stage.chance.choice(self.stage.workers)
        return await self.stage.on(machine, lambda s: s.operating.offers(trip_id)) or ()

    async def do(self, trip_id: str, offer: Offered) -> None:
        """On one host, or on two at once."""
        stage, amount = self.stage, None
        if offer.amount is not None:
            most = offer.amount.amount
            amount = Money(stage.chance.choice((most, most // 2 or most)), offer.amount.currency)
        wanted = Wanted(
            action=offer.action,
            subject=offer.subject,
            reason="The customer called.",
            request_id=f"operator-{stage.chance.getrandbits(64):x}",
            amount=amount,
            owner="ann",
        )

        def asked(service: Service) -> Coroutine[Any, Any, Any]:
            cause = Cause(tenant=None, actor="operator:ann", request_id=wanted.request_id)
            return service.operating.act(trip_id, wanted, cause)

        hosts = stage.workers if stage.likely(AT_ONCE_SHARE) else stage.workers[:1]
        if any(await asyncio.gather(*(stage.on(each, asked) for each in hosts))):
            stage.meet(f"operator {offer.action}")

    async def settle_incidents(self, trip_ids: Sequence[str]) -> None:
        """They go through what people were asked to see to."""
        for trip_id in trip_ids:
            for offer in await self.offers(trip_id):
                if offer.action in ON_INCIDENTS and self.stage.likely(SETTLED_SHARE):
                    await self.do(trip_id, offer)

    async def retry_parked(self, trip_ids: Sequence[str]) -> None:
        """The cause is removed: nothing that was put aside stays so."""
        for trip_id in trip_ids:
            tasks = await self.stage.on(
                self.stage.workers[0], lambda s, of=trip_id: s.operating.tasks_of(of)
            )
            parked = {task.key for task in tasks or () if task.state == "parked"}
            for offer in await self.offers(trip_id):
                if offer.action == RETRY and offer.subject in parked:
                    await self.do(trip_id, offer)
                    self.stage.meet("parked work tried again")
