"""The fast copy that folds are made of is the standard library's, field by field."""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any

import pytest

from domain.booking import state as booking_state
from domain.replacing import replace
from domain.trip import state as trip_state

STATES = [
    kind
    for module in (trip_state, booking_state)
    for _, kind in inspect.getmembers(module, dataclasses.is_dataclass)
    if kind.__module__ == module.__name__
]


def made(kind: Any) -> Any:
    """A value whose every field is told apart."""
    return kind(**{field.name: f"the {field.name}" for field in dataclasses.fields(kind)})


def test_every_state_is_looked_at() -> None:
    assert {"Trip", "Item", "Checkout", "Payment", "Booking"} <= {s.__name__ for s in STATES}


@pytest.mark.parametrize("kind", STATES, ids=lambda kind: kind.__name__)
def test_one_changed_field_gives_what_the_standard_library_gives(kind: Any) -> None:
    value = made(kind)
    for field in dataclasses.fields(kind):
        expected = dataclasses.replace(value, **{field.name: "another"})
        assert expected == replace(value, **{field.name: "another"})
        assert made(kind) == value


@pytest.mark.parametrize("kind", STATES, ids=lambda kind: kind.__name__)
def test_states_do_nothing_when_they_are_made_that_a_copy_would_miss(kind: Any) -> None:
    assert not hasattr(kind, "__post_init__")
    assert vars(made(kind)).keys() == {field.name for field in dataclasses.fields(kind)}


def test_a_copy_is_as_frozen_as_its_original() -> None:
    copy = replace(made(trip_state.Trip), version=2)
    with pytest.raises(dataclasses.FrozenInstanceError):
        copy.version = 3
