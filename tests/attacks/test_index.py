"""Every attack that is listed is tried by a test that exists; every test here is of one."""

from __future__ import annotations

import re

import pytest

from tests.architecture.test_documents import TEST, names_in
from tests.architecture.tree import ROOT

ATTACKS = ROOT / "docs" / "ATTACKS.md"
ATTACK = re.compile(r"^\*\*(\d+)\. ", re.MULTILINE)
LISTED = 28


def attacks() -> dict[int, str]:
    """Each attack by its number, with all that is said of it."""
    text = ATTACKS.read_text()
    found = list(ATTACK.finditer(text))
    ends = [place.start() for place in found[1:]] + [len(text)]
    return {int(p[1]): text[p.start() : end] for p, end in zip(found, ends, strict=True)}


def test_none_is_left_out() -> None:
    assert list(range(1, LISTED + 1)) == sorted(attacks())


@pytest.mark.parametrize("number", attacks())
def test_an_attack_names_tests_that_exist(number: int) -> None:
    named = TEST.findall(attacks()[number])

    assert named, f"attack {number} names no test"
    for file, test in named:
        assert (ROOT / file).is_file(), f"{file} is not there"
        assert test in names_in(ROOT / file), f"{file} has no {test}"


def test_every_file_of_attacks_is_listed() -> None:
    text = ATTACKS.read_text()
    files = sorted(path.name for path in (ROOT / "tests" / "attacks").glob("test_*.py"))

    assert ["test_index.py"] == [f for f in files if f"tests/attacks/{f}::" not in text]
