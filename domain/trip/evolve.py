"""How each fact changes a trip. Refuses nothing: what is in the log has happened."""

from __future__ import annotations

from typing import assert_never

from domain.money import Money
from domain.replacing import replace
from domain.suppliers import Selection
from domain.trip import events as e
from domain.trip import going_back
from domain.trip.state import (
    Cancellation,
    Checkout,
    CheckoutStatus,
    Failure,
    Fulfillment,
    Incident,
    Item,
    Payment,
    Quote,
    Trip,
)


def evolve(trip: Trip | None, event: e.TripEvent) -> Trip:
    """The trip after one more fact."""
    if isinstance(event, e.TripStarted):
        return Trip(
            trip_id=event.trip_id, tenant=event.tenant, started_at=event.started_at, version=1
        )
    assert trip is not None, "a trip's stream begins with TripStarted"
    return replace(_changed(trip, event), version=trip.version + 1)


def _changed(trip: Trip, event: e.TripEvent) -> Trip:
    match event:
        case e.TripStarted():
            return trip
        case e.ItemAdded() | e.ItemRemoved() | e.TravelersSet() | e.AncillariesSelected():
            return _edited(trip, event)
        case e.QuoteScheduled() | e.QuoteCompleted() | e.QuoteFailed() | e.QuoteExpired():
            return _quoted(trip, event)
        case (
            e.CheckoutRequested()
            | e.CheckoutInitialized()
            | e.CheckoutRefused()
            | e.CheckoutClosing()
            | e.CheckoutClosed()
            | e.CheckoutExpired()
            | e.PaymentFailed()
            | e.PaymentProcessing()
        ):
            return _checked_out(trip, event)
        case (
            e.PaymentSucceeded()
            | e.CaptureScheduled()
            | e.PaymentCaptured()
            | e.ReleaseScheduled()
            | e.PaymentReleased()
        ):
            return _paid(trip, event)
        case (
            e.RefundScheduled()
            | e.RefundDiscovered()
            | e.RefundSubmitted()
            | e.RefundSucceeded()
            | e.RefundFailed()
            | e.PaymentDisputed()
            | e.DisputeClosed()
        ):
            return going_back.evolve(trip, event)
        case (
            e.FulfillmentScheduled()
            | e.FulfillmentStarted()
            | e.Fulfilled()
            | e.FulfillmentFailed()
        ):
            return _fulfilled(trip, event)
        case e.CancellationQuoted() | e.CancellationStarted() | e.TripCancelled():
            return _cancelled(trip, event)
        case _:
            return _seen_to(trip, event)


SeenTo = (
    e.IncidentOpened | e.IncidentAssigned | e.IncidentResolved | e.OperatorActed | e.PersonForgotten
)


def _seen_to(trip: Trip, event: SeenTo) -> Trip:
    """What people have to do, or did, about a trip."""
    if isinstance(event, e.PersonForgotten):
        return replace(trip, forgotten=(*trip.forgotten, event.person_id))
    if isinstance(event, e.OperatorActed):
        return replace(trip, acts=(*trip.acts, event.request_id))
    if isinstance(event, e.IncidentOpened):
        incident = Incident(
            code=event.code,
            detail=event.detail,
            advice=event.advice,
            subject=event.subject,
            at_stake=event.at_stake,
            opened_at=event.opened_at,
        )
        return replace(trip, incidents=(*trip.incidents, incident))
    about = (event.code, event.subject)
    kept = tuple(
        _settled(i, event) if (i.code, i.subject) == about and i.open else i for i in trip.incidents
    )
    return replace(trip, incidents=kept)


def _settled(incident: Incident, event: e.IncidentAssigned | e.IncidentResolved) -> Incident:
    if isinstance(event, e.IncidentAssigned):
        return replace(incident, owner=event.owner)
    return replace(incident, resolution=event.resolution, resolved_at=event.resolved_at)


