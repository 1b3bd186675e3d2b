"""One trip, the work that its facts ask for, and the outside world that answers.

Answers travel as letters: they may be delivered late, twice, in any order or not at all. What
must always hold is demanded each time something is recorded or ordered.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from domain.booking import commands as bc
from domain.booking import events as be
from domain.booking.lifecycle import STEPS as BOOKING_STEPS
from domain.booking.state import Booking
from domain.dossier import Dossier, DossierEvent, evolve
from domain.errors import Refused
from domain.log import Effect, EffectKind
from domain.money import Money, total
from domain.payments import OpenedCheckout, PaymentRefused, RefundStatus
from domain.process import Command, advance
from domain.suppliers import (
    OrderConfirmed,
    OrderDeferred,
    OrderFailed,
    OrderNotFound,
    OrderRefused,
    OrderUnknown,
    Requoted,
    Unavailable,
)
from domain.trip import commands as tc
from domain.trip import events as te
from domain.trip.lifecycle import STEPS as TRIP_STEPS
from domain.trip.lifecycle import status
from domain.trip.state import Trip
from tests.machines.provider import Order, Provider, TravelSupplier, told

SESSION_LIFE_MIN = timedelta(minutes=31)
QUOTE_LIFE = timedelta(minutes=20)
# What can be true of one thing only once.
ONCE: dict[type, str] = {
    te.CheckoutInitialized: "checkout_id",
    te.FulfillmentScheduled: "checkout_id",
    te.FulfillmentStarted: "checkout_id",
    te.Fulfilled: "checkout_id",
    te.FulfillmentFailed: "checkout_id",
    te.PaymentSucceeded: "payment_id",
    te.CaptureScheduled: "payment_id",
    te.PaymentCaptured: "payment_id",
    te.ReleaseScheduled: "payment_id",
    te.PaymentReleased: "payment_id",
    te.RefundScheduled: "refund_id",
    te.RefundSucceeded: "refund_id",
    be.BookingInitialized: "booking_id",
    be.BookingFailed: "booking_id",
}


def moves(steps: dict[tuple[str, str], frozenset[str]]) -> set[tuple[str, str]]:
    return {(start, end) for (start, _), ends in steps.items() for end in ends}


TRIP_MOVES, BOOKING_MOVES = moves(TRIP_STEPS), moves(BOOKING_STEPS)


@dataclass
class Letter:
    """An outcome on its way to the log; `task` is finished when it arrives."""

    command: Command
    task: str | None = None


@dataclass
class World:
    now: datetime
    dossier: Dossier = field(default_factory=Dossier)
    events: list[DossierEvent] = field(default_factory=list)
    tasks: dict[str, Effect] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)
    once: set[tuple[str, str]] = field(default_factory=set)
    announced: set[str] = field(default_factory=set)
    letters: list[Letter] = field(default_factory=list)
    provider: Provider = field(default_factory=Provider)
    supplier: TravelSupplier = field(default_factory=TravelSupplier)

    @property
    def trip(self) -> Trip:
        assert self.dossier.trip is not None
        return self.dossier.trip

    def with_status(self, wanted: str) -> list[Booking]:
        return [b for b in self.dossier.bookings if b.status == wanted]

    # --- recording

    def record(self, command: Command) -> bool:
        """Take the one road to the log; False: refused, and nothing has changed."""
        try:
            step = advance(command, self.dossier)
        except Refused:
            return False
        folded = self.dossier
        for event in step.events:
            before, folded = folded, evolve(folded, event)
            demand_lawful(before, folded)
            self.demand_once(event)
            demand_capture_right(event, before)
        assert folded == step.dossier, "what was decided on is not what the facts add up to"
        for effect in step.effects:
            assert effect.key not in self.keys, f"{effect.key} was asked for twice"
            self.keys.add(effect.key)
            self.tasks[effect.key] = effect
        self.events.extend(step.events)
        self.dossier = step.dossier
        self.demand_money_right()
        return True

    def demand_once(self, event: DossierEvent) -> None:
        key = ONCE.get(type(event))
        if key is None:
            return
        fact = type(event).__name__, getattr(event, key)
        assert fact not in self.once, f"{fact} was recorded twice"
        self.once.add(fact)

    def demand_money_right(self) -> None:
        payments = self.trip.payments
        for payment in payments:
            assert payment.captured + payment.authorized + payment.released == payment.amount
            assert 0 <= payment.refunding.amount <= payment.captured.amount, "refunded too much"
        kept = [p for p in payments if (p.captured - p.refunding).amount > 0]
        failed_refunds = [r for p in payments for r in p.refunds if r.status == "failed"]
        assert len(kept) <= 1 or failed_refunds, "two charges kept for one trip"

    def deliver(self, letter: Letter) -> None:
        self.record(letter.command)
        if letter.task is not None:
            self.tasks.pop(letter.task, None)

    def send(self, command: Command, task: str | None = None) -> None:
        self.letters.append(Letter(command, task))

    # --- working off tasks

    def due(self) -> list[Effect]:
        return [task for task in self.tasks.values() if task.due <= self.now]

    def perform(self, task: Effect, luck: int) -> None:
        """Do it in the world, and put the outcome into the post. `luck` picks the outcome."""
        perform: Callable[[Effect, int], None] = getattr(self, str(task.kind))
        perform(task, luck)

    def drop(self, task: Effect) -> None:
        self.tasks.pop(task.key, None)

    def quote_trip(self, task: Effect, luck: int) -> None:
        quote = self.trip.quote
        if quote is None or quote.quote_id != task.subject or quote.status != "scheduled":
            return self.drop(task)
        answers = {}
        for number, item in enumerate(self.trip.items):
            fate = (luck >> 3 * number) % 8
            price = item.offer.price.amount + {5: 500, 6: -500}.get(fate, 0)
            answers[item.item_id] = (
                Unavailable(code="sold_out", detail="gone")
                if fate == 7
                else Requoted(
                    price=Money(price, item.offer.price.currency),
                    expires_at=self.now + QUOTE_LIFE,
                    refundable=item.offer.refundable,
                )
            )
        record = tc.RecordQuote(quote_id=task.subject, answers=answers, now=self.now)
        return self.send(record, task.key)

    def expire_quote(self, task: Effect, luck: int) -> None:
        self.send(tc.ExpireQuote(quote_id=task.subject, now=self.now), task.key)

    def open_checkout(self, task: Effect, luck: int) -> None:
        checkout = self.trip.find_checkout(task.subject)
        assert checkout is not None
        if checkout.status != "opening":
            return self.drop(task)
        if not self.provider.opens(task.subject, willing=luck % 8 != 7):
            refused = tc.RecordCheckoutRefused(
                checkout_id=task.subject, code="amount_too_small", detail="no", now=self.now
            )
            return self.send(refused, task.key)
        until = max(checkout.expires_at, checkout.requested_at + SESSION_LIFE_MIN)
        session = self.provider.open(task.subject, checkout.mode, checkout.amount, until)
        opened = OpenedCheckout(
            session_id=f"cs_{task.subject}" if checkout.mode == "hosted" else None,
            payment_id=session.charge.payment_id if checkout.mode == "direct" else None,
            expires_at=until,
        )
        record = tc.RecordCheckoutOpened(checkout_id=task.subject, opened=opened, now=self.now)
        return self.send(record, task.key)

    def expire_checkout(self, task: Effect, luck: int) -> None:
        close = tc.CloseCheckout(checkout_id=task.subject, reason="expired", now=self.now)
        self.send(close, task.key)

    def close_checkout(self, task: Effect, luck: int) -> None:
        checkout = self.trip.find_checkout(task.subject)
        assert checkout is not None
        if checkout.status != "closing":
            return self.drop(task)
        self.provider.close(task.subject)
        return self.look(task.subject, task.key)

    def look(self, checkout_id: str, task: str | None = None) -> None:
        snapshot = self.provider.look(checkout_id)
        record = tc.RecordCheckoutState(checkout_id=checkout_id, snapshot=snapshot, now=self.now)
        self.send(record, task)

    def start_fulfillment(self, task: Effect, luck: int) -> None:
        self.send(tc.StartFulfillment(checkout_id=task.subject, now=self.now), task.key)

    # --- suppliers

    def place_order(self, task: Effect, luck: int) -> None:
        booking = self.dossier.booking(task.subject)
        assert booking is not None
        attempt = int(task.key.rsplit(":", 1)[1])
        if booking.status != "ordering" or booking.attempt != attempt:
            return self.drop(task)
        said: OrderConfirmed | OrderRefused | OrderDeferred | OrderUnknown
        if task.key in self.announced:
            said = OrderUnknown(detail="the sender stopped")
        else:
            self.announced.add(task.key)
            said = self.send_order(booking.booking_id, luck)
        record = bc.RecordOrder(booking_id=task.subject, attempt=attempt, answer=said, now=self.now)
        return self.send(record, task.key)

    def send_order(
        self, booking_id: str, luck: int
    ) -> OrderConfirmed | OrderRefused | OrderDeferred | OrderUnknown:
        match luck % 8:
            case 3:
                return OrderRefused(code="sold_out", detail="gone")
            case 4:
                return OrderDeferred(retry_after_s=2, detail="busy")
            case 5:
                return OrderUnknown(detail="lost before it arrived")
            case 6 | 7 as fate:
                self.demand_order_allowed(booking_id)
                self.supplier.order(booking_id, visible=fate == 6)
                return OrderUnknown(detail="the answer was lost")
            case _:
                self.demand_order_allowed(booking_id)
                return receipt(self.supplier.order(booking_id), self.price(booking_id))

    def demand_order_allowed(self, booking_id: str) -> None:
        booking = self.dossier.booking(booking_id)
        assert booking is not None
        assert self.supplier.live(booking_id) == [], "ordered a second time"
        same = [b for b in self.dossier.bookings if b.item_id == booking.item_id]
        assert [o for b in same for o in self.supplier.live(b.booking_id)] == []
        paid = [p for p in self.trip.payments if p.checkout_id == booking.checkout_id]
        assert paid, "ordered before it was paid"
        assert paid[0].status in {"authorized", "captured"}, "ordered without the money"
        assert paid[0].captured + paid[0].authorized == paid[0].amount

    def price(self, booking_id: str) -> Money:
        booking = self.dossier.booking(booking_id)
        assert booking is not None
        return booking.price

    def find_order(self, task: Effect, luck: int) -> None:
        booking = self.dossier.booking(task.subject)
        assert booking is not None
        if booking.status != "unknown":
            return self.drop(task)
        return self.supplier_shows(task.subject, luck, task.key)

    def supplier_shows(self, booking_id: str, luck: int, task: str | None = None) -> None:
        found = self.supplier.find(booking_id)
        final = task is not None and luck % 4 == 3
        said: OrderConfirmed | OrderFailed | OrderNotFound = OrderNotFound()
        if found is not None:
            said = receipt(found, self.price(booking_id))
        elif luck % 4 == 2 and not self.supplier.live(booking_id) and task is not None:
            said = OrderFailed(code="supplier_rejected", detail="it will never exist")
        record = bc.RecordFinding(booking_id=booking_id, answer=said, final=final, now=self.now)
        again = isinstance(said, OrderNotFound) and not final
        self.send(record, None if again else task)

    def cancel_order(self, task: Effect, luck: int) -> None:
        booking = self.dossier.booking(task.subject)
        assert booking is not None
        if booking.status != "cancelling" or booking.supplier_order_id is None:
            return self.drop(task)
        order = self.supplier.get(booking.supplier_order_id)
        if order.live and luck % 8 == 7:
            refusal = bc.RecordCancellationRefusal(
                booking_id=task.subject, code="not_cancellable", detail="no", now=self.now
            )
            return self.send(refusal, task.key)
        order.live = False
        agreed = booking.cancellation_quote
        record = bc.RecordCancellation(
            booking_id=task.subject, refund=agreed.refund if agreed else None, now=self.now
        )
        return self.send(record, task.key)

    # --- money

    def capture_payment(self, task: Effect, luck: int) -> None:
        payment = self.trip.payment(task.subject)
        assert payment is not None
        if payment.status != "capturing" or payment.capturing is None:
            return self.drop(task)
        # A refusal is believed only after a look, and what is seen then is what is told.
        with suppress(PaymentRefused):
            self.provider.capture(task.subject, payment.capturing)
        return self.tell_payment(task)

    def release_payment(self, task: Effect, luck: int) -> None:
        payment = self.trip.payment(task.subject)
        assert payment is not None
        if payment.status != "releasing":
            return self.drop(task)
        with suppress(PaymentRefused):
            self.provider.release(task.subject)
        return self.tell_payment(task)

    def tell_payment(self, task: Effect) -> None:
        seen = self.provider.charge(task.subject).seen()
        self.send(tc.RecordPayment(payment=seen, now=self.now), task.key)

    def guard_authorization(self, task: Effect, luck: int) -> None:
        payment = self.trip.payment(task.subject)
        assert payment is not None
        prices = (
            b.price for b in self.dossier.group(payment.checkout_id) if b.status == "confirmed"
        )
        guard = tc.GuardAuthorization(
            payment_id=task.subject,
            confirmed_total=total(prices, payment.amount.currency),
            now=self.now,
        )
        self.send(guard, task.key)

    def refund_payment(self, task: Effect, luck: int) -> None:
        found = self.trip.payment_of_refund(task.subject)
        assert found is not None
        payment, refund = found
        if refund.status != "scheduled":
            return self.drop(task)
        first: RefundStatus = "pending" if luck % 2 else "succeeded"
        back = self.provider.refund(task.subject, payment.payment_id, refund.amount, first)
        record = tc.RecordRefund(refund_id=task.subject, refund=told(back), now=self.now)
        return self.send(record, task.key)

    def look_at_refund(self, task: Effect, luck: int) -> None:
        back = self.provider.refunds[task.subject]
        record = tc.RecordRefund(refund_id=task.subject, refund=told(back), now=self.now)
        self.send(record, None if back.status == "pending" else task.key)


def receipt(order: Order, price: Money) -> OrderConfirmed:
    return OrderConfirmed(
        supplier_order_id=order.order_id, supplier_reference=order.order_id.upper(), price=price
    )


def demand_capture_right(event: DossierEvent, before: Dossier) -> None:
    """Only what is booked is taken; where it is all or nothing, not a part of it."""
    if not isinstance(event, te.CaptureScheduled):
        return
    assert before.trip is not None
    payment = before.trip.payment(event.payment_id)
    checkout = before.trip.find_checkout(payment.checkout_id) if payment else None
    assert checkout is not None
    group = before.group(checkout.checkout_id)
    booked = [b for b in group if b.status == "confirmed"]
    assert event.amount == total((b.price for b in booked), event.amount.currency)
    if checkout.policy == "all_or_nothing":
        assert all(b.status in {"confirmed", "ordering", "unknown", "initialized"} for b in group)


def demand_lawful(before: Dossier, after: Dossier) -> None:
    """Each fact moves the trip and its bookings only as their lifecycles draw it."""
    if before.trip is not None and after.trip is not None:
        move = status(before.trip), status(after.trip)
        assert move[0] == move[1] or move in TRIP_MOVES, f"{move} is not a step of a trip"
    for booking in before.bookings:
        later = after.booking(booking.booking_id)
        assert later is not None, "a booking disappeared"
        step = booking.status, later.status
        assert step[0] == step[1] or step in BOOKING_MOVES, f"{step} is not a step of a booking"


assert {str(kind) for kind in EffectKind} <= set(dir(World)), "an effect nobody performs"
