"""What we and the world say differently of one trip, once both have come to rest."""

from __future__ import annotations

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
from domain.trip.commands import OpenIncident
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


def apart(code: str, subject: str, ours: str, theirs: str, at_stake: Money) -> Difference:
    return Difference(code=code, subject=subject, ours=ours, theirs=theirs, at_stake=at_stake)


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


TAKEN = "350.00 EUR captured, 350.00 EUR of it taken"
WAITING = replace(PAYMENT, status="authorized", authorized=s.TOTAL, captured=s.NOTHING)
LET_GO = replace(PAYMENT, status="released", captured=s.NOTHING, released=s.TOTAL)


@pytest.mark.parametrize(
    ("ours", "seen", "code", "said", "told", "at_stake"),
    [
        (PAYMENT, None, "payment_missing", TAKEN, "nothing", s.TOTAL),
        (
            WAITING,
            None,
            "payment_missing",
            "350.00 EUR authorized, 0.00 EUR of it taken",
            "nothing",
            s.TOTAL,
        ),
        (
            PAYMENT,
            replace(SEEN, captured=SEEN.captured - CENT),
            "payment_differs",
            TAKEN,
            "350.00 EUR captured, 349.99 EUR of it taken",
            CENT,
        ),
        (
            PAYMENT,
            replace(SEEN, captured=SEEN.captured + CENT),
            "payment_differs",
            TAKEN,
            "350.00 EUR captured, 350.01 EUR of it taken",
            CENT,
        ),
        (
            PAYMENT,
            replace(SEEN, status="authorized"),
            "payment_differs",
            TAKEN,
            "350.00 EUR authorized, 350.00 EUR of it taken",
            s.TOTAL,
        ),
        (
            PAYMENT,
            replace(SEEN, amount=SEEN.amount + CENT),
            "payment_differs",
            TAKEN,
            "350.01 EUR captured, 350.00 EUR of it taken",
            s.TOTAL,
        ),
        (
            PAYMENT,
            replace(SEEN, captured=Money(100, "USD")),
            "payment_differs",
            TAKEN,
            "350.00 EUR captured, 1.00 USD of it taken",
            s.TOTAL,
        ),
        (
            LET_GO,
            replace(SEEN, status="authorized", captured=s.NOTHING),
            "payment_differs",
            "350.00 EUR released, 0.00 EUR of it taken",
            "350.00 EUR authorized, 0.00 EUR of it taken",
            s.TOTAL,
        ),
    ],
)
def test_a_payment_that_differs_names_the_money_at_stake(
    ours: Payment, seen: PaymentSnapshot | None, code: str, said: str, told: str, at_stake: Money
) -> None:
    assert [apart(code, s.PAYMENT, said, told, at_stake)] == list(of_payment(ours, seen))


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


FIVE = "a refund of 5.00 EUR"
GONE = apart("refund_missing", "r:1", FIVE, "nothing", s.eur(500))


@pytest.mark.parametrize(
    ("refund", "seen", "expected"),
    [
        (OURS, THEIRS, []),
        (OURS, None, [GONE]),
        (OURS, replace(THEIRS, references={}), [GONE]),
        (replace(OURS, provider_refund_id="re_1"), replace(THEIRS, references={}), []),
        (replace(OURS, refund_id="re_1"), replace(THEIRS, references={}), []),
        (
            OURS,
            replace(THEIRS, amount=s.eur(499)),
            [apart("refund_differs", "re_1", FIVE, "a refund of 4.99 EUR", s.eur(500))],
        ),
        (replace(OURS, status="pending"), None, [GONE]),
        (replace(OURS, provider_refund_id="re_1"), None, [replace(GONE, subject="re_1")]),
        (replace(OURS, status="scheduled"), None, []),
        (replace(OURS, status="failed"), None, []),
    ],
)
def test_each_refund_of_ours_is_theirs_too(
    refund: Refund, seen: RefundSnapshot | None, expected: list[Difference]
) -> None:
    ours = replace(PAYMENT, refunds=(replace(OURS, refund_id="r:0", status="failed"), refund))
    told = MoneyBack(payment_id=PAYMENT.payment_id, refunds=(seen,) if seen else ())
    assert expected == list(of_money_back(ours, told))
    assert at_rest([ours]) is (refund.status != "scheduled")


