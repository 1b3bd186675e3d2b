"""What happens when something is asked of a trip: one function per command, dispatched here."""

from __future__ import annotations

from typing import assert_never

from domain.errors import Refused
from domain.trip import (
    cancelling,
    checkout,
    editing,
    forgetting,
    incidents,
    paying,
    quoting,
    refunding,
)
from domain.trip import commands as c
from domain.trip.events import OperatorActed, TripEvent
from domain.trip.state import Trip


def decide(command: c.TripCommand, trip: Trip | None) -> list[TripEvent]:
    """The facts that follow; none for "already so"; raises Refused for "not allowed"."""
    if isinstance(command, c.StartTrip):
        return editing.start(command, trip)
    if trip is None:
        raise Refused("trip_not_found", "There is no such trip.")
    match command:
        case c.AddItem():
            return editing.add_item(command, trip)
        case c.RemoveItem():
            return editing.remove_item(command, trip)
        case c.SetTravelers():
            return editing.set_travelers(command, trip)
        case c.SelectAncillaries():
            return editing.select_ancillaries(command, trip)
        case c.Book():
            return quoting.book(command, trip)
        case c.RecordQuote():
            return quoting.record_quote(command, trip)
        case c.ExpireQuote():
            return quoting.expire_quote(command, trip)
        case c.RecordCheckoutOpened():
            return checkout.record_opened(command, trip)
        case c.RecordCheckoutRefused():
            return checkout.record_refused(command, trip)
        case c.CloseCheckout():
            return checkout.close(command, trip)
        case c.RecordCheckoutState():
            return checkout.record_state(command, trip)
        case (
            c.OpenIncident()
            | c.AssignIncident()
            | c.ResolveIncident()
            | c.NoteAction()
            | c.ForgetPerson()
        ):
            return decide_for_people(command, trip)
        case _:
            return decide_money(command, trip)


PeoplesCommand = (
    c.OpenIncident | c.AssignIncident | c.ResolveIncident | c.NoteAction | c.ForgetPerson
)
MoneyCommand = (
    c.StartFulfillment
    | c.SettleFulfillment
    | c.RecordPayment
    | c.RecordCaptureRefused
    | c.RecordRefund
    | c.RecordRefundRefused
    | c.RecordMoneyBack
    | c.RefundPayment
    | c.ReleasePayment
    | c.GuardAuthorization
    | c.RecordCancellationQuote
    | c.CancelBookings
    | c.RefundBooking
)


def decide_money(command: MoneyCommand, trip: Trip) -> list[TripEvent]:
    match command:
        case c.StartFulfillment():
            return paying.start_fulfillment(command, trip)
        case c.SettleFulfillment():
            return paying.settle_fulfillment(command, trip)
        case c.RecordPayment():
            return paying.record_payment(command, trip)
        case c.RecordCaptureRefused():
            return paying.record_capture_refused(command, trip)
        case c.RecordRefund():
            return refunding.record_refund(command, trip)
        case c.RecordRefundRefused():
            return refunding.record_refund_refused(command, trip)
        case c.RecordMoneyBack():
            return refunding.record_money_back(command, trip)
        case c.RefundPayment():
            return refunding.refund_payment(command, trip)
        case c.ReleasePayment():
            return paying.release_payment(command, trip)
        case c.GuardAuthorization():
            return paying.guard_authorization(command, trip)
        case c.RecordCancellationQuote():
            return cancelling.record_quote(command, trip)
        case c.CancelBookings():
            return cancelling.start(command, trip)
        case c.RefundBooking():
            return cancelling.refund(command, trip)
        case _:
            assert_never(command)


def note_action(command: c.NoteAction, trip: Trip) -> list[TripEvent]:
    if command.request_id in trip.acts:
        return []
    return [
        OperatorActed(
            action=command.action,
            subject=command.subject,
            reason=command.reason,
            request_id=command.request_id,
            acted_at=command.now,
        )
    ]


def decide_for_people(command: PeoplesCommand, trip: Trip) -> list[TripEvent]:
    match command:
        case c.OpenIncident():
            return incidents.open_incident(command, trip)
        case c.AssignIncident():
            return incidents.assign(command, trip)
        case c.ResolveIncident():
            return incidents.resolve(command, trip)
        case c.NoteAction():
            return note_action(command, trip)
        case c.ForgetPerson():
            return forgetting.forget(command, trip)
        case _:
            assert_never(command)
