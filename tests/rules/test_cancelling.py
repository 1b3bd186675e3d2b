"""A fulfilled trip is cancelled on terms that were told before, and the customer gets what was
promised: once, and never more than we have."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.booking import commands as bc
from domain.booking import events as be
from domain.booking.state import BY_CUSTOMER
from domain.money import Money
from domain.payments import MoneyBack
from domain.suppliers import CancellationQuote
from domain.trip import commands as tc
from domain.trip import events as te
from domain.trip.lifecycle import status
from domain.trip.state import Refund
from tests.given import When, given
from tests.replay.money_trips import disputed, seen
from tests.rules import stories as s

F, H = s.FLIGHT_BOOKING, s.STAY_BOOKING
FEE = s.eur(2500)
ENDS = s.NOW + timedelta(minutes=50)


def supplier_quote(
    booking: str, refund: Money | None, refund_to: str = "balance"
) -> CancellationQuote:
    return CancellationQuote(
        quote_id=f"ore_{booking[:4]}",
        supplier_order_id=f"ord_{booking[:4]}",
        refund=refund,
        refund_to=refund_to,
        expires_at=ENDS,
    )


def quoted(refunds: dict[str, Money | None], quote_id: str = "cq_1") -> tc.RecordCancellationQuote:
    prices = {F: s.FLIGHT_PRICE, H: s.STAY_PRICE}
    return tc.RecordCancellationQuote(
        cancellation_quote_id=quote_id,
        checkout_id=s.CHECKOUT,
        supplier_quotes={b: supplier_quote(b, refund) for b, refund in refunds.items()},
        prices={b: prices[b] for b in refunds},
        now=s.NOW,
    )


def cancel(quote_id: str = "cq_1", minutes: int = 1) -> tc.CancelBookings:
    now = s.NOW + timedelta(minutes=minutes)
    return tc.CancelBookings(cancellation_quote_id=quote_id, now=now)


def done(booking: str, refund: Money | None) -> bc.RecordCancellation:
    return bc.RecordCancellation(booking_id=booking, refund=refund, now=s.NOW)


def refunds(outcome: When) -> tuple[Refund, ...]:
    assert outcome.dossier.trip is not None
    return outcome.dossier.trip.payments[0].refunds


def incidents(outcome: When) -> list[tuple[str, str, Money | None]]:
    assert outcome.dossier.trip is not None
    return [(i.code, i.subject, i.at_stake) for i in outcome.dossier.trip.incidents]


def disputed_in_part(cents: int) -> MoneyBack:
    dispute = replace(disputed("open"), amount=s.eur(cents))
    return MoneyBack(payment_id=s.PAYMENT, refunds=(), disputes=(dispute,))


BOTH: dict[str, Money | None] = {F: s.FLIGHT_PRICE - FEE, H: s.STAY_PRICE}


def test_the_terms_say_what_each_booking_gives_back_and_until_when() -> None:
    told = given(s.completed()).when(quoted(BOTH))
    told.then_kinds(te.CancellationQuoted)
    terms = told.dossier.trip and told.dossier.trip.cancellation
    assert terms is not None
    assert s.TOTAL - FEE == terms.refund
    assert ENDS == terms.expires_at


def test_cancelling_takes_exactly_the_quoted_terms_to_the_suppliers() -> None:
    asked = given(s.completed()).after(quoted(BOTH)).when(cancel())
    asked.then_kinds(te.CancellationStarted, be.CancellationRequested, be.CancellationRequested)
    terms = {b.booking_id: b.cancellation_quote for b in asked.dossier.bookings}
    assert {b: supplier_quote(b, refund) for b, refund in BOTH.items()} == terms


def test_what_the_suppliers_give_back_is_refunded_booking_by_booking() -> None:
    both = given(s.completed()).when(quoted(BOTH), cancel(), done(F, BOTH[F]), done(H, BOTH[H]))
    assert [
        (f"{s.PAYMENT}:1", BOTH[F], "cancelled"),
        (f"{s.PAYMENT}:2", BOTH[H], "cancelled"),
    ] == [(refund.refund_id, refund.amount, refund.reason) for refund in refunds(both)]
    assert both.dossier.trip is not None
    assert "cancelled" == status(both.dossier.trip)


def test_a_trip_is_cancelled_with_the_last_of_its_bookings() -> None:
    first = given(s.completed()).after(quoted(BOTH), cancel()).when(done(F, BOTH[F]))
    first.then_kinds(be.BookingCancelled, te.RefundScheduled)


def test_one_cancelled_booking_leaves_the_trip_with_the_other() -> None:
    one = given(s.completed()).after(quoted({F: BOTH[F]}), cancel()).when(done(F, BOTH[F]))
    one.then_kinds(be.BookingCancelled, te.RefundScheduled)
    assert one.dossier.trip is not None
    assert "completed" == status(one.dossier.trip)


def test_cancelling_twice_on_the_same_terms_does_nothing_more() -> None:
    given(s.completed()).after(quoted(BOTH), cancel()).when(cancel()).then_nothing()


def test_terms_that_were_replaced_do_not_bind() -> None:
    given(s.completed()).when(quoted(BOTH), quoted(BOTH, "cq_2"), cancel("cq_1")).then_refused(
        "cancellation_quote_stale"
    )


def test_terms_bind_until_they_expire() -> None:
    given(s.completed()).after(quoted(BOTH)).when(cancel(minutes=49)).then_kinds(
        te.CancellationStarted, be.CancellationRequested, be.CancellationRequested
    )
    given(s.completed()).when(quoted(BOTH), cancel(minutes=50)).then_refused(
        "cancellation_quote_stale"
    )


def test_nothing_is_cancelled_without_terms() -> None:
    given(s.completed()).when(cancel()).then_refused("cancellation_quote_required")


def test_an_unpaid_trip_has_nothing_to_cancel() -> None:
    given(s.awaiting_payment()).when(quoted(BOTH)).then_refused("not_cancellable")


@pytest.mark.parametrize("refund", [None, Money(100, "USD")])
def test_a_refund_that_is_not_known_as_our_money_is_left_to_a_person(
    refund: Money | None,
) -> None:
    unknown = given(s.completed()).after(quoted({F: refund}), cancel()).when(done(F, refund))
    unknown.then_kinds(be.BookingCancelled, te.IncidentOpened)
    assert [("refund_unknown", F, s.FLIGHT_PRICE)] == incidents(unknown)


@pytest.mark.parametrize(
    ("quoted_refund", "said"),
    [(BOTH[F], "not known to us as money, and 175.00 EUR were promised."), (None, "as money.")],
)
def test_who_sees_to_a_refund_that_is_not_known_learns_what_was_promised(
    quoted_refund: Money | None, said: str
) -> None:
    """The airline has cancelled by itself meanwhile, and says nothing of money."""
    going = given(s.completed()).after(quoted({F: quoted_refund}), cancel())
    newer = quoted({H: BOTH[H]}, "cq_2")

    for gone in (going.when(done(F, None)), going.after(newer).when(done(F, None))):
        assert gone.dossier.trip is not None
        [incident] = gone.dossier.trip.incidents
        assert incident.detail.endswith(said)


def test_a_cancellation_without_terms_promised_nothing() -> None:
    asked = bc.RequestCancellation(booking_id=F, reason=BY_CUSTOMER, now=s.NOW)
    gone = given(s.completed()).after(asked).when(done(F, None))
    assert gone.dossier.trip is not None
    [incident] = gone.dossier.trip.incidents
    assert incident.detail.endswith("as money.")


def test_what_a_bank_has_taken_back_is_not_given_back_too() -> None:
    """Of a refund only so much is sent as is ours; a person sees to the rest."""
    going = given(s.completed()).after(quoted(BOTH), cancel())

    all_gone = going.after(seen(dispute="open")).when(done(F, BOTH[F]))
    all_gone.then_kinds(be.BookingCancelled, te.IncidentOpened)
    assert ("refund_withheld", F, BOTH[F]) == incidents(all_gone)[-1]

    part = replace(seen(dispute="open"), money_back=disputed_in_part(30_000))
    in_part = going.after(part).when(done(F, BOTH[F]))
    in_part.then_kinds(be.BookingCancelled, te.RefundScheduled, te.IncidentOpened)
    assert [s.eur(5_000)] == [r.amount for r in refunds(in_part)]
    assert ("refund_withheld", F, s.eur(12_500)) == incidents(in_part)[-1]


def test_a_supplier_that_gives_back_more_than_was_paid_makes_nobody_rich() -> None:
    more = s.FLIGHT_PRICE + s.STAY_PRICE
    rich = given(s.completed()).when(quoted({F: more}), cancel(), done(F, more))
    assert [s.FLIGHT_PRICE] == [refund.amount for refund in refunds(rich)]


def test_a_booking_that_the_supplier_will_not_cancel_stays_booked() -> None:
    refusal = bc.RecordCancellationRefusal(
        booking_id=F, code="cancellation_quote_stale", detail="newer terms", now=s.NOW
    )
    kept = given(s.completed()).after(quoted({F: BOTH[F]}), cancel()).when(refusal)
    kept.then_kinds(be.CancellationRefused)
    assert ["confirmed", "confirmed"] == [b.status for b in kept.dossier.bookings]


def test_an_order_nobody_wanted_does_not_keep_a_cancelled_trip_alive() -> None:
    """The stay was given up, turned up after all and is being cancelled on our own account."""
    story = (*s.both_ordered(), *s.refused(H))
    part = tc.RecordPayment(payment=s.seen("captured", captured=s.FLIGHT_PRICE), now=s.NOW)
    capture = te.CaptureScheduled(payment_id=s.PAYMENT, amount=s.FLIGHT_PRICE, scheduled_at=s.NOW)
    late = s.answer(H, s.yes(H))
    ending = given(story, capture).after(part, late, quoted({F: BOTH[F]}), cancel())

    outcome = ending.when(done(F, BOTH[F]))

    outcome.then_kinds(be.BookingCancelled, te.RefundScheduled, te.TripCancelled)
    assert outcome.dossier.trip is not None
    assert status(outcome.dossier.trip) == "cancelled"
