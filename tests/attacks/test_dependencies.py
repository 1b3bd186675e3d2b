"""What others wrote and we run is exactly what was chosen, and its licences are known."""

from __future__ import annotations

import re

import pytest

from docs.audit import ELSEWHERE, LICENCES, PIN, licence_of, listed, locked
from tests.architecture.tree import ROOT

LOCKS = ["run.lock", "dev.lock", "bench.lock"]
# Under which our own code may be given away and sold with it.
FINE = re.compile(r"Apache|MIT|BSD|PSF|Python Software Foundation|Mozilla|MPL-2.0")


@pytest.mark.parametrize("lock", LOCKS)
def test_everything_we_run_is_locked_by_its_hash(lock: str) -> None:
    text = (ROOT / "requirements" / lock).read_text()
    starts = [found.start() for found in PIN.finditer(text)]
    pieces = [text[a:b] for a, b in zip(starts, [*starts[1:], len(text)], strict=True)]

    assert len(pieces) > 10
    assert [] == [piece.split()[0] for piece in pieces if "--hash=sha256:" not in piece]
    assert [] == [line for line in text.splitlines() if re.match(r"\s*(-e|git\+|https?:)", line)]


def test_the_list_of_licences_is_of_what_is_locked() -> None:
    assert LICENCES.read_text() == listed(), "run make audit"


def test_every_licence_is_one_we_may_live_with() -> None:
    licences = {name: licence_of(name) for name in locked().keys() - ELSEWHERE}

    assert {} == {name: each for name, each in licences.items() if not FINE.search(each)}


def test_only_what_is_locked_is_installed_by_its_hash() -> None:
    makefile = (ROOT / "Makefile").read_text()
    installs = [line for line in makefile.splitlines() if "$(PIP_INSTALL)" in line and "@" in line]

    assert 4 == len(installs)
    for line in installs:
        assert "--require-hashes" in line or "--no-deps" in line
