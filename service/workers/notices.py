"""Working off the inbox: a notification says "look", so we look and record what we see.

What we see is the present state, so notices may come twice, late, early and in any order.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from adapters.inbox import Inbox, Notice
from domain.errors import Refused
from domain.log import Cause, Task
from domain.payments import PaymentOutcomeUnknown, PaymentProviderBusy, PaymentRefused
from domain.suppliers import SupplierEvent
from service.workers.orders import OrderWork
from service.workers.outcomes import Again, Done, Outcome, backoff
from service.workers.payments import PaymentWork

# A notice may come before the answer that tells us what it is about; it is given this long.
EARLY_ATTEMPTS_MAX = 12
# About money that was ours: refunds and disputes, whoever began them.
MONEY_BACK = ("refund.", "charge.refund", "charge.dispute.")
CREATION_FAILED, CHANGED, YES = "creation_failed", "changed", "yes"


class NotOfTheTrip(Exception):
    """What a notice is about is not in the trip it names, or not yet."""


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
        if notice.provider == "stripe" and "trip_id" not in notice.facts:
            named = await self.named(task, notice)
            if not isinstance(named, Notice):
                return named
            notice = named
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
            return await self.too_early_or_foreign(task, notice, refusal.code)
        except NotOfTheTrip as why:
            return await self.too_early_or_foreign(task, notice, str(why))
        if isinstance(outcome, Done):
            await self.inbox.mark(notice.inbox_id, "looked")
        if isinstance(outcome, Again):
            # What is waited for may take hours, and a notice must not be given up before.
            return replace(outcome, pause=max(outcome.pause, backoff(task.attempts)))
        return outcome

    async def named(self, task: Task, notice: Notice) -> Notice | Outcome:
        """What is made by hand or by a bank has nothing of ours written on it; its payment has."""
        payment_id = notice.facts.get("payment_id")
        if payment_id is None:
            return notice
        try:
            seen = (await self.payments.payments.look(None, payment_id)).payment
        except (PaymentOutcomeUnknown, PaymentProviderBusy) as error:
            return Again(pause=backoff(task.attempts), reason=str(error))
        except PaymentRefused:
            return notice
        found = seen.references if seen else {}
        return replace(notice, facts={**found, **notice.facts})

    async def look_at_payment(
        self, task: Task, notice: Notice, trip_id: str, cause: Cause
    ) -> Outcome:
        dossier, _ = await self.payments.road.read(trip_id)
        trip = dossier.trip
        assert trip is not None, "read answers trips"
        payment_id = notice.facts.get("payment_id")
        went_back = payment_id is not None and notice.type.startswith(MONEY_BACK)
        known = trip.payment(payment_id) if payment_id else None
        if not went_back or known is None or known.status != "captured":
            checkout = trip.find_checkout(notice.facts.get("checkout_id", ""))
            if checkout is None:
                raise NotOfTheTrip("no checkout of this trip")
            outcome = await self.payments.look(trip, checkout, cause)
            if not went_back or not isinstance(outcome, Done):
                return outcome
        assert payment_id is not None, "money goes back of a payment"
        return await self.payments.look_at_money_back(task, trip, payment_id, cause)

    async def look_at_order(
        self, task: Task, notice: Notice, trip_id: str, cause: Cause
    ) -> Outcome:
        dossier, _ = await self.orders.road.read(trip_id)
        booking = dossier.booking(notice.facts.get("booking_id", ""))
        if booking is None:
            raise NotOfTheTrip("no booking of this trip")
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

    async def too_early_or_foreign(self, task: Task, notice: Notice, why: str) -> Outcome:
        if task.attempts < EARLY_ATTEMPTS_MAX:
            return Again(pause=backoff(task.attempts), reason=why)
        return await self.ignored(notice, why)


def order_facts(event: SupplierEvent) -> dict[str, str]:
    """What the inbox keeps of a supplier's notification."""
    known = {"order_id": event.order_id, "offer_id": event.offer_id}
    said = {CREATION_FAILED: event.creation_failed, CHANGED: event.changed}
    return {
        **event.metadata,
        **{name: value for name, value in known.items() if value},
        **{name: YES for name, true in said.items() if true},
    }
