"""Small worlds in which everything goes wrong, and none in which a promise breaks: unless a mistake
is planted on purpose. Each of these is found, so what watches over the promises does watch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.pool import Pool
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from tests.simulation.afterwards.planted import PLANTED
from tests.simulation.batch import Batch, convicts, run_planted, start_worker
from tests.simulation.world import run

ROOT = Path(__file__).parents[2]
SEEDS = 40
# What is rare is not met in each so many seeds, and which meet it changes with the code.
MORE = 160
SOME = ("1", "2", "3", "5", "8", "13")
# Most mistakes are found in a few; what a seed means changes with the code, so it may take more.
# One beginning is as good as the other: the worlds that follow on this one are small.
SEARCHED = range(6, 606)


def simulation(tmp_path: Path, *arguments: str) -> tuple[int, dict[str, Any], str]:
    """What came of a batch, run in processes of its own: (exit code, outcome, what was said)."""
    outcome = tmp_path / "outcome.json"
    done = subprocess.run(
        [sys.executable, "-m", "tests.simulation", "--json", str(outcome), *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    told = json.loads(outcome.read_text()) if outcome.exists() else {}
    return done.returncode, told, done.stdout + done.stderr


@pytest.fixture(scope="session")
def player() -> Iterator[Pool]:
    """A process that plays world after world, with the order of sets of words that every run has;
    what worlds need is imported there once."""
    with patch.dict(os.environ, PYTHONHASHSEED="0"):
        pool = get_context("spawn").Pool(1, start_worker)
    with pool:
        yield pool


@pytest.mark.timeout(1_800)
def test_no_seed_breaks_a_promise_and_everything_has_happened(tmp_path: Path, player: Pool) -> None:
    asked = ("--seeds", str(SEEDS), "--more", str(MORE), "--from", "1", "--jobs", "2")

    code, told, said = simulation(tmp_path, *asked)

    assert 0 == code, said
    assert SEEDS <= told["runs"]
    assert ([], []) == (told["failed"], told["never"])
    # Another process, in which other worlds were played before, and in another order.
    again = {seed: player.apply(run, (seed,)).digest for seed in reversed(SOME)}
    assert len(SOME) == len(set(again.values()))
    assert again == {seed: told["digests"][seed] for seed in SOME}


@pytest.mark.timeout(600)
def test_who_looks_for_a_mistake_is_told_of_the_first_that_shows_it(tmp_path: Path) -> None:
    asked = ("--planted", "FollowingAnUnorderedLog", "--stop", "--seeds", "600", "--from", "1")

    code, told, said = simulation(tmp_path, *asked, "--jobs", "2")

    assert 1 == code, said
    assert 600 > told["runs"]
    assert "python -m tests.simulation --seed" in said


def search(name: str) -> Batch:
    """What came of the seeds with this mistake made, up to the first that convicts it."""
    batch = Batch()
    for seed in SEARCHED:
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
