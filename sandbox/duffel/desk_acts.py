"""What happens at Duffel and its airlines without anybody asking for it through the API, for
tests: an order is cancelled, made, moved or re-priced at a desk."""

from __future__ import annotations

import copy
from collections.abc import Awaitable, Callable
from decimal import Decimal

from aiohttp import web

from sandbox.control import json_body
from sandbox.duffel.errors import DuffelError, Json
from sandbox.duffel.orders import Order, make_cancellation
from sandbox.duffel.protocol import error_answer
from sandbox.duffel.stays import Booking, stay_refund
from sandbox.duffel.wire import instant, money, new_booking_reference, new_id
from sandbox.duffel.world import PRICE_RISE_DEFAULT, World, found
from sandbox.faults import CONTROL_PREFIX

Act = Callable[[web.Request], Awaitable[Json]]


def control(act: Act) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        try:
            return web.json_response({"data": await act(request)})
        except DuffelError as error:
            return error_answer(error)

    return handle


class DeskActs:
    """The handlers. Flights and stays go by their ids."""

    def __init__(self, world: World) -> None:
        self.world = world

    def routes(self) -> list[web.RouteDef]:
        prefix = f"{CONTROL_PREFIX}/orders/{{id}}"
        acts = {
            "cancel": self.cancel,
            "copy": self.copy,
            "change": self.change,
            "reprice": self.reprice,
        }
        return [web.post(f"{prefix}/{name}", control(act)) for name, act in acts.items()]

    def made(self, request: web.Request) -> Order | Booking:
        wanted = request.match_info["id"]
        if wanted in self.world.bookings:
            return self.world.bookings[wanted]
        return found(self.world.orders.get(wanted))

    def standing(self, request: web.Request) -> Order | Booking:
        made = self.made(request)
        if made.cancelled:
            raise DuffelError("already_cancelled")
        return made

    async def cancel(self, request: web.Request) -> Json:
        """On the usual terms; an airline that does it by itself (`silent`) says nothing of money,
        and nobody is notified of a stay."""
        made, now = self.standing(request), self.world.now
        if isinstance(made, Booking):
            back = money(stay_refund(made, now))
            made.wire.update(status="cancelled", cancelled_at=instant(now))
            self.world.journal.record("stay_booking.cancelled", refund_amount=back, **made.facts())
            return made.wire
        silent = bool((await json_body(request)).get("silent"))
        terms = None if silent else make_cancellation(made, now)
        if terms is not None:
            terms.update(confirmed_at=instant(now), expires_at=None)
            self.world.cancellations[terms["id"]] = terms
        made.cancel(now, terms)
        refund = terms and terms["refund_amount"]
        self.world.journal.record("order.cancelled", refund_amount=refund, **made.facts())
        self.announce("order.updated", made, f"{made.id}:{instant(now)}")
        return made.wire

    async def copy(self, request: web.Request) -> Json:
        """The same once more, with the `metadata` that is given."""
        made, now = self.made(request), self.world.now
        again = copy.deepcopy(made.wire)
        metadata = (await json_body(request)).get("metadata")
        again.update(metadata=metadata, cancelled_at=None)
        if isinstance(made, Booking):
            again.update(
                id=new_id("bok"),
                reference=f"dhg-{new_id('x')[6:]}",
                status="confirmed",
                confirmed_at=instant(now),
            )
            booking = Booking(wire=again, quote=made.quote)
            self.world.bookings[booking.id] = booking
            self.world.journal.record("stay_booking.created", **booking.facts())
            return again
        again.update(
            id=new_id("ord"),
            booking_reference=new_booking_reference(),
            created_at=instant(now),
            synced_at=instant(now),
            cancellation=None,
        )
        order = Order(wire=again, offer=made.offer, total=made.total, paid=made.paid)
        self.world.orders[order.id] = order
        self.world.journal.record("order.created", type=again["type"], **order.facts())
        self.announce("order.created", order, order.id)
        return again

    async def change(self, request: web.Request) -> Json:
        """The airline moves the flight."""
        made = self.standing(request)
        if isinstance(made, Booking):
            raise DuffelError("not_found")
        made.touch(self.world.now)
        self.world.journal.record("order.changed", **made.facts())
        self.announce("order.airline_initiated_change_detected", made, new_id("aic"))
        return made.wire

    async def reprice(self, request: web.Request) -> Json:
        """It costs so much more (`by`) than it was sold for."""
        made = self.standing(request)
        if isinstance(made, Booking):
            raise DuffelError("not_found")
        made.change_total(Decimal((await json_body(request)).get("by", PRICE_RISE_DEFAULT)))
        made.touch(self.world.now)
        self.world.journal.record("order.repriced", **made.facts())
        return made.wire

    def announce(self, event_type: str, order: Order, key: str) -> None:
        facts = order.facts()
        known = ("order_id", "offer_id", "booking_reference", "metadata")
        self.world.announce(event_type, key, {"id": order.id, **{k: facts[k] for k in known}})
