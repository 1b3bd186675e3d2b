"""Which step may follow which in the life of a trip.

The machine is the specification: it is drawn in the docs, and compiled once, at import, into a
plain table that guards decisions and says what may be done next. It never runs in replay.
"""

from __future__ import annotations

from typing import Any

from statemachine import State, StateMachine

from domain.errors import Refused
from domain.trip.state import Trip


class TripLifecycle(StateMachine):
    """A trip from its first item to its last ticket."""

    draft = State(initial=True)
    quoting = State()
    quoted = State()
    opening = State()
    awaiting_payment = State()
    processing = State()
    closing = State()
    paid = State()
    fulfilling = State()
    completed = State()
    failed = State(final=True)
    cancelled = State(final=True)

    edit = draft.to(draft) | quoting.to(draft) | quoted.to(draft)
    book = (
        draft.to(quoting)
        | quoted.to(opening)
        | quoted.to(quoting)
        | quoting.to(quoting)
        | opening.to(opening)
        | awaiting_payment.to(awaiting_payment)
    )
    complete_quote = quoting.to(opening) | quoting.to(quoted)
    fail_quote = quoting.to(draft)
    expire_quote = quoted.to(draft)
    open_checkout = opening.to(awaiting_payment)
    refuse_checkout = opening.to(draft)
    close_checkout = awaiting_payment.to(closing)
    end_checkout = awaiting_payment.to(draft) | closing.to(draft) | processing.to(draft)
    decline_payment = awaiting_payment.to(awaiting_payment) | closing.to(closing)
    decline_slow_payment = processing.to(awaiting_payment) | processing.to(draft)
    process_payment = awaiting_payment.to(processing) | closing.to(processing)
    succeed_payment = awaiting_payment.to(paid) | processing.to(paid) | closing.to(paid)
    start_fulfillment = paid.to(fulfilling)
    fulfill = fulfilling.to(completed)
    fail_fulfillment = fulfilling.to(failed)
    quote_cancellation = completed.to(completed)
    start_cancellation = completed.to(completed)
    cancel = completed.to(cancelled)


def compiled(machine: type[StateMachine]) -> dict[tuple[str, str], frozenset[str]]:
    """(state, step) → the states it may lead to."""
    table: dict[tuple[str, str], set[str]] = {}
    states: Any = machine.states
    for state in states:
        for transition in state.transitions:
            for step in transition.events:
                table.setdefault((state.id, step.id), set()).add(transition.target.id)
    return {key: frozenset(targets) for key, targets in table.items()}


STEPS = compiled(TripLifecycle)

# What people may ask for, by the step of the lifecycle it is.
EDITS = ("add_item", "remove_item", "select_ancillaries", "set_travelers")

CHECKOUT_STATES = {
    "opening": "opening",
    "open": "awaiting_payment",
    "processing": "processing",
    "closing": "closing",
    "paid": "paid",
}


def status(trip: Trip) -> str:
    """The state of the lifecycle that the trip's facts amount to."""
    if trip.cancelled:
        return "cancelled"
    if trip.fulfillment is not None:
        return "paid" if trip.fulfillment.status == "pending" else trip.fulfillment.status
    if trip.checkout is not None and trip.checkout.status in CHECKOUT_STATES:
        return CHECKOUT_STATES[trip.checkout.status]
    if trip.quote is not None and trip.quote.status == "scheduled":
        return "quoting"
    if trip.quote is not None and trip.quote.status == "completed":
        return "quoted"
    return "draft"


def may(step: str, trip: Trip) -> bool:
    return (status(trip), step) in STEPS


def allowed_actions(trip: Trip) -> tuple[str, ...]:
    """What the owner of the trip may do next. Editing an open checkout closes it first."""
    actions: list[str] = []
    if may("edit", trip) or may("close_checkout", trip):
        actions.extend(EDITS if trip.items else ("add_item", "set_travelers"))
    if may("book", trip) and trip.items:
        actions.append("book")
    if status(trip) == "awaiting_payment":
        actions.append("pay")
    if may("quote_cancellation", trip):
        actions.extend(("quote_cancellation", "cancel"))
    return tuple(actions)


REFUSALS = {
    "quoting": ("checkout_in_progress", "The trip is being priced; ask again in a moment."),
    "opening": ("checkout_in_progress", "A checkout is being opened; ask again in a moment."),
    "awaiting_payment": ("checkout_open", "A checkout is open; it must be closed first."),
    "processing": (
        "payment_processing",
        "The customer has paid by a slow method; wait until the payment settles.",
    ),
    "closing": ("checkout_closing", "The checkout is being closed; ask again in a moment."),
}


def ensure_may(step: str, trip: Trip) -> None:
    """Refuse a step that the trip's present state does not lead to."""
    now = status(trip)
    if (now, step) in STEPS:
        return
    if now in REFUSALS:
        code, detail = REFUSALS[now]
        raise Refused(code, detail, status=now)
    checkout = trip.checkout
    raise Refused(
        "already_checked_out",
        f"The trip is {now}: it has been paid and can no longer be changed or booked again.",
        status=now,
        group_id=checkout.group_id if checkout else None,
    )
