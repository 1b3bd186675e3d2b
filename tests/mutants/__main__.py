"""`python -m tests.mutants ['domain.money*' …]`: which small change does no test see?

Prints each mutant that survives and is not argued away in docs/MUTANTS.md, and fails if there is
one. Patterns are of `module.function`, for instance `domain.process.settle`.
"""

from __future__ import annotations

import os
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.mutants.changing import Mutant, mutants
from tests.mutants.running import Mutating, Verdict

# What is changed, and the tests that should see it; a file is of the first that names it.
SUBJECTS: dict[str, tuple[str, ...]] = {
    "domain/operating.py": ("tests/operators/test_offers.py",),
    "domain/reconciling.py": ("tests/reconciling/test_differences.py",),
    "domain/ledger.py": ("tests/machines/test_books.py",),
    "domain/payments.py": ("tests/adapters/test_stripe_readings.py",),
    "domain/**/*.py": (
        "tests/rules",
        "tests/machines/test_books.py",
        "tests/replay/test_golden.py",
    ),
    "adapters/event_log/codec.py": (
        "tests/contracts/test_codec.py",
        "tests/contracts/test_envelope.py",
    ),
    "adapters/event_log/envelope.py": ("tests/contracts/test_envelope.py",),
    "adapters/answers.py": ("tests/adapters/test_answers.py",),
    "adapters/payments/stripe_wire.py": ("tests/adapters/test_stripe_readings.py",),
    "adapters/payments/stripe_events.py": (
        "tests/adapters/test_stripe_webhook_events.py",
        "tests/attacks/test_parsers.py",
    ),
    "adapters/suppliers/duffel_events.py": (
        "tests/adapters/test_duffel_events.py",
        "tests/attacks/test_parsers.py",
    ),
    "service/handle.py": ("tests/handling",),
}
ARGUED_AWAY = Path("docs/MUTANTS.md")
OPTIONS = ("-q", "-s", "--assert=plain", "--tb=short", "-o", "timeout=0", "-p", "no:cacheprovider")


def main(patterns: list[str]) -> int:
    settings.register_profile(
        "mutants",
        max_examples=20,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    settings.load_profile("mutants")
    os.environ.pop("TRIPLEDGER_CONTRACT_FIXTURES", None)
    tests: dict[tuple[str, ...], list[Path]] = defaultdict(list)
    known = set[Path]()
    for subject, seen_by in SUBJECTS.items():
        files = set(Path().glob(subject)) - known
        known |= files
        tests[seen_by] += sorted(path for path in files if asked(path, patterns))
    told = Counter[tuple[Path, str]]()
    for seen_by, paths in tests.items():
        chosen = [m for path in paths for m in mutants(path) if wanted(m, patterns)]
        if chosen and pytest.main([*OPTIONS, *seen_by], plugins=[Mutating(chosen, Told(told))]):
            return 1
    print(table(told))
    return 1 if any(verdict in ("survived", "unreached") for _, verdict in told) else 0


def asked(path: Path, patterns: list[str]) -> bool:
    module = ".".join(path.with_suffix("").parts) + "."
    heads = [pattern.split("*")[0] for pattern in patterns]
    return not patterns or any(h.startswith(module) or module.startswith(h) for h in heads)


def wanted(mutant: Mutant, patterns: list[str]) -> bool:
    return not patterns or any(fnmatch(mutant.name, pattern) for pattern in patterns)


class Told:
    """Counts the verdicts and says aloud what nobody has argued away."""

    def __init__(self, counts: Counter[tuple[Path, str]]) -> None:
        self.counts = counts
        self.argued = tuple(argued_away())

    def __call__(self, mutant: Mutant, verdict: Verdict) -> None:
        argued = verdict != "killed" and any(why.startswith(str(mutant)) for why in self.argued)
        self.counts[mutant.path, "argued away" if argued else verdict] += 1
        if verdict != "killed" and not argued:
            print(f"{mutant.path}:{mutant.lines.start} {verdict}\n  {mutant}", flush=True)


def argued_away() -> Iterator[str]:
    """Every point of the file, on one line."""
    for point in re.split(r"^- ", ARGUED_AWAY.read_text(), flags=re.MULTILINE)[1:]:
        yield " ".join(point.split())


def table(counts: Counter[tuple[Path, str]]) -> str:
    columns = ("killed", "argued away", "survived", "unreached")
    rows = ["| file | mutants | " + " | ".join(columns) + " |", "| --- |" + " --- |" * 5]
    for path in sorted({path for path, _ in counts}):
        row = [counts[path, column] for column in columns]
        rows.append(f"| `{path}` | " + " | ".join(map(str, [sum(row), *row])) + " |")
    return "\n".join(rows)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
