"""The books of one trip: each fact that moves money as entries that balance.

Money of customers: what they authorised is *held*, then *drawn* or *released*. What is drawn, or
paid at once, is *captured*, and *owed* to the customer until it is *fulfilled* by a booking, kept
as the *fees* of a cancellation, or goes back (*refunding*, then *refunded*). What is given back
without being owed is *goodwill*. What a bank takes back is *disputed*; until that is decided we
count it as *in_dispute*, and if it is lost it pays what is owed and is a *dispute_loss* beyond.
Money of suppliers: what an order costs (*supplier_cost*) is *supplier_due* to them.

So at any time: captured + goodwill + in_dispute + dispute_loss = fulfilled + fees + owed +
refunding + refunded + disputed. `owed` below zero is what is booked and not paid for (yet).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from domain.booking import events as be
from domain.booking.state import BY_CUSTOMER, UNPAID
from domain.dossier import DossierEvent
from domain.money import Money
from domain.replacing import replace
from domain.trip import events as te

Account = Literal[
    "authorized",
    "held",
    "drawn",
    "released",
    "captured",
    "owed",
    "fulfilled",
    "fees",
    "refunding",
    "refunded",
    "goodwill",
    "disputed",
    "in_dispute",
    "dispute_loss",
    "supplier_cost",
    "supplier_due",
]
# Those that are of our side of the balance; the others are counted from the other side.
DEBIT: frozenset[Account] = frozenset(
    (
        "held",
        "drawn",
        "released",
        "captured",
        "goodwill",
        "in_dispute",
        "dispute_loss",
        "supplier_cost",
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """`amount` above zero is a debit, below zero a credit; those of one fact add up to nothing."""

    account: Account
    amount: Money


@dataclass(frozen=True, kw_only=True)
class Promise:
    """A refund that was asked for, and whether the money has gone."""

    checkout_id: str
    amount: Money
    status: Literal["on_its_way", "done", "failed"] = "on_its_way"


@dataclass(frozen=True, kw_only=True)
class Sale:
    """A booking: `counted` while it is confirmed, `stays` if it does when a supplier refuses to
    cancel it, `by_customer` when what is not given back for it is a fee."""

    checkout_id: str
    price: Money
    counted: bool = False
    stays: bool = False
    by_customer: bool = False


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """`balances` by currency and account, counted so that they are usually above zero. `owed` and
    `goodwill` by checkout say what a refund pays for."""

    balances: dict[str, dict[Account, int]] = field(default_factory=dict)
    payments: dict[str, str] = field(default_factory=dict)
    refunds: dict[str, Promise] = field(default_factory=dict)
    sales: dict[str, Sale] = field(default_factory=dict)
    owed: dict[str, int] = field(default_factory=dict)
    goodwill: dict[str, int] = field(default_factory=dict)
    # What of a lost dispute was no more than what we owed.
    lost: dict[str, Money] = field(default_factory=dict)

    def balance(self, account: Account, currency: str) -> Money:
        return Money(self.balances.get(currency, {}).get(account, 0), currency)


Posting = tuple[Ledger, tuple[Entry, ...]]


def post(ledger: Ledger, event: DossierEvent) -> Posting:
    """The books after one more fact, and the entries it made; most facts make none."""
    match event:
        case te.PaymentSucceeded() | te.PaymentCaptured() | te.PaymentReleased():
            return of_payment(ledger, event)
        case (
            te.RefundScheduled() | te.RefundDiscovered() | te.RefundSucceeded() | te.RefundFailed()
        ):
            return of_refund(ledger, event)
        case te.PaymentDisputed() | te.DisputeClosed():
            return of_dispute(ledger, event)
        case (
            be.BookingInitialized()
            | be.BookingConfirmed()
            | be.CancellationRequested()
            | be.CancellationRefused()
            | be.BookingCancelled()
        ):
            return of_booking(ledger, event)
        case _:
            return ledger, ()


def debit(account: Account, amount: Money) -> Entry:
    return Entry(account=account, amount=amount)


def credit(account: Account, amount: Money) -> Entry:
    return Entry(account=account, amount=Money(-amount.amount, amount.currency))


def moved(ledger: Ledger, *entries: Entry) -> Posting:
    """The entries, without those of nothing, and the books with them."""
    real = tuple(entry for entry in entries if entry.amount.amount)
    balances = {currency: {**of} for currency, of in ledger.balances.items()}
    for entry in real:
        of = balances.setdefault(entry.amount.currency, {})
        of[entry.account] = of.get(entry.account, 0) + counted(entry)
    return replace(ledger, balances=balances), real


def booked(ledger: Ledger, checkout_id: str, *entries: Entry) -> Posting:
    """The same, and what of it is owed or given for this checkout."""
    books, real = moved(ledger, *entries)
    kept: dict[str, dict[str, int]] = {"owed": {**ledger.owed}, "goodwill": {**ledger.goodwill}}
    for entry in real:
        if entry.account in kept:
            known = kept[entry.account]
            known[checkout_id] = known.get(checkout_id, 0) + counted(entry)
    return replace(books, owed=kept["owed"], goodwill=kept["goodwill"]), real


def counted(entry: Entry) -> int:
    return entry.amount.amount if entry.account in DEBIT else -entry.amount.amount


def part(amount: Money, at_most: int) -> tuple[Money, Money]:
    """So much of it, and the rest."""
    first = Money(max(0, min(amount.amount, at_most)), amount.currency)
    return first, amount - first


# --- payments


def of_payment(
    ledger: Ledger, event: te.PaymentSucceeded | te.PaymentCaptured | te.PaymentReleased
) -> Posting:
    match event:
        case te.PaymentSucceeded():
            payments = {**ledger.payments, event.payment_id: event.checkout_id}
            return booked(
                replace(ledger, payments=payments),
                event.checkout_id,
                debit("held", event.authorized),
                credit("authorized", event.authorized),
                debit("captured", event.captured),
                credit("owed", event.captured),
            )
        case te.PaymentCaptured():
            return booked(
                ledger,
                ledger.payments[event.payment_id],
                debit("drawn", event.amount),
                debit("released", event.released),
                credit("held", event.amount + event.released),
                debit("captured", event.amount),
                credit("owed", event.amount),
            )
        case te.PaymentReleased():
            return moved(ledger, debit("released", event.amount), credit("held", event.amount))


# --- refunds


def of_refund(
    ledger: Ledger,
    event: te.RefundScheduled | te.RefundDiscovered | te.RefundSucceeded | te.RefundFailed,
) -> Posting:
    if isinstance(event, te.RefundScheduled | te.RefundDiscovered):
        return promised(ledger, event)
    promise = ledger.refunds[event.refund_id]
    where, amount = promise.checkout_id, promise.amount
    if isinstance(event, te.RefundSucceeded):
        ledger = with_refund(ledger, event.refund_id, replace(promise, status="done"))
        return moved(ledger, debit("refunding", amount), credit("refunded", amount))
    ledger = with_refund(ledger, event.refund_id, replace(promise, status="failed"))
    came_back: Account = "refunded" if promise.status == "done" else "refunding"
    return booked(ledger, where, debit(came_back, amount), credit("owed", amount))


def promised(ledger: Ledger, event: te.RefundScheduled | te.RefundDiscovered) -> Posting:
    """It pays what is owed; what goes beyond that is goodwill."""
    where = ledger.payments[event.payment_id]
    owed, given = part(event.amount, ledger.owed.get(where, 0))
    promise = Promise(checkout_id=where, amount=event.amount)
    return booked(
        with_refund(ledger, event.refund_id, promise),
        where,
        debit("owed", owed),
        debit("goodwill", given),
        credit("refunding", event.amount),
    )


def with_refund(ledger: Ledger, refund_id: str, promise: Promise) -> Ledger:
    return replace(ledger, refunds={**ledger.refunds, refund_id: promise})


# --- disputes


def of_dispute(ledger: Ledger, event: te.PaymentDisputed | te.DisputeClosed) -> Posting:
    where, amount = ledger.payments[event.payment_id], event.amount
    if isinstance(event, te.PaymentDisputed):
        return moved(ledger, debit("in_dispute", amount), credit("disputed", amount))
    if event.outcome == "won":
        return won(ledger, where, event)
    owed, loss = part(amount, ledger.owed.get(where, 0))
    return booked(
        replace(ledger, lost={**ledger.lost, event.dispute_id: owed}),
        where,
        debit("owed", owed),
        debit("dispute_loss", loss),
        credit("in_dispute", amount),
    )


def won(ledger: Ledger, where: str, event: te.DisputeClosed) -> Posting:
    """It is ours again, also where it had been lost before."""
    owed = ledger.lost.get(event.dispute_id)
    if owed is None:
        back: tuple[Entry, ...] = (credit("in_dispute", event.amount),)
    else:
        back = (credit("owed", owed), credit("dispute_loss", event.amount - owed))
    return booked(ledger, where, debit("disputed", event.amount), *back)


# --- bookings


def of_booking(
    ledger: Ledger,
    event: be.BookingInitialized
    | be.BookingConfirmed
    | be.CancellationRequested
    | be.CancellationRefused
    | be.BookingCancelled,
) -> Posting:
    if isinstance(event, be.BookingInitialized):
        sale = Sale(checkout_id=event.checkout_id, price=event.price)
        return with_sale(ledger, event.booking_id, sale), ()
    sale = ledger.sales[event.booking_id]
    match event:
        case be.BookingConfirmed():
            return booked(
                with_sale(ledger, event.booking_id, replace(sale, counted=True)),
                sale.checkout_id,
                debit("owed", sale.price),
                credit("fulfilled", sale.price),
                debit("supplier_cost", event.supplier_price),
                credit("supplier_due", event.supplier_price),
            )
        case be.CancellationRequested():
            asked = event.reason == BY_CUSTOMER
            stays = asked or event.reason == UNPAID
            sale = replace(sale, by_customer=asked, stays=stays)
            return with_sale(ledger, event.booking_id, sale), ()
        case be.CancellationRefused():
            return (ledger, ()) if sale.stays else undone(ledger, event.booking_id, sale, None)
        case be.BookingCancelled():
            return undone(ledger, event.booking_id, sale, event.refund)


def undone(ledger: Ledger, booking_id: str, sale: Sale, refund: Money | None) -> Posting:
    """It is not fulfilled any more: its price is owed again, less a fee that the customer knew."""
    if not sale.counted:
        return ledger, ()
    known, suppliers = sale.price, tuple[Entry, ...]()
    if refund is not None:
        suppliers = (debit("supplier_due", refund), credit("supplier_cost", refund))
        if sale.by_customer and refund.currency == sale.price.currency:
            known = refund
    owed, fee = part(sale.price, known.amount)
    given, owed = part(owed, ledger.goodwill.get(sale.checkout_id, 0))
    return booked(
        with_sale(ledger, booking_id, replace(sale, counted=False)),
        sale.checkout_id,
        debit("fulfilled", sale.price),
        credit("fees", fee),
        credit("goodwill", given),
        credit("owed", owed),
        *suppliers,
    )


def with_sale(ledger: Ledger, booking_id: str, sale: Sale) -> Ledger:
    return replace(ledger, sales={**ledger.sales, booking_id: sale})
