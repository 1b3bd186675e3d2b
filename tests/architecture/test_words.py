"""What is stored, answered and published under a name keeps to the names we know."""

from __future__ import annotations

import ast
import re
from typing import get_args

import pytest

from domain import dossier
from domain.booking.events import BookingEvent
from domain.trip.events import TripEvent
from service.http.problems import CATALOGUE
from tests.architecture.tree import ROOT, name_of, parsed, python_files, tracked

TOPIC = re.compile(r"^(trip|booking)\.[a-z-]+\.v[0-9]+$")
CODE = re.compile(r"^[a-z]+(_[a-z0-9]+)*$")
# Hosts of package registries, and directories of somebody's machine.
UNSAYABLE = re.compile(
    r"(pypi|pythonhosted|npmjs)[.](org|com)|/(work|Users)/(?!\*)|/home/[a-z]+/|/tmp/[a-z]"
)
# A container's or a test's own throw-away places.
TEXT = {".py", ".md", ".toml", ".lock", ".sql", ".html", ".css", ".js", ".yml", ".yaml", ".json"}


def test_every_kind_of_event_has_exactly_one_topic() -> None:
    kinds = {*get_args(TripEvent), *get_args(BookingEvent)}
    assert kinds == set(dossier.TOPICS.values())
    assert len(dossier.TOPICS) == len(kinds)


@pytest.mark.parametrize("topic", dossier.TOPICS)
def test_a_topic_says_whose_what_and_which_version(topic: str) -> None:
    assert TOPIC.match(topic)
    owner = get_args(TripEvent) if topic.startswith("trip.") else get_args(BookingEvent)
    assert dossier.TOPICS[topic] in owner


def refusals() -> dict[str, set[str]]:
    """Each code that is refused or reported as a problem, and the files that do."""
    found: dict[str, set[str]] = {}
    for path in python_files("domain", "service"):
        for node in ast.walk(parsed(path)):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.func.id not in {"Refused", "Problem"} or not node.args:
                continue
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                found.setdefault(first.value, set()).add(name_of(path))
    return found


def test_every_refusal_is_in_the_catalogue() -> None:
    codes = refusals()
    assert len(codes) > 30
    assert {code: files for code, files in codes.items() if code not in CATALOGUE} == {}


@pytest.mark.parametrize("code", CATALOGUE)
def test_a_code_is_spelled_for_programs(code: str) -> None:
    assert CODE.match(code)


def test_what_we_publish_names_no_machine_and_no_package_registry() -> None:
    texts = [p for p in tracked() if p.suffix in TEXT]
    assert len(texts) > 100
    said = {
        name_of(path): found
        for path in texts
        if (found := sorted({m.group() for m in UNSAYABLE.finditer(path.read_text())}))
    }
    assert said == {}


def test_there_is_a_license_and_a_way_in() -> None:
    assert [n for n in ("LICENSE", "README.md", "Makefile") if not (ROOT / n).is_file()] == []
