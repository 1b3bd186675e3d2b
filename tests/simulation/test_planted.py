"""Each mistake that was planted on purpose is found: what watches over the promises does watch."""

from __future__ import annotations

from collections import Counter
from multiprocessing.pool import Pool

import pytest

from tests.simulation.afterwards.planted import PLANTED
from tests.simulation.batch import Batch, convicts, run_planted

# Most are found in a few; what a seed means changes with the code, so it may take some more.
SEEDS = 600


def search(name: str) -> Batch:
    """What came of the seeds with this mistake made, up to the first that convicts it."""
    batch = Batch()
    for seed in range(1, SEEDS + 1):
        verdict = run_planted(str(seed), name)
        batch.take(verdict)
        if convicts(verdict, name):
            break
    return batch


@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("name", sorted(PLANTED))
def test_a_planted_mistake_is_found_by_the_promise_it_breaks(name: str, player: Pool) -> None:
    found = player.apply(search, (name,))

    broken = Counter(each.promise for verdict in found.failed for each in verdict.violations)
    assert PLANTED[name].breaks & broken.keys(), f"{found.runs} seeds broke {dict(broken)}"


def test_enough_mistakes_are_planted() -> None:
    assert 21 <= len(PLANTED)
