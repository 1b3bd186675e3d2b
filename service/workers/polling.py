"""Reading the payment provider's own list of events, so that a lost webhook is only a late one."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import structlog

from adapters.inbox import Inbox
from domain.payments import (
    PaymentOutcomeUnknown,
    PaymentProviderBusy,
    PaymentRefused,
    ProviderEvent,
)
from domain.ports import Clock, Payments

log = structlog.get_logger()

# How far back the first look goes, and how much later ones overlap.
FIRST_LOOK = timedelta(days=2)
OVERLAP = timedelta(minutes=10)


class EventPoller:
    """Stores in the inbox what webhooks have not brought; the inbox knows what it has seen."""

    def __init__(self, payments: Payments, inbox: Inbox, clock: Clock, every_s: float) -> None:
        self.payments = payments
        self.inbox = inbox
        self.clock = clock
        self.every_s = every_s
        self.since = clock.now() - FIRST_LOOK

    async def run(self) -> None:
        while True:
            try:
                found = await self.look()
                if found:
                    log.warning("missed_webhooks_found", count=found)
            except (PaymentOutcomeUnknown, PaymentProviderBusy, PaymentRefused) as error:
                log.warning("provider_events_unreadable", reason=str(error))
            except Exception as error:
                log.warning("provider_events_not_kept", reason=type(error).__name__, exc_info=True)
            await asyncio.sleep(self.every_s)

    async def look(self) -> int:
        """One look; answers how many events were new to the inbox."""
        started = self.clock.now()
        found = await self.replay(self.since)
        self.since = started - OVERLAP
        return len(found)

    async def replay(self, since: datetime, trip_id: str | None = None) -> list[ProviderEvent]:
        """Store what the inbox has not seen, of one trip or of all; answers just that."""
        events = await self.payments.events_since(since)
        now = self.clock.now()
        return [
            event
            for event in events
            if trip_id in {None, event.references.get("trip_id")}
            and await store(self.inbox, event, now)
        ]

    async def missed(self, since: datetime, trip_id: str | None = None) -> list[ProviderEvent]:
        """What `replay` would store."""
        return [
            event
            for event in await self.payments.events_since(since)
            if trip_id in {None, event.references.get("trip_id")}
            and await self.inbox.find("stripe", event.event_id) is None
        ]


async def store(inbox: Inbox, event: ProviderEvent, now: datetime) -> bool:
    """Put a payment event into the inbox, by whichever way it came; False: seen before."""
    facts = {**event.references, "object_id": event.object_id}
    if event.payment_id is not None:
        facts["payment_id"] = event.payment_id
    return await inbox.store("stripe", event.event_id, event.event_id, event.type, facts, now)
