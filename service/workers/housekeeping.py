"""Throws away, now and then, what is only kept for a while: old offers and remembered answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from adapters.doors.rate_limits import Buckets
from adapters.idempotency import Idempotency
from adapters.offers import Offers
from adapters.outbound.deliveries import PostgresDeliveries
from domain.ports import Clock

log = structlog.get_logger()

EVERY_S = 3600.0
# A caller who comes back the next day with an offer is told that it expired, not that it never was.
OFFERS_KEPT = timedelta(days=1)
DELIVERIES_KEPT = timedelta(days=30)

Purge = Callable[[datetime], Awaitable[int]]


class Housekeeper:
    """Any number of them may run: throwing away twice does no harm."""

    def __init__(
        self,
        offers: Offers,
        idempotency: Idempotency,
        buckets: Buckets,
        clock: Clock,
        deliveries: PostgresDeliveries | None = None,
    ) -> None:
        self.clock = clock
        self.purges: dict[str, Purge] = {
            "offers": lambda now: offers.purge(now - OFFERS_KEPT),
            "idempotency": idempotency.purge,
            "rate_limits": buckets.purge,
        }
        if deliveries is not None:
            self.purges["deliveries"] = lambda now: deliveries.purge(now - DELIVERIES_KEPT)

    async def run(self) -> None:
        while True:
            await self.tidy()
            await asyncio.sleep(EVERY_S)

    async def tidy(self) -> None:
        for name, purge in self.purges.items():
            try:
                count = await purge(self.clock.now())
            except Exception as error:
                log.warning("not_tidied", kind=name, reason=type(error).__name__, exc_info=True)
            else:
                log.info("tidied", kind=name, count=count)