def _edited(
    trip: Trip, event: e.ItemAdded | e.ItemRemoved | e.TravelersSet | e.AncillariesSelected
) -> Trip:
    quote = replace(trip.quote, status="dropped") if trip.quote else None
    trip = replace(trip, revision=trip.revision + 1, quote=quote)
    match event:
        case e.ItemAdded():
            item = Item(item_id=event.item_id, offer=event.offer, price=event.offer.price)
            return replace(trip, items=(*trip.items, item))
        case e.ItemRemoved():
            kept = tuple(item for item in trip.items if item.item_id != event.item_id)
            return replace(trip, items=kept)
        case e.TravelersSet():
            return replace(trip, travelers=event.travelers, contact=event.contact)
        case e.AncillariesSelected():
            chosen = tuple(
                _with_selections(item, event) if item.item_id == event.item_id else item
                for item in trip.items
            )
            return replace(trip, items=chosen)
        case _:
            assert_never(event)


def _with_selections(item: Item, event: e.AncillariesSelected) -> Item:
    def worth(selections: tuple[Selection, ...]) -> int:
        return sum(s.price.amount * s.quantity for s in selections)

    without = item.price.amount - worth(item.selections)
    price = Money(without + worth(event.selections), item.price.currency)
    return replace(item, selections=event.selections, price=price)


def _quoted(
    trip: Trip, event: e.QuoteScheduled | e.QuoteCompleted | e.QuoteFailed | e.QuoteExpired
) -> Trip:
    if isinstance(event, e.QuoteScheduled):
        quote = Quote(
            quote_id=event.quote_id,
            revision=event.revision,
            request=event.request,
            status="scheduled",
            scheduled_at=event.scheduled_at,
        )
        return replace(trip, quote=quote)
    if trip.quote is None or trip.quote.quote_id != event.quote_id:
        return trip
    match event:
        case e.QuoteCompleted():
            quote = replace(
                trip.quote,
                status="completed",
                lines=event.lines,
                total=event.total,
                shown_total=event.shown_total,
                expires_at=event.expires_at,
            )
            lines = {line.item_id: line for line in event.lines}
            items = tuple(
                _repriced(item, lines[item.item_id]) if item.item_id in lines else item
                for item in trip.items
            )
            return replace(trip, quote=quote, items=items)
        case e.QuoteFailed():
            return replace(
                trip, quote=replace(trip.quote, status="failed", problems=event.problems)
            )
        case e.QuoteExpired():
            return replace(trip, quote=replace(trip.quote, status="expired"))
        case _:
            assert_never(event)


def _repriced(item: Item, line: e.QuoteLine) -> Item:
    return replace(item, price=line.price, available=line.ancillaries, conditions=line.conditions)


CheckoutEvent = (
    e.CheckoutRequested
    | e.CheckoutInitialized
    | e.CheckoutRefused
    | e.CheckoutClosing
    | e.CheckoutClosed
    | e.CheckoutExpired
    | e.PaymentFailed
    | e.PaymentProcessing
)


def _checked_out(trip: Trip, event: CheckoutEvent) -> Trip:
    if isinstance(event, e.CheckoutRequested):
        return _requested(trip, event)
    found = trip.find_checkout(event.checkout_id)
    if found is None:
        return trip
    match event:
        case e.CheckoutInitialized():
            return trip.with_checkout(
                replace(
                    found,
                    status="open",
                    group_id=event.group_id,
                    session_id=event.session_id,
                    payment_id=event.payment_id,
                    customer_id=event.customer_id,
                    url=event.url,
                    expires_at=event.expires_at,
                )
            )
        case e.CheckoutRefused():
            return _died(trip, found, "refused", event.code)
        case e.CheckoutClosing():
            return trip.with_checkout(replace(found, status="closing", reason=event.reason))
        case e.CheckoutClosed():
            return _died(trip, found, "closed", event.reason)
        case e.CheckoutExpired():
            return _died(trip, found, "expired", "session_expired")
        case e.PaymentFailed():
            return _declined(trip, found, event)
        case e.PaymentProcessing():
            return trip.with_checkout(
                replace(found, status="processing", payment_id=event.payment_id)
            )
        case _:
            assert_never(event)


def _requested(trip: Trip, event: e.CheckoutRequested) -> Trip:
    checkout = Checkout(
        checkout_id=event.checkout_id,
        attempt=event.attempt,
        quote_id=event.quote_id,
        mode=event.mode,
        policy=event.policy,
        amount=event.amount,
        redirect_url=event.redirect_url,
        requested_at=event.requested_at,
        expires_at=event.expires_at,
        lines=trip.quote.lines if trip.quote else (),
    )
    return replace(trip, checkouts=(*trip.checkouts, checkout))


