"""What must be true of a trip's books, whatever happens: they balance, and they say what the trip
and its payments say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from domain.dossier import Dossier
from domain.ledger import Account, Entry, Ledger

CURRENCY = "EUR"


def demand_balanced(entries: Sequence[Entry]) -> None:
    """For each currency the entries of one fact add up to nothing."""
    sums: Counter[str] = Counter()
    for entry in entries:
        assert entry.amount.amount, "an entry of nothing"
        sums[entry.amount.currency] += entry.amount.amount
    assert set(sums.values()) <= {0}, entries


def demand_kept_apart(ledger: Ledger) -> None:
    """What is owed and what was given is known by checkout, of those that there are."""
    for account, by_checkout in (("owed", ledger.owed), ("goodwill", ledger.goodwill)):
        assert set(by_checkout) <= set(ledger.payments.values())
        assert sum(by_checkout.values()) == ledger.balance(account, CURRENCY).amount


def demand_books_right(ledger: Ledger, dossier: Dossier) -> None:
    def on(account: Account) -> int:
        return ledger.balance(account, CURRENCY).amount

    trip = dossier.trip
    assert trip is not None
    payments = trip.payments
    disputes = [d for p in payments for d in p.disputes]
    assert on("held") == sum(p.authorized.amount for p in payments)
    assert on("captured") == sum(p.captured.amount for p in payments)
    assert on("released") == sum(p.released.amount for p in payments)
    assert on("authorized") == on("held") + on("drawn") + on("released")
    assert on("refunded") == sum(p.refunded.amount for p in payments)
    assert on("refunding") == sum((p.refunding - p.refunded).amount for p in payments)
    assert on("disputed") == sum(p.disputed.amount for p in payments)
    assert on("in_dispute") == sum(d.amount.amount for d in disputes if d.status == "open")
    confirmed = {
        b.booking_id: b.price.amount for b in dossier.bookings if b.status in {"confirmed"}
    }
    counted = {name: sale.price.amount for name, sale in ledger.sales.items() if sale.counted}
    leaving = {b.booking_id for b in dossier.bookings if b.status == "cancelling"}
    assert confirmed == {name: price for name, price in counted.items() if name not in leaving}
    assert on("fulfilled") == sum(counted.values())
    came = on("captured") + on("goodwill") + on("in_dispute") + on("dispute_loss")
    went = on("refunding") + on("refunded") + on("disputed")
    assert came == on("fulfilled") + on("fees") + on("owed") + went
    demand_kept_apart(ledger)
    assert min(on("goodwill"), on("fees"), on("refunding"), on("dispute_loss")) >= 0


def demand_settled(ledger: Ledger, dossier: Dossier) -> None:
    """At rest nothing is owed and nothing is unpaid, but what people have been told of."""
    assert dossier.trip is not None
    assert ledger.balance("held", CURRENCY).amount == 0
    assert ledger.balance("refunding", CURRENCY).amount == 0
    owed = ledger.balance("owed", CURRENCY).amount
    assert owed == 0 or dossier.trip.incidents, f"{owed} is owed in silence"
    told = sum(i.at_stake.amount for i in dossier.trip.incidents if i.at_stake)
    assert abs(owed) <= told, f"{owed} is owed and {told} are told of"
