"""What we and the world say differently of one trip, once both have come to rest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.booking.state import Booking
from domain.dossier import fold
from domain.ledger import Ledger, post
from domain.money import Money
from domain.payments import DisputeSnapshot, MoneyBack, PaymentSnapshot, RefundSnapshot
from domain.reconciling import (
    ADVICE,
    Difference,
    at_rest,
    incident,
    of_books,
    of_money_back,
    of_order,
    of_payment,
)
from domain.suppliers import SupplierOrder
from domain.trip.state import Dispute, Payment, Refund
from tests.rules import stories as s

FACTS = s.completed()
DOSSIER = fold(FACTS)
assert DOSSIER.trip is not None
PAYMENT = DOSSIER.trip.payments[0]
SEEN = PaymentSnapshot(
    payment_id=PAYMENT.payment_id,
    status="captured",
    amount=PAYMENT.amount,
    captured=PAYMENT.captured,
    refunded=s.NOTHING,
)
BOOKING = DOSSIER.bookings[0]
assert BOOKING.supplier_price is not None
ORDER = SupplierOrder(
    supplier_order_id=str(BOOKING.supplier_order_id),
    supplier_reference=str(BOOKING.supplier_reference),
    title="A flight",
    stands=True,
    price=BOOKING.supplier_price,
    made_at=s.NOW,
)
CENT = s.eur(1)


def codes(found: Iterable[Difference]) -> list[tuple[str, Money | None]]:
    return [(each.code, each.at_stake) for each in found]


def books() -> Ledger:
    ledger = Ledger()
    for fact in FACTS:
        ledger = post(ledger, fact)[0]
    return ledger


def test_what_both_sides_say_alike_is_no_difference() -> None:
    back = MoneyBack(payment_id=PAYMENT.payment_id)
    assert [] == list(of_payment(PAYMENT, SEEN))
    assert [] == list(of_money_back(PAYMENT, back))
    assert [] == list(of_books(s.TRIP, books(), [SEEN], [back]))
    assert [] == list(of_order(BOOKING, ORDER))


@pytest.mark.parametrize(
    ("ours", "seen", "expected"),
    [
        (PAYMENT, None, ("payment_missing", PAYMENT.captured)),
        (
            replace(PAYMENT, status="authorized", authorized=s.TOTAL, captured=s.NOTHING),
            None,
            ("payment_missing", s.TOTAL),
        ),
        (PAYMENT, replace(SEEN, captured=SEEN.captured - CENT), ("payment_differs", CENT)),
        (PAYMENT, replace(SEEN, captured=SEEN.captured + CENT), ("payment_differs", CENT)),
        (PAYMENT, replace(SEEN, status="authorized"), ("payment_differs", s.TOTAL)),
        (PAYMENT, replace(SEEN, amount=SEEN.amount + CENT), ("payment_differs", s.TOTAL)),
        (
            PAYMENT,
            replace(SEEN, captured=Money(PAYMENT.captured.amount, "USD")),
            ("payment_differs", s.TOTAL),
        ),
        (
            replace(PAYMENT, status="released", captured=s.NOTHING, released=s.TOTAL),
            replace(SEEN, status="authorized", captured=s.NOTHING),
            ("payment_differs", s.TOTAL),
        ),
    ],
)
def test_a_payment_that_differs_names_the_money_at_stake(
    ours: Payment, seen: PaymentSnapshot | None, expected: tuple[str, Money]
) -> None:
    assert [expected] == codes(of_payment(ours, seen))


@pytest.mark.parametrize("status", ["capturing", "releasing"])
def test_a_payment_that_is_under_way_is_not_compared(status: str) -> None:
    moving = replace(PAYMENT, status=status)  # type: ignore[arg-type]
    assert [] == list(of_payment(moving, None))
    assert not at_rest([PAYMENT, moving])
    assert at_rest([PAYMENT])


OURS = Refund(refund_id="r:1", amount=s.eur(500), reason="", status="succeeded")
THEIRS = RefundSnapshot(
    provider_refund_id="re_1",
    status="succeeded",
    amount=s.eur(500),
    references={"refund_id": "r:1"},
)


@pytest.mark.parametrize(
    ("refund", "seen", "expected"),
    [
        (OURS, [THEIRS], []),
        (OURS, [], [("refund_missing", s.eur(500))]),
        (OURS, [replace(THEIRS, references={})], [("refund_missing", s.eur(500))]),
        (replace(OURS, provider_refund_id="re_1"), [replace(THEIRS, references={})], []),
        (replace(OURS, refund_id="re_1"), [replace(THEIRS, references={})], []),
        (OURS, [replace(THEIRS, amount=s.eur(499))], [("refund_differs", s.eur(500))]),
        (replace(OURS, status="pending"), [], [("refund_missing", s.eur(500))]),
        (replace(OURS, status="scheduled"), [], []),
        (replace(OURS, status="failed"), [], []),
    ],
)
def test_each_refund_of_ours_is_theirs_too(
    refund: Refund, seen: list[RefundSnapshot], expected: list[tuple[str, Money]]
) -> None:
    ours = replace(PAYMENT, refunds=(refund,))
    told = MoneyBack(payment_id=PAYMENT.payment_id, refunds=tuple(seen))
    assert expected == codes(of_money_back(ours, told))
    assert at_rest([ours]) is (refund.status != "scheduled")


def test_a_dispute_that_the_provider_does_not_know_is_a_difference() -> None:
    dispute = Dispute(dispute_id="dp_1", amount=s.eur(70), reason="fraud", respond_by=None)
    ours = replace(PAYMENT, disputes=(dispute,))
    known = DisputeSnapshot(dispute_id="dp_1", status="open", amount=s.eur(70), reason="fraud")
    nothing = MoneyBack(payment_id=PAYMENT.payment_id)

    assert [("dispute_missing", s.eur(70))] == codes(of_money_back(ours, nothing))
    assert [] == list(of_money_back(ours, replace(nothing, disputes=(known,))))


def test_the_books_are_held_beside_the_providers_sums() -> None:
    gone = MoneyBack(payment_id=PAYMENT.payment_id, refunds=(THEIRS,))
    failed = replace(gone, refunds=(replace(THEIRS, status="failed"),))
    less = replace(SEEN, captured=SEEN.captured - CENT)

    assert [("books_differ", s.eur(500))] == codes(of_books(s.TRIP, books(), [SEEN], [gone]))
    assert [] == list(of_books(s.TRIP, books(), [SEEN], [failed]))
    assert [("books_differ", CENT)] == codes(of_books(s.TRIP, books(), [less], []))
    assert [("books_differ", PAYMENT.captured)] == codes(of_books(s.TRIP, books(), [], []))


CANCELLED = replace(BOOKING, status="cancelled")


@pytest.mark.parametrize(
    ("booking", "seen", "expected"),
    [
        (BOOKING, None, ["order_missing"]),
        (BOOKING, replace(ORDER, stands=False), ["order_cancelled_elsewhere"]),
        (BOOKING, replace(ORDER, price=s.eur(1)), ["order_price_differs"]),
        (BOOKING, replace(ORDER, price=None), []),
        (CANCELLED, ORDER, ["order_not_cancelled"]),
        (CANCELLED, replace(ORDER, stands=False), []),
        (CANCELLED, None, []),
        (replace(BOOKING, status="cancelling"), None, []),
        (replace(BOOKING, status="cancellation_refused"), ORDER, []),
        (replace(BOOKING, supplier_order_id=None), None, []),
    ],
)
def test_a_booking_is_held_beside_its_order(
    booking: Booking, seen: SupplierOrder | None, expected: list[str]
) -> None:
    assert [(code, BOOKING.price) for code in expected] == codes(of_order(booking, seen))


def test_the_same_difference_has_one_name_and_another_one_has_another() -> None:
    [first] = of_order(BOOKING, None)
    [again] = of_order(BOOKING, None)
    [other] = of_order(BOOKING, replace(ORDER, stands=False))

    assert first.name == again.name
    assert first.name != other.name
    assert first.name.startswith(f"{BOOKING.supplier_order_id}:")


def test_an_incident_says_both_sides_the_money_and_what_to_do() -> None:
    [difference] = of_order(BOOKING, None)
    later = s.NOW + timedelta(hours=1)

    opening = incident(difference, later)

    assert (difference.code, difference.name, BOOKING.price, later) == (
        opening.code,
        opening.subject,
        opening.at_stake,
        opening.now,
    )
    assert difference.ours in opening.detail
    assert difference.theirs in opening.detail
    assert ADVICE["order_missing"] == opening.advice
