"""Effects at suppliers. Prices may be asked for as often as you like; an order is sent once, and
an order whose answer was lost is looked for, never sent again."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from domain.booking import commands as b
from domain.booking.state import UNPAID, Booking
from domain.dossier import Dossier
from domain.errors import Refused
from domain.log import Cause, Task
from domain.money import Money
from domain.ports import Clock, Outbox, Supplier
from domain.suppliers import (
    REFUND_TO_BALANCE,
    CancellationQuote,
    CancellationRefused,
    Contact,
    OrderAnswer,
    OrderFailed,
    OrderNotFound,
    OrderRefused,
    OrderRequest,
    OrderUnknown,
    RequoteAnswer,
    SupplierUnavailable,
    Traveler,
    Unavailable,
)
from domain.trip import commands as c
from domain.trip.state import Item, Trip
from service.handle import Road
from service.people.sealing import Forgotten, People
from service.workers.outcomes import Again, Done, Outcome, backoff
from service.workers.payments import checkout_of, trip_of

QUOTE_ATTEMPTS_MAX = 3
# Growing pauses between looks for a lost order; when they are used up it is given up.
FIND_PAUSES_S = (2, 10, 60, 300, 900, 3600, 3 * 3600, 6 * 3600)
CANCEL_PAUSE_MAX = timedelta(hours=1)
ERASED = "The travelers' data has been erased."
NOT_FREE = CancellationRefused(
    code="cancellation_not_free", detail="The supplier would keep money for cancelling it."
)
NOBODY = Contact(email="", phone="")

TripPeople = tuple[tuple[Traveler, ...], Contact | None]


class OrderWork:
    """Performs the effects that concern suppliers and reports what they answer."""

    def __init__(
        self,
        road: Road,
        suppliers: Mapping[str, Supplier],
        people: People,
        outbox: Outbox,
        clock: Clock,
    ) -> None:
        self.road = road
        self.suppliers = suppliers
        self.people = people
        self.outbox = outbox
        self.clock = clock

    async def quote_trip(self, task: Task, dossier: Dossier, cause: Cause) -> Outcome:
        trip = trip_of(dossier)
        quote = trip.quote
        if quote is None or quote.quote_id != task.subject or quote.status != "scheduled":
            return Done()
        last = task.attempts >= QUOTE_ATTEMPTS_MAX
        people = await self.people_of(trip)
        try:
            answers = await asyncio.gather(
                *(self.requote(trip, item, people, last=last) for item in trip.items)
            )
        except SupplierUnavailable as error:
            return Again(pause=backoff(task.attempts), reason=str(error))
        record = c.RecordQuote(
            quote_id=quote.quote_id,
            answers={item.item_id: a for item, a in zip(trip.items, answers, strict=True)},
            now=self.clock.now(),
        )
        await self.road.handle(trip.trip_id, record, cause)
        return Done()

    async def people_of(self, trip: Trip) -> TripPeople | None:
        try:
            return await self.people.open(trip)
        except Forgotten:
            return None

    async def requote(
        self, trip: Trip, item: Item, people: TripPeople | None, *, last: bool
    ) -> RequoteAnswer:
        """The item's present price, unless these travelers could not have it at any price."""
        supplier = self.suppliers[item.offer.supplier]
        if people is None:
            return Unavailable(code="invalid_travelers", detail=ERASED)
        if why := supplier.unfit(trial_request(trip, item, people)):
            detail = f"{item.offer.title}: {why}."
            return Unavailable(code="invalid_travelers", detail=detail)
        try:
            return await supplier.requote(item.offer, item.selections)
        except SupplierUnavailable as error:
            if not last:
                raise
            return Unavailable(code="supplier_unavailable", detail=str(error))

    async def expire_quote(self, task: Task, dossier: Dossier, cause: Cause) -> Outcome:
        expire = c.ExpireQuote(quote_id=task.subject, now=self.clock.now())
        await self.road.handle(trip_of(dossier).trip_id, expire, cause)
        return Done()

    async def start_fulfillment(self, task: Task, dossier: Dossier, cause: Cause) -> Outcome:
        start = c.StartFulfillment(checkout_id=task.subject, now=self.clock.now())
        await self.road.handle(trip_of(dossier).trip_id, start, cause)
        return Done()

    async def place_order(self, task: Task, dossier: Dossier, cause: Cause) -> Outcome:
        """One attempt. It is announced durably before it is sent: whoever finds the announcement
        without an outcome must look for the order instead of sending it."""
        booking = booking_of(dossier, task.subject)
        attempt = int(task.key.rsplit(":", 1)[1])
        if booking.status != "ordering" or booking.attempt != attempt:
            return Done()
        if task.sent_before:
            lost = OrderUnknown(detail="The sender stopped before the answer was recorded.")
            return await self.record_order(booking, attempt, lost, cause)
        try:
            request = await self.request(dossier, booking, attempt)
        except Forgotten:
            gone = OrderRefused(code="invalid_travelers", detail=ERASED)
            return await self.record_order(booking, attempt, gone, cause)
        if not await self.outbox.announce(task, self.clock.now()):
            return Again(pause=timedelta(), reason="the lease was lost before sending")
        answer = await self.suppliers[request.offer.supplier].order(request)
        return await self.record_order(booking, attempt, answer, cause)

    async def record_order(
        self, booking: Booking, attempt: int, answer: OrderAnswer, cause: Cause
    ) -> Outcome:
        record = b.RecordOrder(
            booking_id=booking.booking_id, attempt=attempt, answer=answer, now=self.clock.now()
        )
        await self.road.handle(booking.trip_id, record, cause)
        return Done()

    async def request(self, dossier: Dossier, booking: Booking, attempt: int) -> OrderRequest:
        """What is ordered, with the travelers' data opened; raises Forgotten."""
        travelers, contact = await self.people.open(trip_of(dossier))
        assert contact is not None, "a trip is booked only with a contact"
        bare = bare_request(dossier, booking, attempt)
        return replace(bare, travelers=travelers, contact=contact)

    async def find_order(self, task: Task, dossier: Dossier, cause: Cause) -> Outcome:
        booking = booking_of(dossier, task.subject)
        if booking.status != "unknown":
            return Done()
        return await self.look_for(task.attempts, dossier, booking, cause)

    async def look_for(
        self, attempts: int, dossier: Dossier, booking: Booking, cause: Cause
    ) -> Outcome:
        request = bare_request(dossier, booking, booking.attempt)
        final = attempts > len(FIND_PAUSES_S)
        pause = timedelta(seconds=FIND_PAUSES_S[min(attempts, len(FIND_PAUSES_S)) - 1])
        try:
            answer = await self.suppliers[request.offer.supplier].find(request)
        except SupplierUnavailable as error:
            return Again(pause=pause, reason=str(error))
        if isinstance(answer, OrderNotFound) and not final:
            return Again(pause=pause, reason="no order is visible yet")
        record = b.RecordFinding(
            booking_id=booking.booking_id, answer=answer, final=final, now=self.clock.now()
        )
        await self.road.handle(booking.trip_id, record, cause)
        return Done()

    async def record_failure(self, booking: Booking, cause: Cause) -> Outcome:
        """The supplier has told that an accepted order will never exist."""
        failed = OrderFailed(
            code="supplier_rejected", detail="The supplier could not create the order."
        )
        record = b.RecordFinding(
            booking_id=booking.booking_id, answer=failed, final=False, now=self.clock.now()
        )
        await self.road.handle(booking.trip_id, record, cause)
        return Done()

    async def record_change(self, booking: Booking, change_id: str, cause: Cause) -> Outcome:
        record = b.RecordChange(
            booking_id=booking.booking_id, change_id=change_id, now=self.clock.now()
        )
        await self.road.handle(booking.trip_id, record, cause)
        return Done()

    async def cancel_order(self, task: Task, dossier: Dossier, cause: Cause) -> Outcome:
        booking = booking_of(dossier, task.subject)
        if booking.status != "cancelling" or booking.supplier_order_id is None:
            return Done()
        offer = bare_request(dossier, booking, booking.attempt).offer
        supplier = self.suppliers[offer.supplier]
        try:
            quote = booking.cancellation_quote or await supplier.cancellation_quote(
                offer, booking.supplier_order_id
            )
            if isinstance(quote, CancellationRefused):
                return await self.record_refusal(booking, quote, cause)
            if booking.cancel_reason == UNPAID and not costs_nothing(quote, booking.supplier_price):
                return await self.record_refusal(booking, NOT_FREE, cause)
            answer = await supplier.cancel(offer, quote)
        except SupplierUnavailable as error:
            return Again(pause=min(backoff(task.attempts), CANCEL_PAUSE_MAX), reason=str(error))
        if isinstance(answer, CancellationRefused):
            ours = booking.cancellation_quote is None
            if ours and answer.code == "cancellation_quote_stale":
                return Again(pause=backoff(task.attempts), reason=answer.detail)
            return await self.record_refusal(booking, answer, cause)
        money_again = answer.refund_to == REFUND_TO_BALANCE
        record = b.RecordCancellation(
            booking_id=booking.booking_id,
            refund=answer.refund if money_again else None,
            now=self.clock.now(),
        )
        await self.road.handle(booking.trip_id, record, cause)
        return Done()

    async def cancel_second_order(self, task: Task, dossier: Dossier, cause: Cause) -> Outcome:
        """Undo an order that is one too many where that costs nothing; else its incident stays."""
        booking = booking_of(dossier, task.subject)
        order = booking.second_order(task.key.rsplit(":", 1)[1])
        if order is None or order.cancelled:
            return Done()
        offer = bare_request(dossier, booking, booking.attempt).offer
        supplier = self.suppliers[offer.supplier]
        try:
            quote = await supplier.cancellation_quote(offer, order.supplier_order_id)
            if isinstance(quote, CancellationRefused) or not costs_nothing(quote, order.price):
                return Done()
            answer = await supplier.cancel(offer, quote)
        except SupplierUnavailable as error:
            return Again(pause=min(backoff(task.attempts), CANCEL_PAUSE_MAX), reason=str(error))
        if isinstance(answer, CancellationRefused):
            return Done()
        record = b.RecordSecondOrderCancelled(
            booking_id=booking.booking_id,
            supplier_order_id=order.supplier_order_id,
            now=self.clock.now(),
        )
        await self.road.handle(booking.trip_id, record, cause)
        return Done()

    async def record_refusal(
        self, booking: Booking, refusal: CancellationRefused, cause: Cause
    ) -> Outcome:
        record = b.RecordCancellationRefusal(
            booking_id=booking.booking_id,
            code=refusal.code,
            detail=refusal.detail,
            now=self.clock.now(),
        )
        await self.road.handle(booking.trip_id, record, cause)
        return Done()


