"""A shop's colours are used where they can be read, and replaced where they cannot."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest
from pydantic import ValidationError

from service.pages.brand import CONTRAST_MIN, DARK_GROUND, LIGHT_GROUND, brand_of, contrast
from service.settings import BRAND_COLOR, Settings

COLORS = ["#000000", "#0f5c6e", "#c2185b", "#3f51b5", "#1b5e20", "#7a4a00", "#5b2a86"]
PALE = ["#ffffff", "#ffeb3b", "#9fd8cb", "#ff9800"]


def settings(**values: object) -> Settings:
    return Settings(data_dir=Path("unused"), **values)  # type: ignore[arg-type]


def test_black_on_white_is_the_greatest_contrast_there_is() -> None:
    assert 21.0 == round(contrast("#000000", "#ffffff"), 2)
    assert 1.0 == contrast("#3f51b5", "#3f51b5")


@pytest.mark.parametrize("color", COLORS)
def test_a_readable_colour_is_kept(color: str) -> None:
    assert color == brand_of(settings(brand_color=color.upper())).light[0]


@pytest.mark.parametrize("color", PALE)
def test_a_pale_colour_gives_way_to_ours(color: str) -> None:
    assert BRAND_COLOR == brand_of(settings(brand_color=color)).light[0]


@pytest.mark.parametrize("color", [*COLORS, *PALE])
def test_every_brand_can_be_read_by_day_and_by_night(color: str) -> None:
    brand = brand_of(settings(brand_color=color))

    for (shade, on_it), ground in ((brand.light, LIGHT_GROUND), (brand.dark, DARK_GROUND)):
        assert contrast(shade, ground) >= CONTRAST_MIN
        assert contrast(on_it, shade) >= CONTRAST_MIN


def test_the_grounds_are_those_of_the_stylesheet() -> None:
    css = files("service.pages").joinpath("static", "page.css").read_text(encoding="utf-8")

    assert 1 == css.count(f"--card: {LIGHT_GROUND};")
    assert 1 == css.count(f"--card: {DARK_GROUND};")


@pytest.mark.parametrize(
    "values",
    [
        {"brand_color": "red"},
        {"brand_color": "#0f5c6e; } body { display: none"},
        {"brand_logo": "https://cdn.example/logo.png"},
        {"brand_logo": "//cdn.example/logo.png"},
        {"brand_logo": "/\\cdn.example/logo.png"},
        {"support_url": "javascript:alert(1)"},
        {"support_url": "https://help.example/ onclick=x"},
        {"brand_name": ""},
    ],
)
def test_what_would_load_or_run_something_foreign_is_no_setting(values: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        settings(**values)


def test_a_logo_of_our_own_and_a_letter_box_are_fine() -> None:
    brand = brand_of(
        settings(brand_logo="/static/logo.svg", support_url="mailto:help@shop.example")
    )

    assert ("/static/logo.svg", "mailto:help@shop.example") == (brand.logo, brand.support_url)
