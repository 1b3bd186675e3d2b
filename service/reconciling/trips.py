"""One trip beside what the payment provider and the suppliers say of it: what we merely had not
heard of is recorded, by the one road; what nobody can be sure of is put before people."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from adapters.operators.reconciliations import Done, Drift
from domain import reconciling
from domain.booking import commands as b
from domain.booking.state import Booking
from domain.dossier import Dossier, fold
from domain.errors import Refused
from domain.ledger import Ledger, post
from domain.log import Cause, Recorded
from domain.money import Money
from domain.payments import (
    MoneyBack,
    PaymentOutcomeUnknown,
    PaymentProviderBusy,
    PaymentRefused,
    PaymentSnapshot,
)
from domain.ports import Payments, Supplier
from domain.process import Command, advance
from domain.reconciling import Difference
from domain.suppliers import OrderConfirmed, OrderNotFound, SupplierOrder, SupplierUnavailable
from domain.trip import commands as c
from domain.trip.incidents import newest_of
from domain.trip.state import Checkout, Payment, Trip
from service.handle import Road
from service.workers.orders import bare_request

# Before it is recorded there is nothing at the provider to look at.
NOT_THERE_YET = {"opening", "refused"}
NO_SUCH_THING = "resource_missing"
WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")

NoAnswer = (PaymentOutcomeUnknown, PaymentProviderBusy, PaymentRefused, SupplierUnavailable)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Whom a trip is compared with. In a dry run nothing is recorded."""

    road: Road
    payments: Payments
    suppliers: Mapping[str, Supplier]
    cause: Cause
    dry_run: bool


