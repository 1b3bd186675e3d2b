"""A payment provider and a supplier small enough to see through: what really happened to money
and orders, whatever was said about it. They refuse what the real ones would refuse."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from domain.money import Money
from domain.payments import (
    CheckoutMode,
    CheckoutSnapshot,
    DisputeSnapshot,
    DisputeStatus,
    PaymentRefused,
    PaymentSnapshot,
    PaymentStatus,
    RefundSnapshot,
    RefundStatus,
)

AUTHORIZATION_LIFE = timedelta(days=7)


@dataclass
class Charge:
    """One payment at the provider."""

    payment_id: str
    amount: Money
    status: PaymentStatus = "unpaid"
    captured: int = 0
    refunded: int = 0
    declines: int = 0
    capture_before: datetime | None = None

    def seen(self) -> PaymentSnapshot:
        currency = self.amount.currency
        return PaymentSnapshot(
            payment_id=self.payment_id,
            status=self.status,
            amount=self.amount,
            captured=Money(self.captured, currency),
            refunded=Money(self.refunded, currency),
            capture_before=self.capture_before,
            failure_id=f"{self.payment_id}-decline-{self.declines}" if self.declines else None,
            failure_code="card_declined" if self.declines else None,
        )


@dataclass
class Session:
    """One page (or payment sheet) where a customer can pay."""

    mode: CheckoutMode
    charge: Charge
    expires_at: datetime
    payable: bool = True


@dataclass
class GivenBack:
    snapshot_id: str
    payment_id: str
    amount: Money
    status: RefundStatus


@dataclass
class Taken:
    """A dispute: what the customer's bank took back."""

    payment_id: str
    amount: Money
    status: DisputeStatus = "open"


