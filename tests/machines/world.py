"""One trip, the work that its facts ask for, and the outside world that answers.

Answers travel as letters: they may be delivered late, twice, in any order or not at all.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from domain.booking import commands as bc
from domain.booking.state import UNPAID
from domain.log import Effect, EffectKind
from domain.money import Money, total
from domain.payments import MoneyBack, OpenedCheckout, PaymentRefused, RefundStatus
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
from tests.machines.provider import Order, told
from tests.machines.recording import Letter as Letter
from tests.machines.recording import Recording

SESSION_LIFE_MIN = timedelta(minutes=31)
QUOTE_LIFE = timedelta(minutes=20)


class World(Recording):
    def perform(self, task: Effect, luck: int) -> None:
        """Do it in the world, and put the outcome into the post. `luck` picks the outcome."""
        perform: Callable[[Effect, int], None] = getattr(self, str(task.kind))
        perform(task, luck)

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
        costs = booking.cancel_reason == UNPAID and luck % 2
        order.kept = order.kept or luck % 8 == 7 or bool(costs)
        if order.live and order.kept:
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

    def cancel_second_order(self, task: Effect, luck: int) -> None:
        raise AssertionError("an item was ordered twice")

    # --- people

    def erase_person(self, task: Effect, luck: int) -> None:
        """The key is destroyed; nothing comes back of it."""
        self.drop(task)

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
        try:
            back = self.provider.refund(task.subject, payment.payment_id, refund.amount, first)
        except PaymentRefused as no:
            refused = tc.RecordRefundRefused(
                refund_id=task.subject, code=no.code, detail=no.detail, now=self.now
            )
            return self.send(refused, task.key)
        record = tc.RecordRefund(refund_id=task.subject, refund=told(back), now=self.now)
        return self.send(record, task.key)

    def look_at_refund(self, task: Effect, luck: int) -> None:
        back = self.provider.refunds[task.subject]
        record = tc.RecordRefund(refund_id=task.subject, refund=told(back), now=self.now)
        self.send(record, None if back.status == "pending" else task.key)

    def look_at_money_back(self, payment_id: str) -> None:
        """A webhook says that something went back; all that did is looked at."""
        seen = MoneyBack(
            payment_id=payment_id,
            refunds=tuple(
                told(back, "" if refund_id == back.snapshot_id else refund_id)
                for refund_id, back in self.provider.refunds.items()
                if back.payment_id == payment_id
            ),
            disputes=self.provider.disputes_of(payment_id),
        )
        self.send(tc.RecordMoneyBack(money_back=seen, now=self.now))


def receipt(order: Order, price: Money) -> OrderConfirmed:
    return OrderConfirmed(
        supplier_order_id=order.order_id, supplier_reference=order.order_id.upper(), price=price
    )


# Nobody is forgotten in this world.
PERFORMED = set(EffectKind) - {EffectKind.ERASE_PERSON}
assert {str(kind) for kind in PERFORMED} <= set(dir(World)), "an effect nobody performs"
