"""Whose shop the page is: a name, a logo, a way to help, and a colour that stays readable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from service.settings import (
    BRAND_COLOR,
    COLOR,
    OWN_PATH,
    SUPPORT_URL,
    Settings,
    UnsafeSettings,
)

log = structlog.get_logger("service.pages")

# The grounds that page.css paints; the brand's colour is text and button on them.
LIGHT_GROUND = "#ffffff"
DARK_GROUND = "#1b2026"
# WCAG 2.2 AA for text of normal size.
CONTRAST_MIN = 4.5
LIGHTEN_STEPS = 20

Rgb = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Brand:
    """`light` and `dark` are (colour, text on it) for either scheme."""

    name: str
    logo: str | None
    support_url: str | None
    light: tuple[str, str]
    dark: tuple[str, str]

    def stylesheet(self) -> str:
        """The colours as custom properties, so that no page needs a style of its own."""
        return (
            f":root {{ --brand: {self.light[0]}; --on-brand: {self.light[1]}; }}\n"
            "@media (prefers-color-scheme: dark) {\n"
            f"  :root {{ --brand: {self.dark[0]}; --on-brand: {self.dark[1]}; }}\n"
            "}\n"
        )


class TenantBrand(BaseModel):
    """One tenant's entry in the brands file; what is left out is the deployment's own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str | None = Field(default=None, min_length=1, max_length=60)
    color: str | None = Field(default=None, pattern=COLOR)
    logo: str | None = Field(default=None, pattern=OWN_PATH)
    support_url: str | None = Field(default=None, pattern=SUPPORT_URL, max_length=500)


ENTRIES = TypeAdapter(dict[str, TenantBrand])


class Brands:
    """Whose pages look like what: a tenant's own brand, or the deployment's."""

    def __init__(self, own: Brand, tenants: Mapping[str, Brand]) -> None:
        self.own = own
        self.tenants = tenants

    def of(self, tenant: str) -> Brand:
        return self.tenants.get(tenant, self.own)

    def every(self) -> list[Brand]:
        return [self.own, *self.tenants.values()]


def brands_of(settings: Settings) -> Brands:
    """Raises UnsafeSettings where the brands file cannot be used."""
    own = brand_of(settings)
    if settings.brands_file is None:
        return Brands(own, {})
    try:
        entries = ENTRIES.validate_json(settings.brands_file.read_bytes())
    except (OSError, ValidationError) as error:
        raise UnsafeSettings([f"TRIPLEDGER_BRANDS_FILE cannot be used: {error}"]) from None
    return Brands(own, {tenant: brand_of(settings, entry) for tenant, entry in entries.items()})


def brand_of(settings: Settings, entry: TenantBrand | None = None) -> Brand:
    """The brand as set, with our own colour where the set one could not be read on white."""
    entry = entry or TenantBrand()
    color = (entry.color or settings.brand_color).lower()
    if contrast(color, LIGHT_GROUND) < CONTRAST_MIN:
        log.warning("brand_color_unreadable", color=color, used=BRAND_COLOR)
        color = BRAND_COLOR
    dark = lightened(color, DARK_GROUND)
    return Brand(
        name=entry.name or settings.brand_name,
        logo=entry.logo or settings.brand_logo,
        support_url=entry.support_url or settings.support_url,
        light=(color, text_on(color)),
        dark=(dark, text_on(dark)),
    )


def rgb(color: str) -> Rgb:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def luminance(color: str) -> float:
    """Relative luminance as WCAG defines it."""

    def linear(channel: int) -> float:
        share = channel / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(channel) for channel in rgb(color))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """From 1 (the same) to 21 (black and white)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def text_on(color: str) -> str:
    """Black or white, whichever is easier to read; one of them always is."""
    return max("#ffffff", "#000000", key=lambda text: contrast(text, color))


def lightened(color: str, ground: str) -> str:
    """The colour, mixed with white until it can be read on a dark ground."""
    for step in range(LIGHTEN_STEPS + 1):
        share = step / LIGHTEN_STEPS
        mixed = "#" + "".join(f"{round(c + (255 - c) * share):02x}" for c in rgb(color))
        if contrast(mixed, ground) >= CONTRAST_MIN:
            return mixed
    raise AssertionError("white can be read on every dark ground")
