"""No price comes from a client: what is charged is one named quote of the trip as it stands."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.errors import Refused
from domain.money import Money
from domain.suppliers import Ancillary, RequoteAnswer, Unavailable
from domain.trip import commands as tc
from domain.trip import events as te
from domain.trip.lifecycle import status
from tests.given import given
from tests.rules import stories as s

OPEN = f"open_checkout:{s.CHECKOUT}"
CHILD = replace(s.TRAVELER, traveler_id="tvl_2", passenger_type="CHILD")
NAMELESS = replace(s.TRAVELER, fields=("gender",))


def prices(flight: RequoteAnswer, stay: RequoteAnswer | None = None) -> tc.RecordQuote:
    answers = {s.FLIGHT: flight, s.STAY: stay or s.requoted(s.STAY_PRICE, refundable=False)}
    return tc.RecordQuote(quote_id=s.QUOTE, answers=answers, now=s.NOW)


SAME = prices(s.requoted(s.FLIGHT_PRICE))
EXPIRE = tc.ExpireQuote(quote_id=s.QUOTE, now=s.QUOTE_ENDS)


def wanting(total: Money | None, tolerance: int = 0) -> te.BookRequest:
    return replace(s.HOSTED, expected_total=total, tolerance=tolerance)


# --- asking for a price


def test_booking_asks_for_a_price_first() -> None:
    given(s.DRAFT).when(s.book()).then(s.quote_scheduled()).then_effects(f"quote_trip:{s.QUOTE}")


@pytest.mark.parametrize("story", [s.quoting(), s.opening(), s.awaiting_payment()])
def test_booking_twice_is_booking_once(story: s.Facts) -> None:
    given(story).when(s.book(quote_id="quote-2")).then_nothing()


@pytest.mark.parametrize(
    ("story", "code"),
    [
        ((s.STARTED, s.TRAVELERS_SET), "trip_empty"),
        ((s.STARTED, s.STAY_ADDED), "travelers_missing"),
        (
            (s.STARTED, s.STAY_ADDED, replace(s.TRAVELERS_SET, contact=None)),
            "contact_required",
        ),
        ((*s.DRAFT, replace(s.TRAVELERS_SET, travelers=(CHILD,))), "travelers_mismatch"),
        ((*s.DRAFT, replace(s.TRAVELERS_SET, travelers=(s.TRAVELER, CHILD))), "travelers_mismatch"),
        ((*s.DRAFT, replace(s.TRAVELERS_SET, travelers=(NAMELESS,))), "traveler_field_required"),
    ],
)
def test_what_could_never_be_booked_is_not_priced(story: s.Facts, code: str) -> None:
    given(story).when(s.book()).then_refused(code)


def test_an_item_costs_something() -> None:
    cent, nothing = (
        replace(s.STAY_ADDED, offer=replace(s.STAY_OFFER, price=price))
        for price in (s.eur(1), s.NOTHING)
    )
    given(s.STARTED, nothing, s.TRAVELERS_SET).when(s.book()).then_refused("item_unpriced")
    given(s.STARTED, cent, s.TRAVELERS_SET).when(s.book()).then_kinds(te.QuoteScheduled)

    answer = replace(SAME, answers={s.STAY: s.requoted(s.eur(1))})
    given(s.STARTED, cent, s.TRAVELERS_SET, s.quote_scheduled()).when(answer).then_kinds(
        te.QuoteCompleted, te.CheckoutRequested
    )


def test_who_does_not_fit_or_is_not_known_well_enough_is_named() -> None:
    def refusal(*facts: te.TripEvent) -> Refused:
        found = given(s.DRAFT, facts).when(s.book()).refusal
        assert found is not None
        return found

    child = refusal(replace(s.TRAVELERS_SET, travelers=(CHILD,)))
    assert {"item_id": s.FLIGHT} == child.facts
    assert "LHR to JFK was priced for 1 ADULT, the trip has 1 CHILD." == child.detail
    empty = replace(s.FLIGHT_OFFER, offer_id="off_empty", passengers=())
    ghost = refusal(
        te.ItemRemoved(item_id=s.FLIGHT, removed_at=s.NOW),
        te.ItemAdded(item_id="item-ghost", offer=empty, added_at=s.NOW),
    )
    assert "LHR to JFK was priced for nobody, the trip has 1 ADULT." == ghost.detail
    nameless = refusal(replace(s.TRAVELERS_SET, travelers=(NAMELESS,)))
    assert {
        "pointer": "/travelers/0/date_of_birth",
        "traveler_id": s.TRAVELER.traveler_id,
    } == nameless.facts


def test_an_offer_that_expired_in_the_trip_is_not_priced() -> None:
    given(s.DRAFT).when(s.book(at=s.OFFER_ENDS)).then_refused("offer_expired", item_id=s.FLIGHT)


@pytest.mark.parametrize(
    ("story", "code"),
    [
        (s.processing(), "payment_processing"),
        (s.closing(), "checkout_closing"),
        (s.paid(), "already_checked_out"),
        (s.fulfilling(), "already_checked_out"),
        (s.completed(), "already_checked_out"),
    ],
)
def test_a_second_payment_cannot_be_started_while_one_is_being_made(
    story: s.Facts, code: str
) -> None:
    given(story).when(s.book(quote_id="quote-2")).then_refused(code)


def test_another_kind_of_checkout_is_refused_while_one_is_open() -> None:
    sheet = replace(s.HOSTED, mode="direct")
    outcome = given(s.awaiting_payment()).when(s.book(sheet))
    outcome.then_refused("state_conflict", mode="hosted", policy="keep_confirmed", group_id=s.GROUP)


def test_an_open_checkout_does_not_pass_for_one_that_gives_everything_back() -> None:
    all_or_nothing = replace(s.HOSTED, policy="all_or_nothing")
    outcome = given(s.awaiting_payment()).when(s.book(all_or_nothing))
    outcome.then_refused("state_conflict", mode="hosted", policy="keep_confirmed", group_id=s.GROUP)


def test_who_leaves_open_what_becomes_of_mixed_results_is_shown_the_open_checkout() -> None:
    outcome = given(s.awaiting_payment("all_or_nothing")).when(s.book(s.HOSTED))
    outcome.then_nothing()


def test_an_open_checkout_is_not_shown_to_who_expects_another_total() -> None:
    outcome = given(s.awaiting_payment()).when(s.book(wanting(s.eur(34999))))
    outcome.then_refused("price_changed", old_total=s.eur(34999), new_total=s.TOTAL, tolerance=0)


# --- the answer


def test_an_unchanged_price_opens_a_checkout_for_exactly_it() -> None:
    outcome = given(s.quoting()).when(SAME)
    outcome.then(s.quote_completed(), s.checkout_requested())
    outcome.then_effects(f"expire_quote:{s.QUOTE}", OPEN)


def test_a_quote_keeps_all_that_the_supplier_said_and_where_to_come_back_to() -> None:
    bag = Ancillary(offer_id="bag", type="baggage", name="A bag", price=s.eur(4000))
    said = replace(
        s.requoted(s.FLIGHT_PRICE),
        supplier_quote_id="quo_1",
        holdable=True,
        conditions={"refund": "free"},
        ancillaries=(bag,),
    )
    request = replace(s.HOSTED, redirect_url="https://shop.example/back")
    completed, requested = given(s.quoting(request)).when(prices(said)).done.events
    assert isinstance(completed, te.QuoteCompleted)
    line = s.quote_line(s.FLIGHT, s.FLIGHT_PRICE, refundable=True)
    assert completed.lines[0] == replace(
        line,
        supplier_quote_id="quo_1",
        holdable=True,
        conditions={"refund": "free"},
        ancillaries=(bag,),
    )
    assert requested == replace(s.checkout_requested(), redirect_url="https://shop.example/back")


def test_a_price_told_twice_is_recorded_once() -> None:
    given(s.opening()).when(SAME).then_nothing()


def test_a_dearer_trip_is_asked_about_before_a_checkout_is_opened() -> None:
    outcome = given(s.quoting()).when(prices(s.requoted(s.DEARER)))
    outcome.then(s.quote_completed(s.DEARER)).then_effects(f"expire_quote:{s.QUOTE}")


def test_a_cheaper_trip_needs_no_question() -> None:
    outcome = given(s.quoting()).when(prices(s.requoted(s.CHEAPER)))
    outcome.then_kinds(te.QuoteCompleted, te.CheckoutRequested)
    assert outcome.done.events[1] == s.checkout_requested(amount=s.eur(34000))


@pytest.mark.parametrize(("tolerance", "asked"), [(999, True), (1000, False)])
def test_a_tolerance_says_how_much_dearer_needs_no_question(tolerance: int, asked: bool) -> None:
    request = wanting(None, tolerance)
    outcome = given(s.quoting(request)).when(prices(s.requoted(s.DEARER)))
    kinds = [te.QuoteCompleted] if asked else [te.QuoteCompleted, te.CheckoutRequested]
    outcome.then_kinds(*kinds)


@pytest.mark.parametrize(
    ("expected", "asked"),
    [
        (s.TOTAL, False),
        (s.eur(34999), True),
        (s.eur(35001), True),
        (Money(35000, "USD"), True),
    ],
)
def test_a_stated_total_must_match_and_is_never_charged_itself(
    expected: Money, asked: bool
) -> None:
    outcome = given(s.quoting(wanting(expected))).when(SAME)
    kinds = [te.QuoteCompleted] if asked else [te.QuoteCompleted, te.CheckoutRequested]
    outcome.then_kinds(*kinds)


def test_the_earliest_end_of_any_offer_is_the_end_of_the_quote() -> None:
    soon = replace(s.requoted(s.FLIGHT_PRICE), expires_at=s.NOW + timedelta(minutes=3))
    outcome = given(s.quoting()).when(prices(soon))
    completed, requested = outcome.done.events
    assert isinstance(completed, te.QuoteCompleted)
    assert isinstance(requested, te.CheckoutRequested)
    assert completed.expires_at == s.NOW + timedelta(minutes=3)
    assert requested.expires_at == completed.expires_at


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Unavailable(code="sold_out", detail="gone"), "sold_out"),
        (s.requoted(Money(20000, "USD")), "currency_mismatch"),
        (s.requoted(s.NOTHING), "item_unpriced"),
        (replace(s.requoted(s.FLIGHT_PRICE), expires_at=s.NOW), "offer_expired"),
    ],
)
def test_one_item_that_cannot_be_had_fails_the_quote(answer: RequoteAnswer, code: str) -> None:
    outcome = given(s.quoting()).when(prices(answer))

    outcome.then_kinds(te.QuoteFailed).then_effects()
    (failed,) = outcome.done.events
    assert isinstance(failed, te.QuoteFailed)
    assert [(p.item_id, p.code) for p in failed.problems] == [(s.FLIGHT, code)]


def test_a_failed_quote_can_be_asked_for_again() -> None:
    failed = te.QuoteFailed(quote_id=s.QUOTE, problems=(), failed_at=s.NOW)
    outcome = given(s.quoting(), failed).when(s.book(quote_id="quote-2"))
    outcome.then(s.quote_scheduled(quote_id="quote-2"))


def test_an_edit_makes_the_answer_to_the_old_question_worthless() -> None:
    edited = te.ItemRemoved(item_id=s.STAY, removed_at=s.NOW)
    given(s.quoting(), edited).when(SAME).then_nothing()


def test_an_answer_to_another_question_changes_nothing() -> None:
    given(s.quoting()).when(replace(SAME, quote_id="quote-9")).then_nothing()


# --- agreeing to it


@pytest.mark.parametrize("expected", [None, s.eur(36000)])
def test_booking_again_at_the_new_price_opens_the_checkout(expected: Money | None) -> None:
    outcome = given(s.quoted()).when(s.book(wanting(expected)))
    outcome.then(s.checkout_requested(amount=s.eur(36000))).then_effects(OPEN)


def test_booking_again_at_the_old_price_says_both_totals() -> None:
    outcome = given(s.quoted()).when(s.book(wanting(s.TOTAL)))
    outcome.then_refused("price_changed", old_total=s.TOTAL, new_total=s.eur(36000), tolerance=0)


def test_a_price_that_was_quoted_too_long_ago_is_asked_for_again() -> None:
    outcome = given(s.quoted()).when(s.book(quote_id="quote-2", at=s.QUOTE_ENDS))
    outcome.then_kinds(te.QuoteScheduled)


def test_a_price_of_the_trip_before_an_edit_is_not_charged() -> None:
    edited = te.ItemRemoved(item_id=s.STAY, removed_at=s.NOW)
    outcome = given(s.quoted(), edited).when(s.book(quote_id="quote-2"))
    outcome.then_kinds(te.QuoteScheduled)


def test_a_quote_nobody_agreed_to_expires() -> None:
    outcome = given(s.quoted()).when(EXPIRE)
    outcome.then(te.QuoteExpired(quote_id=s.QUOTE, expired_at=s.QUOTE_ENDS)).then_effects()
    assert outcome.dossier.trip is not None
    assert status(outcome.dossier.trip) == "draft"


@pytest.mark.parametrize(
    "story",
    [s.quoting(), s.opening(), s.awaiting_payment(), s.paid(), s.completed(), s.expired()],
)
def test_the_end_of_a_quote_means_nothing_once_a_checkout_was_opened(story: s.Facts) -> None:
    given(story).when(EXPIRE).then_nothing()


def test_the_end_of_a_quote_is_recorded_once() -> None:
    given(s.quoted()).when(EXPIRE, EXPIRE).then_kinds(te.QuoteExpired)
    given(s.DRAFT).when(EXPIRE).then_nothing()
