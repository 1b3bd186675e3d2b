"""The trip's page at a moment is the fold of the log's beginning, whatever the trip has lived
through; and what it says is different between two moments is all that is."""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, settings

from domain.booking import commands as bc
from domain.dossier import Dossier, fold
from domain.log import Cause, Recorded
from domain.trip import commands as tc
from domain.trip.lifecycle import status
from projections.history import told_by
from service.console.differing import COUNTERS, NOTHING, differences, shown
from service.console.history import History
from service.console.operator import NotDone
from service.console.pages.trip import version_of
from tests.machines.rest import come_to_rest
from tests.machines.test_trip_machine import TRIP, TripMachine

STEPS = 40
LIVES = 15
A_MOMENT = timedelta(microseconds=1)


class LookedBackOn(TripMachine):
    """Keeps how the trip stood after each command, when it did, and looks back from the end."""

    def __init__(self) -> None:
        super().__init__()
        self.stood: dict[int, Dossier] = {}
        self.times: list[datetime] = []

    def record(self, command: bc.BookingCommand | tc.TripCommand) -> bool:
        accepted = super().record(command)
        self.look()
        return accepted

    def look(self) -> None:
        new = len(self.world.events) - len(self.times)
        self.times += [self.world.now] * new
        self.stood[len(self.times)] = self.world.dossier

    def teardown(self) -> None:
        if not self.sound or self.world.dossier.trip is None:
            return
        come_to_rest(self.world)
        self.look()
        log = self.recorded()
        history = History(log)
        demand_folds(history, log)
        for version, dossier in self.stood.items():
            if version:
                assert dossier == history.until(version).last.dossier, "not as it stood then"
        demand_moments(history, self.times)
        demand_differences(history)

    def recorded(self) -> list[Recorded]:
        """As the log would have it; each was caused by the work before it."""
        return [
            Recorded(
                position=10 * number,
                event_id=f"event-{number}",
                trip_id=TRIP,
                stream_id=TRIP,
                stream_version=number,
                topic="",
                event=event,
                recorded_at=at,
                cause=Cause(tenant="acme", actor="key:1"),
            )
            for number, (event, at) in enumerate(
                zip(self.world.events, self.times, strict=True), start=1
            )
        ]


def demand_folds(history: History, log: list[Recorded]) -> None:
    """Every moment is what anybody finds who knows no more than the log up to then."""
    assert len(log) == len(history.steps)
    for version in range(1, len(log) + 1):
        past = history.until(version)
        assert fold(r.event for r in log[:version]) == past.last.dossier
        assert status(past.trip) == past.last.status
    half = (len(log) + 1) // 2
    past, alone = history.until(half), History(log[:half])
    assert alone.steps == past.steps
    assert (alone.since(), alone.passed()) == (past.since(), past.passed())


def demand_moments(history: History, times: list[datetime]) -> None:
    for at in sorted(set(times)):
        for moment in (at, at + A_MOMENT):
            version = bisect_right(times, moment)
            assert version == history.version_at(moment)
            assert version == version_of(history, moment.isoformat())
    assert 0 == history.version_at(times[0] - A_MOMENT)
    for wanted in ("0", (times[0] - A_MOMENT).isoformat()):
        with pytest.raises(NotDone):
            version_of(history, wanted)
    last = len(times)
    assert [1, last, last] == [version_of(history, str(n)) for n in (1, last, last + 1)]


def demand_differences(history: History) -> None:
    """What was, with the differences put in, is what is; backwards it is the same, swapped."""
    last = len(history.steps)
    for version in {1, (last + 1) // 3 or 1, (last + 1) // 2, last}:
        before = history.steps[version - 1].dossier
        for after in (history.last.dossier, history.steps[0].dossier):
            found = differences(before, after)
            facts = told(before)
            for change in found:
                assert facts.get(change.path, NOTHING) == change.before
                assert change.before != change.after
                facts[change.path] = change.after
            assert told(after) == {path: fact for path, fact in facts.items() if fact != NOTHING}
            back = {(c.path, c.after, c.before) for c in differences(after, before)}
            assert {(c.path, c.before, c.after) for c in found} == back


def told(dossier: Dossier) -> dict[str, str]:
    return {
        path: shown(fact)
        for path, fact in told_by(dossier).items()
        if not f".{path}".endswith(COUNTERS)
    }


TestLookedBackOn = LookedBackOn.TestCase
TestLookedBackOn.settings = settings(
    max_examples=LIVES,
    deadline=None,
    stateful_step_count=STEPS,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
