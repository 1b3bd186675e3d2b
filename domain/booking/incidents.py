"""What people are asked to look at because of a booking: what is wrong, what it may cost, and
what to do."""

from __future__ import annotations

from datetime import datetime

from domain.booking.events import SecondOrderFound
from domain.booking.state import Booking
from domain.trip import commands as tc

SECOND_ORDER = "second_order_found"


def unresolved(booking: Booking, now: datetime) -> tc.OpenIncident:
    return tc.OpenIncident(
        code="order_not_found",
        detail=f"The order for {booking.title} got no answer and was never found.",
        advice="Ask the supplier whether it exists; if it does, cancel it there.",
        subject=booking.booking_id,
        at_stake=booking.price,
        now=now,
    )


def standing(booking: Booking, now: datetime) -> tc.OpenIncident:
    return tc.OpenIncident(
        code="cancellation_refused",
        detail=f"{booking.title} is booked, is not wanted, and the supplier will not cancel it.",
        advice="Settle with the supplier; the customer is not charged for it.",
        subject=booking.booking_id,
        at_stake=booking.price,
        now=now,
    )


def changed(booking: Booking, change_id: str, now: datetime) -> tc.OpenIncident:
    return tc.OpenIncident(
        code="booking_changed",
        detail=f"The supplier has changed {booking.title}, booked as {booking.code}.",
        advice="Look at the change at the supplier, tell the customer, accept it or cancel.",
        subject=f"{booking.booking_id}:{change_id}",
        at_stake=booking.price,
        now=now,
    )


def second_order(booking: Booking, found: SecondOrderFound, now: datetime) -> tc.OpenIncident:
    return tc.OpenIncident(
        code=SECOND_ORDER,
        detail=f"{booking.title} is ordered twice: as {booking.supplier_order_id} and as"
        f" {found.supplier_order_id} ({found.supplier_reference}).",
        advice=f"Cancel {found.supplier_order_id} at the supplier and settle what that costs.",
        subject=f"{booking.booking_id}:{found.supplier_order_id}",
        at_stake=booking.price,
        now=now,
    )


def second_order_settled(
    booking_id: str, supplier_order_id: str, now: datetime
) -> tc.ResolveIncident:
    return tc.ResolveIncident(
        code=SECOND_ORDER,
        subject=f"{booking_id}:{supplier_order_id}",
        resolution=f"{supplier_order_id} was cancelled at the supplier, which cost nothing.",
        now=now,
    )
