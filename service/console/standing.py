"""How a trip stands, in a sentence: its state, what it waits for, and since when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from adapters.outbox import TaskRow
from domain.booking.state import Booking
from domain.money import Money, total
from domain.trip.state import Trip
from projections import trip_details
from service.console.history import History
from service.console.rendering import shown, span
from service.workers.loop import ATTEMPTS_MAX
from service.workers.orders import FIND_PAUSES_S

# Kept by the clock and not by anybody's answer.
DEADLINES = {
    "expire_quote": "the price expires",
    "expire_checkout": "the checkout expires",
    "guard_authorization": "the authorisation is captured or released before it lapses",
    "look_at_refund": "Stripe is asked what has become of the refund",
}
WORK = {
    "quote_trip": "the suppliers are asked for their prices",
    "open_checkout": "Stripe is asked to open the checkout",
    "close_checkout": "Stripe is asked to close the checkout",
    "start_fulfillment": "ordering begins",
    "place_order": "the order is sent to the supplier",
    "find_order": "the supplier is asked for the order",
    "cancel_order": "the supplier is asked to cancel the order",
    "capture_payment": "the payment is captured at Stripe",
    "release_payment": "the authorisation is released at Stripe",
    "refund_payment": "the refund is made at Stripe",
}
OPEN = {"ready", "leased"}

BOOKING_WORDS = {
    "initialized": "is not ordered yet",
    "ordering": "is being ordered",
    "unknown": "was ordered without a usable answer",
    "confirmed": "is confirmed",
    "failed": "could not be booked",
    "cancelling": "is being cancelled",
    "cancellation_refused": "is booked, unwanted, and will not be cancelled by the supplier",
    "cancelled": "is cancelled",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """`says` are whole sentences; `since` is when the present state began."""

    status: str
    says: tuple[str, ...]
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """The work that comes next. `overdue`: its time has passed and nobody has done it."""

    task: TaskRow
    text: str
    stuck: bool
    overdue: bool


def standing_of(history: History, tasks: Sequence[TaskRow], now: datetime) -> Standing:
    trip = history.trip
    says = [state_sentence(history, now), *booking_sentences(history, now)]
    if waiting := sum(1 for incident in trip.incidents if incident.open):
        says.append(f"{counted(waiting, 'incident')} waiting for a person.")
    if sentence := next_sentence(trip, tasks, now):
        says.append(sentence)
    return Standing(
        status=trip_details.trip_status(trip),
        says=tuple(s for s in says if s),
        since=history.since(),
    )


def state_sentence(history: History, now: datetime) -> str:
    trip = history.trip
    checkout, quote = trip.checkout, trip.quote
    amount = shown(checkout.amount) if checkout else ""
    match trip_details.trip_status(trip):
        case "draft":
            return draft_sentence(trip)
        case "quoting":
            return "Waiting for the suppliers to say what everything costs now."
        case "quoted":
            price = shown(quote.total) if quote else ""
            return f"Priced at {price}; nobody has opened a checkout for it yet."
        case "opening":
            return f"Waiting for Stripe to open a checkout over {amount}."
        case "awaiting_payment":
            declined = len(checkout.failures) if checkout else 0
            after = f" after {counted(declined, 'declined attempt')}" if declined else ""
            return f"Waiting for the traveller to pay {amount}{after}."
        case "processing":
            return f"The traveller has paid {amount} by a slow method; the money is not there yet."
        case "closing":
            return "The checkout is being closed at Stripe; until then it can still be paid."
        case "paid":
            return f"Paid {amount}; ordering is about to begin."
        case "fulfilling":
            return f"Paid {amount}; the suppliers are being ordered from."
        case "completed":
            return completed_sentence(trip)
        case "failed":
            return f"Nothing could be booked. {money_sentence(trip)}"
        case _:
            return f"Nothing of it is booked any more. {money_sentence(trip)}"


def draft_sentence(trip: Trip) -> str:
    if not trip.items:
        return "Nothing has been chosen yet."
    if trip.quote is not None and trip.quote.status == "failed":
        why = "; ".join(problem.detail for problem in trip.quote.problems)
        return f"It cannot be had as it is: {why}"
    ended = trip.checkout.status if trip.checkout else ""
    if ended in {"closed", "expired", "refused"}:
        return f"Being put together again: the last checkout ended ({ended}) unpaid."
    return f"Being put together: {counted(len(trip.items), 'item')} for {shown(trip.shown_total)}."


def completed_sentence(trip: Trip) -> str:
    fulfillment = trip.fulfillment
    assert fulfillment is not None, "a completed trip was fulfilled"
    booked, missing = len(fulfillment.confirmed), len(fulfillment.failed)
    if missing:
        said = f"{counted(booked, 'item')} booked, {missing} not to be had."
        return f"{said} {money_sentence(trip)}"
    return f"Everything is booked. {money_sentence(trip)}"


def money_sentence(trip: Trip) -> str:
    found = trip_details.amounts(trip)
    if found is None:
        return "No money was taken."
    authorized, captured, _, refunded = found
    says = []
    if authorized.amount:
        says.append(f"{shown(authorized)} is still only authorised.")
    if captured.amount:
        back = f", {shown(refunded)} of it refunded" if refunded.amount else ""
        says.append(f"{shown(captured)} was captured{back}.")
    owed = sum_of_failed(trip)
    if owed is not None:
        says.append(f"{shown(owed)} of it is still owed to the traveller: the refund failed.")
    return " ".join(says) or "The traveller was charged nothing."


def sum_of_failed(trip: Trip) -> Money | None:
    """What was to go back and did not arrive."""
    failed = [r.amount for p in trip.payments for r in p.refunds if r.status == "failed"]
    return total(failed, failed[0].currency) if failed else None


def booking_sentences(history: History, now: datetime) -> list[str]:
    """Of each order that is not where it should come to rest."""
    restless = {"ordering", "unknown", "cancelling", "cancellation_refused"}
    under_way = trip_details.trip_status(history.trip) == "fulfilling"
    says = []
    for booking in history.last.dossier.bookings:
        if booking.status in restless or (under_way and booking.status == "confirmed"):
            says.append(booking_sentence(booking, history.booking_since(booking), now))
    return says


def booking_sentence(booking: Booking, since: datetime, now: datetime) -> str:
    said = f"{booking.title} {BOOKING_WORDS[booking.status]}"
    if booking.status == "confirmed":
        return f"{said} as {booking.supplier_reference}."
    return f"{said}, for {span(now - since)} now."


def next_sentence(trip: Trip, tasks: Sequence[TaskRow], now: datetime) -> str:
    waiting = waiting_of(trip, tasks, now)
    return waiting[0].text if waiting else ""


def waiting_of(trip: Trip, tasks: Sequence[TaskRow], now: datetime) -> list[Waiting]:
    """What is still to be done, the stuck and the nearest first."""
    rows = [task for task in tasks if task.state != "done" and not past_its_point(trip, task)]
    rows.sort(key=lambda task: (task.state != "parked", task.kind in DEADLINES, task.due))
    return [
        Waiting(
            task=task,
            text=task_sentence(task, now),
            stuck=task.state == "parked",
            overdue=task.state == "ready" and task.due < now,
        )
        for task in rows
    ]


def past_its_point(trip: Trip, task: TaskRow) -> bool:
    """A deadline of what has ended already; nothing will happen when it comes."""
    match task.kind:
        case "expire_quote":
            quote = trip.quote
            live = quote is not None and quote.quote_id == task.subject
            return not (live and trip_details.trip_status(trip) == "quoted")
        case "expire_checkout":
            checkout = trip.find_checkout(task.subject)
            return checkout is None or checkout.status not in {"opening", "open"}
        case "guard_authorization":
            payment = trip.payment(task.subject)
            return payment is None or payment.status != "authorized"
        case _:
            return False


def task_sentence(task: TaskRow, now: datetime) -> str:
    what = WORK.get(task.kind) or DEADLINES.get(task.kind) or task.kind.replace("_", " ")
    if task.state == "parked":
        return f"Stopped: {what} no more, after {counted(task.attempts, 'attempt')}."
    if task.state == "leased":
        return f"Just now {what}{attempt_words(task, task.attempts)}."
    when = f"in {span(task.due - now)}" if task.due > now else "now"
    number = attempt_words(task, task.attempts + 1) if task.attempts else ""
    return f"Next, {when}: {what}{number}."


def attempt_words(task: TaskRow, number: int) -> str:
    if number <= 1 or task.kind in DEADLINES:
        return ""
    most = len(FIND_PAUSES_S) + 1 if task.kind == "find_order" else ATTEMPTS_MAX
    return f" (attempt {number} of {most})"


def counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
