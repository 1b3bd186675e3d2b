"""Suppliers' times and rules in words: exact where known, and unknown where they are not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from domain.money import Money
from service.pages import wording
from service.pages.wording import When

LONDON = {"city_name": "London", "iata_code": "LHR", "time_zone": "Europe/London"}
PRICE = Money(25_000, "EUR")


@pytest.mark.parametrize(
    ("text", "offset", "machine"),
    [
        ("2027-01-20T20:10:00", "+00:00", "2027-01-20T20:10+00:00"),
        ("2027-07-20T20:10:00", "+01:00", "2027-07-20T20:10+01:00"),
    ],
)
def test_a_local_time_has_its_zone_as_of_that_day(text: str, offset: str, machine: str) -> None:
    when = wording.local(text, LONDON)

    assert (f"London time, UTC{offset}", machine) == (when.zone, when.machine)
    assert when.text.endswith("2027, 20:10")


@pytest.mark.parametrize(
    "zone", [None, "", "Mars/Olympus", "Europe", "../../etc/passwd", "<b>", "a" * 5_000, 7]
)
def test_a_zone_nobody_knows_leaves_the_local_time(zone: object) -> None:
    when = wording.local("2027-01-20T20:10:00", {**LONDON, "time_zone": zone})

    assert ("London time", "2027-01-20T20:10") == (when.zone, when.machine)


@pytest.mark.parametrize(
    ("text", "shown"), [(None, "time not known"), ("", "time not known"), ("soon", "soon")]
)
def test_a_time_that_is_none_is_shown_as_it_is(text: str | None, shown: str) -> None:
    assert When(text=shown, machine="") == wording.local(text, LONDON)


def test_deadlines_are_told_in_universal_time() -> None:
    when = wording.utc(datetime(2027, 1, 10, 12, 30, tzinfo=UTC))

    assert ("Sun 10 Jan 2027, 12:30", "UTC") == (when.text, when.zone)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("PT7H15M", "7 h 15 min"),
        ("P1DT2H5M", "26 h 5 min"),
        ("PT45M", "45 min"),
        ("PT2H", "2 h"),
        ("seven hours", ""),
        (None, ""),
    ],
)
def test_durations_are_hours_and_minutes(text: str | None, shown: str) -> None:
    assert shown == wording.duration(text)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (None, "the airline does not say."),
        ({"allowed": False, "penalty": None}, "not possible."),
        ({"allowed": True, "penalty": None}, "possible; the fee is not known."),
        ({"allowed": True, "penalty": {"amount": 0, "currency": "EUR"}}, "free of charge."),
        (
            {"allowed": True, "penalty": {"amount": 2_500, "currency": "EUR"}},
            "possible for a fee of €25.00.",
        ),
    ],
)
def test_an_unknown_fee_is_neither_free_nor_forbidden(rule: object, words: str) -> None:
    assert f"Cancelling before departure: {words}" == wording.fare_rule("Cancelling", rule)


def step(before: str, minor: int | None) -> dict[str, object]:
    refund = None if minor is None else {"amount": minor, "currency": "EUR"}
    return {"before": before, "refund": refund}


def test_a_stays_cancellation_is_told_step_by_step() -> None:
    steps = [
        step("2027-01-17T00:00:00Z", 25_000),
        step("2027-01-18T12:00:00Z", 12_500),
        step("2027-01-19T12:00:00Z", None),
        step("whenever", 1),
    ]

    assert [
        "Cancelling before Sun 17 Jan 2027, 00:00 UTC: full refund.",
        "Cancelling before Mon 18 Jan 2027, 12:00 UTC: €125.00 back.",
        "Cancelling before Tue 19 Jan 2027, 12:00 UTC: the refund is not known.",
        "Cancelling after that: no refund.",
    ] == wording.stay_rules({"cancellation_timeline": steps}, PRICE)


def test_a_stay_without_steps_is_not_refunded_and_one_without_a_word_is_unknown() -> None:
    assert ["Cancelling: no refund."] == wording.stay_rules({"cancellation_timeline": []}, PRICE)
    assert ["Cancelling: the property does not say what comes back."] == wording.stay_rules(
        {}, PRICE
    )


def test_what_is_due_at_the_property_is_told_as_not_charged_here() -> None:
    due = {"cancellation_timeline": [], "due_at_accommodation": {"amount": 750, "currency": "EUR"}}

    assert "€7.50 more is to be paid at the property; we do not charge it." in wording.stay_rules(
        due, PRICE
    )