@dataclass
class Provider:
    sessions: dict[str, Session] = field(default_factory=dict)
    refunds: dict[str, GivenBack] = field(default_factory=dict)
    disputes: dict[str, Taken] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)

    def opens(self, checkout_id: str, *, willing: bool) -> bool:
        """Whether a checkout can be opened; a first no is repeated to the same key for ever."""
        if not willing and checkout_id not in self.sessions:
            self.refused.add(checkout_id)
        return checkout_id not in self.refused

    def open(self, checkout_id: str, mode: CheckoutMode, amount: Money, until: datetime) -> Session:
        """The same checkout asked for again is the same session."""
        charge = Charge(payment_id=f"pi_{len(self.sessions) + 1}", amount=amount)
        return self.sessions.setdefault(checkout_id, Session(mode, charge, until))

    def look(self, checkout_id: str) -> CheckoutSnapshot:
        session = self.sessions[checkout_id]
        shown = session.mode == "direct" or session.charge.declines or not session.payable
        acted = shown or session.charge.status != "unpaid"
        return CheckoutSnapshot(
            payable=session.payable, payment=session.charge.seen() if acted else None
        )

    def close(self, checkout_id: str) -> CheckoutSnapshot:
        session = self.sessions[checkout_id]
        session.payable = False
        if session.mode == "direct" and session.charge.status in {"unpaid", "action_required"}:
            session.charge.status = "canceled"
        return self.look(checkout_id)

    def pass_time(self, now: datetime) -> None:
        for session in self.sessions.values():
            charge = session.charge
            if session.mode == "hosted" and session.payable and session.expires_at <= now:
                session.payable = False
            if (
                charge.status == "authorized"
                and charge.capture_before
                and (charge.capture_before <= now)
            ):
                charge.status = "canceled"

    def charge(self, payment_id: str) -> Charge:
        charges = (s.charge for s in self.sessions.values())
        return next(c for c in charges if c.payment_id == payment_id)

    def with_status(self, status: PaymentStatus) -> list[str]:
        return [name for name, s in self.sessions.items() if s.charge.status == status]

    def closed_unpaid(self) -> list[str]:
        """A page that was closed may have a customer half-way through; what is cancelled is not
        paid any more."""
        idle = {"unpaid", "action_required"}
        return [
            name for name, s in self.sessions.items() if not s.payable and s.charge.status in idle
        ]

    def payable(self) -> list[str]:
        return [name for name, s in self.sessions.items() if s.payable]

    # --- what customers do

    def pay(self, session: Session, how: str, now: datetime) -> None:
        charge = session.charge
        match how:
            case "declined":
                charge.declines += 1
                charge.status = "unpaid"
            case "authorized":
                charge.status = "authorized"
                charge.capture_before = now + AUTHORIZATION_LIFE
                session.payable = False
            case "captured":
                charge.status = "captured"
                charge.captured = charge.amount.amount
                session.payable = False
            case "processing" | "action_required":
                charge.status = "processing" if how == "processing" else "action_required"
                session.payable = how == "action_required"

    def slow_payment_ends(self, session: Session, *, well: bool) -> None:
        """A hosted page is used up by a slow payment; a payment sheet can be tried again."""
        charge = session.charge
        if well:
            charge.status = "captured"
            charge.captured = charge.amount.amount
        else:
            charge.status = "unpaid"
            charge.declines += 1
            session.payable = session.mode == "direct"

    # --- what we ask

    def capture(self, payment_id: str, amount: Money) -> PaymentSnapshot:
        charge = self.charge(payment_id)
        if charge.status == "authorized":
            assert 0 < amount.amount <= charge.amount.amount, "captured more than was authorised"
            charge.status = "captured"
            charge.captured = amount.amount
        elif charge.status != "captured":
            raise PaymentRefused("payment_intent_unexpected_state", charge.status)
        return charge.seen()

    def release(self, payment_id: str) -> PaymentSnapshot:
        charge = self.charge(payment_id)
        if charge.status == "captured":
            raise PaymentRefused("payment_intent_unexpected_state", charge.status)
        charge.status = "canceled"
        return charge.seen()

    def refund(self, key: str, payment_id: str, amount: Money, status: RefundStatus) -> GivenBack:
        """Asked for again under the same key it is the same refund."""
        if key in self.refunds:
            return self.refunds[key]
        charge = self.charge(payment_id)
        if key in self.refused:
            raise PaymentRefused("charge_disputed", "the first no is repeated to the same key")
        if any(d.status != "won" for d in self.disputes.values() if d.payment_id == payment_id):
            self.refused.add(key)
            raise PaymentRefused("charge_disputed", "the bank has it")
        if charge.refunded + amount.amount > charge.captured:
            self.refused.add(key)
            raise PaymentRefused("charge_already_refunded", "more than is left")
        charge.refunded += amount.amount
        back = GivenBack(f"re_{len(self.refunds) + 1}", payment_id, amount, status)
        self.refunds[key] = back
        return back

    def refund_by_hand(self, payment_id: str, amount: Money) -> None:
        """In the dashboard; nothing of ours is written on it."""
        with suppress(PaymentRefused):
            self.refund(f"re_{len(self.refunds) + 1}", payment_id, amount, "succeeded")

    def dispute(self, payment_id: str, amount: Money) -> None:
        if not any(d.payment_id == payment_id for d in self.disputes.values()):
            self.disputes[f"du_{len(self.disputes) + 1}"] = Taken(payment_id, amount)

    def disputes_of(self, payment_id: str) -> tuple[DisputeSnapshot, ...]:
        return tuple(
            DisputeSnapshot(
                dispute_id=name, status=taken.status, amount=taken.amount, reason="fraudulent"
            )
            for name, taken in self.disputes.items()
            if taken.payment_id == payment_id
        )

    def captured(self) -> list[Charge]:
        return [s.charge for s in self.sessions.values() if s.charge.captured]

    def refund_ends(self, back: GivenBack, *, well: bool) -> None:
        back.status = "succeeded" if well else "failed"
        if not well:
            self.charge(back.payment_id).refunded -= back.amount.amount


def told(back: GivenBack, refund_id: str = "") -> RefundSnapshot:
    return RefundSnapshot(
        provider_refund_id=back.snapshot_id,
        status=back.status,
        amount=back.amount,
        failure_reason="declined" if back.status == "failed" else None,
        references={"refund_id": refund_id} if refund_id else {},
    )


@dataclass
class Order:
    order_id: str
    booking_id: str
    live: bool = True
    visible: bool = True
    # It will not be cancelled, however often that is asked for.
    kept: bool = False


@dataclass
class TravelSupplier:
    """Has no idempotency whatever: each order sent is one more order."""

    orders: list[Order] = field(default_factory=list)

    def order(self, booking_id: str, *, visible: bool = True) -> Order:
        made = Order(f"ord_{len(self.orders) + 1}", booking_id, visible=visible)
        self.orders.append(made)
        return made

    def live(self, booking_id: str) -> list[Order]:
        return [o for o in self.orders if o.live and o.booking_id == booking_id]

    def find(self, booking_id: str) -> Order | None:
        return next((o for o in self.live(booking_id) if o.visible), None)

    def get(self, order_id: str) -> Order:
        return next(o for o in self.orders if o.order_id == order_id)
