"""Follows the log for tenants: makes out, for every event that an endpoint asks for, its delivery,
and moves the endpoint's position in the same statement."""

from __future__ import annotations

import asyncio

import structlog

from adapters.outbound.deliveries import PostgresDeliveries
from domain.ports import Clock, EventLog
from service.workers.failing import pause_s

log = structlog.get_logger()

BATCH_EVENTS = 1_000


class Follower:
    """Any number of them may run: of two at one endpoint the second passes by."""

    def __init__(
        self, events: EventLog, deliveries: PostgresDeliveries, clock: Clock, poll_s: float
    ) -> None:
        self.events = events
        self.deliveries = deliveries
        self.clock = clock
        self.poll_s = poll_s

    async def run(self) -> None:
        failures = 0
        while True:
            try:
                if not await self.follow():
                    await self.events.changed(self.poll_s)
                failures = 0
            except Exception as error:
                log.warning("webhooks_not_followed", reason=type(error).__name__, exc_info=True)
                failures += 1
                await asyncio.sleep(pause_s(failures))

    async def follow(self) -> int:
        """A batch for every endpoint that is behind; answers how many events those held."""
        followed = 0
        for endpoint_id in await self.deliveries.behind():
            followed += await self.deliveries.follow(endpoint_id, self.clock.now(), BATCH_EVENTS)
        return followed
