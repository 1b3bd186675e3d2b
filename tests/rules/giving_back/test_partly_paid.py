"""What is booked and paid for only in part, or not at all: cancelling it gives back no more than
was paid for it, and nothing of what paid for the rest."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.booking import commands as bc
from domain.booking import events as be
from domain.booking.state import BY_CUSTOMER
from domain.covering import missing, paid_for, uncovered
from domain.dossier import Dossier
from domain.money import Money
from domain.payments import RefundSnapshot
from domain.suppliers import CancellationQuote
from domain.trip import commands as tc
from domain.trip import events as te
from tests.given import Given, When, given
from tests.replay.money_trips import seen
from tests.rules import stories as s

F, H = s.FLIGHT_BOOKING, s.STAY_BOOKING
BY_HAND = RefundSnapshot(provider_refund_id="re_9", status="succeeded", amount=s.NOTHING)
COSTS = bc.RecordCancellationRefusal(
    booking_id=F, code="cancellation_not_free", detail="no", now=s.LATER
)


def gone(cents: int) -> tc.RecordMoneyBack:
    """Somebody refunds so much at the provider."""
    return seen(replace(BY_HAND, amount=s.eur(cents)))


def found(booking_id: str) -> bc.RecordFinding:
    later = s.LATER + timedelta(minutes=1)
    return bc.RecordFinding(booking_id=booking_id, answer=s.yes(booking_id), final=False, now=later)


def booked_with(gone_cents: int) -> Given:
    """The stay is booked, so much goes back, and then the flight turns up, which costs to undo."""
    lost = given(s.fulfilling(payment=s.PAID_AT_ONCE)).after(
        s.answer(F, s.LOST), s.answer(H, s.yes(H)), gone(gone_cents), found(F)
    )
    booked = lost.after(COSTS) if lost.dossier.bookings[0].status == "cancelling" else lost
    assert {te.Fulfilled} == {type(booked.facts[-1])}
    return booked


def paid(story: Given) -> list[Money]:
    return [paid_for(booking, story.dossier) for booking in story.dossier.bookings]


def cancelled(story: Given, booking_id: str, refund: Money | None) -> When:
    wanted = bc.RequestCancellation(booking_id=booking_id, reason=BY_CUSTOMER, now=s.LATER)
    undone = bc.RecordCancellation(booking_id=booking_id, refund=refund, now=s.LATER)
    return story.after(wanted).when(undone)


def refunds(outcome: When) -> list[Money]:
    return [e.amount for e in outcome.done.events if isinstance(e, te.RefundScheduled)]


@pytest.mark.parametrize("from_supplier", [s.FLIGHT_PRICE, None])
def test_what_is_booked_unpaid_gives_back_nothing_of_what_paid_for_the_rest(
    from_supplier: Money | None,
) -> None:
    story = booked_with(20_000)
    assert [s.NOTHING, s.STAY_PRICE] == paid(story)
    cancelled(story, F, from_supplier).then_kinds(be.BookingCancelled)


def test_what_is_paid_for_in_part_gives_back_that_part() -> None:
    story = booked_with(8_000)
    assert [s.FLIGHT_PRICE - s.eur(8_000), s.STAY_PRICE] == paid(story)

    assert [s.eur(12_000)] == refunds(cancelled(story, F, s.FLIGHT_PRICE))
    assert [s.eur(11_000)] == refunds(cancelled(story, F, s.eur(11_000)))
    assert [s.STAY_PRICE] == refunds(cancelled(story, H, s.STAY_PRICE))


@pytest.mark.parametrize("story", [s.awaiting_payment(), s.fulfilling()])
def test_what_is_not_settled_yet_is_paid_for_at_its_price(story: s.Facts) -> None:
    assert [s.FLIGHT_PRICE, s.STAY_PRICE] == paid(given(story))
    assert [s.FLIGHT_PRICE, s.STAY_PRICE] == [
        paid_for(booking, Dossier()) for booking in given(story).dossier.bookings
    ]


@pytest.mark.parametrize(
    ("flight", "stay", "ours", "short"),
    [
        (200, 500, 701, {}),
        (200, 500, 700, {}),
        (200, 500, 699, {F: 1}),
        (200, 500, 500, {F: 200}),
        (200, 500, 499, {F: 200, H: 1}),
        (1, 500, 498, {F: 1, H: 2}),
        (500, 200, 400, {F: 100, H: 200}),
        (0, 500, 500, {}),
        (0, 500, 499, {H: 1}),
        (0, 500, 0, {H: 500}),
    ],
)
def test_what_is_missing_is_missing_of_the_newest_that_costs_anything(
    flight: int, stay: int, ours: int, short: dict[str, int]
) -> None:
    newest, older = booked_with(0).dossier.bookings
    booked = [replace(newest, price=s.eur(flight)), replace(older, price=s.eur(stay))]

    assert {name: s.eur(cents) for name, cents in short.items()} == missing(booked, s.eur(ours))
    assert [b for b in booked if s.eur(short.get(b.booking_id, -1)) == b.price] == list(
        uncovered(booked, s.eur(ours))
    )


def test_the_terms_are_of_what_was_paid() -> None:
    story = booked_with(8_000)
    quote = CancellationQuote(
        quote_id="ore_1",
        supplier_order_id="ord_1",
        refund=s.FLIGHT_PRICE,
        refund_to="balance",
        expires_at=s.LAPSES,
    )
    command = tc.RecordCancellationQuote(
        cancellation_quote_id="cq_1",
        checkout_id=s.CHECKOUT,
        supplier_quotes={F: quote},
        prices=dict(zip((F, H), paid(story), strict=True)),
        now=s.LATER,
    )
    told = story.when(command).dossier.trip
    assert told is not None
    assert told.cancellation is not None
    assert s.eur(12_000) == told.cancellation.refund


def test_more_than_one_may_be_short() -> None:
    """Nothing is left of what the flight cost, and a part of the older stay is missing too."""
    story = booked_with(25_000)
    assert [s.NOTHING, s.STAY_PRICE - s.eur(5_000)] == paid(story)
    cancelled(story, F, s.FLIGHT_PRICE).then_kinds(be.BookingCancelled)
    assert [s.eur(10_000)] == refunds(cancelled(story, H, s.STAY_PRICE))


def test_money_that_came_back_in_time_has_paid_for_it() -> None:
    """The refund fails while the flight, unpaid until then, is to be undone."""
    failed = replace(BY_HAND, amount=s.eur(20_000), status="failed", failure_reason="declined")
    story = given(s.fulfilling(payment=s.PAID_AT_ONCE)).after(
        s.answer(F, s.LOST),
        s.answer(H, s.yes(H)),
        gone(20_000),
        found(F),
        seen(failed),
        COSTS,
    )
    assert [s.FLIGHT_PRICE, s.STAY_PRICE] == paid(story)
    assert [s.FLIGHT_PRICE] == refunds(cancelled(story, F, s.FLIGHT_PRICE))


def test_what_goes_back_afterwards_does_not_change_what_was_paid() -> None:
    story = given(s.completed()).after(gone(30_000))
    assert [s.FLIGHT_PRICE, s.STAY_PRICE] == paid(story)
    assert [s.eur(5_000)] == refunds(cancelled(story, F, s.FLIGHT_PRICE))
