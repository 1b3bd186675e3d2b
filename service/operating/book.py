"""The book of who did and saw what, whichever door they came through: a page, the API or a
command. Written before it is done or shown, so that nothing is done that stands nowhere."""

from __future__ import annotations

from typing import Literal

from adapters.operators.acts import Acts, NewAct
from domain.log import Cause
from domain.operating import Action
from domain.ports import Clock

OPERATOR = "operator:"

Deed = (
    Action
    | Literal[
        "signed in",
        "signed out",
        "revealed",
        "forgot a person",
        "took a trip as evidence",
        "took the books as a file",
        "took the differences as a file",
        "accepted a difference",
        "reconciled",
        "made an API key",
        "replaced an API key",
        "revoked an API key",
        "set where travellers may be sent back to",
        "added a webhook endpoint",
        "removed a webhook endpoint",
        "replaced a webhook endpoint's secret",
        "enabled a webhook endpoint",
        "replayed to a webhook endpoint",
        "tested a webhook endpoint",
        "sent a delivery again",
        "retried a task",
        "paused a projection",
        "resumed a projection",
        "rebuilt a projection",
        "stopped a rebuild",
        "verified the log",
        "wrapped all personal keys anew",
        "migrated the schema",
        "kept a view",
        "dropped a view",
    ]
)


class Book:
    """Who did it is called as the log calls them; operators without what all of them begin with."""

    def __init__(self, acts: Acts, clock: Clock) -> None:
        self.acts = acts
        self.clock = clock

    async def write(
        self,
        deed: Deed,
        cause: Cause,
        *,
        tenant: str,
        trip_id: str | None = None,
        subject: str = "",
        reason: str = "",
    ) -> None:
        """`tenant`: whose it is, empty for what is everybody's. Neither secrets nor personal data
        go into `subject`."""
        await self.acts.write(
            NewAct(
                acted_at=self.clock.now(),
                operator=cause.actor.removeprefix(OPERATOR),
                tenant=tenant,
                act=deed,
                trip_id=trip_id,
                subject=subject,
                reason=reason,
                request_id=cause.request_id,
            )
        )