@dataclass(slots=True)
class Comparison:
    """One trip while it is compared; `orders` are those whose supplier says they are of it."""

    world: World
    recorded: Sequence[Recorded]
    now: datetime
    orders: Sequence[SupplierOrder] = ()
    payment_ids: frozenset[str] = frozenset()
    found: dict[str, Drift] = field(default_factory=dict)
    dossier: Dossier = field(init=False)
    books: Ledger = field(init=False)

    def __post_init__(self) -> None:
        self.take_in(self.recorded)

    def take_in(self, recorded: Sequence[Recorded]) -> None:
        self.dossier = fold(each.event for each in recorded)
        self.books = Ledger()
        for each in recorded:
            self.books = post(self.books, each.event)[0]

    @property
    def trip(self) -> Trip:
        assert self.dossier.trip is not None, "a trip's events begin with TripStarted"
        return self.dossier.trip

    async def compare(self) -> list[Drift]:
        """Everything that differs, and what was done about it."""
        try:
            for difference in await self.confirmed():
                await self.put_before_people(difference)
        except (*NoAnswer, Refused) as error:
            self.note(self.unanswered(error))
        return list(self.found.values())

    async def confirmed(self) -> list[Difference]:
        """What differs at a second look too: others may have been at work during the first."""
        first = {difference.name async for difference in self.differences()}
        if not first:
            return []
        self.take_in(await self.world.road.log.read_trip(self.trip.trip_id))
        return [d async for d in self.differences() if d.name in first]

    async def differences(self) -> AsyncIterator[Difference]:
        seen: dict[str, PaymentSnapshot] = {}
        for checkout in self.trip.checkouts:
            if checkout.status not in NOT_THERE_YET:
                await self.look_at_checkout(checkout, seen)
        for booking in self.dossier.bookings:
            await self.look_for_order(booking)
        for order in self.orders:
            for unknown in await self.look_at_listed(order):
                yield unknown
        backs: list[MoneyBack] = []
        told: list[Difference] = []
        for payment in self.trip.payments:
            told += await self.look_at_payment(payment, seen, backs)
        if not told and reconciling.at_rest(self.trip.payments):
            payments = [seen[p.payment_id] for p in self.trip.payments if p.payment_id in seen]
            told += reconciling.of_books(self.trip.trip_id, self.books, payments, backs)
        for payment_id in self.payment_ids - {p.payment_id for p in self.trip.payments}:
            told += self.not_known(payment_id, await self.payment_seen(payment_id, seen))
        for difference in told:
            yield difference
        for booking in self.dossier.bookings:
            for difference in reconciling.of_order(booking, await self.order_of(booking)):
                yield difference

    # --- payments

    async def look_at_checkout(self, checkout: Checkout, seen: dict[str, PaymentSnapshot]) -> None:
        try:
            snapshot = await self.world.payments.look(checkout.session_id, checkout.payment_id)
        except PaymentRefused as refusal:
            if refusal.code != NO_SUCH_THING:
                raise
            return
        if snapshot.payment is not None:
            seen[snapshot.payment.payment_id] = snapshot.payment
        await self.tell(
            c.RecordCheckoutState(
                checkout_id=checkout.checkout_id, snapshot=snapshot, now=self.now
            ),
            "payment_not_heard_of",
            checkout.payment_id or checkout.session_id or checkout.checkout_id,
            checkout.amount,
        )

    async def look_at_payment(
        self, payment: Payment, seen: dict[str, PaymentSnapshot], backs: list[MoneyBack]
    ) -> list[Difference]:
        """Take in how it stands; what differs then is told."""
        payment_id = payment.payment_id
        snapshot = await self.payment_seen(payment_id, seen)
        if snapshot is None:
            return list(reconciling.of_payment(payment, None))
        now = c.RecordPayment(payment=snapshot, now=self.now)
        await self.tell(now, "payment_not_heard_of", payment_id, snapshot.amount)
        payment = self.trip.payment(payment_id) or payment
        told = list(reconciling.of_payment(payment, snapshot))
        if payment.status == "captured":
            back = await self.world.payments.money_back(payment_id)
            backs.append(back)
            gone = c.RecordMoneyBack(money_back=back, now=self.now)
            await self.tell(gone, "money_back_not_heard_of", payment_id, moved(back))
            payment = self.trip.payment(payment_id) or payment
            told += reconciling.of_money_back(payment, back)
        return told

    async def payment_seen(
        self, payment_id: str, seen: dict[str, PaymentSnapshot]
    ) -> PaymentSnapshot | None:
        if payment_id not in seen:
            try:
                found = (await self.world.payments.look(None, payment_id)).payment
            except PaymentRefused as refusal:
                if refusal.code != NO_SUCH_THING:
                    raise
                return None
            assert found is not None, "a payment is looked at by its own id"
            seen[payment_id] = found
        return seen[payment_id]

    def not_known(self, payment_id: str, seen: PaymentSnapshot | None) -> Iterator[Difference]:
        """A payment that names the trip, and no checkout of it has."""
        if seen is None or seen.status not in {"authorized", "captured"}:
            return
        yield Difference(
            code="payment_not_known",
            subject=payment_id,
            ours=reconciling.NOTHING,
            theirs=reconciling.spoken(seen.status, seen.amount, seen.captured),
            at_stake=seen.amount,
        )

    # --- orders

    async def look_for_order(self, booking: Booking) -> None:
        if booking.status != "unknown":
            return
        request = bare_request(self.dossier, booking, booking.attempt)
        answer = await self.world.suppliers[request.offer.supplier].find(request)
        if not isinstance(answer, OrderNotFound):
            finding = b.RecordFinding(
                booking_id=booking.booking_id, answer=answer, final=False, now=self.now
            )
            await self.tell(finding, "order_not_heard_of", booking.booking_id, booking.price)

    async def look_at_listed(self, order: SupplierOrder) -> list[Difference]:
        """An order that says which booking it is for: the booking is told, unless it waits for
        exactly that answer just now."""
        booking = self.dossier.booking(order.metadata.get("booking_id", ""))
        if not order.stands or (booking is not None and booking.status == "ordering"):
            return []
        if booking is None:
            return [
                Difference(
                    code="order_not_known",
                    subject=order.supplier_order_id,
                    ours=reconciling.NOTHING,
                    theirs=reconciling.told_of(order),
                    at_stake=order.price,
                )
            ]
        answer = OrderConfirmed(
            supplier_order_id=order.supplier_order_id,
            supplier_reference=order.supplier_reference,
            price=order.price or booking.price,
            documents=order.documents,
        )
        finding = b.RecordFinding(
            booking_id=booking.booking_id, answer=answer, final=False, now=self.now
        )
        await self.tell(finding, "order_not_heard_of", order.supplier_order_id, answer.price)
        return []

    async def order_of(self, booking: Booking) -> SupplierOrder | None:
        if booking.supplier_order_id is None:
            return None
        offer = bare_request(self.dossier, booking, booking.attempt).offer
        supplier = self.world.suppliers[offer.supplier]
        return await supplier.look_at_order(offer, booking.supplier_order_id)

    # --- what is done about it

    async def tell(self, command: Command, code: str, subject: str, stake: Money | None) -> None:
        """Record what the world says; only what we had not heard of leads to anything."""
        if self.world.dry_run:
            step = advance(command, self.dossier)
            events, self.dossier = step.events, step.dossier
        else:
            road, trip_id = self.world.road, self.trip.trip_id
            handled = await road.handle(trip_id, command, self.world.cause)
            events, self.dossier = tuple(handled.events), handled.dossier
        for event in events:
            self.books = post(self.books, event)[0]
        if events:
            news = ", ".join(spelled(type(event).__name__) for event in events)
            heard = Difference(
                code=code, subject=subject, ours=reconciling.NOTHING, theirs=news, at_stake=stake
            )
            self.note(self.row(heard, "would_repair" if self.world.dry_run else "repaired"))

    async def put_before_people(self, difference: Difference) -> None:
        """One incident for one difference, ever: what people have settled is settled."""
        known = newest_of(difference.code, difference.name, self.trip)
        if known is not None:
            self.note(self.row(difference, "incident" if known.open else "settled"))
            return
        if self.world.dry_run:
            self.note(self.row(difference, "would_open_incident"))
            return
        opening = reconciling.incident(difference, self.now)
        handled = await self.world.road.handle(self.trip.trip_id, opening, self.world.cause)
        self.dossier = handled.dossier
        self.note(self.row(difference, "incident"))

    def note(self, drift: Drift) -> None:
        self.found[drift.key] = drift

    def row(self, difference: Difference, done: Done) -> Drift:
        return Drift(
            key=f"{difference.code}:{difference.name}",
            code=difference.code,
            subject=difference.subject,
            ours=difference.ours,
            theirs=difference.theirs,
            at_stake=difference.at_stake,
            done=done,
            tenant=self.trip.tenant,
            trip_id=self.trip.trip_id,
        )

    def unanswered(self, error: Exception) -> Drift:
        trip = self.trip
        return Drift(
            key=f"not_compared:{trip.trip_id}",
            code="not_compared",
            subject=trip.trip_id,
            ours="a trip",
            theirs=f"no answer ({error})",
            at_stake=None,
            done="not_compared",
            tenant=trip.tenant,
            trip_id=trip.trip_id,
        )


def spelled(name: str) -> str:
    """`PaymentSucceeded`, as people say it."""
    return WORD.sub(" ", name).lower()


def moved(back: MoneyBack) -> Money | None:
    """What went back last, for the report."""
    amounts = [d.amount for d in back.disputes] or [r.amount for r in back.refunds]
    return amounts[-1] if amounts else None
