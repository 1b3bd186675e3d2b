"""By night a page has other colours, and nothing else: what people can see, reach and hear is the
same, and need be judged only once."""

from __future__ import annotations

import re
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import pytest

from service.pages.brand import brand_of
from service.settings import Settings

SHEETS = [
    files("service.pages") / "static/page.css",
    files("service.console") / "static/console.css",
]
AT_NIGHT = "prefers-color-scheme"
ONLY_COLORS = re.compile(
    r"@media \(prefers-color-scheme: dark\) \{\s*:root \{(\s*--[a-z-]+: #[0-9a-f]{6};)+\s*\}\s*\}"
)


def without_its_night(sheet: str) -> str:
    return ONLY_COLORS.sub("", sheet)


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_a_sheet_changes_nothing_but_colours_at_night(sheet: Traversable) -> None:
    written = sheet.read_text()

    assert AT_NIGHT in written
    assert AT_NIGHT not in without_its_night(written)


def test_a_brand_changes_nothing_but_colours_at_night() -> None:
    written = brand_of(Settings(data_dir=Path("unused"), brand_color="#c2185b")).stylesheet()

    assert AT_NIGHT in written
    assert AT_NIGHT not in without_its_night(written)


@pytest.mark.parametrize("place", ["service.pages", "service.console"])
def test_nothing_but_the_sheets_asks_whether_it_is_night(place: str) -> None:
    sources = [each for each in Path(str(files(place))).rglob("*.*") if each.suffix != ".pyc"]
    asking = {
        each.name for each in sources if re.search(f"{AT_NIGHT}|matchMedia", each.read_text())
    }

    assert asking <= {"page.css", "console.css", "brand.py"}
    assert len(sources) > len(asking) > 0