def _declined(trip: Trip, checkout: Checkout, event: e.PaymentFailed) -> Trip:
    failure = Failure(failure_id=event.failure_id, code=event.code)
    others = tuple(f for f in checkout.failures if f.failure_id != event.failure_id)
    status: CheckoutStatus = "open" if checkout.status == "processing" else checkout.status
    return trip.with_checkout(replace(checkout, status=status, failures=(*others, failure)))


def _died(trip: Trip, checkout: Checkout, status: CheckoutStatus, reason: str) -> Trip:
    """A checkout that can no longer be paid takes its quote with it: booking again asks anew."""
    quote = trip.quote
    if quote is not None and quote.quote_id == checkout.quote_id and quote.status == "completed":
        quote = replace(quote, status="expired")
    dead = replace(checkout, status=status, reason=reason)
    return replace(trip.with_checkout(dead), quote=quote)


def _paid(
    trip: Trip,
    event: e.PaymentSucceeded
    | e.CaptureScheduled
    | e.PaymentCaptured
    | e.ReleaseScheduled
    | e.PaymentReleased,
) -> Trip:
    if isinstance(event, e.PaymentSucceeded):
        payment = Payment(
            payment_id=event.payment_id,
            checkout_id=event.checkout_id,
            status="authorized" if event.authorized.amount else "captured",
            amount=event.authorized + event.captured,
            authorized=event.authorized,
            captured=event.captured,
            released=Money(0, event.captured.currency),
            capture_before=event.capture_before,
        )
        found = trip.find_checkout(event.checkout_id)
        if found is not None and found.status in {"opening", "open", "processing", "closing"}:
            trip = trip.with_checkout(replace(found, status="paid", payment_id=event.payment_id))
        return replace(trip, payments=(*trip.payments, payment))
    known = trip.payment(event.payment_id)
    if known is None:
        return trip
    nothing = Money(0, known.amount.currency)
    match event:
        case e.CaptureScheduled():
            return trip.with_payment(replace(known, status="capturing", capturing=event.amount))
        case e.PaymentCaptured():
            return trip.with_payment(
                replace(
                    known,
                    status="captured",
                    authorized=nothing,
                    captured=event.amount,
                    released=event.released,
                )
            )
        case e.ReleaseScheduled():
            return trip.with_payment(replace(known, status="releasing"))
        case e.PaymentReleased():
            return trip.with_payment(
                replace(known, status="released", authorized=nothing, released=event.amount)
            )
        case _:
            assert_never(event)


def _fulfilled(
    trip: Trip,
    event: e.FulfillmentScheduled | e.FulfillmentStarted | e.Fulfilled | e.FulfillmentFailed,
) -> Trip:
    match event:
        case e.FulfillmentScheduled():
            now = Fulfillment(checkout_id=event.checkout_id, status="pending")
        case e.FulfillmentStarted():
            now = Fulfillment(checkout_id=event.checkout_id, status="fulfilling")
        case e.Fulfilled():
            paying = next((p for p in trip.payments if p.checkout_id == event.checkout_id), None)
            now = Fulfillment(
                checkout_id=event.checkout_id,
                status="completed",
                confirmed=event.confirmed,
                failed=event.failed,
                paid=paying.captured - paying.refunding if paying else None,
            )
        case e.FulfillmentFailed():
            now = Fulfillment(checkout_id=event.checkout_id, status="failed", failed=event.failed)
        case _:
            assert_never(event)
    return replace(trip, fulfillment=now)


def _cancelled(
    trip: Trip, event: e.CancellationQuoted | e.CancellationStarted | e.TripCancelled
) -> Trip:
    match event:
        case e.CancellationQuoted():
            quoted = Cancellation(
                cancellation_quote_id=event.cancellation_quote_id,
                checkout_id=event.checkout_id,
                lines=event.lines,
                refund=event.refund,
                expires_at=event.expires_at,
            )
            return replace(trip, cancellation=quoted)
        case e.CancellationStarted():
            started = trip.cancellation and replace(trip.cancellation, started=True)
            return replace(trip, cancellation=started)
        case e.TripCancelled():
            return replace(trip, cancelled=True)
        case _:
            assert_never(event)
