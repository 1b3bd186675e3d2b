"""Duffel's own books: every order made with our account, by whoever made it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from adapters.suppliers.duffel_asking import QuestionRefused, ask, ask_data, understood
from adapters.suppliers.duffel_offers import instant, maybe_money
from adapters.suppliers.duffel_ordering import FLIGHT_ORDERS, PAGE_ROWS, STAY_BOOKINGS
from adapters.suppliers.duffel_orders import confirmed_order, is_paid
from adapters.suppliers.duffel_wire import DuffelWire
from domain.suppliers import JsonObject, Offer, SupplierOrder, SupplierUnavailable

PAGES_MAX = 1_000


async def look_at_order(
    wire: DuffelWire, offer: Offer, supplier_order_id: str
) -> SupplierOrder | None:
    path = STAY_BOOKINGS if offer.kind == "stay" else FLIGHT_ORDERS
    read = stay if offer.kind == "stay" else flight
    try:
        row = await ask_data(wire, "GET", f"{path}/{supplier_order_id}")
    except QuestionRefused as error:
        if error.problem.code == "not_found":
            return None
        raise SupplierUnavailable(str(error)) from error
    return understood(partial(read, row))


async def orders_since(wire: DuffelWire, since: datetime) -> Sequence[SupplierOrder]:
    """Flights, then stays. Duffel promises no order: a page that is wholly too old is the last."""
    found: list[SupplierOrder] = []
    for path, read in ((FLIGHT_ORDERS, flight), (STAY_BOOKINGS, stay)):
        after: str | None = None
        for _ in range(PAGES_MAX):
            query = {"limit": str(PAGE_ROWS)} | ({"after": after} if after else {})
            try:
                answer = await ask(wire, "GET", path, query=query)
            except QuestionRefused as error:
                raise SupplierUnavailable(str(error)) from error
            rows = understood(partial(all_of, answer.data, read))
            recent = [row for row in rows if row.made_at >= since]
            found += recent
            after = ((answer.body or {}).get("meta") or {}).get("after")
            if after is None or not recent:
                break
    return found


def all_of(
    rows: Sequence[JsonObject], read: Callable[[JsonObject], SupplierOrder]
) -> list[SupplierOrder]:
    return [read(row) for row in rows]


def flight(order: JsonObject) -> SupplierOrder:
    """A held order does not stand until it is paid, and a released one never did."""
    owner = order.get("owner") or {}
    return SupplierOrder(
        supplier_order_id=order["id"],
        supplier_reference=order["booking_reference"],
        title=f"Flight with {owner.get('name', 'an airline')}",
        stands=order.get("cancelled_at") is None and is_paid(order),
        price=maybe_money(order, "total"),
        made_at=instant(order["created_at"]),
        documents=confirmed_order(order).documents,
        metadata=written_on(order),
    )


def stay(booking: JsonObject) -> SupplierOrder:
    """A booking of a stay does not repeat its price."""
    name = (booking.get("accommodation") or {}).get("name", "a stay")
    return SupplierOrder(
        supplier_order_id=booking["id"],
        supplier_reference=booking["reference"],
        title=str(name),
        stands=booking.get("cancelled_at") is None and booking.get("status") != "cancelled",
        price=None,
        made_at=instant(booking["confirmed_at"]),
        metadata=written_on(booking),
    )


def written_on(made: JsonObject) -> dict[str, str]:
    return {str(name): str(value) for name, value in (made.get("metadata") or {}).items()}
