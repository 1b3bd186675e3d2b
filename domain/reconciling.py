"""What we and the world say differently of one trip once both have come to rest: facts that no rule
can settle, so people must. Whatever one side merely does not know yet is not told here."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.booking.state import Booking
from domain.ledger import Account, Ledger
from domain.money import Money, total
from domain.payments import MoneyBack, PaymentSnapshot, RefundSnapshot
from domain.suppliers import SupplierOrder
from domain.trip import commands as c
from domain.trip.state import Payment, Refund

ADVICE = {
    "payment_missing": "Find out whose account took it, and settle it there.",
    "payment_differs": "Compare the payment at the provider with the trip and settle the rest.",
    "payment_not_known": "Find out who made it; refund it at the provider if it buys nothing.",
    "refund_missing": "Refund it again, or pay the customer back another way.",
    "refund_differs": "Compare the refund at the provider with the trip and settle the rest.",
    "dispute_missing": "Look for the dispute at the provider.",
    "books_differ": "Compare the trip's ledger with the provider's account and settle the rest.",
    "order_missing": "Ask the supplier; book again or give the customer the money back.",
    "order_cancelled_elsewhere": "Find out who cancelled it; book again or refund the customer.",
    "order_not_cancelled": "Cancel it at the supplier.",
    "order_price_differs": "Compare the supplier's invoice with the order.",
    "order_not_known": "Find out who ordered it; cancel it at the supplier if nobody wants it.",
}
THE_SAME = {"authorized": "authorized", "captured": "captured", "released": "canceled"}
NOTHING = "nothing"
MARK_LENGTH = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """`subject` is the id of what it concerns, mostly the provider's; `ours` and `theirs` what
    each side says of it, in words for people."""

    code: str
    subject: str
    ours: str
    theirs: str
    at_stake: Money | None

    @property
    def name(self) -> str:
        """The same difference has the same name for ever; another one, about the same, has not."""
        said = hashlib.sha256(f"{self.ours}|{self.theirs}".encode()).hexdigest()
        return f"{self.subject}:{said[:MARK_LENGTH]}"


def incident(difference: Difference, now: datetime) -> c.OpenIncident:
    return c.OpenIncident(
        code=difference.code,
        detail=f"We have {difference.ours}, they have {difference.theirs}.",
        advice=ADVICE[difference.code],
        subject=difference.name,
        at_stake=difference.at_stake,
        now=now,
    )


def at_rest(payments: Iterable[Payment]) -> bool:
    """Whether nothing of them is on its way."""
    return not any(
        payment.status in {"capturing", "releasing"}
        or any(refund.status == "scheduled" for refund in payment.refunds)
        for payment in payments
    )


def of_payment(ours: Payment, seen: PaymentSnapshot | None) -> Iterator[Difference]:
    if ours.status not in THE_SAME:
        return
    if seen is None:
        yield Difference(
            code="payment_missing",
            subject=ours.payment_id,
            ours=spoken(ours.status, ours.amount, ours.captured),
            theirs=NOTHING,
            at_stake=ours.captured if ours.captured.amount else ours.authorized,
        )
        return
    agreed = seen.status == THE_SAME[ours.status] and seen.amount == ours.amount
    if agreed and seen.captured == ours.captured:
        return
    same_currency = seen.captured.currency == ours.captured.currency
    apart = abs(seen.captured.amount - ours.captured.amount) if same_currency else 0
    yield Difference(
        code="payment_differs",
        subject=ours.payment_id,
        ours=spoken(ours.status, ours.amount, ours.captured),
        theirs=spoken(seen.status, seen.amount, seen.captured),
        at_stake=Money(apart, ours.amount.currency) if apart else ours.amount,
    )


def spoken(status: str, amount: Money, captured: Money) -> str:
    return f"{amount} {status}, {captured} of it taken"


def of_money_back(ours: Payment, told: MoneyBack) -> Iterator[Difference]:
    for refund in ours.refunds:
        if refund.status not in {"pending", "succeeded"}:
            continue
        seen = refund_at_theirs(refund, told.refunds)
        if seen is None:
            yield Difference(
                code="refund_missing",
                subject=refund.provider_refund_id or refund.refund_id,
                ours=f"a refund of {refund.amount}",
                theirs=NOTHING,
                at_stake=refund.amount,
            )
        elif seen.amount != refund.amount:
            yield Difference(
                code="refund_differs",
                subject=seen.provider_refund_id,
                ours=f"a refund of {refund.amount}",
                theirs=f"a refund of {seen.amount}",
                at_stake=refund.amount,
            )
    known = {dispute.dispute_id for dispute in told.disputes}
    for dispute in ours.disputes:
        if dispute.dispute_id not in known:
            yield Difference(
                code="dispute_missing",
                subject=dispute.dispute_id,
                ours=f"a dispute of {dispute.amount}",
                theirs=NOTHING,
                at_stake=dispute.amount,
            )


def refund_at_theirs(refund: Refund, seen: Sequence[RefundSnapshot]) -> RefundSnapshot | None:
    for each in seen:
        theirs = each.provider_refund_id
        if refund.provider_refund_id == theirs or refund.refund_id == theirs:
            return each
        if each.references.get("refund_id") == refund.refund_id:
            return each
    return None


def of_books(
    trip_id: str, books: Ledger, seen: Sequence[PaymentSnapshot], told: Sequence[MoneyBack]
) -> Iterator[Difference]:
    """The ledger's sums beside the provider's, in each currency; both must be at rest."""
    for currency in sorted({payment.amount.currency for payment in seen} | set(books.balances)):
        theirs = {
            "captured": total(
                (p.captured for p in seen if p.captured.currency == currency), currency
            ),
            "given back": total(
                (
                    refund.amount
                    for back in told
                    for refund in back.refunds
                    if refund.status != "failed" and refund.amount.currency == currency
                ),
                currency,
            ),
        }
        ours = {
            "captured": balance(books, currency, "captured"),
            "given back": balance(books, currency, "refunded", "refunding"),
        }
        for name, amount in ours.items():
            if amount != theirs[name]:
                yield Difference(
                    code="books_differ",
                    subject=f"{trip_id}:{name}",
                    ours=f"{amount} {name}",
                    theirs=f"{theirs[name]} {name}",
                    at_stake=Money(abs((amount - theirs[name]).amount), currency),
                )


def balance(books: Ledger, currency: str, *accounts: Account) -> Money:
    return total((books.balance(account, currency) for account in accounts), currency)


def of_order(booking: Booking, seen: SupplierOrder | None) -> Iterator[Difference]:
    """What a booking says beside the order that was made for it, once that is decided."""
    order_id = booking.supplier_order_id
    if order_id is None or booking.status not in {"confirmed", "cancelled"}:
        return
    if booking.status == "cancelled":
        if seen is not None and seen.stands:
            yield order_difference("order_not_cancelled", booking, "a cancelled order", seen)
        return
    ours = f"a confirmed order for {booking.title}"
    if seen is None:
        yield order_difference("order_missing", booking, ours, None)
    elif not seen.stands:
        yield order_difference("order_cancelled_elsewhere", booking, ours, seen)
    elif seen.price is not None and seen.price != booking.supplier_price:
        ours = f"an order of {booking.supplier_price}"
        yield order_difference("order_price_differs", booking, ours, seen)


def order_difference(
    code: str, booking: Booking, ours: str, seen: SupplierOrder | None
) -> Difference:
    assert booking.supplier_order_id is not None, "an order that was made is compared"
    return Difference(
        code=code,
        subject=booking.supplier_order_id,
        ours=ours,
        theirs=told_of(seen) if seen else NOTHING,
        at_stake=booking.price,
    )


def told_of(order: SupplierOrder) -> str:
    """An order as the supplier has it."""
    status = "an order" if order.stands else "a cancelled order"
    price = f" of {order.price}" if order.price else ""
    return f"{status}{price} ({order.supplier_reference})"
