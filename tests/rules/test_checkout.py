"""A checkout is paid, declined, closed or expires as the provider says, told in any order."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from domain.booking import events as be
from domain.log import EffectKind
from domain.money import Money
from domain.payments import OpenedCheckout, PaymentSnapshot
from domain.suppliers import RequoteAnswer
from domain.trip import commands as tc
from domain.trip import events as te
from domain.trip.lifecycle import allowed_actions, status
from tests.given import given
from tests.rules import stories as s

START = f"start_fulfillment:{s.CHECKOUT}"
GUARD = f"guard_authorization:{s.PAYMENT}"
AUTHORIZED = s.seen("authorized")
CAPTURED = s.seen("captured", captured=s.TOTAL)
DECLINED = s.seen("unpaid", failure_id="ch_1")
REFUSED = tc.RecordCheckoutRefused(
    checkout_id=s.CHECKOUT, code="amount_too_small", detail="no", now=s.NOW
)
PAYMENT_FAILED = te.PaymentFailed(
    checkout_id=s.CHECKOUT,
    payment_id=s.PAYMENT,
    failure_id="ch_1",
    code="card_declined",
    failed_at=s.NOW,
)
ABANDONED = (s.abandoned(s.FLIGHT_BOOKING), s.abandoned(s.STAY_BOOKING))
LATE_RELEASE = te.ReleaseScheduled(payment_id=s.PAYMENT, reason="late_payment", scheduled_at=s.NOW)


def close(reason: str = "trip_edited", checkout_id: str | None = None) -> tc.CloseCheckout:
    return tc.CloseCheckout(checkout_id=checkout_id, reason=reason, now=s.NOW)


def state_of(story: s.Facts) -> str:
    trip = given(story).dossier.trip
    assert trip is not None
    return status(trip)


# --- opening


def test_an_opened_checkout_gives_every_item_a_booking_code() -> None:
    outcome = given(s.opening()).when(s.opened())

    outcome.then(s.CHECKOUT_INITIALIZED, s.FLIGHT_INITIALIZED, s.STAY_INITIALIZED)
    outcome.then_effects(f"expire_checkout:{s.CHECKOUT}")
    codes = {b.code for b in outcome.dossier.bookings}
    assert [8, 8] == [len(code) for code in codes]


def test_a_checkout_opened_twice_is_opened_once() -> None:
    given(s.awaiting_payment()).when(s.opened()).then_nothing()


def test_a_payment_sheet_is_remembered_with_its_payment_and_customer() -> None:
    sheet = OpenedCheckout(payment_id=s.PAYMENT, customer_id="cus_1")
    told = tc.RecordCheckoutOpened(checkout_id=s.CHECKOUT, opened=sheet, now=s.NOW)
    facts = replace(
        s.CHECKOUT_INITIALIZED,
        session_id=None,
        url=None,
        payment_id=s.PAYMENT,
        customer_id="cus_1",
    )
    given(s.opening()).when(told).then(facts, s.FLIGHT_INITIALIZED, s.STAY_INITIALIZED)


@pytest.mark.parametrize("minutes", [10, 50])
def test_a_checkout_ends_with_its_quote_or_with_its_page_whichever_is_first(minutes: int) -> None:
    page_ends = s.NOW + timedelta(minutes=minutes)
    outcome = given(s.opening()).when(s.opened(ends=page_ends))
    (effect,) = outcome.done.effects
    assert min(page_ends, s.QUOTE_ENDS) == effect.due


def test_a_checkout_the_provider_refused_leaves_the_trip_to_be_booked_again() -> None:
    outcome = given(s.opening()).when(REFUSED)
    outcome.then_kinds(te.CheckoutRefused).then_effects()
    given(s.opening(), outcome.done.events).when(s.book(quote_id="quote-2")).then_kinds(
        te.QuoteScheduled
    )


@pytest.mark.parametrize("story", [s.awaiting_payment(), s.paid(), s.completed()])
def test_a_refusal_that_comes_after_the_opening_changes_nothing(story: s.Facts) -> None:
    given(story).when(REFUSED, s.opened()).then_nothing()


def test_money_for_a_checkout_that_is_not_recorded_yet_waits() -> None:
    given(s.opening()).when(s.state(AUTHORIZED)).then_refused("checkout_in_progress")


# --- paying


@pytest.mark.parametrize(
    "story",
    [s.awaiting_payment(), s.processing(), s.closing()],
    ids=["open", "processing", "closing"],
)
def test_an_authorised_payment_of_the_exact_amount_buys_the_trip(story: s.Facts) -> None:
    outcome = given(story).when(s.state(AUTHORIZED))
    outcome.then(s.PAID_BY_CARD, s.FULFILLMENT_SCHEDULED).then_effects(GUARD, START)


def test_a_payment_that_was_captured_at_once_buys_the_trip_too() -> None:
    outcome = given(s.awaiting_payment()).when(s.state(CAPTURED))
    outcome.then(s.PAID_AT_ONCE, s.FULFILLMENT_SCHEDULED).then_effects(START)


@pytest.mark.parametrize("told", [AUTHORIZED, s.seen("processing"), DECLINED, s.seen("unpaid")])
@pytest.mark.parametrize("story", [s.paid(), s.fulfilling(), s.completed()])
def test_browser_and_webhook_telling_of_one_payment_make_one(
    story: s.Facts, told: PaymentSnapshot
) -> None:
    given(story).when(s.state(told), s.state(told)).then_nothing()


@pytest.mark.parametrize("told", [s.seen("unpaid"), s.seen("action_required"), None])
def test_a_payment_that_merely_exists_starts_nothing(told: PaymentSnapshot | None) -> None:
    given(s.awaiting_payment()).when(s.state(told, payable=True)).then_nothing()


def test_a_slow_payment_is_noted_and_books_nothing_yet() -> None:
    outcome = given(s.awaiting_payment()).when(s.state(s.seen("processing")))
    outcome.then_kinds(te.PaymentProcessing).then_effects()
    assert state_of((*s.awaiting_payment(), *outcome.done.events)) == "processing"


def test_a_slow_payment_told_twice_is_noted_once() -> None:
    given(s.processing()).when(s.state(s.seen("processing"))).then_nothing()


def test_a_decline_is_not_the_end_another_card_may_follow() -> None:
    outcome = given(s.awaiting_payment()).when(s.state(DECLINED, payable=True))
    outcome.then(PAYMENT_FAILED)
    assert outcome.dossier.trip is not None
    assert "pay" in allowed_actions(outcome.dossier.trip)


def test_a_decline_without_a_reason_is_a_decline() -> None:
    wordless = replace(DECLINED, failure_code=None)
    outcome = given(s.awaiting_payment()).when(s.state(wordless, payable=True))
    outcome.then(replace(PAYMENT_FAILED, code="declined"))


def test_an_old_decline_does_not_end_the_slow_payment_that_followed_it() -> None:
    slow = s.state(s.seen("processing", failure_id="ch_1"))
    outcome = given(s.awaiting_payment()).when(s.state(DECLINED, payable=True), slow, slow)
    outcome.then_kinds(te.PaymentFailed, te.PaymentProcessing)


def test_a_decline_told_twice_is_recorded_once() -> None:
    told = s.state(DECLINED, payable=True)
    given(s.awaiting_payment()).when(told, told).then(PAYMENT_FAILED)


def test_a_second_decline_is_another_one() -> None:
    second = s.seen("unpaid", failure_id="ch_2")
    outcome = given(s.awaiting_payment()).when(
        s.state(DECLINED, payable=True), s.state(second, payable=True)
    )
    outcome.then(PAYMENT_FAILED, replace(PAYMENT_FAILED, failure_id="ch_2"))


def test_an_old_decline_delivered_again_never_undoes_a_payment() -> None:
    given(s.paid()).when(s.state(DECLINED)).then_nothing()


def test_a_slow_payment_that_fails_ends_its_page() -> None:
    outcome = given(s.processing()).when(s.state(DECLINED))
    outcome.then_kinds(
        te.PaymentFailed, te.CheckoutExpired, be.BookingCancelled, be.BookingCancelled
    )
    assert outcome.dossier.trip is not None
    assert status(outcome.dossier.trip) == "draft"


def test_a_slow_payment_that_fails_on_a_payment_sheet_lets_the_customer_try_again() -> None:
    outcome = given(s.processing()).when(s.state(DECLINED, payable=True))
    outcome.then(PAYMENT_FAILED)
    assert outcome.dossier.trip is not None
    assert status(outcome.dossier.trip) == "awaiting_payment"


def test_news_from_before_a_decline_that_comes_after_it_is_put_right_by_the_next_look() -> None:
    stale = s.state(s.seen("processing"))
    true = s.state(DECLINED, payable=True)
    outcome = given(s.awaiting_payment()).when(true, stale, true)
    outcome.then_kinds(te.PaymentFailed, te.PaymentProcessing, te.PaymentFailed)
    trip = outcome.dossier.trip
    assert trip is not None
    assert trip.checkout is not None
    assert status(trip) == "awaiting_payment"
    assert [f.failure_id for f in trip.checkout.failures] == ["ch_1"]


# --- money that buys nothing


@pytest.mark.parametrize(
    ("told", "expected", "work"),
    [
        (AUTHORIZED, [s.PAID_BY_CARD, LATE_RELEASE], [GUARD, f"release_payment:{s.PAYMENT}"]),
        (
            CAPTURED,
            [
                s.PAID_AT_ONCE,
                te.RefundScheduled(
                    refund_id=f"{s.PAYMENT}:1",
                    payment_id=s.PAYMENT,
                    amount=s.TOTAL,
                    reason="late_payment",
                    scheduled_at=s.NOW,
                ),
            ],
            [f"refund_payment:{s.PAYMENT}:1"],
        ),
    ],
    ids=["authorised is let go", "captured is refunded"],
)
def test_money_for_a_dead_checkout_goes_back_by_the_way_its_state_allows(
    told: PaymentSnapshot, expected: list[te.TripEvent], work: list[str]
) -> None:
    outcome = given(s.expired()).when(s.state(told), s.state(told))
    outcome.then(expected).then_effects(*work)
    assert outcome.dossier.trip is not None
    assert status(outcome.dossier.trip) == "draft"


def test_a_second_payment_of_one_checkout_goes_back_and_the_trip_stays_booked() -> None:
    second = s.seen("authorized", payment_id="pi_2")
    outcome = given(s.completed()).when(s.state(second))
    outcome.then_kinds(te.PaymentSucceeded, te.ReleaseScheduled)
    outcome.then_effects("guard_authorization:pi_2", "release_payment:pi_2")
    assert outcome.dossier.trip is not None
    assert status(outcome.dossier.trip) == "completed"


@pytest.mark.parametrize("amount", [s.eur(34999), s.eur(35001), Money(35000, "USD")])
def test_a_payment_of_another_amount_is_given_back_and_looked_into(amount: Money) -> None:
    outcome = given(s.awaiting_payment()).when(s.state(s.seen("authorized", amount)))
    outcome.then_kinds(
        te.CheckoutClosed,
        te.PaymentSucceeded,
        te.ReleaseScheduled,
        te.IncidentOpened,
        be.BookingCancelled,
        be.BookingCancelled,
    )
    outcome.then_effects(GUARD, f"release_payment:{s.PAYMENT}")
    assert outcome.dossier.trip is not None
    assert ["amount_mismatch"] == [c.reason for c in outcome.dossier.trip.checkouts]
    assert [(i.code, i.at_stake) for i in outcome.dossier.trip.incidents] == [
        ("amount_mismatch", amount)
    ]


# --- ending


def test_a_checkout_nobody_paid_expires_with_its_bookings() -> None:
    outcome = given(s.awaiting_payment()).when(s.state())
    ended = te.CheckoutExpired(checkout_id=s.CHECKOUT, expired_at=s.NOW)
    outcome.then(ended, ABANDONED).then_effects()


def test_an_expired_checkout_can_be_booked_anew_without_anybodys_help() -> None:
    first = given(s.expired()).when(s.book(quote_id="quote-2"))
    first.then_kinds(te.QuoteScheduled)
    answers: dict[str, RequoteAnswer] = {
        s.FLIGHT: s.requoted(s.FLIGHT_PRICE),
        s.STAY: s.requoted(s.STAY_PRICE, refundable=False),
    }
    second = tc.RecordQuote(quote_id="quote-2", answers=answers, now=s.NOW)
    requested = given(s.expired(), first.done.events).when(second).done.events[1]
    assert isinstance(requested, te.CheckoutRequested)
    assert requested.attempt == 2
    assert requested.checkout_id != s.CHECKOUT


def test_the_end_of_a_checkout_is_recorded_once() -> None:
    given(s.expired()).when(s.state(), close("expired", s.CHECKOUT)).then_nothing()


def test_closing_asks_the_provider_first() -> None:
    outcome = given(s.awaiting_payment()).when(close())
    outcome.then(s.checkout_closing("trip_edited"))
    assert [e.kind.value for e in outcome.done.effects] == ["close_checkout"]


def test_closing_twice_is_closing_once() -> None:
    given(s.closing()).when(close(), close("expired", s.CHECKOUT)).then_nothing()


def test_the_provider_confirms_that_a_checkout_is_closed() -> None:
    outcome = given(s.closing()).when(s.state())
    closed = te.CheckoutClosed(checkout_id=s.CHECKOUT, reason="trip_edited", closed_at=s.NOW)
    outcome.then(closed, ABANDONED).then_effects()


def test_a_checkout_closed_because_its_time_was_up_has_expired() -> None:
    given(s.closing("expired")).when(s.state()).then_kinds(
        te.CheckoutExpired, be.BookingCancelled, be.BookingCancelled
    )


def test_a_checkout_paid_while_it_is_being_closed_is_paid() -> None:
    outcome = given(s.closing()).when(s.state(AUTHORIZED))
    outcome.then(s.PAID_BY_CARD, s.FULFILLMENT_SCHEDULED).then_effects(GUARD, START)


@pytest.mark.parametrize(
    ("story", "code"),
    [
        (s.opening(), "checkout_in_progress"),
        (s.processing(), "payment_processing"),
        (s.paid(), "already_checked_out"),
        (s.completed(), "already_checked_out"),
    ],
)
def test_a_checkout_that_is_opening_or_paid_cannot_be_closed(story: s.Facts, code: str) -> None:
    given(story).when(close()).then_refused(code)


@pytest.mark.parametrize("story", [s.processing(), s.paid(), s.completed(), s.expired()])
def test_the_clock_of_a_checkout_that_is_not_open_any_more_means_nothing(story: s.Facts) -> None:
    given(story).when(close("expired", s.CHECKOUT)).then_nothing()


def test_another_checkouts_clock_does_not_close_this_one() -> None:
    given(s.awaiting_payment()).when(close("expired", "another")).then_nothing()


def test_a_trip_without_a_checkout_has_nothing_to_close() -> None:
    given(s.DRAFT).when(close(), s.state(AUTHORIZED)).then_nothing()
    given(s.expired()).when(close()).then_nothing()


def test_a_checkout_that_could_not_be_closed_for_a_slow_payment_is_closed_when_it_fails() -> None:
    slow = given(s.closing()).when(s.state(s.seen("processing")))
    outcome = given(s.closing(), slow.done.events).when(s.state(DECLINED, payable=True))

    outcome.then(PAYMENT_FAILED, s.checkout_closing("trip_edited"))
    (again,) = outcome.done.effects
    (first,) = given(s.awaiting_payment()).when(close()).done.effects
    assert again.kind == first.kind
    assert again.key != first.key


@pytest.mark.parametrize("told_at", [s.NOW, s.QUOTE_ENDS + timedelta(days=1)])
def test_the_clock_of_a_checkout_outlives_a_slow_payment(told_at: datetime) -> None:
    """It may have rung in vain while the payment was under way."""
    outcome = given(s.processing()).when(s.state(DECLINED, payable=True, at=told_at))

    outcome.then(replace(PAYMENT_FAILED, failed_at=told_at))
    (clock,) = outcome.done.effects
    assert (clock.kind, clock.due) == (EffectKind.EXPIRE_CHECKOUT, max(told_at, s.QUOTE_ENDS))
    assert outcome.dossier.trip is not None
    assert f"expire_checkout:{s.CHECKOUT}:{outcome.dossier.trip.version}" == clock.key
