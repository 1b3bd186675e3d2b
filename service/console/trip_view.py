"""Everything the page of a trip shows, as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from markupsafe import Markup

from adapters.operators.acts import Act
from adapters.outbox import TaskRow
from domain.booking.lifecycle import BookingLifecycle
from domain.booking.state import Booking
from domain.money import Money
from domain.trip.lifecycle import TripLifecycle
from domain.trip.state import Incident, Trip
from projections import trip_details
from service.console.drawing import Part, bar, lifecycle
from service.console.history import History, Step
from service.console.rendering import shown, words
from service.console.standing import (
    DEADLINES,
    Standing,
    Waiting,
    counted,
    past_its_point,
    standing_of,
    waiting_of,
)
from service.console.timeline import Chapter, chapters_of
from service.http.views import outside

STRIPE_PAYMENTS = "https://dashboard.stripe.com/{mode}payments/{payment_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemShown:
    title: str
    supplier: str
    price: Money
    refundable: bool
    status: str | None = None
    attempt: int = 0
    code: str | None = None
    reference: str | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyRow:
    name: str
    amount: Money
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentShown:
    payment_id: str
    status: str
    link: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyShown:
    bar: Markup
    rows: list[MoneyRow]
    payments: list[PaymentShown]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockShown:
    name: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EventShown:
    version: int
    topic: str
    at: datetime
    position: int
    event_id: str
    stream_id: str
    stream_version: int
    actor: str
    request_id: str | None
    causation: str | None
    because: int | None
    led_to: list[int]
    wishes: tuple[str, ...]
    data: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingDrawing:
    code: str
    title: str
    status: str
    drawing: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonField:
    name: str
    shown: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonShown:
    person_id: str
    title: str
    forgotten: bool
    fields: list[PersonField]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    path: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionOffered:
    """`query` leads to where it is shown beforehand."""

    word: str
    about: str
    query: str
    grave: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """Which version is looked at, which one it is compared with (0: none), how both were asked
    for, and what is different."""

    version: int
    compared: int = 0
    wanted_from: str = ""
    wanted_at: str = ""
    difference: Sequence[Change] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TripView:
    trip_id: str
    tenant: str
    name: str
    version: int
    versions: int
    position: int
    moment: datetime
    past: bool
    standing: Standing
    actions: Sequence[ActionOffered]
    chapters: list[Chapter]
    items: list[ItemShown]
    money: MoneyShown | None
    incidents: Sequence[Incident]
    clocks: list[ClockShown]
    waiting: list[Waiting]
    people: Sequence[PersonShown]
    acts: Sequence[Act]
    drawing: Markup
    passed: tuple[str, ...]
    booking_drawings: list[BookingDrawing]
    events: list[EventShown]
    moments: Moments
    note: str


def name_of(trip: Trip) -> str:
    """Trips have no names, so what is in them names them."""
    if not trip.items:
        return "An empty trip"
    total = shown(trip.checkout.amount if trip.checkout else trip.shown_total)
    people = f" · {counted(len(trip.travelers), 'traveller')}" if trip.travelers else ""
    return f"{' + '.join(item.offer.title for item in trip.items)}{people} · {total}"


def items_of(history: History) -> list[ItemShown]:
    """What is in the trip now, then what was booked and has been taken out since."""
    trip, bookings = history.trip, history.last.dossier.bookings
    newest = {booking.item_id: booking for booking in bookings}
    rows = []
    for item in trip.items:
        booking = newest.pop(item.item_id, None)
        rows.append(
            ItemShown(
                title=item.offer.title,
                supplier=item.offer.supplier.title(),
                price=item.price,
                refundable=bool(item.offer.refundable),
                **order_facts(booking),
            )
        )
    for booking in newest.values():
        rows.append(
            ItemShown(
                title=booking.title,
                supplier="",
                price=booking.price,
                refundable=booking.refundable,
                **order_facts(booking),
            )
        )
    return rows


def order_facts(booking: Booking | None) -> dict[str, Any]:
    if booking is None:
        return {}
    return {
        "status": booking.status,
        "attempt": booking.attempt,
        "code": booking.code,
        "reference": booking.supplier_reference,
        "problem": booking.problem,
    }


def money_of(trip: Trip, *, test: bool) -> MoneyShown | None:
    amounts = trip_details.amounts(trip)
    if amounts is None:
        return None
    authorized, captured, released, refunded = amounts
    owed = owed_to_traveller(trip)
    kept = captured - refunded - owed
    rows = [
        MoneyRow(name="Authorised, not taken", amount=authorized, kind="authorized"),
        MoneyRow(name="Captured", amount=captured, kind="captured"),
        MoneyRow(name="Refunded", amount=refunded, kind="refunded"),
        MoneyRow(name="Owed to the traveller", amount=owed, kind="owed"),
        MoneyRow(name="Released, never taken", amount=released, kind="released"),
    ]
    cut = [
        Part(f"Kept {shown(kept)}", max(kept.amount, 0), "captured"),
        Part(f"Authorised {shown(authorized)}", authorized.amount, "authorized"),
        Part(f"Owed {shown(owed)}", owed.amount, "owed"),
        Part(f"Refunded {shown(refunded)}", refunded.amount, "refunded"),
        Part(f"Released {shown(released)}", released.amount, "released"),
    ]
    title = "; ".join(f"{row.name}: {shown(row.amount)}" for row in rows)
    mode = "test/" if test else ""
    return MoneyShown(
        bar=bar(cut, title),
        rows=rows,
        payments=[
            PaymentShown(
                payment_id=payment.payment_id,
                status=payment.status,
                link=STRIPE_PAYMENTS.format(mode=mode, payment_id=payment.payment_id),
            )
            for payment in trip.payments
        ],
    )


def owed_to_traveller(trip: Trip) -> Money:
    """Refunds that were promised and have not arrived."""
    owed = Money(0, trip.payments[0].amount.currency)
    for payment in trip.payments:
        for refund in payment.refunds:
            if refund.status != "succeeded":
                owed += refund.amount
    return owed


CLOCKS = {
    "quote_expires_at": "Price",
    "checkout_expires_at": "Checkout",
    "authorization_expires_at": "Authorisation",
}


def clocks_of(trip: Trip, tasks: Sequence[TaskRow]) -> list[ClockShown]:
    """Every deadline by name, and when something is to be done by the clock."""
    running = []
    for name, at in trip_details.clocks(trip).items():
        kind, _, item_id = name.partition(":")
        item = trip.item(item_id) if kind == "offer" else None
        said = f"Offer: {item.offer.title}" if item else CLOCKS.get(name, words(name))
        running.append(ClockShown(name=said, at=at))
    for task in tasks:
        if task.kind in DEADLINES and task.state == "ready" and not past_its_point(trip, task):
            running.append(ClockShown(name=f"Then {DEADLINES[task.kind]}", at=task.due))
    return sorted(running, key=lambda clock: clock.at)


def event_shown(step: Step, led_to: list[int]) -> EventShown:
    recorded = step.recorded
    data = outside(msgspec.to_builtins(recorded.event))
    return EventShown(
        version=step.version,
        topic=recorded.topic,
        at=recorded.recorded_at,
        position=recorded.position,
        event_id=recorded.event_id,
        stream_id=recorded.stream_id,
        stream_version=recorded.stream_version,
        actor=recorded.cause.actor,
        request_id=recorded.cause.request_id,
        causation=recorded.cause.causation,
        because=step.because,
        led_to=led_to,
        wishes=step.wishes,
        data=pretty(data),
    )


def pretty(data: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(data), indent=2).decode()


def events_of(history: History) -> list[EventShown]:
    led: dict[int, list[int]] = {}
    for step in history.steps:
        if step.because is not None:
            led.setdefault(step.because, []).append(step.version)
    return [event_shown(step, led.get(step.version, [])) for step in history.steps]


def booking_drawings(history: History) -> list[BookingDrawing]:
    drawings = []
    for booking in history.last.dossier.bookings:
        passed: list[str] = []
        for step in history.steps:
            then = step.dossier.booking(booking.booking_id)
            if then is not None and (not passed or passed[-1] != then.status):
                passed.append(then.status)
        title = f"Lifecycle of booking {booking.code}; it is {words(booking.status)}"
        drawings.append(
            BookingDrawing(
                code=booking.code,
                title=f"{booking.code}, {booking.title}",
                status=booking.status,
                drawing=lifecycle(BookingLifecycle, passed, title),
            )
        )
    return drawings


def trip_view(
    whole: History,
    tasks: Sequence[TaskRow],
    acts: Sequence[Act],
    people: Sequence[PersonShown],
    now: datetime,
    *,
    moments: Moments,
    actions: Sequence[ActionOffered] = (),
    note: str = "",
    test: bool,
) -> TripView:
    """The trip at a version, with what else is known of it now."""
    version = moments.version
    past = version < whole.last.version
    history = whole.until(version) if past else whole
    moment = history.last.recorded.recorded_at if past else now
    work = () if past else tasks
    passed = history.passed()
    return TripView(
        trip_id=history.trip.trip_id,
        tenant=history.trip.tenant,
        name=name_of(history.trip),
        version=version,
        versions=whole.last.version,
        position=whole.last.recorded.position,
        moment=moment,
        past=past,
        standing=standing_of(history, work, moment),
        actions=actions,
        chapters=chapters_of(history, work),
        items=items_of(history),
        money=money_of(history.trip, test=test),
        incidents=history.trip.incidents,
        clocks=clocks_of(history.trip, work),
        waiting=waiting_of(history.trip, work, moment),
        people=people,
        acts=acts,
        drawing=lifecycle(
            TripLifecycle, passed, f"The trip's lifecycle; it is {words(passed[-1])}"
        ),
        passed=passed,
        booking_drawings=booking_drawings(history),
        events=events_of(history),
        moments=moments,
        note=note,
    )
