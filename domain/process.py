"""The process manager: what each fact makes us want done next, as data.

`advance` is the whole of the rules in one pure function: a command goes in, the facts and the
work that follow come out, ready to be recorded together. Wishes that concern only the trip and
its bookings are commands and are decided at once; the others are effects for the workers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import cast, get_args

from domain import dossier as dossiers
from domain import ids
from domain.booking import commands as bc
from domain.booking import decider as booking_decider
from domain.booking import events as be
from domain.booking import incidents
from domain.booking.commands import BookingCommand
from domain.booking.state import BY_CUSTOMER, UNPAID, Booking
from domain.covering import paid_for, uncovered
from domain.dossier import BOOKING_EVENT_TYPES, Dossier, DossierEvent
from domain.errors import Refused
from domain.log import Effect, EffectKind
from domain.money import Money, total
from domain.suppliers import OrderUnknown
from domain.trip import commands as tc
from domain.trip import decider as trip_decider
from domain.trip import events as te
from domain.trip.commands import TripCommand
from domain.trip.state import Checkout, Trip

Command = TripCommand | BookingCommand
Wish = Command | Effect

STEPS_MAX = 200
GUARD_BEFORE_LAPSE = timedelta(hours=6)
REFUND_LOOK_PAUSE = timedelta(hours=6)

BOOKING_COMMAND_TYPES = get_args(BookingCommand)


@dataclass(frozen=True, slots=True, kw_only=True)
class Advance:
    """What follows from a command: `dossier` is how things stand after `events`."""

    events: tuple[DossierEvent, ...]
    effects: tuple[Effect, ...]
    dossier: Dossier


def advance(command: Command, dossier: Dossier) -> Advance:
    """Decide a command and every command that follows from it; raises Refused."""
    waiting: deque[Command] = deque([command])
    events: list[DossierEvent] = []
    effects: list[Effect] = []
    for _ in range(STEPS_MAX):
        if not waiting:
            return Advance(events=tuple(events), effects=tuple(effects), dossier=dossier)
        step = waiting.popleft()
        decided = decide(step, dossier)
        for event in decided:
            dossier = dossiers.evolve(dossier, event)
        for event in decided:
            events.append(event)
            for wish in react(event, dossier, step.now):
                if isinstance(wish, Effect):
                    effects.append(wish)
                else:
                    waiting.append(wish)
    raise AssertionError(f"{type(command).__name__} leads on and on")


def decide(command: Command, dossier: Dossier) -> list[DossierEvent]:
    if isinstance(command, BOOKING_COMMAND_TYPES):
        asked = cast(BookingCommand, command)
        if dossier.trip is None:
            raise Refused("trip_not_found", "There is no such trip.")
        return list(booking_decider.decide(asked, dossier.booking(asked.booking_id)))
    if isinstance(command, tc.GuardAuthorization):
        command = replace(command, confirmed_total=confirmed_now(command, dossier))
    if isinstance(command, tc.ReleasePayment):
        confirmed = (b.checkout_id for b in dossier.bookings if b.status == "confirmed")
        command = replace(command, confirmed=frozenset(confirmed))
    return list(trip_decider.decide(cast(TripCommand, command), dossier.trip))


def confirmed_now(command: tc.GuardAuthorization, dossier: Dossier) -> Money:
    """What is confirmed when it is decided, which may not be what the asker saw."""
    payment = dossier.trip.payment(command.payment_id) if dossier.trip else None
    group = dossier.group(payment.checkout_id) if payment else ()
    booked = (b.price for b in group if b.status == "confirmed")
    return total(booked, command.confirmed_total.currency)


def react(event: DossierEvent, dossier: Dossier, now: datetime) -> Iterator[Wish]:
    """What we want done because of a fact, given how things stand after it."""
    if isinstance(event, BOOKING_EVENT_TYPES):
        yield from react_to_booking(cast(be.BookingEvent, event), dossier, now)
    else:
        yield from react_to_trip(cast(te.TripEvent, event), dossier, now)


def trip_of(dossier: Dossier) -> Trip:
    assert dossier.trip is not None, "a trip exists after its own event"
    return dossier.trip


def effect(kind: EffectKind, subject: str, due: datetime, suffix: str = "") -> Effect:
    key = f"{kind}:{subject}:{suffix}" if suffix else f"{kind}:{subject}"
    return Effect(kind=kind, key=key, subject=subject, due=due)


def react_to_trip(event: te.TripEvent, dossier: Dossier, now: datetime) -> Iterator[Wish]:
    match event:
        case te.QuoteScheduled():
            yield effect(EffectKind.QUOTE_TRIP, event.quote_id, now)
        case te.QuoteCompleted():
            yield effect(EffectKind.EXPIRE_QUOTE, event.quote_id, event.expires_at)
        case te.CheckoutRequested():
            yield effect(EffectKind.OPEN_CHECKOUT, event.checkout_id, now)
        case te.CheckoutInitialized():
            yield from initialize_bookings(event, dossier, now)
            yield effect(EffectKind.EXPIRE_CHECKOUT, event.checkout_id, event.expires_at)
        case te.CheckoutClosing():
            # A declined slow payment reopens a checkout, which may then be closed once more.
            version = str(trip_of(dossier).version)
            yield effect(EffectKind.CLOSE_CHECKOUT, event.checkout_id, now, version)
        case te.PaymentFailed():
            yield from close_after_all(event.checkout_id, dossier, now)
        case te.CheckoutClosed() | te.CheckoutExpired():
            for booking in dossier.group(event.checkout_id):
                yield bc.AbandonBooking(
                    booking_id=booking.booking_id, reason="checkout_ended", now=now
                )
        case te.CancellationStarted():
            yield from cancel_bookings(dossier, now)
        case te.FulfillmentScheduled():
            yield effect(EffectKind.START_FULFILLMENT, event.checkout_id, now)
        case te.FulfillmentStarted():
            yield from progress(event.checkout_id, dossier, now)
        case te.PersonForgotten():
            yield effect(EffectKind.ERASE_PERSON, event.person_id, now)
        case _:
            yield from react_to_money(event, dossier, now)


def react_to_money(event: te.TripEvent, dossier: Dossier, now: datetime) -> Iterator[Wish]:
    match event:
        case te.PaymentSucceeded():
            if event.authorized.amount and event.capture_before is not None:
                due = max(now, event.capture_before - GUARD_BEFORE_LAPSE)
                yield effect(EffectKind.GUARD_AUTHORIZATION, event.payment_id, due)
        case te.CaptureScheduled():
            yield effect(EffectKind.CAPTURE_PAYMENT, event.payment_id, now)
            yield from progress_of_payment(event.payment_id, dossier, now)
        case te.ReleaseScheduled():
            yield effect(EffectKind.RELEASE_PAYMENT, event.payment_id, now)
            yield from progress_of_payment(event.payment_id, dossier, now)
        case te.RefundScheduled():
            yield effect(EffectKind.REFUND_PAYMENT, event.refund_id, now)
        case te.RefundDiscovered():
            yield effect(EffectKind.LOOK_AT_REFUND, event.refund_id, now + REFUND_LOOK_PAUSE)
            yield from progress_of_payment(event.payment_id, dossier, now)
        case te.RefundSubmitted():
            yield effect(EffectKind.LOOK_AT_REFUND, event.refund_id, now + REFUND_LOOK_PAUSE)
        case (
            te.PaymentCaptured() | te.PaymentReleased() | te.PaymentDisputed() | te.DisputeClosed()
        ):
            yield from progress_of_payment(event.payment_id, dossier, now)


def react_to_booking(event: be.BookingEvent, dossier: Dossier, now: datetime) -> Iterator[Wish]:
    booking = dossier.booking(event.booking_id)
    assert booking is not None, "a booking exists after its own event"
    match event:
        case be.OrderRequested():
            yield effect(
                EffectKind.PLACE_ORDER, event.booking_id, event.not_before, str(event.attempt)
            )
        case be.OrderUnknown():
            yield effect(EffectKind.FIND_ORDER, event.booking_id, now, str(event.attempt))
            yield from progress(booking.checkout_id, dossier, now)
        case be.CancellationRequested():
            yield effect(EffectKind.CANCEL_ORDER, event.booking_id, now, str(booking.version))
        case be.BookingFailed():
            if event.code == "order_not_found":
                yield incidents.unresolved(booking, now)
            yield from progress(booking.checkout_id, dossier, now)
        case be.CancellationRefused():
            if booking.status == "cancellation_refused":
                yield incidents.standing(booking, now)
            yield from progress(booking.checkout_id, dossier, now)
        case be.BookingCancelled():
            if booking.cancel_reason == BY_CUSTOMER:
                yield refund_booking(booking, dossier, now)
            yield from progress(booking.checkout_id, dossier, now)
        case be.BookingChanged():
            yield incidents.changed(booking, event.change_id, now)
        case be.BookingConfirmed():
            yield from progress(booking.checkout_id, dossier, now)
        case be.SecondOrderFound():
            yield incidents.second_order(booking, event, now)
            yield effect(
                EffectKind.CANCEL_SECOND_ORDER, event.booking_id, now, event.supplier_order_id
            )
        case be.SecondOrderCancelled():
            yield incidents.second_order_settled(event.booking_id, event.supplier_order_id, now)


def initialize_bookings(
    event: te.CheckoutInitialized, dossier: Dossier, now: datetime
) -> Iterator[Wish]:
    trip = trip_of(dossier)
    checkout = trip.find_checkout(event.checkout_id)
    assert checkout is not None, "a checkout exists after its own event"
    for line in checkout.lines:
        item = trip.item(line.item_id)
        assert item is not None, "a trip is not edited while a checkout is opened"
        yield bc.InitializeBooking(
            booking_id=ids.booking_id(event.checkout_id, line.item_id),
            trip_id=trip.trip_id,
            checkout_id=event.checkout_id,
            group_id=event.group_id,
            item_id=line.item_id,
            title=item.offer.title,
            price=line.price,
            refundable=bool(line.refundable),
            now=now,
        )


def close_after_all(checkout_id: str, dossier: Dossier, now: datetime) -> Iterator[Wish]:
    """A slow payment that failed may have kept an open checkout from being closed, or used up its
    clock: close it now, or set the clock once more."""
    trip = trip_of(dossier)
    checkout = trip.find_checkout(checkout_id)
    if checkout is None or checkout.status != "open":
        return
    if checkout.reason is not None:
        yield tc.CloseCheckout(checkout_id=checkout_id, reason=checkout.reason, now=now)
    else:
        due = max(now, checkout.expires_at)
        yield effect(EffectKind.EXPIRE_CHECKOUT, checkout_id, due, str(trip.version))


def progress_of_payment(payment_id: str, dossier: Dossier, now: datetime) -> Iterator[Wish]:
    payment = trip_of(dossier).payment(payment_id)
    if payment is not None:
        yield from progress(payment.checkout_id, dossier, now)


def cancel_bookings(dossier: Dossier, now: datetime) -> Iterator[Wish]:
    """On exactly the terms that the customer was told."""
    terms = trip_of(dossier).cancellation
    assert terms is not None, "a cancellation is started on terms"
    for line in terms.lines:
        yield bc.RequestCancellation(
            booking_id=line.booking_id,
            reason=BY_CUSTOMER,
            supplier_quote=line.supplier_quote,
            now=now,
        )


def refund_booking(booking: Booking, dossier: Dossier, now: datetime) -> Wish:
    others = dossier.group(booking.checkout_id)
    booked = [b for b in others if b.status == "confirmed" or wanted_until_now(b)]
    return tc.RefundBooking(
        checkout_id=booking.checkout_id,
        booking_id=booking.booking_id,
        price=paid_for(booking, dossier),
        terms=booking.cancellation_quote,
        supplier_refund=booking.supplier_refund,
        nothing_booked=not booked,
        now=now,
    )


def wanted_until_now(booking: Booking) -> bool:
    """Being cancelled for the customer; an order nobody wanted is not waited for."""
    return booking.status == "cancelling" and booking.cancel_reason == BY_CUSTOMER


def progress(checkout_id: str, dossier: Dossier, now: datetime) -> Iterator[Wish]:
    """Order what may be ordered next, undo what must be undone, settle when all is settled."""
    trip = trip_of(dossier)
    checkout, going = trip.find_checkout(checkout_id), trip.fulfillment
    if checkout is None or going is None or going.checkout_id != checkout_id:
        return
    if going.status != "fulfilling":
        return
    group = dossier.group(checkout_id)
    wishes: list[Wish] = []
    if not secured(checkout, trip):
        wishes.extend(stop_ordering(group, now))
    if checkout.policy == "all_or_nothing" and any(given_up(b) for b in group):
        wishes.extend(undo(group, now))
    elif secured(checkout, trip):
        wishes.extend(order_next(group, checkout, now))
    yield from wishes
    if not wishes:
        yield from settle(checkout_id, dossier, now)


def secured(checkout: Checkout, trip: Trip) -> bool:
    """Whether the whole price still waits for us or is ours: only then may anything be ordered."""
    payment = next(p for p in trip.payments if p.checkout_id == checkout.checkout_id)
    return payment.status == "authorized" or (
        payment.status == "captured" and payment.left.amount >= checkout.amount.amount
    )


def stop_ordering(group: tuple[Booking, ...], now: datetime) -> Iterator[Wish]:
    """The money is going: send nothing more, and look for what may have been sent."""
    for booking in group:
        if booking.status == "initialized":
            yield bc.AbandonBooking(booking_id=booking.booking_id, reason="payment_ended", now=now)
        elif booking.status == "ordering":
            lost = OrderUnknown(detail="The payment ended before the order was answered.")
            yield bc.RecordOrder(
                booking_id=booking.booking_id, attempt=booking.attempt, answer=lost, now=now
            )


def given_up(booking: Booking) -> bool:
    return booking.status in {"failed", "cancelled", "cancelling", "cancellation_refused"}


def undo(group: tuple[Booking, ...], now: datetime) -> Iterator[Wish]:
    reason = "another_item_failed"
    for booking in group:
        if booking.status == "initialized":
            yield bc.AbandonBooking(booking_id=booking.booking_id, reason=reason, now=now)
        elif booking.status == "confirmed":
            yield bc.RequestCancellation(booking_id=booking.booking_id, reason=reason, now=now)


def order_next(group: tuple[Booking, ...], checkout: Checkout, now: datetime) -> Iterator[Wish]:
    """What can be undone goes first; what cannot waits until the first part is decided.

    An unknown order does not hold up the rest under `keep_confirmed`: its offer would expire.
    """
    first = [b for b in group if b.refundable]
    last = [b for b in group if not b.refundable]
    strict = checkout.policy == "all_or_nothing"
    undecided = {"initialized", "ordering", "unknown"} if strict else {"initialized", "ordering"}
    ready = first + ([] if any(b.status in undecided for b in first) else last)
    for booking in ready:
        if booking.status == "initialized":
            yield bc.RequestOrder(booking_id=booking.booking_id, now=now)


def settle(checkout_id: str, dossier: Dossier, now: datetime) -> Iterator[Wish]:
    group = dossier.group(checkout_id)
    if not group or not all(b.settled for b in group):
        return
    confirmed = [b for b in group if b.status == "confirmed"]
    if unpaid := next(not_covered(confirmed, checkout_id, dossier), None):
        yield bc.RequestCancellation(booking_id=unpaid.booking_id, reason=UNPAID, now=now)
        return
    yield tc.SettleFulfillment(
        checkout_id=checkout_id,
        confirmed=tuple(b.booking_id for b in confirmed),
        failed=tuple(b.booking_id for b in group if b.status != "confirmed"),
        confirmed_total=total((b.price for b in confirmed), group[0].price.currency),
        now=now,
    )


def not_covered(confirmed: list[Booking], checkout_id: str, dossier: Dossier) -> Iterator[Booking]:
    """What turned up when its money was gone, the newest first. It is cancelled if that costs
    nothing, and asked about once."""
    payment = next(p for p in trip_of(dossier).payments if p.checkout_id == checkout_id)
    if payment.status in {"captured", "released"}:
        # What a bank has taken back may yet be ours again.
        yield from uncovered(confirmed, payment.captured - payment.refunding)
