"""Nothing grows past what can be read at one sitting."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.architecture.tree import PACKAGES, ROOT, name_of, parsed, python_files

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 50
FOLDER_FILES_MAX = 16
ENTRIES = {"__init__.py", "__main__.py"}

# Wider than the house likes, and not to grow: each is a row of alike small files.
WIDE_FOLDERS = {
    "domain/trip": 18,
    "adapters": 18,
    "service/cli": 20,
    "service/http": 28,
    "sandbox/duffel": 20,
    "sandbox/stripe": 20,
    "tests/contracts": 21,
    "tests/api": 24,
    "tests/scenarios": 23,
}
# A table of routes is read row by row, and the composition root names every part once.
ROUTE_TABLE = re.compile(r"^service/http/.*:\w*routes$")
ROUTE_TABLE_LINES_MAX = 80
LONG_FUNCTIONS = {"service/app.py:wired": 70}
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
UNTOLD = {"utils.py", "helpers.py", "base.py", "manager.py", "common.py", "misc.py"}

FILES = python_files(*PACKAGES, "tests", "benchmarks", "docs")


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_file_can_be_read_at_one_sitting(path: Path) -> None:
    lines = len(path.read_text().splitlines())
    assert lines <= FILE_LINES_MAX
    assert path.name not in UNTOLD


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_function_fits_on_a_screen(path: Path) -> None:
    long = {
        where: lines
        for node in ast.walk(parsed(path))
        if isinstance(node, FUNCTIONS)
        and (lines := own_length(node)) > limit(where := f"{name_of(path)}:{node.name}")
    }
    assert long == {}


def limit(function: str) -> int:
    if ROUTE_TABLE.match(function):
        return ROUTE_TABLE_LINES_MAX
    return LONG_FUNCTIONS.get(function, FUNCTION_LINES_MAX)


def own_length(node: ast.stmt) -> int:
    """Lines of a function without those of the functions in it (routes have their handlers so)."""
    inner = [n for n in ast.walk(node) if isinstance(n, FUNCTIONS) and n is not node]
    within = {line for n in inner for line in range(n.lineno, (n.end_lineno or n.lineno) + 1)}
    assert node.end_lineno is not None
    return node.end_lineno - node.lineno + 1 - len(within)


def test_a_folder_can_be_seen_at_a_glance() -> None:
    sizes = Counter(name_of(path.parent) for path in FILES if path.name not in ENTRIES)
    assert len(sizes) > 10
    wide = {
        folder: count
        for folder, count in sizes.items()
        if count > WIDE_FOLDERS.get(folder, FOLDER_FILES_MAX)
    }
    assert wide == {}


def test_no_folder_is_allowed_to_be_wide_without_being_there() -> None:
    assert [folder for folder in WIDE_FOLDERS if not (ROOT / folder).is_dir()] == []
