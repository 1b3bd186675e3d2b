"""Effects at the payment provider. All carry our idempotency keys, so repeating one is safe;
an answer that did not come is asked for again with the same key."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import timedelta
from urllib.parse import quote as quoted

from domain.booking.state import Booking
from domain.dossier import Dossier
from domain.errors import Refused
from domain.log import Cause, Task
from domain.money import total
from domain.payments import (
    CheckoutOrder,
    CheckoutSnapshot,
    PaymentLine,
    PaymentOutcomeUnknown,
    PaymentProviderBusy,
    PaymentRefused,
    PaymentSnapshot,
)
from domain.ports import Clock, Payments
from domain.trip import commands as c
from domain.trip.state import Checkout, Payment, Trip
from service.handle import Road
from service.workers.outcomes import Again, Done, Outcome, Parked, backoff

# The provider forgets idempotency keys after 24 hours: then only looking is safe, not sending.
KEY_LIFE = timedelta(hours=23)
# How long a hosted page stays payable at the provider: at least half an hour from when it is made
# there, which may be late; our own deadline closes it earlier.
SESSION_MIN = timedelta(hours=2)
SESSION_MAX = timedelta(hours=23, minutes=55)


def references(trip: Trip, checkout: Checkout) -> dict[str, str]:
    """What is written on everything made at the provider, so that money finds its trip."""
    return {
        "trip_id": trip.trip_id,
        "checkout_id": checkout.checkout_id,
        "attempt": str(checkout.attempt),
    }


class PaymentWork:
    """Performs the effects that concern money and reports what the provider says."""

    def __init__(self, road: Road, payments: Payments, clock: Clock, public_url: str) -> None:
        self.road = road
        self.payments = payments
        self.clock = clock
        self.public_url = public_url

    async def open_checkout(self, task: Task, dossier: Dossier, cause: Cause) -> Outcome:
        trip, checkout = checkout_of(dossier, task.subject)
        if checkout.status != "opening":
            return Done()
        if self.clock.now() >= min(checkout.expires_at, checkout.requested_at + KEY_LIFE):
            return await self.give_up_opening(trip, checkout, cause)
        order = self.order(trip, checkout)
        opener = (
            self.payments.open_hosted if checkout.mode == "hosted" else self.payments.open_direct
        )
        try:
            opened = await opener(order)
        except PaymentRefused as refusal:
            refused = c.RecordCheckoutRefused(
                checkout_id=checkout.checkout_id,
                code=refusal.code,
                detail=refusal.detail,
                now=self.clock.now(),
            )
            await self.road.handle(trip.trip_id, refused, cause)
            return Done()
        except (PaymentOutcomeUnknown, PaymentProviderBusy) as error:
            return Again(pause=backoff(task.attempts), reason=str(error))
        opened_command = c.RecordCheckoutOpened(
            checkout_id=checkout.checkout_id, opened=opened, now=self.clock.now()
        )
        await self.road.handle(trip.trip_id, opened_command, cause)
        return Done()

    async def give_up_opening(self, trip: Trip, checkout: Checkout, cause: Cause) -> Outcome:
        refused = c.RecordCheckoutRefused(
            checkout_id=checkout.checkout_id,
            code="payment_provider_unavailable",
            detail="The payment provider gave no answer in time.",
            now=self.clock.now(),
        )
        await self.road.handle(trip.trip_id, refused, cause)
        return Done()

    def order(self, trip: Trip, checkout: Checkout) -> CheckoutOrder:
        """A pure function of the recorded facts: sent again, it must be the same to the byte."""
        lines = []
        for line in checkout.lines:
            item = trip.item(line.item_id)
            assert item is not None, "a trip is not edited while a checkout is opened"
            lines.append(PaymentLine(name=item.offer.title, amount=line.price))
        page = f"{self.public_url}/checkout?sid={quoted(checkout.checkout_id)}"
        earliest, latest = (checkout.requested_at + d for d in (SESSION_MIN, SESSION_MAX))
        return CheckoutOrder(
            key=f"checkout:{trip.trip_id}:{checkout.attempt}",
            checkout_id=checkout.checkout_id,
            amount=checkout.amount,
            lines=tuple(lines),
            references=references(trip, checkout),
            expires_at=min(max(checkout.expires_at, earliest), latest),
            success_url=checkout.redirect_url or f"{page}&returned=1",
            cancel_url=page,
            description=f"Trip {trip.trip_id}",
        )

    async def expire_checkout(self, task: Task, dossier: Dossier, cause: Cause) -> Outcome:
        trip, checkout = checkout_of(dossier, task.subject)
        close = c.CloseCheckout(
            checkout_id=checkout.checkout_id, reason="expired", now=self.clock.now()
        )
        await self.road.handle(trip.trip_id, close, cause)
        return Done()

    async def close_checkout(self, task: Task, dossier: Dossier, cause: Cause) -> Outcome:
        trip, checkout = checkout_of(dossier, task.subject)
        if checkout.status != "closing":
            return Done()
        try:
            snapshot = await self.payments.close(
                checkout.session_id, checkout.payment_id, key=task.key
            )
        except (PaymentOutcomeUnknown, PaymentProviderBusy, PaymentRefused) as error:
            return Again(pause=backoff(task.attempts), reason=str(error))
        await self.record_state(trip, checkout, snapshot, cause)
        if snapshot.payable:
            return Again(pause=backoff(task.attempts), reason="the checkout is still payable")
        return Done()

    async def look(self, trip: Trip, checkout: Checkout, cause: Cause) -> Outcome:
        """Ask the provider how a checkout stands and record it; early news wait their turn."""
        if checkout.status == "opening":
            return Again(pause=timedelta(seconds=0.5), reason="the checkout is not recorded yet")
        if checkout.session_id is None and checkout.payment_id is None:
            # It was given up: what may have been made of it was shown to nobody.
            return Done()
        try:
            snapshot = await self.payments.look(checkout.session_id, checkout.payment_id)
        except (PaymentOutcomeUnknown, PaymentProviderBusy) as error:
            return Again(pause=timedelta(seconds=1), reason=str(error))
        except PaymentRefused as refusal:
            return Parked(reason=str(refusal))
        await self.record_state(trip, checkout, snapshot, cause)
        return Done()

    async def record_state(
        self, trip: Trip, checkout: Checkout, snapshot: CheckoutSnapshot, cause: Cause
    ) -> None:
        state = c.RecordCheckoutState(
            checkout_id=checkout.checkout_id, snapshot=snapshot, now=self.clock.now()
        )
        await self.road.handle(trip.trip_id, state, cause)

    async def capture(self, task: Task, dossier: Dossier, cause: Cause) -> Outcome:
        trip, payment = payment_of(dossier, task.subject)
        if payment.status != "capturing" or payment.capturing is None:
            return Done()
        call = self.payments.capture(
            payment.payment_id, payment.capturing, key=f"capture:{payment.payment_id}"
        )
        return await self.settle(task, trip, payment, call, cause)

    async def release(self, task: Task, dossier: Dossier, cause: Cause) -> Outcome:
        trip, payment = payment_of(dossier, task.subject)
        if payment.status != "releasing":
            return Done()
        call = self.payments.release(payment.payment_id, key=f"release:{payment.payment_id}")
        return await self.settle(task, trip, payment, call, cause)

    async def settle(
        self,
        task: Task,
        trip: Trip,
        payment: Payment,
        call: Awaitable[PaymentSnapshot],
        cause: Cause,
    ) -> Outcome:
        """Carry out a capture or a release; a refusal is believed only after a look."""
        try:
            snapshot = await call
        except PaymentRefused as refusal:
            return await self.look_after_refusal(task, trip, payment, refusal, cause)
        except (PaymentOutcomeUnknown, PaymentProviderBusy) as error:
            return Again(pause=backoff(task.attempts), reason=str(error))
        await self.record_payment(trip, snapshot, cause)
        return Done()

    async def look_after_refusal(
        self, task: Task, trip: Trip, payment: Payment, refusal: PaymentRefused, cause: Cause
    ) -> Outcome:
        try:
            seen = (await self.payments.look(None, payment.payment_id)).payment
        except (PaymentOutcomeUnknown, PaymentProviderBusy, PaymentRefused) as error:
            return Again(pause=backoff(task.attempts), reason=str(error))
        if seen is not None and seen.status in {"captured", "canceled"}:
            await self.record_payment(trip, seen, cause)
            return Done()
        refused = c.RecordCaptureRefused(
            payment_id=payment.payment_id,
            code=refusal.code,
            detail=refusal.detail,
            now=self.clock.now(),
        )
        await self.road.handle(trip.trip_id, refused, cause)
        return Parked(reason=str(refusal))

    async def record_payment(self, trip: Trip, seen: PaymentSnapshot, cause: Cause) -> None:
        command = c.RecordPayment(payment=seen, now=self.clock.now())
        await self.road.handle(trip.trip_id, command, cause)

    async def guard_authorization(self, task: Task, dossier: Dossier, cause: Cause) -> Outcome:
        trip, payment = payment_of(dossier, task.subject)
        guard = c.GuardAuthorization(
            payment_id=payment.payment_id,
            confirmed_total=total(
                (b.price for b in confirmed(dossier, payment.checkout_id)),
                payment.amount.currency,
            ),
            now=self.clock.now(),
        )
        await self.road.handle(trip.trip_id, guard, cause)
        return Done()

    async def refund(self, task: Task, dossier: Dossier, cause: Cause) -> Outcome:
        trip = trip_of(dossier)
        found = trip.payment_of_refund(task.subject)
        if found is None or found[1].status != "scheduled":
            return Done()
        payment, refund = found
        try:
            seen = await self.payments.refund(
                payment.payment_id,
                refund.amount,
                key=f"refund:{refund.refund_id}",
                references={
                    "trip_id": trip.trip_id,
                    "checkout_id": payment.checkout_id,
                    "refund_id": refund.refund_id,
                },
            )
        except PaymentRefused as refusal:
            refused = c.RecordRefundRefused(
                refund_id=refund.refund_id,
                code=refusal.code,
                detail=refusal.detail,
                now=self.clock.now(),
            )
            await self.road.handle(trip.trip_id, refused, cause)
            return Done()
        except (PaymentOutcomeUnknown, PaymentProviderBusy) as error:
            return Again(pause=backoff(task.attempts), reason=str(error))
        record = c.RecordRefund(refund_id=refund.refund_id, refund=seen, now=self.clock.now())
        await self.road.handle(trip.trip_id, record, cause)
        return Done()

    async def look_at_refund(self, task: Task, dossier: Dossier, cause: Cause) -> Outcome:
        return await self.look_for_refund(task.attempts, trip_of(dossier), task.subject, cause)

    async def look_for_refund(
        self, attempts: int, trip: Trip, refund_id: str, cause: Cause
    ) -> Outcome:
        found = trip.payment_of_refund(refund_id)
        if found is None or found[1].provider_refund_id is None:
            return Done()
        try:
            seen = await self.payments.look_at_refund(found[1].provider_refund_id)
        except (PaymentOutcomeUnknown, PaymentProviderBusy) as error:
            return Again(pause=backoff(attempts), reason=str(error))
        record = c.RecordRefund(refund_id=refund_id, refund=seen, now=self.clock.now())
        await self.road.handle(trip.trip_id, record, cause)
        if seen.status == "pending":
            return Again(pause=timedelta(hours=6), reason="the refund is still pending")
        return Done()

    async def look_at_money_back(
        self, task: Task, trip: Trip, payment_id: str, cause: Cause
    ) -> Outcome:
        """Ask the provider for all refunds and disputes of a payment and record what is new."""
        try:
            told = await self.payments.money_back(payment_id)
        except (PaymentOutcomeUnknown, PaymentProviderBusy) as error:
            return Again(pause=backoff(task.attempts), reason=str(error))
        record = c.RecordMoneyBack(money_back=told, now=self.clock.now())
        await self.road.handle(trip.trip_id, record, cause)
        return Done()


def trip_of(dossier: Dossier) -> Trip:
    assert dossier.trip is not None, "work is asked for by a trip's events"
    return dossier.trip


def checkout_of(dossier: Dossier, checkout_id: str) -> tuple[Trip, Checkout]:
    trip = trip_of(dossier)
    checkout = trip.find_checkout(checkout_id)
    assert checkout is not None, "work on a checkout is asked for by its events"
    return trip, checkout


def payment_of(dossier: Dossier, payment_id: str) -> tuple[Trip, Payment]:
    trip = trip_of(dossier)
    payment = trip.payment(payment_id)
    if payment is None:
        raise Refused("payment_not_found", "The trip has no such payment.")
    return trip, payment


def confirmed(dossier: Dossier, checkout_id: str) -> list[Booking]:
    return [b for b in dossier.group(checkout_id) if b.status == "confirmed"]
