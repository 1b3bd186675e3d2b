"""The lifecycles are whole: each state can be reached, each refusal has its words, and what a
trip says may be done next can be done."""

from __future__ import annotations

from typing import get_args

import pytest
from statemachine import State, StateMachine

from domain.booking.lifecycle import STEPS as BOOKING_STEPS
from domain.booking.lifecycle import BookingLifecycle
from domain.booking.state import BookingStatus
from domain.trip import commands as tc
from domain.trip.lifecycle import STEPS, TripLifecycle, allowed_actions, compiled, status
from tests.given import given
from tests.rules import stories as s

MOMENTS = {
    "draft": s.DRAFT,
    "quoting": s.quoting(),
    "quoted": s.quoted(),
    "opening": s.opening(),
    "awaiting_payment": s.awaiting_payment(),
    "processing": s.processing(),
    "closing": s.closing(),
    "paid": s.paid(),
    "fulfilling": s.fulfilling(),
    "completed": s.completed(),
}
EDITS = ("add_item", "remove_item", "select_ancillaries", "set_travelers")


def states(machine: type[StateMachine]) -> set[str]:
    return {state.id for state in machine.states}


def ends(machine: type[StateMachine]) -> set[str]:
    return {state.id for state in machine.states if state.final}


@pytest.mark.parametrize("moment", MOMENTS)
def test_each_moment_of_a_trip_has_its_state(moment: str) -> None:
    trip = given(MOMENTS[moment]).dossier.trip
    assert trip is not None
    assert moment == status(trip)


@pytest.mark.parametrize(
    ("moment", "actions"),
    [
        ("draft", (*EDITS, "book")),
        ("quoting", (*EDITS, "book")),
        ("quoted", (*EDITS, "book")),
        ("opening", ("book",)),
        ("awaiting_payment", (*EDITS, "book", "pay")),
        ("processing", ()),
        ("closing", ()),
        ("paid", ()),
        ("fulfilling", ()),
        ("completed", ("quote_cancellation", "cancel")),
    ],
)
def test_what_may_be_done_next_is_said(moment: str, actions: tuple[str, ...]) -> None:
    trip = given(MOMENTS[moment]).dossier.trip
    assert trip is not None
    assert actions == allowed_actions(trip)


def test_an_empty_trip_can_only_be_filled() -> None:
    trip = given(s.STARTED).dossier.trip
    assert trip is not None
    assert allowed_actions(trip) == ("add_item", "set_travelers")


def test_paying_is_not_a_moment_at_which_a_trip_can_be_booked_again() -> None:
    """Between the payment and the order to fulfil, whoever looks must see it as paid."""
    trip = given(s.awaiting_payment(), s.PAID_BY_CARD).dossier.trip
    assert trip is not None
    assert status(trip) == "paid"
    assert allowed_actions(trip) == ()


class Small(StateMachine):
    begun = State(initial=True)
    going = State()
    done = State(final=True)

    go = begun.to(going) | going.to(going) | going.to(done)
    stop = going.to(done)


def test_a_lifecycle_is_a_table_of_where_each_step_may_lead() -> None:
    assert {
        ("begun", "go"): frozenset({"going"}),
        ("going", "go"): frozenset({"going", "done"}),
        ("going", "stop"): frozenset({"done"}),
    } == compiled(Small)


@pytest.mark.parametrize(
    ("moment", "code"),
    [
        ("opening", "checkout_in_progress"),
        ("awaiting_payment", "checkout_open"),
        ("processing", "payment_processing"),
        ("closing", "checkout_closing"),
        ("completed", "already_checked_out"),
    ],
)
def test_a_refused_step_says_where_the_trip_stands(moment: str, code: str) -> None:
    group = {"group_id": s.GROUP} if moment == "completed" else {}
    edit = tc.RemoveItem(item_id=s.STAY, now=s.NOW)
    given(MOMENTS[moment]).when(edit).then_refused(code, status=moment, **group)


def test_every_state_of_a_booking_is_in_its_lifecycle() -> None:
    assert set(get_args(BookingStatus)) == states(BookingLifecycle)


@pytest.mark.parametrize(
    ("machine", "steps", "final"),
    [
        (TripLifecycle, STEPS, {"failed", "cancelled"}),
        (BookingLifecycle, BOOKING_STEPS, {"cancellation_refused"}),
    ],
)
def test_no_step_leads_out_of_an_end(
    machine: type[StateMachine],
    steps: dict[tuple[str, str], frozenset[str]],
    final: set[str],
) -> None:
    assert final == ends(machine)
    assert [start for start, _ in steps if start in final] == []
    reached = {end for targets in steps.values() for end in targets}
    assert states(machine) - reached <= {"initialized"}
