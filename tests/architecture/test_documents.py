"""The documents are true: drawings are of the code as it is, promises name tests that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from docs.draw import DOCUMENTS, LIFECYCLES, PLACE, drawn
from tests.architecture.tree import ROOT, name_of, parsed, tracked

PROMISES = ROOT / "docs" / "PROMISES.md"
COMPLAINTS = ROOT / "docs" / "COMPLAINTS.md"
THREADS = 25
PROMISE = re.compile(r"^\*\*([A-Z][0-9]+)\.\*\* ", re.MULTILINE)
TEST = re.compile(r"`(tests/[a-z0-9_/]+\.py)(?:::([A-Za-z0-9_]+))?`")
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
MARKDOWN = [path for path in tracked() if path.suffix == ".md"]


def promises() -> dict[str, str]:
    """Each promise by its number, with all that is said of it; complaints are numbered likewise."""
    text = PROMISES.read_text() + COMPLAINTS.read_text()
    found = list(PROMISE.finditer(text))
    ends = [place.start() for place in found[1:]] + [len(text)]
    return {place[1]: text[place.start() : end] for place, end in zip(found, ends, strict=True)}


def names_in(path: Path) -> set[str]:
    """The functions and classes of a test file, and what it calls a test by assignment."""
    names = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names.update(t.id for t in node.targets if isinstance(t, ast.Name))
    return names


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_the_lifecycles_are_drawn_as_they_are(document: Path) -> None:
    text = document.read_text()
    assert set(LIFECYCLES) == {place[2] for place in PLACE.finditer(text)}
    assert drawn(text) == text, "run python -m docs.draw"


def test_the_promises_are_numbered_without_a_gap() -> None:
    numbers = list(promises())
    assert len(numbers) > 30
    for letter in sorted({number[0] for number in numbers}):
        mine = [int(number[1:]) for number in numbers if number[0] == letter]
        assert list(range(1, len(mine) + 1)) == mine


def test_every_thread_of_complaints_is_there() -> None:
    threads, further = COMPLAINTS.read_text().split("## Further ones")
    assert THREADS == len(PROMISE.findall(threads))
    assert len(PROMISE.findall(further)) > 5


@pytest.mark.parametrize("number", promises())
def test_a_promise_names_tests_that_exist(number: str) -> None:
    named = TEST.findall(promises()[number])
    assert named, f"promise {number} names no test"
    for file, test in named:
        path = ROOT / file
        assert path.is_file(), f"{file} is not there"
        assert not test or test in names_in(path), f"{file} has no {test}"


@pytest.mark.parametrize("document", MARKDOWN, ids=name_of)
def test_what_a_document_links_to_is_there(document: Path) -> None:
    targets = [document.parent / link for link in LINK.findall(document.read_text())]
    assert [name_of(t.resolve()) for t in targets if not t.exists()] == []
