"""A person is forgotten when they ask, unless a booking under way still needs to know them."""

from __future__ import annotations

import pytest

from domain.trip import commands as tc
from domain.trip import events as te
from tests.given import Facts, given
from tests.rules import stories as s

PERSON = s.TRAVELER.person_id
FORGET = tc.ForgetPerson(person_id=PERSON, now=s.NOW)
FORGOTTEN = te.PersonForgotten(person_id=PERSON, forgotten_at=s.NOW)
BUILT = [s.STARTED, s.FLIGHT_ADDED, s.TRAVELERS_SET]


@pytest.mark.parametrize("story", [BUILT, s.quoted(), s.expired(), s.completed()])
def test_a_person_whom_no_booking_needs_is_forgotten(story: Facts) -> None:
    given(story).when(FORGET).then(FORGOTTEN).then_effects(f"erase_person:{PERSON}")


def test_forgetting_twice_is_forgetting_once() -> None:
    given(BUILT, FORGOTTEN).when(FORGET).then_nothing()


@pytest.mark.parametrize(
    ("status", "story"),
    [
        ("opening", s.opening()),
        ("awaiting_payment", s.awaiting_payment()),
        ("processing", s.processing()),
        ("closing", s.closing()),
        ("paid", s.paid()),
        ("fulfilling", s.fulfilling()),
    ],
)
def test_whom_a_booking_needs_is_not_forgotten_yet(status: str, story: Facts) -> None:
    given(story).when(FORGET).then_refused("person_needed", status=status)


def test_who_was_replaced_is_not_needed_by_a_booking() -> None:
    gone = tc.ForgetPerson(person_id="somebody-before", now=s.NOW)

    given(s.awaiting_payment()).when(gone).then_kinds(te.PersonForgotten)
