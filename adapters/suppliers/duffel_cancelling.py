"""Cancelling at Duffel: what would come back, and then exactly that."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from adapters.suppliers import duffel_orders as orders
from adapters.suppliers.duffel_asking import QuestionRefused, ask_data, understood
from adapters.suppliers.duffel_offers import instant, maybe_money
from adapters.suppliers.duffel_outcomes import CANCELLATION_REFUSALS, REJECTED
from adapters.suppliers.duffel_wire import DuffelWire, Problem
from domain.suppliers import (
    CancelAnswer,
    CancellationQuote,
    CancellationRefused,
    Cancelled,
    JsonObject,
    Offer,
)

CANCELLATIONS = "/air/order_cancellations"
ALREADY_CANCELLED = "already_cancelled"
REFUND_TO_BALANCE = "balance"

Now = Callable[[], datetime]


def refused(error: QuestionRefused) -> CancellationRefused:
    code = CANCELLATION_REFUSALS.get(error.problem.code, REJECTED)
    return CancellationRefused(code=code, detail=str(error))


async def quote(
    wire: DuffelWire, offer: Offer, order_id: str, now: Now
) -> CancellationQuote | CancellationRefused:
    try:
        if offer.kind == "stay":
            return await quote_stay(wire, offer, order_id, now)
        return await quote_flight(wire, order_id)
    except QuestionRefused as error:
        return refused(error)


async def cancel(
    wire: DuffelWire, offer: Offer, accepted: CancellationQuote, now: Now
) -> CancelAnswer:
    try:
        if offer.kind == "stay":
            return await cancel_stay(wire, offer, accepted, now)
        return await cancel_flight(wire, accepted)
    except QuestionRefused as error:
        return refused(error)


# --- flights: Duffel quotes, we confirm


async def quote_flight(wire: DuffelWire, order_id: str) -> CancellationQuote:
    """A new quote; for an order that is cancelled already, the one that cancelled it."""
    try:
        found = await ask_data(wire, "POST", CANCELLATIONS, data={"order_id": order_id})
    except QuestionRefused as error:
        if error.problem.code != ALREADY_CANCELLED:
            raise
        found = await confirmed_cancellation(wire, order_id)
    return understood(lambda: flight_quote(told_of(found, "order_id", order_id)))


def told_of(found: JsonObject, name: str, wanted: str) -> JsonObject:
    """`found` itself; raises ValueError when it is about something else, or about nothing."""
    if found[name] != wanted:
        raise ValueError(f"another {name}")
    return found


def flight_quote(found: JsonObject) -> CancellationQuote:
    until = found.get("expires_at")
    return CancellationQuote(
        quote_id=found["id"],
        supplier_order_id=found["order_id"],
        refund=maybe_money(found, "refund"),
        refund_to=found.get("refund_to") or "unknown",
        expires_at=None if until is None else instant(until),
    )


async def cancel_flight(wire: DuffelWire, accepted: CancellationQuote) -> Cancelled:
    """Confirming twice is safe: the second time Duffel says that it is cancelled already. There is
    nothing to confirm where the airline cancelled by itself."""
    path = f"{CANCELLATIONS}/{accepted.quote_id}/actions/confirm"
    try:
        done = await ask_data(wire, "POST", path)
    except QuestionRefused as error:
        if error.problem.code not in (ALREADY_CANCELLED, "not_found"):
            raise
        done = await confirmed_cancellation(wire, accepted.supplier_order_id)

    def read() -> Cancelled:
        told_of(done, "order_id", accepted.supplier_order_id)
        return Cancelled(
            refund=maybe_money(done, "refund"), refund_to=done.get("refund_to") or "unknown"
        )

    return understood(read)


async def confirmed_cancellation(wire: DuffelWire, order_id: str) -> JsonObject:
    """What cancelled an order; an order whose airline did it says nothing of money."""
    order = await ask_data(wire, "GET", f"/air/orders/{order_id}")
    if understood(lambda: order["cancelled_at"]) is None:
        raise QuestionRefused(Problem(code="not_found", title="No such cancellation"))
    return order.get("cancellation") or {"id": f"cancelled_{order_id}", "order_id": order_id}


# --- stays: the timeline says what comes back, cancelling is one step


async def quote_stay(
    wire: DuffelWire, offer: Offer, booking_id: str, now: Now
) -> CancellationQuote:
    booking = await ask_data(wire, "GET", f"/stays/bookings/{booking_id}")

    def read() -> CancellationQuote:
        told_of(booking, "id", booking_id)
        refund, until = orders.stay_refund(booking, offer, cancelled_at(booking) or now())
        return CancellationQuote(
            quote_id=f"{booking_id}:{'' if until is None else until.isoformat()}",
            supplier_order_id=booking_id,
            refund=refund,
            refund_to=REFUND_TO_BALANCE,
            expires_at=until,
        )

    return understood(read)


def cancelled_at(booking: JsonObject) -> datetime | None:
    when = booking.get("cancelled_at")
    return None if when is None else instant(when)


async def cancel_stay(
    wire: DuffelWire, offer: Offer, accepted: CancellationQuote, now: Now
) -> CancelAnswer:
    """The hotel gives what its timeline says at that moment, so a passed step must be re-quoted."""
    if accepted.expires_at is not None and now() >= accepted.expires_at:
        return CancellationRefused(
            code="cancellation_quote_stale", detail="Less comes back by now; quote again."
        )
    path = f"/stays/bookings/{accepted.supplier_order_id}"
    try:
        booking = await ask_data(wire, "POST", f"{path}/actions/cancel")
    except QuestionRefused as error:
        if error.problem.code != ALREADY_CANCELLED:
            raise
        booking = await ask_data(wire, "GET", path)

    def read() -> Cancelled:
        told_of(booking, "id", accepted.supplier_order_id)
        told_of(booking, "status", "cancelled")
        refund, _ = orders.stay_refund(booking, offer, cancelled_at(booking) or now())
        return Cancelled(refund=refund, refund_to=REFUND_TO_BALANCE)

    return understood(read)
