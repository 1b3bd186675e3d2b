"""What stands in the repository, and what each file says, as trees."""

from __future__ import annotations

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("domain", "adapters", "projections", "service")
PACKAGES = (*PRODUCT, "sandbox")


@cache
def tracked() -> tuple[Path, ...]:
    """The files under version control that exist; without git (a released archive) all files
    of ours."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode == 0:
        names = [ROOT / name for name in listed.stdout.split("\0") if name]
        return tuple(path for path in names if path.is_file())
    folders = (*PACKAGES, "tests", "docs")
    return tuple(p for folder in folders for p in (ROOT / folder).rglob("*") if p.is_file())


def python_files(*folders: str) -> list[Path]:
    tops = {ROOT / folder for folder in folders}
    return [p for p in tracked() if p.suffix == ".py" and tops.intersection(p.parents)]


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), filename=str(path))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()
