"""Ordering at Duffel: sent once, judged by the table of outcomes, looked for when in doubt."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import TypeVar

from adapters.suppliers import duffel_orders as orders
from adapters.suppliers.duffel_asking import QuestionRefused, ask, ask_data, understood
from adapters.suppliers.duffel_offers import money
from adapters.suppliers.duffel_outcomes import Row, Verdict, outcome_of
from adapters.suppliers.duffel_shopping import requote
from adapters.suppliers.duffel_wire import (
    RETRY_AFTER_S_DEFAULT,
    Answer,
    DuffelWire,
    NoAnswer,
    NotSent,
)
from domain.money import Money
from domain.suppliers import (
    FindAnswer,
    Hold,
    HoldAnswer,
    JsonObject,
    OrderAnswer,
    OrderConfirmed,
    OrderDeferred,
    OrderFailed,
    OrderNotFound,
    OrderRefused,
    OrderRequest,
    OrderUnknown,
    Requoted,
    SupplierUnavailable,
)

FLIGHT_ORDERS = "/air/orders"
STAY_BOOKINGS = "/stays/bookings"
PAGE_ROWS = 200
STAY_PAGES_MAX = 25

Made = TypeVar("Made", OrderConfirmed, Hold)


async def order(wire: DuffelWire, request: OrderRequest, hold: Hold | None) -> OrderAnswer:
    """Order and pay, or pay for what is held."""
    if hold is not None:
        return await pay_hold(wire, request, hold)
    try:
        path, body = what_to_send(request)
    except orders.UnfitTravelers as error:
        return OrderRefused(code="invalid_travelers", detail=str(error))
    if request.offer.kind == "stay":
        return await commit(
            wire, path, body, request, lambda made: orders.confirmed_booking(made, request)
        )
    return await commit(wire, path, body, request, orders.confirmed_order)


def what_to_send(request: OrderRequest) -> tuple[str, JsonObject]:
    if request.offer.kind == "stay":
        return STAY_BOOKINGS, orders.booking_body(request)
    return FLIGHT_ORDERS, orders.order_body(request, hold=False)


async def hold(wire: DuffelWire, request: OrderRequest) -> HoldAnswer:
    if request.offer.kind == "stay":
        return OrderRefused(code="supplier_rejected", detail="Duffel holds no stays.")
    try:
        body = orders.order_body(request, hold=True)
    except orders.UnfitTravelers as error:
        return OrderRefused(code="invalid_travelers", detail=str(error))
    return await commit(wire, FLIGHT_ORDERS, body, request, orders.held)


async def commit(
    wire: DuffelWire,
    path: str,
    body: JsonObject,
    request: OrderRequest,
    read: Callable[[JsonObject], Made],
) -> Made | OrderRefused | OrderDeferred | OrderUnknown:
    """One attempt and what is known after it."""
    try:
        answer = await wire.commit(path, body)
    except NotSent as error:
        return OrderDeferred(
            retry_after_s=RETRY_AFTER_S_DEFAULT, detail=f"Duffel was not reached ({error})."
        )
    except NoAnswer as error:
        return OrderUnknown(detail=f"Duffel's answer was lost ({error}).")
    row = outcome_of(answer)
    match row.verdict:
        case Verdict.CREATED:
            return read_made(answer, read)
        case Verdict.REFUSED:
            return await refused(wire, row, answer, request)
        case Verdict.DEFERRED:
            return await deferred(wire, answer, request)
        case Verdict.UNKNOWN:
            return OrderUnknown(detail=str(answer.problem))


def read_made(answer: Answer, read: Callable[[JsonObject], Made]) -> Made | OrderUnknown:
    try:
        return understood(lambda: read(answer.data))
    except SupplierUnavailable as error:
        return OrderUnknown(detail=str(error))


async def refused(
    wire: DuffelWire, row: Row, answer: Answer, request: OrderRequest
) -> OrderRefused:
    price = await new_price(wire, request) if row.refusal == "price_changed" else None
    return OrderRefused(code=row.refusal, detail=str(answer.problem), new_price=price)


async def new_price(wire: DuffelWire, request: OrderRequest) -> Money | None:
    """What it costs now, where Duffel still says."""
    try:
        answer = await requote(wire, request.offer, request.selections)
    except SupplierUnavailable:
        return None
    return answer.price if isinstance(answer, Requoted) else None


async def deferred(
    wire: DuffelWire, answer: Answer, request: OrderRequest
) -> OrderDeferred | OrderUnknown:
    """Look once before the same order may be sent again: that nothing was executed is certain
    neither for 429 (not documented) nor for whatever answers 503 on the way."""
    detail = str(answer.problem)
    try:
        found = await find(wire, request)
    except SupplierUnavailable:
        return OrderUnknown(detail=detail)
    if isinstance(found, OrderNotFound):
        return OrderDeferred(retry_after_s=answer.retry_after_s, detail=detail)
    return OrderUnknown(detail=detail)


# --- paying for a hold


async def pay_hold(wire: DuffelWire, request: OrderRequest, held: Hold) -> OrderAnswer:
    """Pay the order's present total, and only if it is the price that was agreed."""
    path = f"{FLIGHT_ORDERS}/{held.supplier_order_id}"
    try:
        now = await ask_data(wire, "GET", path)
        total = understood(lambda: money(now))
    except SupplierUnavailable as error:
        return OrderDeferred(retry_after_s=RETRY_AFTER_S_DEFAULT, detail=str(error))
    except QuestionRefused as error:
        return OrderRefused(code="supplier_rejected", detail=str(error))
    if total != request.price:
        return OrderRefused(
            code="price_changed", detail="The held order costs something else now.", new_price=total
        )
    body = {"order_id": held.supplier_order_id, "payment": orders.payment(request.price)}
    try:
        answer = await wire.commit("/air/payments", body)
    except NotSent as error:
        return OrderDeferred(
            retry_after_s=RETRY_AFTER_S_DEFAULT, detail=f"Duffel was not reached ({error})."
        )
    except NoAnswer as error:
        return OrderUnknown(detail=f"Duffel's answer was lost ({error}).")
    return await judge_payment(wire, answer, path)


