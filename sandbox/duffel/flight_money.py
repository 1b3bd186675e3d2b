"""Paying for held orders, and quoting and confirming cancellations."""

from __future__ import annotations

from datetime import datetime

from aiohttp import web

from sandbox.duffel.body import Node, read_data
from sandbox.duffel.errors import DuffelError, Json
from sandbox.duffel.flight_orders import FlightOrders
from sandbox.duffel.orders import Order, make_cancellation
from sandbox.duffel.wire import instant, money, new_id, page_of
from sandbox.duffel.world import World, found, price_rise


class FlightMoney:
    """The handlers."""

    def __init__(self, world: World, orders: FlightOrders) -> None:
        self.world = world
        self.orders = orders

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/air/payments", self.pay),
            web.post("/air/order_cancellations", self.quote),
            web.get("/air/order_cancellations", self.list_quotes),
            web.get("/air/order_cancellations/{id}", self.show_quote),
            web.post("/air/order_cancellations/{id}/actions/confirm", self.confirm),
        ]

    async def pay(self, request: web.Request) -> web.Response:
        data = await read_data(request)
        order = self.world.order(data.text("order_id"))
        self.refuse_unpayable(request, order)
        payment = data.object("payment")
        self.refuse_amount(payment, order)
        now = self.world.now
        order.pay(now)
        wire = {
            "id": new_id("pay"),
            "order_id": order.id,
            "type": payment.choice("type", ("balance", "arc_bsp_cash")),
            "amount": money(order.total),
            "currency": order.wire["total_currency"],
            "status": "succeeded",
            "failure_reason": None,
            "live_mode": False,
            "created_at": instant(now),
        }
        self.world.journal.record("payment.created", payment_id=wire["id"], **order.facts())
        thing = {"id": wire["id"], "order_id": order.id, "offer_id": order.offer.id}
        self.world.announce("payment.created", wire["id"], thing)
        return web.json_response({"data": wire}, status=201)

    def refuse_unpayable(self, request: web.Request, order: Order) -> None:
        world = self.world
        if order.wire["type"] != "hold":
            raise DuffelError("order_type_not_eligible_for_payment")
        if order.cancelled:
            raise DuffelError("already_cancelled")
        if order.paid:
            raise DuffelError("already_paid")
        if world.suffers(request, order.id, "hold_lapsed"):
            self.orders.release_if_unpaid(order)
        if not order.awaiting_payment:
            raise DuffelError("past_payment_required_by_date")
        if world.suffers(request, order.id, "schedule_changed"):
            raise DuffelError("schedule_changed")
        risen = world.faults.take(request, "price_changed")
        if risen is not None:
            order.change_total(price_rise(risen.options))
            order.repriced = True

    def refuse_amount(self, payment: Node, order: Order) -> None:
        if payment.text("currency") != order.wire["total_currency"]:
            raise DuffelError("payment_currency_does_not_match_order_currency")
        moved = order.reprice_if_due(self.world.now)
        if payment.amount("amount") != order.total:
            code = "price_changed" if moved else "payment_amount_does_not_match_order_amount"
            raise DuffelError(code)

    async def quote(self, request: web.Request) -> web.Response:
        data = await read_data(request)
        order = self.world.order(data.text("order_id"))
        if order.cancelled:
            raise DuffelError("already_cancelled")
        if "cancel" not in order.wire["available_actions"]:
            raise DuffelError("order_not_cancellable")
        wire = make_cancellation(order, self.world.now)
        if self.world.suffers(request, order.id, "cancel_null_refund"):
            wire.update(refund_amount=None, refund_currency=None, airline_credits=[])
        order.latest_quote = wire["id"]
        self.world.cancellations[wire["id"]] = wire
        return web.json_response({"data": wire}, status=201)

    async def list_quotes(self, request: web.Request) -> web.Response:
        rows = list(reversed(self.world.cancellations.values()))
        if "order_id" in request.query:
            rows = [row for row in rows if row["order_id"] == request.query["order_id"]]
        query = request.query
        return web.json_response(page_of(rows, limit=query.get("limit"), after=query.get("after")))

    async def show_quote(self, request: web.Request) -> web.Response:
        return web.json_response({"data": self.cancellation(request)})

    def cancellation(self, request: web.Request) -> Json:
        return found(self.world.cancellations.get(request.match_info["id"]))

    async def confirm(self, request: web.Request) -> web.Response:
        """Only the newest quote confirms, and only within its hour."""
        wire = self.cancellation(request)
        order = self.world.order(wire["order_id"])
        now = self.world.now
        if order.cancelled:
            raise DuffelError("already_cancelled")
        expired = now >= datetime.fromisoformat(wire["expires_at"])
        stale = self.world.suffers(request, order.id, "cancel_stale")
        if stale or expired or order.latest_quote != wire["id"]:
            raise DuffelError("order_cancellation_stale")
        wire.update(confirmed_at=instant(now), expires_at=None)
        order.cancel(now, wire)
        self.world.journal.record(
            "order.cancelled",
            cancellation_id=wire["id"],
            refund_amount=wire["refund_amount"],
            refund_to=wire["refund_to"],
            **order.facts(),
        )
        self.orders.announce_update(order)
        return web.json_response({"data": wire})