def costs_nothing(quote: CancellationQuote, price: Money | None) -> bool:
    """Whether cancelling gives back all that the order costs, as money."""
    if price is None or quote.refund is None or quote.refund_to != REFUND_TO_BALANCE:
        return False
    return quote.refund.currency == price.currency and quote.refund.amount >= price.amount


def booking_of(dossier: Dossier, booking_id: str) -> Booking:
    booking = dossier.booking(booking_id)
    if booking is None:
        raise Refused("booking_not_found", "The trip has no such booking.")
    return booking


def bare_request(dossier: Dossier, booking: Booking, attempt: int) -> OrderRequest:
    """What was ordered, without anybody's data: enough to find the order again."""
    trip, checkout = checkout_of(dossier, booking.checkout_id)
    item = trip.item(booking.item_id)
    assert item is not None, "a trip is not edited once it is paid"
    line = next(line for line in checkout.lines if line.item_id == booking.item_id)
    return OrderRequest(
        attempt_id=f"{booking.booking_id}:{attempt}",
        trip_id=trip.trip_id,
        booking_id=booking.booking_id,
        offer=item.offer,
        price=line.price,
        supplier_quote_id=line.supplier_quote_id,
        selections=item.selections,
        travelers=(),
        contact=NOBODY,
        metadata={
            "trip_id": trip.trip_id,
            "booking_id": booking.booking_id,
            "booking_code": booking.code,
            "attempt": str(attempt),
        },
    )


def trial_request(trip: Trip, item: Item, people: TripPeople) -> OrderRequest:
    """What would be ordered if it were ordered as things stand."""
    travelers, contact = people
    return OrderRequest(
        attempt_id="",
        trip_id=trip.trip_id,
        booking_id="",
        offer=item.offer,
        price=item.price,
        supplier_quote_id=None,
        selections=item.selections,
        travelers=travelers,
        contact=contact or NOBODY,
        metadata={},
    )
