"""The books as people read them: every movement of money in the order it happened, and for each
trip how its books stand."""

from __future__ import annotations

from dataclasses import dataclass

from domain.dossier import DossierEvent
from domain.ledger import Account, Entry, Ledger, post

NAME = "money_ledger"


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Minor units of `currency`. `authorized` and `captured` are all that ever was, `released`,
    `refunded` and `disputed` what of it went back; `owed` is what we hold without having earned it,
    refunds on their way included, and below zero what is booked without being paid for."""

    currency: str
    authorized: int
    captured: int
    released: int
    refunded: int
    disputed: int
    fulfilled: int
    owed: int


def project(row: Ledger | None, event: DossierEvent) -> tuple[Ledger, tuple[Entry, ...]]:
    """The books after one more event, and the entries that it made."""
    return post(row or Ledger(), event)


def currency_of(ledger: Ledger) -> str | None:
    """What the customer pays in; None before anything is priced."""
    return next((sale.price.currency for sale in ledger.sales.values()), None)


def totals(ledger: Ledger) -> Totals | None:
    currency = currency_of(ledger)
    if currency is None:
        return None

    def on(account: Account) -> int:
        return ledger.balance(account, currency).amount

    return Totals(
        currency=currency,
        authorized=on("authorized"),
        captured=on("captured"),
        released=on("released"),
        refunded=on("refunded"),
        disputed=on("disputed"),
        fulfilled=on("fulfilled"),
        owed=on("owed") + on("refunding"),
    )
