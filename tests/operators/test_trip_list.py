"""Whom a trip waits for, what money of it is taken and not yet earned, and what it is found by."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from domain.dossier import DossierEvent
from domain.log import Cause, Recorded
from domain.trip import events as te
from projections import trip_list
from projections.trip_list import REQUESTS_MAX, Listed
from tests.replay.whole_trips import (
    AT_ONCE,
    BOTH_YES,
    LOST,
    START,
    TAKEN,
    refund,
    told,
    whole_trips,
)
from tests.rules import stories as s

F, H = s.FLIGHT_BOOKING, s.STAY_BOOKING


def listed(facts: Sequence[DossierEvent], request_id: str | None = "req-1") -> Listed:
    """The row after these facts, each recorded a minute after the one before."""
    row: Listed | None = None
    for number, fact in enumerate(facts, 1):
        recorded = Recorded(
            position=number,
            event_id=f"event-{number}",
            trip_id=s.TRIP,
            stream_id=s.TRIP,
            stream_version=number,
            topic="",
            event=fact,
            recorded_at=s.NOW + timedelta(minutes=number),
            cause=Cause(tenant="acme", actor="key:1", request_id=request_id),
        )
        row = trip_list.project(row, recorded)
    assert row is not None
    return row


WAITING = {
    "draft": (told(s.DRAFT), "customer"),
    "quoting": (told(s.quoting()), "supplier"),
    "quoted": (told(s.quoted()), "customer"),
    "opening": (told(s.opening()), "payment_provider"),
    "open": (told(s.awaiting_payment()), "customer"),
    "slow payment": (told(s.processing()), "bank"),
    "ordering": (told(s.fulfilling()), "supplier"),
    "an order lost": (told(s.both_ordered(), then=(LOST,)), "supplier"),
    "capturing": (told(s.both_ordered(), then=BOTH_YES), "payment_provider"),
    "completed": (told(s.completed()), "nobody"),
    "refund pending": (
        told(s.expired(), then=(AT_ONCE, refund("pending"))),
        "bank",
    ),
    "refund failed": (
        told(s.expired(), then=(AT_ONCE, refund("pending"), refund("failed"))),
        "operator",
    ),
}


@pytest.mark.parametrize("name", WAITING)
def test_a_trip_says_whom_it_waits_for(name: str) -> None:
    facts, waits_for = WAITING[name]

    assert waits_for == listed(facts).waits_for


def test_a_wait_begins_with_what_began_it_and_not_with_later_news() -> None:
    facts = told(s.fulfilling())
    more = told(s.fulfilling(), then=(s.answer(F, s.yes(F), at=s.LATER),))
    begun = next(n for n, f in enumerate(facts, 1) if isinstance(f, te.FulfillmentStarted))

    before, after = listed(facts), listed(more)

    assert len(facts) < len(more)
    assert ("supplier", "supplier") == (before.waits_for, after.waits_for)
    assert s.NOW + timedelta(minutes=begun) == before.waits_since == after.waits_since
    assert before.updated_at < after.updated_at


UNFULFILLED = {
    "nothing is paid": (told(s.awaiting_payment()), 0),
    "what is only authorised is not taken": (told(s.fulfilling()), 0),
    "taken at once and nothing booked yet": (told(s.processing(), then=(AT_ONCE, START)), 35000),
    "one of two booked": (
        told(s.processing(), then=(AT_ONCE, START, s.answer(F, s.yes(F), at=s.LATER))),
        15000,
    ),
    "all booked": (told(s.both_ordered(), then=(*BOTH_YES, TAKEN)), 0),
    "owed, and on its way back": (told(s.expired(), then=(AT_ONCE, refund("pending"))), 35000),
    "given back": (told(s.expired(), then=(AT_ONCE, refund("succeeded"))), 0),
    "did not arrive": (
        told(s.expired(), then=(AT_ONCE, refund("pending"), refund("failed"))),
        35000,
    ),
    "cancelled by the customer and given back": (whole_trips()["cancelled-by-the-customer"], 0),
}


@pytest.mark.parametrize("name", UNFULFILLED)
def test_what_is_taken_and_not_earned_is_counted(name: str) -> None:
    facts, amount = UNFULFILLED[name]
    row = listed(facts)

    assert (amount, bool(amount)) == (
        trip_list.unfulfilled(row.dossier),
        row.unfulfilled_since is not None,
    )


@pytest.mark.parametrize("name", sorted(whole_trips()))
def test_what_is_left_out_of_a_row_changes_nothing_it_says(name: str) -> None:
    """A lean trip and the whole one are in the same state, cost the same and owe the same."""
    facts = whole_trips()[name]
    row = listed(facts)
    assert row.dossier.trip is not None
    again = listed([trip_list.lean(fact) for fact in facts])

    assert trip_list.found_by(row) == trip_list.found_by(again)
    assert len(facts) == row.dossier.version
    assert row.dossier.trip.trip_id in trip_list.found_by(row)


def test_a_trip_is_found_by_everything_that_stands_for_it() -> None:
    words = trip_list.found_by(listed(told(s.completed())))

    assert {
        s.TRIP,
        s.CHECKOUT,
        s.GROUP,
        s.SESSION,
        s.PAYMENT,
        s.FLIGHT_BOOKING,
        s.FLIGHT_INITIALIZED.code.lower(),
        s.TRAVELER.person_id,
        "req-1",
        "status:completed",
        "payment:captured",
        "waits:nobody",
    } <= set(words)
    assert list(words) == sorted(set(words))
    assert [word.lower() for word in words] == list(words)


def test_only_the_newest_requests_are_remembered() -> None:
    requests: tuple[str, ...] = ()
    for number in range(REQUESTS_MAX + 10):
        requests = trip_list.with_request(requests, f"r{number}")
        requests = trip_list.with_request(requests, f"r{number}")

    assert tuple(f"r{number}" for number in range(10, REQUESTS_MAX + 10)) == requests
