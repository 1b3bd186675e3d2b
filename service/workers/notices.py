"""Working off the inbox: a notification says "look", so we look and record what we see.

What we see is the present state, so notices may come twice, late, early and in any order.
"""

from __future__ import annotations

from datetime import timedelta

from adapters.inbox import Inbox, Notice
from domain.errors import Refused
from domain.log import Cause, Task
from domain.payments import PaymentOutcomeUnknown, PaymentProviderBusy
from domain.suppliers import SupplierEvent
from domain.trip import commands as c
from service.workers.orders import OrderWork
from service.workers.outcomes import Again, Done, Outcome, backoff
from service.workers.payments import PaymentWork

# A notice may come before the answer that tells us what it is about; it is given this long.
EARLY_ATTEMPTS_MAX = 12
CREATION_FAILED, CHANGED, YES = "creation_failed", "changed", "yes"


class NoticeWork:
    """Performs the tasks that stored notifications ask for."""

    def __init__(self, inbox: Inbox, payments: PaymentWork, orders: OrderWork) -> None:
        self.inbox = inbox
        self.payments = payments
        self.orders = orders

    async def perform(self, task: Task) -> Outcome:
        notice = await self.inbox.get(task.subject)
        if notice is None:
            return Done()
        trip_id = notice.facts.get("trip_id")
        if trip_id is None:
            return await self.ignored(notice, "not about a trip of ours")
        cause = Cause(tenant=None, actor=f"webhook:{notice.provider}", causation=notice.event_id)
        try:
            if notice.provider == "stripe":
                outcome = await self.look_at_payment(task, notice, trip_id, cause)
            else:
                outcome = await self.look_at_order(task, notice, trip_id, cause)
        except Refused as refusal:
            return await self.too_early_or_foreign(task, notice, refusal)
        if isinstance(outcome, Done):
            await self.inbox.mark(notice.inbox_id, "looked")
        return outcome

    async def look_at_payment(
        self, task: Task, notice: Notice, trip_id: str, cause: Cause
    ) -> Outcome:
        dossier, _ = await self.payments.road.read(trip_id)
        assert dossier.trip is not None, "read answers trips"
        refund_id = notice.facts.get("refund_id")
        if refund_id is not None and notice.type.startswith(("refund.", "charge.refund")):
            return await self.look_at_refund(task, notice, trip_id, refund_id, cause)
        checkout = dossier.trip.find_checkout(notice.facts.get("checkout_id", ""))
        if checkout is None:
            raise Refused("checkout_not_found", "The trip has no such checkout.")
        return await self.payments.look(dossier.trip, checkout, cause)

    async def look_at_refund(
        self, task: Task, notice: Notice, trip_id: str, refund_id: str, cause: Cause
    ) -> Outcome:
        try:
            seen = await self.payments.payments.look_at_refund(notice.facts["object_id"])
        except (PaymentOutcomeUnknown, PaymentProviderBusy) as error:
            return Again(pause=backoff(task.attempts), reason=str(error))
        record = c.RecordRefund(refund_id=refund_id, refund=seen, now=self.payments.clock.now())
        await self.payments.road.handle(trip_id, record, cause)
        return Done()

    async def look_at_order(
        self, task: Task, notice: Notice, trip_id: str, cause: Cause
    ) -> Outcome:
        dossier, _ = await self.orders.road.read(trip_id)
        booking = dossier.booking(notice.facts.get("booking_id", ""))
        if booking is None:
            raise Refused("booking_not_found", "The trip has no such booking.")
        if notice.facts.get(CHANGED) == YES:
            return await self.orders.record_change(booking, notice.event_id, cause)
        if booking.status == "ordering":
            return Again(pause=timedelta(seconds=1), reason="the order's answer is awaited")
        if booking.status != "unknown":
            return Done()
        if notice.facts.get(CREATION_FAILED) == YES:
            return await self.orders.record_failure(booking, cause)
        return await self.orders.look_for(task.attempts, dossier, booking, cause)

    async def ignored(self, notice: Notice, why: str) -> Outcome:
        await self.inbox.mark(notice.inbox_id, why)
        return Done()

    async def too_early_or_foreign(self, task: Task, notice: Notice, refusal: Refused) -> Outcome:
        if task.attempts < EARLY_ATTEMPTS_MAX:
            return Again(pause=backoff(task.attempts), reason=str(refusal))
        return await self.ignored(notice, refusal.code)


def order_facts(event: SupplierEvent) -> dict[str, str]:
    """What the inbox keeps of a supplier's notification."""
    known = {"order_id": event.order_id, "offer_id": event.offer_id}
    said = {CREATION_FAILED: event.creation_failed, CHANGED: event.changed}
    return {
        **event.metadata,
        **{name: value for name, value in known.items() if value},
        **{name: YES for name, true in said.items() if true},
    }
