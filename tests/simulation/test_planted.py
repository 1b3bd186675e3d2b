"""Each mistake that was planted on purpose is found: what watches over the promises does watch."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.simulation.afterwards.planted import PLANTED
from tests.simulation.test_simulation import simulation

# Most are found in a few; what a seed means changes with the code, so it may take some more.
SEEDS = 600


@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("name", sorted(PLANTED))
def test_a_planted_mistake_is_found_by_the_promise_it_breaks(name: str, tmp_path: Path) -> None:
    searched = ("--stop", "--seeds", str(SEEDS), "--from", "1", "--jobs", "1")

    code, told, said = simulation(tmp_path, "--planted", name, *searched)

    assert 1 == code, said
    broken = {each["promise"] for seed in told["failed"] for each in seed["violations"]}
    assert PLANTED[name].breaks & broken, said


def test_enough_mistakes_are_planted() -> None:
    assert 21 <= len(PLANTED)
