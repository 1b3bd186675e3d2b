"""What is different between two moments of a trip."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from domain.dossier import Dossier
from service.console.trip_view import Change
from service.http.views import outside

NOTHING = "–"
# Counted at every event, so they say nothing.
COUNTERS = {"version", "revision"}
NAMES = ("code", "item_id", "payment_id", "refund_id", "checkout_id", "traveler_id", "field")


def differences(before: Dossier, after: Dossier) -> list[Change]:
    """The leaves that differ, by the way that leads to them."""
    old, new = (flat(outside(msgspec.to_builtins(dossier))) for dossier in (before, after))
    return [
        Change(path=path, before=old.get(path, NOTHING), after=new.get(path, NOTHING))
        for path in dict.fromkeys([*old, *new])
        if old.get(path) != new.get(path)
    ]


def flat(value: Any) -> dict[str, str]:
    return dict(leaves("", value))


def leaves(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and set(value) == {"amount", "currency"}:
        yield path, f"{value['amount']} {value['currency']}"
    elif isinstance(value, dict):
        for name, each in value.items():
            if name not in COUNTERS:
                yield from leaves(f"{path} › {name}" if path else name, each)
    elif isinstance(value, list | tuple):
        for number, each in enumerate(value, start=1):
            yield from leaves(f"{path} {name_in(each, number)}", each)
    elif value is not None:
        yield path, str(value)


def name_in(value: Any, number: int) -> str:
    """How one of several is told from the others."""
    if isinstance(value, dict):
        for name in NAMES:
            if name in value:
                return str(value[name])[:8]
    return str(number)