def test_a_dispute_that_the_provider_does_not_know_is_a_difference() -> None:
    dispute = Dispute(dispute_id="dp_1", amount=s.eur(70), reason="fraud", respond_by=None)
    ours = replace(PAYMENT, disputes=(dispute,))
    known = DisputeSnapshot(dispute_id="dp_1", status="open", amount=s.eur(70), reason="fraud")
    nothing = MoneyBack(payment_id=PAYMENT.payment_id)

    assert [
        apart("dispute_missing", "dp_1", "a dispute of 0.70 EUR", "nothing", s.eur(70))
    ] == list(of_money_back(ours, nothing))
    assert [] == list(of_money_back(ours, replace(nothing, disputes=(known,))))


def sums(name: str, ours: str, theirs: str, at_stake: Money) -> Difference:
    return apart("books_differ", f"{s.TRIP}:{name}", f"{ours} {name}", f"{theirs} {name}", at_stake)


def test_the_books_are_held_beside_the_providers_sums() -> None:
    gone = MoneyBack(payment_id=PAYMENT.payment_id, refunds=(THEIRS,))
    failed = replace(gone, refunds=(replace(THEIRS, status="failed"),))
    less = replace(SEEN, captured=SEEN.captured - CENT)
    ours = books()

    assert [sums("given back", "0.00 EUR", "5.00 EUR", s.eur(500))] == list(
        of_books(s.TRIP, ours, [SEEN], [gone])
    )
    assert [] == list(of_books(s.TRIP, ours, [SEEN], [failed]))
    assert [sums("captured", "350.00 EUR", "349.99 EUR", CENT)] == list(
        of_books(s.TRIP, ours, [less], [])
    )
    assert [sums("captured", "350.00 EUR", "0.00 EUR", s.TOTAL)] == list(
        of_books(s.TRIP, ours, [], [])
    )


def test_what_is_refunded_and_what_is_on_its_way_is_given_back() -> None:
    ours = Ledger(balances={"EUR": {"captured": 35_000, "refunded": 300, "refunding": 200}})
    gone = MoneyBack(payment_id=PAYMENT.payment_id, refunds=(THEIRS,))

    assert [] == list(of_books(s.TRIP, ours, [SEEN], [gone]))


CANCELLED = replace(BOOKING, status="cancelled")
FLIGHT = "a confirmed order for LHR to JFK"


@pytest.mark.parametrize(
    ("booking", "seen", "expected"),
    [
        (BOOKING, None, ("order_missing", FLIGHT, "nothing")),
        (
            BOOKING,
            replace(ORDER, stands=False),
            ("order_cancelled_elsewhere", FLIGHT, "a cancelled order of 200.00 EUR (RZPNX8)"),
        ),
        (
            BOOKING,
            replace(ORDER, price=s.eur(1)),
            ("order_price_differs", "an order of 200.00 EUR", "an order of 0.01 EUR (RZPNX8)"),
        ),
        (BOOKING, replace(ORDER, price=None), None),
        (
            CANCELLED,
            ORDER,
            ("order_not_cancelled", "a cancelled order", "an order of 200.00 EUR (RZPNX8)"),
        ),
        (
            CANCELLED,
            replace(ORDER, price=None),
            ("order_not_cancelled", "a cancelled order", "an order (RZPNX8)"),
        ),
        (CANCELLED, replace(ORDER, stands=False), None),
        (CANCELLED, None, None),
        (replace(BOOKING, status="cancelling"), None, None),
        (replace(BOOKING, status="cancellation_refused"), ORDER, None),
        (replace(BOOKING, supplier_order_id=None), None, None),
    ],
)
def test_a_booking_is_held_beside_its_order(
    booking: Booking, seen: SupplierOrder | None, expected: tuple[str, str, str] | None
) -> None:
    found = list(of_order(booking, seen))
    if expected is None:
        assert [] == found
    else:
        code, ours, theirs = expected
        order_id = str(BOOKING.supplier_order_id)
        assert [apart(code, order_id, ours, theirs, BOOKING.price)] == found


def test_the_same_difference_has_one_name_and_another_one_has_another() -> None:
    [first] = of_order(BOOKING, None)
    [other] = of_order(BOOKING, replace(ORDER, stands=False))

    assert f"{BOOKING.supplier_order_id}:8b867125" == first.name
    assert f"{BOOKING.supplier_order_id}:91f859d4" == other.name


def test_an_incident_says_both_sides_the_money_and_what_to_do() -> None:
    [difference] = of_order(BOOKING, None)
    later = s.NOW + timedelta(hours=1)

    assert OpenIncident(
        code="order_missing",
        detail="We have a confirmed order for LHR to JFK, they have nothing.",
        advice=ADVICE["order_missing"],
        subject=difference.name,
        at_stake=BOOKING.price,
        now=later,
    ) == incident(difference, later)
