"""Imports run one way, and the rules are pure: no time, chance, waiting, printing or I/O."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import domain
from tests.architecture.tree import PACKAGES, PRODUCT, ROOT, name_of, parsed, python_files

# The one library that the rules know, and the standard modules that would let the world in.
LIBRARY = "statemachine"
WORLDLY = {
    "asyncio",
    "builtins",
    "concurrent",
    "ctypes",
    "http",
    "importlib",
    "io",
    "logging",
    "multiprocessing",
    "os",
    "pathlib",
    "random",
    "secrets",
    "select",
    "signal",
    "socket",
    "sqlite3",
    "subprocess",
    "tempfile",
    "threading",
    "time",
    "urllib",
}
# Functions of harmless modules (and of none) that are not harmless.
IMPURE_CALLS = {
    "now",
    "utcnow",
    "today",
    "uuid1",
    "uuid4",
    "open",
    "print",
    "input",
    "exec",
    "eval",
}
DOMAIN = python_files("domain")


def imported(path: Path) -> set[str]:
    """The top-level names a file imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)} imports relatively"
            names.add(node.module or "")
    return {name.split(".")[0] for name in names}


def called(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                names.add(node.func.id)
            elif isinstance(node.func, ast.Attribute):
                names.add(node.func.attr)
    return names


def test_imports_keep_every_contract() -> None:
    # In a process of its own, because it sets up logging for itself.
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_rules_are_there_to_be_looked_at() -> None:
    assert len(DOMAIN) > 20


@pytest.mark.parametrize("path", DOMAIN, ids=name_of)
def test_the_rules_import_nothing_but_the_standard_library_and_one_library(path: Path) -> None:
    foreign = imported(path) - set(sys.stdlib_module_names) - {"domain", LIBRARY}
    assert foreign == set()
    assert imported(path) & WORLDLY == set()


@pytest.mark.parametrize("path", DOMAIN, ids=name_of)
def test_the_rules_take_time_and_chance_from_their_commands(path: Path) -> None:
    assert called(path) & IMPURE_CALLS == set()


@pytest.mark.parametrize("path", DOMAIN, ids=name_of)
def test_the_rules_never_wait(path: Path) -> None:
    waiting = (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)
    assert [node for node in ast.walk(parsed(path)) if isinstance(node, waiting)] == []


@pytest.mark.parametrize("path", python_files("sandbox"), ids=name_of)
def test_a_sandbox_is_another_companys_server(path: Path) -> None:
    assert imported(path) & set(PRODUCT) == set()


@pytest.mark.parametrize("path", python_files(*PRODUCT), ids=name_of)
def test_the_product_does_not_know_that_it_is_talking_to_a_sandbox(path: Path) -> None:
    assert "sandbox" not in imported(path)


def test_the_packages_are_ours_and_nobody_elses() -> None:
    """Short names are free in this repository only as long as nothing else is installed there."""
    assert ROOT in Path(domain.__file__).resolve().parents
    for package in PACKAGES:
        found = Path(str(__import__(package).__file__)).resolve()
        assert found == ROOT / package / "__init__.py"
