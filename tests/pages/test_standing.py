"""Every place a checkout can stand at has its own honest sentences: on what was charged, what is
booked, and what can be done. Told by folding stories; no server runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from domain import ids
from domain.booking import events as be
from domain.dossier import fold
from domain.trip import events as te
from domain.trip.state import Checkout
from service.pages.standing import Offered, Standing, standing_of
from tests.given import Facts, flat
from tests.rules import stories as s

UNCHARGED = "You have not been charged."
SECOND = ids.checkout_id(s.TRIP, 2)


def told(*facts: Facts, minutes: float = 1, returned: bool = False) -> Standing:
    dossier = fold(flat(facts))
    assert dossier.trip is not None
    first: Checkout | None = dossier.trip.find_checkout(s.CHECKOUT)
    assert first is not None
    return standing_of(dossier, first, s.NOW + timedelta(minutes=minutes), returned=returned)


def said(standing: Standing) -> str:
    return " ".join((standing.title, *standing.says))


def declined() -> te.PaymentFailed:
    return te.PaymentFailed(
        checkout_id=s.CHECKOUT,
        payment_id=s.PAYMENT,
        failure_id="ch_1",
        code="card_declined",
        failed_at=s.NOW,
    )


def expired() -> Facts:
    ended = te.CheckoutExpired(checkout_id=s.CHECKOUT, expired_at=s.NOW)
    return [*s.awaiting_payment(), ended]


def closed(reason: str) -> te.CheckoutClosed:
    return te.CheckoutClosed(checkout_id=s.CHECKOUT, reason=reason, closed_at=s.NOW)


def settled(*confirmed: str, failed: tuple[str, ...] = ()) -> te.Fulfilled:
    return te.Fulfilled(
        checkout_id=s.CHECKOUT, confirmed=confirmed, failed=failed, fulfilled_at=s.NOW
    )


def nothing_booked() -> list[te.TripEvent]:
    return [
        s.RELEASE_SCHEDULED,
        te.FulfillmentFailed(
            checkout_id=s.CHECKOUT, failed=(s.FLIGHT_BOOKING, s.STAY_BOOKING), failed_at=s.NOW
        ),
    ]


def released() -> te.PaymentReleased:
    return te.PaymentReleased(payment_id=s.PAYMENT, amount=s.TOTAL, released_at=s.NOW)


STORIES: list[tuple[str, list[Facts], float, Offered, bool, str]] = [
    ("opening", [s.opening()], 1, "nothing", True, UNCHARGED),
    ("payable", [s.awaiting_payment()], 1, "pay", True, UNCHARGED),
    ("declined", [s.awaiting_payment(), declined()], 1, "pay", True, UNCHARGED),
    ("lapsed", [s.awaiting_payment()], 31, "nothing", True, "We know of no payment"),
    ("processing", [s.processing()], 1, "nothing", True, "Please do not pay again"),
    ("closing", [s.closing()], 1, "nothing", True, "Please do not pay here any more"),
    ("changed", [s.awaiting_payment(), closed("edited")], 1, "nothing", True, UNCHARGED),
    ("expired", [expired()], 31, "ask", True, UNCHARGED),
    ("expired", [expired()], 121, "nothing", True, "The offers for this trip have expired too."),
    ("booking", [s.paid()], 1, "nothing", True, "€350.00 is reserved, not charged yet."),
    ("booking", [s.both_ordered()], 1, "nothing", True, "1 of 2 booked so far."),
    (
        "booking",
        [s.both_ordered(), s.order_unknown(s.STAY_BOOKING)],
        1,
        "nothing",
        True,
        "nothing will be booked twice",
    ),
    (
        "booking",
        [s.both_ordered("all_or_nothing")],
        1,
        "nothing",
        True,
        "You pay only if everything can be booked",
    ),
    (
        "booking",
        [s.fulfilling(payment=s.PAID_AT_ONCE)],
        1,
        "nothing",
        True,
        "You have been charged €350.00.",
    ),
    ("booked", [s.completed()], 1, "nothing", False, "You have been charged €350.00."),
    (
        "booked",
        [
            s.both_ordered(),
            s.confirmed(s.STAY_BOOKING),
            s.CAPTURE_SCHEDULED,
            settled(s.FLIGHT_BOOKING, s.STAY_BOOKING),
        ],
        1,
        "nothing",
        True,
        "You are being charged €350.00 now.",
    ),
    (
        "partly_booked",
        [
            s.both_ordered(),
            s.refused(s.STAY_BOOKING),
            replace(s.CAPTURE_SCHEDULED, amount=s.FLIGHT_PRICE),
            s.payment_captured(s.FLIGHT_PRICE, s.STAY_PRICE),
            settled(s.FLIGHT_BOOKING, failed=(s.STAY_BOOKING,)),
        ],
        1,
        "nothing",
        False,
        "You have been charged €200.00. The other €150.00 that was reserved has been released.",
    ),
    (
        "failed",
        [s.fulfilling(), s.refused(s.FLIGHT_BOOKING), nothing_booked()],
        1,
        "nothing",
        True,
        f"{UNCHARGED} The €350.00 that was reserved is being released.",
    ),
    (
        "failed",
        [s.fulfilling(), s.refused(s.FLIGHT_BOOKING), nothing_booked(), released()],
        1,
        "nothing",
        False,
        f"{UNCHARGED} The €350.00 that was reserved has been released",
    ),
    (
        "cancelled",
        [s.completed(), s.abandoned(s.STAY_BOOKING, "requested_by_customer")],
        1,
        "nothing",
        False,
        "Cancelled: Two nights in Soho.",
    ),
    (
        "given_back",
        [expired(), s.PAID_BY_CARD, s.RELEASE_SCHEDULED],
        1,
        "nothing",
        True,
        "Your payment arrived after this checkout had ended. Nothing was booked with it. "
        f"{UNCHARGED}",
    ),
    (
        "given_back",
        [s.awaiting_payment(), closed("amount_mismatch"), s.PAID_BY_CARD, s.RELEASE_SCHEDULED],
        1,
        "nothing",
        True,
        "The amount that arrived is not the price",
    ),
]


@pytest.mark.parametrize(
    ("name", "facts", "minutes", "offered", "follow", "words"),
    STORIES,
    ids=[f"{number}-{story[0]}" for number, story in enumerate(STORIES)],
)
def test_each_place_says_what_is_so(
    name: str, facts: list[Facts], minutes: float, offered: Offered, follow: bool, words: str
) -> None:
    standing = told(*facts, minutes=minutes)

    assert (name, offered, follow) == (standing.name, standing.offered, standing.follow)
    assert words in said(standing)


@pytest.mark.parametrize("facts", [story[1] for story in STORIES])
def test_nobody_is_told_that_they_were_charged_and_that_they_were_not(facts: list[Facts]) -> None:
    words = said(told(*facts))

    assert not (UNCHARGED in words and "You have been charged" in words)


def test_coming_back_from_the_payment_page_changes_words_and_no_more() -> None:
    came = told(s.awaiting_payment(), returned=True)
    stayed = told(s.awaiting_payment())

    assert ("waiting", "payable") == (came.name, stayed.name)
    assert came.offered == stayed.offered
    assert "We are waiting for Stripe to confirm your payment" == came.title


@pytest.mark.parametrize(
    "facts", [s.processing(), s.paid(), s.completed(), (*s.awaiting_payment(), declined())]
)
def test_what_the_log_knows_outweighs_coming_back(facts: tuple[Facts, ...]) -> None:
    assert told(*facts) == told(*facts, returned=True)


REFUND = "re-1"
SCHEDULED = te.RefundScheduled(
    refund_id=REFUND,
    payment_id=s.PAYMENT,
    amount=s.STAY_PRICE,
    reason="not_fulfilled",
    scheduled_at=s.NOW,
)
SUBMITTED = te.RefundSubmitted(refund_id=REFUND, provider_refund_id="re_1", submitted_at=s.NOW)
SENT_BACK = te.RefundSucceeded(
    refund_id=REFUND, provider_refund_id="re_1", amount=s.STAY_PRICE, succeeded_at=s.NOW
)
NOT_SENT = te.RefundFailed(
    refund_id=REFUND, provider_refund_id=None, code="lost_card", failed_at=s.NOW
)


def partly(*more: Facts) -> Standing:
    return told(
        s.both_ordered(payment=s.PAID_AT_ONCE),
        s.refused(s.STAY_BOOKING),
        settled(s.FLIGHT_BOOKING, failed=(s.STAY_BOOKING,)),
        *more,
    )


def test_money_on_its_way_back_is_not_said_to_have_arrived() -> None:
    standing = partly(SCHEDULED, SUBMITTED)

    assert "€150.00 is on its way back to you." in said(standing)
    assert "has been sent back" not in said(standing)
    assert standing.follow is True


def test_money_sent_back_is_said_with_how_long_banks_take() -> None:
    standing = partly(SCHEDULED, SUBMITTED, SENT_BACK)

    assert "€150.00 has been sent back to you. Banks usually take" in said(standing)
    assert standing.follow is False


def test_money_that_could_not_be_sent_back_is_still_owed() -> None:
    standing = partly(SCHEDULED, NOT_SENT)

    assert "We could not send back €150.00 yet. We know that we owe it" in said(standing)


def test_a_newer_checkout_ends_what_the_older_one_offers() -> None:
    second = replace(s.checkout_requested(), checkout_id=SECOND, attempt=2)
    opened = replace(s.CHECKOUT_INITIALIZED, checkout_id=SECOND, group_id=ids.group_id(SECOND))

    standing = told(expired(), s.quote_scheduled(), s.quote_completed(), second, opened)

    assert ("superseded", "nothing") == (standing.name, standing.offered)
    assert UNCHARGED in said(standing)


def test_a_newer_checkout_that_stripe_refused_does_not_count() -> None:
    second = replace(s.checkout_requested(), checkout_id=SECOND, attempt=2)
    no = te.CheckoutRefused(checkout_id=SECOND, code="no", detail="No.", refused_at=s.NOW)

    standing = told(expired(), s.quote_scheduled(), s.quote_completed(), second, no)

    assert ("refused", "ask") == (standing.name, standing.offered)


def test_a_changed_price_is_asked_about_with_both_prices() -> None:
    standing = told(expired(), s.quote_scheduled(), s.quote_completed(s.DEARER))

    assert ("price_changed", "ask") == (standing.name, standing.offered)
    assert "The trip was €350.00 and is €360.00 now." in said(standing)
    assert UNCHARGED in said(standing)


@pytest.mark.parametrize(
    ("code", "words", "offered"),
    [
        ("sold_out", "LHR to JFK is sold out.", "nothing"),
        ("supplier_unavailable", "LHR to JFK could not be priced just now.", "ask"),
        ("never_heard_of", "LHR to JFK cannot be had any more.", "nothing"),
    ],
)
def test_what_cannot_be_had_any_more_is_named(code: str, words: str, offered: Offered) -> None:
    problem = te.QuoteProblem(item_id=s.FLIGHT, code=code, detail="<b>their words</b>")
    failed = te.QuoteFailed(quote_id=s.QUOTE, problems=(problem,), failed_at=s.NOW)

    standing = told(expired(), s.quote_scheduled(), failed)

    assert ("gone", offered) == (standing.name, standing.offered)
    assert words in said(standing)
    assert "their words" not in said(standing)


def test_a_trip_being_priced_again_says_so() -> None:
    assert "asking" == told(expired(), s.quote_scheduled()).name


def test_a_trip_that_was_edited_is_not_asked_for_from_an_old_page() -> None:
    removed = te.ItemRemoved(item_id=s.STAY, removed_at=s.NOW)

    standing = told(expired(), removed)

    assert ("changed", "nothing") == (standing.name, standing.offered)


def test_a_cancellation_under_way_is_not_said_to_be_done() -> None:
    asked = be.CancellationRequested(
        booking_id=s.STAY_BOOKING,
        supplier_order_id="ord_1",
        reason="requested_by_customer",
        requested_at=s.NOW,
    )

    standing = told(s.completed(), asked)

    assert "Part of your trip is being cancelled" == standing.title
    assert standing.follow is True
