"""Which step may follow which in the life of a booking; see `domain.trip.lifecycle`."""

from __future__ import annotations

from statemachine import State, StateMachine

from domain.booking.state import Booking
from domain.trip.lifecycle import compiled


class BookingLifecycle(StateMachine):
    """One item's order at its supplier. An order found after all was given up is cancelled."""

    initialized = State(initial=True)
    ordering = State()
    unknown = State()
    confirmed = State()
    failed = State()
    cancelling = State()
    cancellation_refused = State(final=True)
    cancelled = State()

    request_order = initialized.to(ordering)
    defer_order = ordering.to(ordering)
    lose_answer = ordering.to(unknown)
    confirm = ordering.to(confirmed) | unknown.to(confirmed)
    refuse = ordering.to(failed) | unknown.to(failed)
    change = confirmed.to(confirmed)
    abandon = initialized.to(cancelled)
    request_cancellation = (
        confirmed.to(cancelling) | failed.to(cancelling) | cancelled.to(cancelling)
    )
    cancel = cancelling.to(cancelled)
    refuse_cancellation = cancelling.to(cancellation_refused) | cancelling.to(confirmed)


STEPS = compiled(BookingLifecycle)


def may(step: str, booking: Booking) -> bool:
    return (booking.status, step) in STEPS
