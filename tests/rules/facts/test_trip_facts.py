"""What the facts of a trip add up to, word for word: nothing of them is lost or confused."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.dossier import DossierEvent, fold
from domain.suppliers import Ancillary
from domain.trip import events as te
from domain.trip.state import (
    Checkout,
    Failure,
    Fulfillment,
    Incident,
    Item,
    Quote,
    Trip,
)
from tests.rules import stories as s

BAG = Ancillary(offer_id="bag", type="baggage", name="A bag", price=s.eur(4000))
LINE = replace(
    s.quote_line(s.FLIGHT, s.DEARER, refundable=True),
    conditions={"refund": "free"},
    ancillaries=(BAG,),
)
COMPLETED = replace(s.quote_completed(s.DEARER), lines=(LINE,))
REQUESTED = replace(s.checkout_requested(), redirect_url="https://shop.example/back", attempt=3)
OPENED = replace(
    s.CHECKOUT_INITIALIZED,
    payment_id="pi_0",
    customer_id="cus_1",
    expires_at=s.QUOTE_ENDS - timedelta(minutes=1),
)
PROCESSING = te.PaymentProcessing(checkout_id=s.CHECKOUT, payment_id="pi_9", processing_at=s.NOW)
DECLINED = te.PaymentFailed(
    checkout_id=s.CHECKOUT, payment_id="pi_9", failure_id="f1", code="no_funds", failed_at=s.NOW
)
REFUSED = te.CheckoutRefused(
    checkout_id=s.CHECKOUT, code="too_small", detail="no", refused_at=s.NOW
)
CLOSED = te.CheckoutClosed(checkout_id=s.CHECKOUT, reason="trip_edited", closed_at=s.NOW)
EXPIRED = te.CheckoutExpired(checkout_id=s.CHECKOUT, expired_at=s.NOW)
PROBLEM = te.QuoteProblem(item_id=s.STAY, code="sold_out", detail="gone")


def trip(*facts: DossierEvent) -> Trip:
    found = fold(facts).trip
    assert found is not None
    return found


def test_a_trip_begins_with_who_it_belongs_to_and_counts_its_facts_and_edits() -> None:
    empty = Trip(trip_id=s.TRIP, tenant="acme", started_at=s.NOW, version=1)
    assert empty == trip(s.STARTED)
    assert (4, 3) == (trip(*s.DRAFT).version, trip(*s.DRAFT).revision)
    assert (5, 3) == (trip(*s.quoting()).version, trip(*s.quoting()).revision)


def test_what_a_trip_costs_and_who_it_is_about() -> None:
    empty, one, full = trip(s.STARTED), trip(s.STARTED, s.FLIGHT_ADDED), trip(*s.DRAFT)
    assert (None, None, ()) == (empty.currency, empty.shown_total, empty.person_ids)
    assert ("EUR", s.FLIGHT_PRICE) == (one.currency, one.shown_total)
    booker = replace(s.CONTACT, person_id="person_2")
    assert ("person_1", "person_2") == replace(full, contact=booker).person_ids


# --- quotes

SCHEDULED = Quote(
    quote_id=s.QUOTE, revision=3, request=s.HOSTED, status="scheduled", scheduled_at=s.NOW
)
PRICED = replace(
    SCHEDULED,
    status="completed",
    lines=(LINE,),
    total=COMPLETED.total,
    shown_total=s.TOTAL,
    expires_at=s.QUOTE_ENDS,
)
QUOTE_FAILED = te.QuoteFailed(quote_id=s.QUOTE, problems=(PROBLEM,), failed_at=s.NOW)
QUOTE_EXPIRED = te.QuoteExpired(quote_id=s.QUOTE, expired_at=s.NOW)


@pytest.mark.parametrize(
    ("facts", "quote"),
    [
        ((), SCHEDULED),
        ((COMPLETED,), PRICED),
        ((QUOTE_FAILED,), replace(SCHEDULED, status="failed", problems=(PROBLEM,))),
        ((COMPLETED, QUOTE_EXPIRED), replace(PRICED, status="expired")),
        ((s.STAY_ADDED,), replace(SCHEDULED, status="dropped")),
        ((replace(COMPLETED, quote_id="another"),), SCHEDULED),
        ((replace(QUOTE_FAILED, quote_id="another"),), SCHEDULED),
        ((replace(QUOTE_EXPIRED, quote_id="another"),), SCHEDULED),
    ],
)
def test_a_quote_is_what_was_last_said_of_it(facts: s.Facts, quote: Quote) -> None:
    assert quote == trip(*s.quoting(), *facts).quote


def test_news_of_a_quote_that_nobody_asked_for_change_nothing() -> None:
    assert trip(*s.DRAFT) == replace(trip(*s.DRAFT, COMPLETED), version=4)


def test_an_item_costs_what_was_last_quoted_for_it() -> None:
    flight = Item(
        item_id=s.FLIGHT,
        offer=s.FLIGHT_OFFER,
        price=s.DEARER,
        available=(BAG,),
        conditions={"refund": "free"},
    )
    stay = Item(item_id=s.STAY, offer=s.STAY_OFFER, price=s.STAY_PRICE)
    assert (flight, stay) == trip(*s.quoting(), COMPLETED).items


# --- checkouts

OPENING = Checkout(
    checkout_id=s.CHECKOUT,
    attempt=3,
    quote_id=s.QUOTE,
    mode="hosted",
    policy="keep_confirmed",
    amount=s.TOTAL,
    redirect_url="https://shop.example/back",
    requested_at=s.NOW,
    expires_at=s.QUOTE_ENDS,
    lines=(LINE,),
)
OPEN = replace(
    OPENING,
    status="open",
    group_id=s.GROUP,
    session_id=s.SESSION,
    payment_id="pi_0",
    customer_id="cus_1",
    url="https://pay.example/cs_1",
    expires_at=OPENED.expires_at,
)
CLOSING = replace(OPEN, status="closing", reason="trip_edited")
FAILURE = Failure(failure_id="f1", code="no_funds")
PAID = replace(OPEN, status="paid", payment_id=s.PAYMENT)


@pytest.mark.parametrize(
    ("facts", "checkout"),
    [
        ((), OPENING),
        ((OPENED,), OPEN),
        ((REFUSED,), replace(OPENING, status="refused", reason="too_small")),
        ((OPENED, s.checkout_closing("trip_edited")), CLOSING),
        ((OPENED, CLOSED), replace(OPEN, status="closed", reason="trip_edited")),
        ((OPENED, EXPIRED), replace(OPEN, status="expired", reason="session_expired")),
        ((OPENED, PROCESSING), replace(OPEN, status="processing", payment_id="pi_9")),
        ((OPENED, DECLINED), replace(OPEN, failures=(FAILURE,))),
        (
            (OPENED, PROCESSING, DECLINED),
            replace(OPEN, payment_id="pi_9", failures=(FAILURE,)),
        ),
        (
            (OPENED, s.checkout_closing("trip_edited"), DECLINED),
            replace(CLOSING, failures=(FAILURE,)),
        ),
        (
            (OPENED, DECLINED, replace(DECLINED, failure_id="f2"), DECLINED),
            replace(OPEN, failures=(replace(FAILURE, failure_id="f2"), FAILURE)),
        ),
        ((s.PAID_BY_CARD,), replace(OPENING, status="paid", payment_id=s.PAYMENT)),
        ((OPENED, s.PAID_BY_CARD), PAID),
        ((OPENED, PROCESSING, s.PAID_BY_CARD), PAID),
        (
            (OPENED, s.checkout_closing("trip_edited"), s.PAID_BY_CARD),
            replace(PAID, reason="trip_edited"),
        ),
        (
            (OPENED, EXPIRED, s.PAID_BY_CARD),
            replace(OPEN, status="expired", reason="session_expired"),
        ),
    ],
)
def test_a_checkout_is_what_was_last_said_of_it(facts: s.Facts, checkout: Checkout) -> None:
    assert (checkout,) == trip(*s.quoting(), COMPLETED, REQUESTED, *facts).checkouts


def test_news_of_a_checkout_touch_no_other() -> None:
    second = replace(REQUESTED, checkout_id="another")
    opened = trip(*s.quoting(), COMPLETED, REQUESTED, second, OPENED)
    assert (OPEN, replace(OPENING, checkout_id="another")) == opened.checkouts
    strange = replace(OPENED, checkout_id="a stranger")
    assert (
        opened.checkouts
        == trip(*s.quoting(), COMPLETED, REQUESTED, second, OPENED, strange).checkouts
    )


def test_a_checkout_without_a_quote_has_no_lines() -> None:
    assert [()] == [c.lines for c in trip(s.STARTED, REQUESTED).checkouts]


@pytest.mark.parametrize("end", [REFUSED, CLOSED, EXPIRED])
def test_a_checkout_takes_only_its_own_quote_with_it(end: te.TripEvent) -> None:
    story = (*s.quoting(), COMPLETED, REQUESTED)
    other = (s.quote_scheduled(quote_id="quote-2"), replace(COMPLETED, quote_id="quote-2"))
    for before, after in (
        (story, "expired"),
        ((*story, QUOTE_EXPIRED), "expired"),
        ((*story, s.STAY_ADDED), "dropped"),
        ((*story, *other), "completed"),
    ):
        quote = trip(*before, end).quote
        assert quote is not None
        assert after == quote.status
    assert trip(s.STARTED, REQUESTED, end).quote is None


# --- fulfilment


@pytest.mark.parametrize(
    ("fact", "fulfillment"),
    [
        (s.FULFILLMENT_SCHEDULED, Fulfillment(checkout_id=s.CHECKOUT, status="pending")),
        (s.FULFILLMENT_STARTED, Fulfillment(checkout_id=s.CHECKOUT, status="fulfilling")),
        (
            te.Fulfilled(
                checkout_id=s.CHECKOUT, confirmed=("a",), failed=("b",), fulfilled_at=s.NOW
            ),
            Fulfillment(
                checkout_id=s.CHECKOUT,
                status="completed",
                confirmed=("a",),
                failed=("b",),
                paid=s.NOTHING,
            ),
        ),
        (
            te.FulfillmentFailed(checkout_id=s.CHECKOUT, failed=("b",), failed_at=s.NOW),
            Fulfillment(checkout_id=s.CHECKOUT, status="failed", failed=("b",)),
        ),
    ],
)
def test_a_fulfilment_is_what_was_last_said_of_it(
    fact: te.TripEvent, fulfillment: Fulfillment
) -> None:
    assert fulfillment == trip(*s.paid(), fact).fulfillment
    assert replace(fulfillment, paid=None) == trip(*s.DRAFT, fact).fulfillment


# --- what people see to


def incident(subject: str) -> te.IncidentOpened:
    return te.IncidentOpened(
        code="asked",
        detail="What is wrong.",
        advice="What to do.",
        subject=subject,
        at_stake=s.TOTAL,
        opened_at=s.NOW,
    )


def test_an_incident_is_what_was_last_said_of_it_and_of_no_other() -> None:
    first = Incident(
        code="asked",
        detail="What is wrong.",
        advice="What to do.",
        subject="a",
        at_stake=s.TOTAL,
        opened_at=s.NOW,
    )
    second = replace(first, subject="b")
    opened = (s.STARTED, incident("a"), incident("b"))
    assert (first, second) == trip(*opened).incidents

    owned = te.IncidentAssigned(code="asked", subject="b", owner="ana", assigned_at=s.LATER)
    assert (first, replace(second, owner="ana")) == trip(*opened, owned).incidents

    settled = te.IncidentResolved(
        code="asked", subject="b", resolution="Done.", resolved_at=s.LATER
    )
    after = replace(second, resolution="Done.", resolved_at=s.LATER)
    assert (first, after) == trip(*opened, settled).incidents
    assert (first, after) == trip(*opened, settled, owned).incidents


def test_what_people_did_and_whom_we_forgot_is_kept_in_its_order() -> None:
    acts = [
        te.OperatorActed(
            action="look", subject=s.TRIP, reason="why", request_id=name, acted_at=s.NOW
        )
        for name in ("one", "two")
    ]
    forgotten = [te.PersonForgotten(person_id=name, forgotten_at=s.NOW) for name in ("ada", "bob")]
    after = trip(s.STARTED, *acts, *forgotten)
    assert (("one", "two"), ("ada", "bob")) == (after.acts, after.forgotten)
