"""Time travel: how a trip stood at any moment of its life, and what changed between two."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from typing import Any

from domain.dossier import Dossier, DossierEvent, evolve, fold
from domain.log import Recorded
from domain.money import Money

# Opens with somebody's key only, so it tells nothing, or is understood by an adapter only; whose it
# is stands beside it.
UNTOLD = frozenset({"sealed", "supplier_facts"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One fact of a trip at two moments; None: it was not there. `path` says where it stands:
    `trip.items[item-1].price`."""

    path: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One event with how things stood after it; `version` counts from 1."""

    version: int
    recorded: Recorded
    dossier: Dossier
    changes: tuple[Change, ...]


def until(recorded: Sequence[Recorded], moment: int | datetime | None) -> Sequence[Recorded]:
    """A trip's events up to a version, or a time (that moment included); None: all of them."""
    if moment is None:
        return recorded
    if isinstance(moment, int):
        return recorded[:moment]
    return [r for r in recorded if r.recorded_at <= moment]


def as_of(recorded: Sequence[Recorded], moment: int | datetime | None) -> Dossier:
    """How the trip stood; an empty dossier before it began."""
    return fold(r.event for r in until(recorded, moment))


def steps(recorded: Iterable[Recorded]) -> Iterator[Step]:
    """Every state on the way, from the first event to the last."""
    before, told = Dossier(), told_by(Dossier())
    for each in recorded:
        after = evolve(before, each.event)
        tells = told_by(after)
        yield Step(
            version=after.version,
            recorded=each,
            dossier=after,
            changes=tuple(changed(told, tells)),
        )
        before, told = after, tells


def difference(before: Dossier, after: Dossier) -> tuple[Change, ...]:
    """Everything that is not the same, in the order of its paths."""
    return tuple(changed(told_by(before), told_by(after)))


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for path in sorted(before.keys() | after.keys()):
        was, is_now = before.get(path), after.get(path)
        if was != is_now:
            yield Change(path=path, before=was, after=is_now)


def told_by(thing: Dossier | DossierEvent) -> dict[str, Any]:
    """Every fact of something by its path; what is None or empty is not there."""
    return {path: fact for path, fact in parts(thing, "") if fact not in (None, (), {}, "")}


def parts(thing: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(thing, Money):
        yield path, thing
    elif is_dataclass(thing):
        for field in fields(thing):
            if field.name not in UNTOLD:
                inner = f"{path}.{field.name}" if path else field.name
                yield from parts(getattr(thing, field.name), inner)
    elif isinstance(thing, tuple) and thing and is_dataclass(thing[0]):
        yield from members(thing, path)
    else:
        yield path, thing


def members(things: tuple[Any, ...], path: str) -> Iterator[tuple[str, Any]]:
    """Each by what its class names first, which is what it is known by; several of one name are
    counted."""
    seen: dict[str, int] = {}
    for thing in things:
        name = str(getattr(thing, fields(thing)[0].name))
        seen[name] = seen.get(name, 0) + 1
        which = name if seen[name] == 1 else f"{name}#{seen[name]}"
        yield from parts(thing, f"{path}[{which}]")
