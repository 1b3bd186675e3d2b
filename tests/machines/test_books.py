"""The books of a trip, entry by entry: what each fact moves, from whom to whom."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from domain.booking import events as be
from domain.booking.state import BY_CUSTOMER, UNPAID
from domain.dossier import DossierEvent
from domain.ledger import DEBIT, Account, Entry, Ledger, Promise, Sale, post
from domain.money import Money
from domain.trip import events as te
from projections.money_ledger import totals
from tests.machines.books import demand_balanced, demand_kept_apart
from tests.replay.whole_trips import whole_trips
from tests.rules import stories as s

F, H = s.FLIGHT_BOOKING, s.STAY_BOOKING


def books(*events: DossierEvent | Iterable[DossierEvent]) -> tuple[Ledger, list[Entry]]:
    """How the books stand after these facts, and what the last of them moved."""
    ledger, entries = Ledger(), ()
    for event in (e for each in events for e in (each if isinstance(each, tuple) else (each,))):
        ledger, entries = post(ledger, event)
        demand_balanced(entries)
        demand_kept_apart(ledger)
    return ledger, list(entries)


def moved(*entries: tuple[Account, int]) -> list[Entry]:
    return [Entry(account=account, amount=s.eur(cents)) for account, cents in entries]


def on(ledger: Ledger, *accounts: Account) -> list[int]:
    return [ledger.balance(account, "EUR").amount for account in accounts]


REFUND = te.RefundScheduled(
    refund_id="r1",
    payment_id=s.PAYMENT,
    amount=s.eur(500),
    reason="goodwill",
    scheduled_at=s.NOW,
)
SENT = te.RefundSucceeded(
    refund_id="r1", provider_refund_id="re_1", amount=s.eur(500), succeeded_at=s.NOW
)
BACK = te.RefundFailed(refund_id="r1", provider_refund_id="re_1", code="declined", failed_at=s.NOW)
DISPUTED = te.PaymentDisputed(
    dispute_id="du_1",
    payment_id=s.PAYMENT,
    amount=s.TOTAL,
    reason="fraudulent",
    respond_by=None,
    disputed_at=s.NOW,
)
LOST = te.DisputeClosed(
    dispute_id="du_1", payment_id=s.PAYMENT, amount=s.TOTAL, outcome="lost", closed_at=s.NOW
)
WON = replace(LOST, outcome="won")


def cancelling(booking_id: str, reason: str = BY_CUSTOMER) -> be.CancellationRequested:
    return be.CancellationRequested(
        booking_id=booking_id, supplier_order_id="ord", reason=reason, requested_at=s.NOW
    )


def cancelled(booking_id: str, refund: Money | None) -> be.BookingCancelled:
    return be.BookingCancelled(
        booking_id=booking_id, reason="cancelled_at_supplier", refund=refund, cancelled_at=s.NOW
    )


def test_what_is_authorised_is_held() -> None:
    assert moved(("held", 35_000), ("authorized", -35_000)) == books(s.paid()[:-1])[1]


def test_a_capture_of_a_part_lets_the_rest_go_and_owes_what_was_taken() -> None:
    taken = s.payment_captured(s.FLIGHT_PRICE, s.STAY_PRICE)
    assert (
        moved(
            ("drawn", 20_000),
            ("released", 15_000),
            ("held", -35_000),
            ("captured", 20_000),
            ("owed", -20_000),
        )
        == books(s.paid(), taken)[1]
    )


def test_money_taken_at_once_is_owed_until_something_is_booked_for_it() -> None:
    story = s.paid(payment=s.PAID_AT_ONCE)
    assert moved(("captured", 35_000), ("owed", -35_000)) == books(story[:-1])[1]
    ledger, entries = books(story, s.confirmed(F))
    assert entries == moved(
        ("owed", 20_000),
        ("fulfilled", -20_000),
        ("supplier_cost", 20_000),
        ("supplier_due", -20_000),
    )
    assert [15_000, 20_000] == on(ledger, "owed", "fulfilled")


def test_an_authorisation_that_is_let_go_is_held_no_more() -> None:
    gone = te.PaymentReleased(payment_id=s.PAYMENT, amount=s.TOTAL, released_at=s.NOW)
    assert moved(("released", 35_000), ("held", -35_000)) == books(s.paid(), gone)[1]


def test_a_completed_trip_owes_nothing() -> None:
    ledger, _ = books(s.completed())
    assert [0, 0, 35_000, 35_000] == on(ledger, "held", "owed", "captured", "fulfilled")


def test_what_is_given_back_without_being_owed_is_goodwill() -> None:
    assert moved(("goodwill", 500), ("refunding", -500)) == books(s.completed(), REFUND)[1]
    assert moved(("refunding", 500), ("refunded", -500)) == books(s.completed(), REFUND, SENT)[1]


def test_a_refund_that_comes_back_is_owed() -> None:
    assert moved(("refunded", 500), ("owed", -500)) == books(s.completed(), REFUND, SENT, BACK)[1]
    assert moved(("refunding", 500), ("owed", -500)) == books(s.completed(), REFUND, BACK)[1]
    came_back = Promise(checkout_id=s.CHECKOUT, amount=s.eur(500), status="failed")
    assert {"r1": came_back} == books(s.completed(), REFUND, SENT, BACK)[0].refunds
    again = replace(REFUND, refund_id="r2")
    assert (
        moved(("owed", 500), ("refunding", -500))
        == books(s.completed(), REFUND, SENT, BACK, again)[1]
    )


def test_what_is_given_back_before_anything_was_taken_is_goodwill() -> None:
    assert moved(("goodwill", 500), ("refunding", -500)) == books(s.paid(), REFUND)[1]


@pytest.mark.parametrize(
    ("refund", "owed", "fees"), [(20_000, 20_000, 0), (17_000, 17_000, 3_000), (0, 0, 20_000)]
)
def test_what_a_cancellation_costs_is_a_fee(refund: int, owed: int, fees: int) -> None:
    ledger, _ = books(s.completed(), cancelling(F), cancelled(F, s.eur(refund)))
    assert [15_000, owed, fees] == on(ledger, "fulfilled", "owed", "fees")


def test_a_refund_of_the_supplier_that_nobody_knows_is_owed_in_full() -> None:
    ledger, entries = books(s.completed(), cancelling(F), cancelled(F, None))
    assert moved(("fulfilled", 20_000), ("owed", -20_000)) == entries
    stays = Sale(checkout_id=s.CHECKOUT, price=s.STAY_PRICE, counted=True)
    assert {
        F: replace(stays, price=s.FLIGHT_PRICE, counted=False, stays=True, by_customer=True),
        H: stays,
    } == ledger.sales


def test_what_a_supplier_gives_back_in_other_money_costs_the_customer_no_fee() -> None:
    story = (*s.completed(), cancelling(F), cancelled(F, Money(9_000, "USD")))
    assert [
        *moved(("fulfilled", 20_000), ("owed", -20_000)),
        Entry(account="supplier_due", amount=Money(9_000, "USD")),
        Entry(account="supplier_cost", amount=Money(-9_000, "USD")),
    ] == books(story)[1]


def test_goodwill_given_before_is_taken_into_account_by_a_cancellation() -> None:
    ledger, _ = books(s.completed(), REFUND, SENT, cancelling(F), cancelled(F, s.FLIGHT_PRICE))
    assert [0, 19_500] == on(ledger, "goodwill", "owed")


def test_what_we_undo_ourselves_costs_the_customer_nothing() -> None:
    ledger, _ = books(
        s.completed(), cancelling(F, "another_item_failed"), cancelled(F, s.eur(1_000))
    )
    assert [20_000, 0, 39_000] == on(ledger, "owed", "fees", "supplier_cost")


@pytest.mark.parametrize(
    ("reason", "fulfilled"),
    [(BY_CUSTOMER, 35_000), (UNPAID, 35_000), ("another_item_failed", 15_000)],
)
def test_what_a_supplier_will_not_cancel_stays_fulfilled_if_it_is_wanted(
    reason: str, fulfilled: int
) -> None:
    kept = be.CancellationRefused(booking_id=F, code="no", detail="no", refused_at=s.NOW)
    ledger, _ = books(s.completed(), cancelling(F, reason), kept)
    assert [fulfilled] == on(ledger, "fulfilled")
    assert [F, H] == list(ledger.sales)


def test_a_dispute_that_is_won_leaves_no_trace_in_the_balance() -> None:
    ledger, _ = books(s.completed(), DISPUTED)
    assert [35_000, 35_000] == on(ledger, "disputed", "in_dispute")
    ledger, _ = books(s.completed(), DISPUTED, WON)
    assert [0, 0, 0] == on(ledger, "disputed", "in_dispute", "dispute_loss")


def test_a_dispute_that_is_lost_pays_what_was_owed_and_is_a_loss_beyond() -> None:
    story = (*s.completed(), cancelling(F), cancelled(F, s.FLIGHT_PRICE), DISPUTED)
    ledger, entries = books(story, LOST)
    assert moved(("owed", 20_000), ("dispute_loss", 15_000), ("in_dispute", -35_000)) == entries
    assert [0, 15_000, 35_000] == on(ledger, "owed", "dispute_loss", "disputed")
    assert (
        moved(("dispute_loss", 35_000), ("in_dispute", -35_000))
        == (books(s.paid(), DISPUTED, LOST)[1])
    )
    ledger, _ = books(story, LOST, WON)
    assert [20_000, 0, 0] == on(ledger, "owed", "dispute_loss", "disputed")


@pytest.mark.parametrize("name", sorted(whole_trips()))
def test_every_whole_trip_balances_and_its_totals_add_up(name: str) -> None:
    ledger = Ledger()
    for event in whole_trips()[name]:
        ledger, entries = post(ledger, event)
        demand_balanced(entries)
        demand_kept_apart(ledger)
    sums = totals(ledger)
    if sums is None:
        return
    beside = on(ledger, "goodwill", "in_dispute", "dispute_loss")
    assert sums.captured + sum(beside) == (
        sums.fulfilled + on(ledger, "fees")[0] + sums.owed + sums.refunded + sums.disputed
    )


def test_a_balance_is_money_of_its_currency_also_where_there_is_none() -> None:
    ledger, _ = books(s.completed())
    assert s.TOTAL == ledger.balance("captured", "EUR")
    assert Money(0, "USD") == ledger.balance("captured", "USD")


def test_every_account_is_counted_from_one_side() -> None:
    assert DEBIT < set(Account.__args__)
