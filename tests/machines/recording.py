"""One trip as its facts are recorded. What must always hold is demanded each time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from domain.booking import events as be
from domain.booking.lifecycle import STEPS as BOOKING_STEPS
from domain.booking.state import Booking
from domain.dossier import Dossier, DossierEvent, evolve
from domain.errors import Refused
from domain.ledger import Ledger, post
from domain.log import Effect
from domain.money import total
from domain.process import Command, advance
from domain.trip import events as te
from domain.trip.lifecycle import STEPS as TRIP_STEPS
from domain.trip.lifecycle import status
from domain.trip.state import Payment, Trip
from tests.machines.books import demand_balanced, demand_books_right
from tests.machines.provider import Provider, TravelSupplier

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
    te.RefundDiscovered: "refund_id",
    te.PaymentDisputed: "dispute_id",
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
class Recording:
    now: datetime
    dossier: Dossier = field(default_factory=Dossier)
    events: list[DossierEvent] = field(default_factory=list)
    tasks: dict[str, Effect] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)
    once: set[tuple[str, str]] = field(default_factory=set)
    announced: set[str] = field(default_factory=set)
    letters: list[Letter] = field(default_factory=list)
    ledger: Ledger = field(default_factory=Ledger)
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
            self.ledger, entries = post(self.ledger, event)
            demand_balanced(entries)
            demand_capture_right(event, before)
            demand_refund_right(event, before)
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
            refunded = payment.refunded.amount - self.failed_untold(payment)
            assert 0 <= refunded <= payment.captured.amount, "refunded too much"
        demand_books_right(self.ledger, self.dossier)
        kept = [p for p in payments if (p.captured - p.refunding).amount > 0]
        failed_refunds = [r for p in payments for r in p.refunds if r.status == "failed"]
        assert len(kept) <= 1 or failed_refunds, "two charges kept for one trip"

    def failed_untold(self, payment: Payment) -> int:
        """What counts as given back until the news arrives that it failed after all; meanwhile the
        same money may have gone back another way."""
        failed = {b.snapshot_id for b in self.provider.refunds.values() if b.status == "failed"}
        return sum(
            refund.amount.amount
            for refund in payment.refunds
            if refund.status == "succeeded" and refund.provider_refund_id in failed
        )

    def deliver(self, letter: Letter) -> None:
        self.record(letter.command)
        if letter.task is not None:
            self.tasks.pop(letter.task, None)

    def send(self, command: Command, task: str | None = None) -> None:
        self.letters.append(Letter(command, task))

    def due(self) -> list[Effect]:
        return [task for task in self.tasks.values() if task.due <= self.now]

    def drop(self, task: Effect) -> None:
        self.tasks.pop(task.key, None)


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


def demand_refund_right(event: DossierEvent, before: Dossier) -> None:
    """Nothing is promised back that is not ours: also not of what a bank has taken."""
    if not isinstance(event, te.RefundScheduled):
        return
    assert before.trip is not None
    payment = before.trip.payment(event.payment_id)
    assert payment is not None
    assert 0 < event.amount.amount <= payment.left.amount, "promised more than is left"


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
