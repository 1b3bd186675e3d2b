"""What others wrote and we run: its licences, a bill of materials, and its known weaknesses.

`python -m docs.audit` writes docs/LICENCES.md from what is installed, a bill of materials in
CycloneDX to build/sbom.json, and asks for known weaknesses; it fails when there are any. Where
their data cannot be had it says so. What is given to it is passed on to pip-audit.
"""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCKED = ROOT / "requirements" / "run.lock"
LICENCES = ROOT / "docs" / "LICENCES.md"
MATERIALS = ROOT / "build" / "sbom.json"
WEAKNESSES = ROOT / "build" / "weaknesses.json"
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==(\S+)", re.MULTILINE)
# Not needed on Linux, where the list is made.
ELSEWHERE = frozenset(["httpx2-jsfetch", "pywin32"])
HEAD = """# Licences

The packages that the service runs with, each under its own licence; Tripledger's is
[Apache-2.0](../LICENSE). Written by `make audit` from what the packages say of themselves.

| package | version | licence |
| --- | --- | --- |
"""


def locked() -> dict[str, str]:
    """The version of every package that the service runs with."""
    return dict(PIN.findall(LOCKED.read_text()))


def licence_of(package: str) -> str:
    """As the package names it; raises PackageNotFoundError where it is not installed."""
    said = importlib.metadata.metadata(package)
    named = said.get("License-Expression") or said.get("License") or ""
    classified = [
        line.rpartition(" :: ")[2]
        for line in said.get_all("Classifier") or []
        if line.startswith("License :: ")
    ]
    whole_text = "\n" in named or len(named) > 60
    return " or ".join(classified) if classified and (whole_text or not named) else named


def shown(package: str) -> str:
    return "not installed on Linux" if package in ELSEWHERE else licence_of(package)


def listed() -> str:
    rows = [
        f"| {package} | {version} | {shown(package)} |\n"
        for package, version in sorted(locked().items())
    ]
    return HEAD + "".join(rows)


def weaknesses(options: list[str]) -> int:
    """The status of pip-audit where it had anything to go by."""
    WEAKNESSES.unlink(missing_ok=True)
    asked = subprocess.run(
        [
            *(sys.executable, "-m", "pip_audit", "--requirement", str(LOCKED), "--disable-pip"),
            *("--progress-spinner", "off", "--format", "json", "--output", str(WEAKNESSES)),
            *options,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if not WEAKNESSES.exists():
        print("Known weaknesses: their data cannot be had here, so nothing was looked for.")
        return 0
    print(asked.stderr.strip() or "Known weaknesses: none")
    return asked.returncode


def main() -> int:
    MATERIALS.parent.mkdir(exist_ok=True)
    LICENCES.write_text(listed())
    print(f"Licences of {len(locked())} packages: {LICENCES.relative_to(ROOT)}")
    subprocess.run(
        [
            *(sys.executable, "-m", "cyclonedx_py", "requirements", str(LOCKED)),
            *("--output-reproducible", "--output-file", str(MATERIALS)),
        ],
        check=True,
    )
    print(f"Bill of materials: {MATERIALS.relative_to(ROOT)}")
    return weaknesses(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
