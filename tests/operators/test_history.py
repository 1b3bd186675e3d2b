"""Time travel is a fold of the log's beginning, and a difference is all that lies between."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.dossier import Dossier, DossierEvent, fold
from domain.log import Cause, Recorded
from domain.money import Money
from domain.trip import events as te
from projections.history import Change, as_of, difference, steps, told_by, until
from tests.replay.whole_trips import told, whole_trips
from tests.rules import stories as s

STORIES = {name: tuple(facts) for name, facts in whole_trips().items()}


def recorded(facts: Sequence[DossierEvent]) -> list[Recorded]:
    """Each a minute after the one before; every third at the same moment as the one before."""
    return [
        Recorded(
            position=10 * number,
            event_id=f"event-{number}",
            trip_id=s.TRIP,
            stream_id=s.TRIP,
            stream_version=number,
            topic="",
            event=fact,
            recorded_at=s.NOW + timedelta(minutes=number - (number % 3 == 0)),
            cause=Cause(tenant="acme", actor="key:1"),
        )
        for number, fact in enumerate(facts, 1)
    ]


@st.composite
def journeys(draw: st.DrawFn) -> tuple[list[Recorded], int, int]:
    facts = STORIES[draw(st.sampled_from(sorted(STORIES)))]
    moments = st.integers(min_value=0, max_value=len(facts) + 1)
    return recorded(facts), draw(moments), draw(moments)


@given(journeys())
@settings(deadline=None)
def test_a_moment_is_the_fold_of_everything_before_it(
    journey: tuple[list[Recorded], int, int],
) -> None:
    log, version, minute = journey
    at = s.NOW + timedelta(minutes=minute)

    assert fold(r.event for r in log[:version]) == as_of(log, version)
    assert fold(r.event for r in log if r.recorded_at <= at) == as_of(log, at)
    assert fold(r.event for r in log) == as_of(log, None) == as_of(log, len(log) + 1)
    assert min(version, len(log)) == as_of(log, version).version


@given(journeys())
@settings(deadline=None)
def test_a_difference_is_all_that_lies_between_two_moments(
    journey: tuple[list[Recorded], int, int],
) -> None:
    log, one, other = journey
    before, after = as_of(log, one), as_of(log, other)

    facts: dict[str, Any] = dict(told_by(before))
    for change in difference(before, after):
        assert facts.get(change.path) == change.before != change.after
        facts[change.path] = change.after

    assert told_by(after) == {path: fact for path, fact in facts.items() if fact is not None}
    assert () == difference(before, before)
    assert [(c.path, c.before, c.after) for c in difference(before, after)] == [
        (c.path, c.after, c.before) for c in difference(after, before)
    ]


@given(st.sampled_from(sorted(STORIES)))
@settings(deadline=None)
def test_every_state_on_the_way_is_shown_once(name: str) -> None:
    log = recorded(STORIES[name])
    shown = list(steps(log))

    assert [as_of(log, n) for n in range(1, len(log) + 1)] == [step.dossier for step in shown]
    assert list(range(1, len(log) + 1)) == [step.version for step in shown]
    states = [Dossier(), *(step.dossier for step in shown)]
    for step, before in zip(shown, states, strict=False):
        assert difference(before, step.dossier) == step.changes != ()


def test_a_change_names_the_fact_and_both_of_its_values() -> None:
    log = recorded(told(s.quoted()))
    version = next(n for n, r in enumerate(log, 1) if isinstance(r.event, te.QuoteCompleted))

    found = difference(as_of(log, version - 1), as_of(log, version))

    assert Change(path="trip.quote.status", before="scheduled", after="completed") in found
    assert Change(path="trip.quote.total", before=None, after=Money(36000, "EUR")) in found
    assert Change(path="version", before=version - 1, after=version) in found
    assert not [change for change in found if "sealed" in change.path]


def test_nothing_was_before_the_beginning() -> None:
    log = recorded(told(s.DRAFT))

    assert Dossier() == as_of(log, 0) == as_of(log, s.NOW - timedelta(days=1))
    assert [] == list(until(log, 0))
