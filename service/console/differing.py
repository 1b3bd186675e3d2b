"""What is different between two moments of a trip, in words for a page."""

from __future__ import annotations

from typing import Any

from domain.dossier import Dossier
from domain.money import Money
from projections.history import difference
from service.console.trip_view import Change

NOTHING = "–"
# Counted at every event, so they say nothing.
COUNTERS = (".version", ".revision")


def differences(before: Dossier, after: Dossier) -> list[Change]:
    return [
        Change(path=change.path, before=shown(change.before), after=shown(change.after))
        for change in difference(before, after)
        if not f".{change.path}".endswith(COUNTERS)
    ]


def shown(fact: Any) -> str:
    if fact is None:
        return NOTHING
    return f"{fact.amount} {fact.currency}" if isinstance(fact, Money) else str(fact)
