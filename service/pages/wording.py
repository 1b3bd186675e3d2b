"""Times, durations, places and rules as suppliers tell them, in words for travellers. What a
supplier tells in a way we do not know is left out or shown as it is; it never breaks a page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime

from domain.money import Money
from service.pages.money import shown

LOCALE = "en_GB"
ISO_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:\d+S)?)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """`text` for people, `zone` where it is not plain, `machine` for `<time datetime>`."""

    text: str
    machine: str
    zone: str = ""


def utc(at: datetime) -> When:
    at = at.astimezone(UTC)
    text = format_datetime(at, "EEE d MMM y, HH:mm", locale=LOCALE)
    return When(text=text, machine=at.isoformat(timespec="seconds"), zone="UTC")


def local(text: str | None, place: Mapping[str, Any]) -> When:
    """A local time of an airport, whose time zone stands beside it."""
    try:
        at = datetime.fromisoformat(text or "")
    except ValueError:
        return When(text=str(text or "time not known"), machine="")
    spoken = format_datetime(at.replace(tzinfo=None), "EEE d MMM y, HH:mm", locale=LOCALE)
    name = place.get("time_zone")
    try:
        known = at.replace(tzinfo=ZoneInfo(str(name))) if name else None
    except (KeyError, ValueError, OSError):  # unknown, or no name of a zone at all
        known = None
    if known is None:
        machine = at.isoformat(timespec="minutes")
        return When(text=spoken, machine=machine, zone=f"{city_of(place)} time")
    offset = known.strftime("%z")
    zone = f"{city_of(place)} time, UTC{offset[:3]}:{offset[3:]}"
    return When(text=spoken, machine=known.isoformat(timespec="minutes"), zone=zone)


def day(text: str | None) -> When:
    try:
        at = date.fromisoformat(text or "")
    except ValueError:
        return When(text=str(text or "date not known"), machine="")
    return When(text=format_date(at, "EEE d MMM y", locale=LOCALE), machine=at.isoformat())


def duration(text: str | None) -> str:
    """ "P1DT2H5M" as "26 h 5 min"; nothing where it is not said."""
    found = ISO_DURATION.fullmatch(text or "")
    if found is None:
        return ""
    days, hours, minutes = (int(part or 0) for part in found.groups())
    hours += 24 * days
    parts = [f"{hours} h"] if hours else []
    parts += [f"{minutes} min"] if minutes else []
    return " ".join(parts)


def city_of(place: Mapping[str, Any]) -> str:
    return str(place.get("city_name") or place.get("name") or place.get("iata_code") or "Local")


def place_name(place: Mapping[str, Any], terminal: str | None = None) -> str:
    name = str(place.get("name") or place.get("city_name") or "")
    code = place.get("iata_code")
    spoken = f"{name} ({code})" if name and code else name or str(code or "not known")
    return f"{spoken}, terminal {terminal}" if terminal else spoken


def address(where: Any) -> str:
    if not isinstance(where, Mapping):
        return ""
    names = ("line_one", "city_name", "postal_code", "region", "country_code")
    return ", ".join(str(where[name]) for name in names if where.get(name))


def amount(thing: Any) -> Money | None:
    """Money as the supplier's adapter keeps it; None where it is not known."""
    if not isinstance(thing, Mapping):
        return None
    minor, currency = thing.get("amount"), thing.get("currency")
    known = isinstance(minor, int) and isinstance(currency, str)
    return Money(int(minor), currency) if known else None  # type: ignore[arg-type]


# --- rules


def flight_rules(conditions: Mapping[str, Any]) -> list[str]:
    return [
        fare_rule("Cancelling", conditions.get("refund_before_departure")),
        fare_rule("Changing", conditions.get("change_before_departure")),
    ]


def fare_rule(what: str, rule: Any) -> str:
    """Unknown is said as unknown: never as free, never as forbidden."""
    if not isinstance(rule, Mapping):
        return f"{what} before departure: the airline does not say."
    if not rule.get("allowed"):
        return f"{what} before departure: not possible."
    penalty = amount(rule.get("penalty"))
    if penalty is None:
        return f"{what} before departure: possible; the fee is not known."
    if penalty.amount == 0:
        return f"{what} before departure: free of charge."
    return f"{what} before departure: possible for a fee of {shown(penalty)}."


def stay_rules(conditions: Mapping[str, Any], price: Money) -> list[str]:
    steps = [step for step in conditions.get("cancellation_timeline") or () if step]
    rules = [line for step in steps if (line := cancellation_step(step, price))]
    if rules:
        rules.append("Cancelling after that: no refund.")
    elif "cancellation_timeline" in conditions:
        rules.append("Cancelling: no refund.")
    else:
        rules.append("Cancelling: the property does not say what comes back.")
    due = amount(conditions.get("due_at_accommodation"))
    if due is not None and due.amount:
        rules.append(f"{shown(due)} more is to be paid at the property; we do not charge it.")
    board = conditions.get("board_type")
    if board:
        rules.append(f"Board: {str(board).replace('_', ' ')}.")
    for rule in conditions.get("rules") or ():
        if isinstance(rule, Mapping) and rule.get("description"):
            rules.append(f"{rule.get('title') or 'Note'}: {rule['description']}")
    return rules


def cancellation_step(step: Mapping[str, Any], price: Money) -> str:
    try:
        before = utc(datetime.fromisoformat(str(step.get("before"))))
    except ValueError:
        return ""
    refund = amount(step.get("refund"))
    until = f"Cancelling before {before.text} UTC"
    if refund is None:
        return f"{until}: the refund is not known."
    if refund == price:
        return f"{until}: full refund."
    return f"{until}: {shown(refund)} back."
