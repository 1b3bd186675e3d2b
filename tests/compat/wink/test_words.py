"""What suppliers and people say, put into the words of the contract."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.money import Money
from domain.suppliers import Offer
from service.http.wink.guests import Guest, callable_number, contact_of, travelers_of
from service.http.wink.policies import cancellation_policy, rate_plan

ARRIVAL = datetime(2027, 3, 10, tzinfo=UTC)
PRICE = Money(20_000, "GBP")


def offer(**details: Any) -> Offer:
    return Offer(
        offer_id="rat_1",
        supplier="duffel",
        kind="stay",
        title="Grand Hotel",
        price=PRICE,
        expires_at=ARRIVAL,
        details={"check_in_date": ARRIVAL.date().isoformat(), **details},
    )


def conditions(*steps: tuple[int, int]) -> dict[str, Any]:
    """What comes back (in pounds) until so many days before arrival."""
    return {
        "cancellation_timeline": [
            {
                "before": (ARRIVAL - timedelta(days=days)).isoformat(),
                "refund": {"amount": pounds * 100, "currency": "GBP"},
            }
            for days, pounds in steps
        ]
    }


@pytest.mark.parametrize(
    ("days", "word"),
    [
        (1, "ONE_DAY_BEFORE_ARRIVAL"),
        (2, "TWO_DAYS_BEFORE_ARRIVAL"),
        (4, "FIVE_DAYS_BEFORE_ARRIVAL"),
        (21, "TWENTYONE_DAYS_BEFORE_ARRIVAL"),
        (31, "FOURTY_TWO_DAYS_BEFORE_ARRIVAL"),
        (60, "SIXTY_DAYS_BEFORE_ARRIVAL"),
        (90, None),
    ],
)
def test_a_deadline_is_rounded_to_an_earlier_one_never_a_later(days: int, word: str | None) -> None:
    policy = cancellation_policy(offer(), conditions((days, 200)), PRICE, "hotel")

    assert (True, word) == (policy.refundable, policy.advance_cancellation_free_of_charge)


@pytest.mark.parametrize(
    ("back", "word"),
    [
        (150, "THIRTY_PERCENT"),
        (100, "FIFTY_PERCENT"),
        (99, "SIXTY_PERCENT"),
        (30, "NINENTY_PERCENT"),
        (1, "ONE_HUNDRED_PERCENT"),
    ],
)
def test_a_charge_is_rounded_up_never_down(back: int, word: str) -> None:
    policy = cancellation_policy(offer(), conditions((3, 200), (1, back)), PRICE, "hotel")

    assert word == policy.refundable_cancellation_charge
    assert [3, 1] == [
        (ARRIVAL - datetime.fromisoformat(step.before)).days for step in policy.timeline
    ]


def test_a_room_without_a_timeline_gives_nothing_back() -> None:
    policy = cancellation_policy(offer(), {}, PRICE, "hotel")

    assert (False, None, None) == (
        policy.refundable,
        policy.advance_cancellation_free_of_charge,
        policy.refundable_cancellation_charge,
    )
    assert "ONE_HUNDRED_PERCENT_OF_TOTAL_CHARGE" == policy.no_show_charge


@pytest.mark.parametrize(
    ("board", "meals"),
    [
        ("room_only", set()),
        ("breakfast", {"breakfast"}),
        ("half_board", {"breakfast", "dinner"}),
        ("full_board", {"breakfast", "lunch", "dinner"}),
        ("all_inclusive", {"breakfast", "lunch", "dinner", "all_inclusive"}),
        (None, set()),
    ],
)
def test_a_board_is_told_meal_by_meal(board: str | None, meals: set[str]) -> None:
    plan = rate_plan(offer(conditions={"board_type": board}))

    names = ("breakfast", "brunch", "lunch", "dinner", "all_inclusive")
    assert meals == {name for name in names if getattr(plan, name)}


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("+1 212 555 1212", "+12125551212"),
        ("+44 (0)20 8016 0509", "+4402080160509"),
        ("0044 20 8016 0509", "+442080160509"),
        ("12125551212", "+12125551212"),
        ("0123456789", "0123456789"),
    ],
)
def test_a_number_is_put_as_the_world_dials_it_where_that_is_known(
    written: str, number: str
) -> None:
    assert number == callable_number(written)


def test_the_contact_is_the_first_guest_who_can_be_called_from_anywhere() -> None:
    at_home = Guest(first_name="A", last_name="B", email="a@b.org", telephone="0123456789")
    silent = Guest(first_name="C", last_name="D", email="c@d.org")
    abroad = Guest(first_name="E", last_name="F", email="e@f.org", telephone="+12125551212")

    found = contact_of([silent, at_home, abroad])

    assert found is not None
    assert ("e@f.org", "+12125551212") == (found.email, found.phone)
    assert contact_of([silent]) is None


def test_who_has_two_rooms_travels_once() -> None:
    guest = Guest(first_name="A", last_name="B", email="a@b.org")
    same = Guest(first_name="A", last_name="B", email="A@B.org", special_requests="Late")
    other = Guest(first_name="C", last_name="B", email="a@b.org")

    assert ["A", "C"] == [t.first_name for t in travelers_of([guest, same, other])]