async def judge_payment(wire: DuffelWire, answer: Answer, path: str) -> OrderAnswer:
    """The order itself says whether it is paid; a payment may also have failed at once."""
    row = outcome_of(answer)
    made = answer.data if isinstance(answer.data, dict) else {}
    status = made.get("status") if row.verdict is Verdict.CREATED else None
    if status in ("failed", "cancelled"):
        return OrderRefused(code="insufficient_balance", detail=f"The payment {status}.")
    if row.verdict is Verdict.REFUSED:
        return OrderRefused(code=row.refusal, detail=str(answer.problem))
    try:
        now = await ask_data(wire, "GET", path)
        paid = understood(lambda: orders.confirmed_order(now) if orders.is_paid(now) else None)
    except (SupplierUnavailable, QuestionRefused) as error:
        return OrderUnknown(detail=str(error))
    if paid is not None:
        return paid
    if row.verdict is Verdict.DEFERRED:
        return OrderDeferred(retry_after_s=answer.retry_after_s, detail=str(answer.problem))
    return OrderUnknown(detail=str(answer.problem))


# --- looking for what an attempt may have made


async def find(wire: DuffelWire, request: OrderRequest) -> FindAnswer:
    try:
        if request.offer.kind == "stay":
            return await find_booking(wire, request)
        return await find_order(wire, request)
    except QuestionRefused as error:
        raise SupplierUnavailable(str(error)) from error


async def find_order(wire: DuffelWire, request: OrderRequest) -> FindAnswer:
    query = {"offer_id": request.offer.offer_id, "limit": str(PAGE_ROWS)}
    async for row in pages(wire, FLIGHT_ORDERS, query, pages_max=1):
        if understood(partial(orders.is_ours, row, request)):
            return understood(partial(judge_order, row))
    return OrderNotFound()


def judge_order(found: JsonObject) -> FindAnswer:
    """An order that waits for payment has not happened yet; a released one never will."""
    if found.get("cancelled_at") is not None:
        return OrderFailed(code="supplier_rejected", detail="The supplier cancelled the order.")
    if orders.is_paid(found):
        return orders.confirmed_order(found)
    if (found.get("payment_status") or {}).get("awaiting_payment"):
        return OrderNotFound()
    return OrderFailed(code="offer_expired", detail="The airline released the held seats.")


async def find_booking(wire: DuffelWire, request: OrderRequest) -> FindAnswer:
    """No filter is documented for stays: read them all and compare the metadata."""
    query = {"limit": str(PAGE_ROWS)}
    async for row in pages(wire, STAY_BOOKINGS, query, pages_max=STAY_PAGES_MAX):
        if understood(partial(orders.is_ours, row, request)):
            return understood(partial(judge_booking, row, request))
    return OrderNotFound()


def judge_booking(found: JsonObject, request: OrderRequest) -> FindAnswer:
    if found.get("cancelled_at") is not None or found.get("status") == "cancelled":
        return OrderFailed(code="supplier_rejected", detail="The supplier cancelled the booking.")
    return orders.confirmed_booking(found, request)


def rows_of(answer: Answer) -> list[JsonObject]:
    """A list, or nothing is known: an object without rows is not a list without them."""
    if not isinstance(answer.data, list):
        raise TypeError("no list")
    return [dict(row) for row in answer.data]


def next_page(answer: Answer) -> str | None:
    meta = (answer.body or {}).get("meta")
    after = meta.get("after") if meta is not None else None
    if not isinstance(after, str | None):
        raise TypeError("no place in a list")
    return after


async def pages(
    wire: DuffelWire, path: str, query: dict[str, str], *, pages_max: int
) -> AsyncIterator[JsonObject]:
    """The rows of a list, page after page."""
    after: str | None = None
    for _ in range(pages_max):
        asked = query if after is None else {**query, "after": after}
        answer = await ask(wire, "GET", path, query=asked)
        for row in understood(partial(rows_of, answer)):
            yield row
        after = understood(partial(next_page, answer))
        if after is None:
            return
