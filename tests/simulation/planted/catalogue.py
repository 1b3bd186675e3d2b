"""All planted mistakes, by name."""

from __future__ import annotations

from tests.simulation.planted import afterwards, payments, stores, suppliers
from tests.simulation.planted.composition import Composition

PLACES = (payments, suppliers, afterwards, stores)

PLANTED: dict[str, type[Composition]] = {
    name: each
    for place in PLACES
    for name, each in vars(place).items()
    if isinstance(each, type) and issubclass(each, Composition) and each is not Composition
}


def planted_by_name(name: str) -> Composition:
    return PLANTED[name]()
