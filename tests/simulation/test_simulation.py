"""Hundreds of small worlds in which everything goes wrong, and none in which a promise breaks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SEEDS = 60
SOME = ("1", "2", "3", "5", "8", "13")


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


@pytest.mark.timeout(1_800)
def test_no_seed_breaks_a_promise_and_everything_has_happened(tmp_path: Path) -> None:
    code, told, said = simulation(tmp_path, "--seeds", str(SEEDS), "--from", "1", "--jobs", "2")

    assert 0 == code, said
    assert SEEDS <= told["runs"]
    assert ([], []) == (told["failed"], told["never"])


@pytest.mark.timeout(600)
def test_a_seed_tells_the_same_story_in_every_process(tmp_path: Path) -> None:
    seeds = [word for seed in SOME for word in ("--seed", seed)]

    _, once, _ = simulation(tmp_path, "--jobs", "1", *seeds)
    _, again, _ = simulation(tmp_path, "--jobs", "2", *seeds)

    assert set(SOME) == once["digests"].keys()
    assert len(SOME) == len(set(once["digests"].values()))
    assert once["digests"] == again["digests"]
