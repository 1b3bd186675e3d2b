"""Orders of flights: created at once, later, or not at all; listed, shown, annotated."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from aiohttp import web

from sandbox.duffel.body import Node, read_data
from sandbox.duffel.errors import DuffelError, Json
from sandbox.duffel.flight_search import read_services
from sandbox.duffel.flight_travellers import read_passengers
from sandbox.duffel.offers import Offer
from sandbox.duffel.orders import Order, make_order
from sandbox.duffel.wire import page_of
from sandbox.duffel.world import DELAY_S_DEFAULT, ORDER_MODES, World, price_rise
from sandbox.faults import FaultRule

EVENT_FACTS = ("order_id", "offer_id", "booking_reference", "metadata")


@dataclass(frozen=True)
class Draft:
    """An order that passed every check and can be placed."""

    offer: Offer
    passengers: list[Json]
    services: list[tuple[str, int]]
    metadata: Json | None
    hold: bool


def refuse_payment(data: Node, offer: Offer, total: Decimal) -> None:
    """An instant order pays exactly its total, once, from the balance."""
    payments = data.objects("payments")
    if len(payments) != 1:
        data.refuse("payments", "validation_length", "Field 'payments' must hold one payment")
    payments[0].choice("type", ("balance", "arc_bsp_cash"))
    if payments[0].text("currency") != offer.wire["total_currency"]:
        raise DuffelError("payment_currency_does_not_match_order_currency")
    if payments[0].amount("amount") != total:
        raise DuffelError("payment_amount_does_not_match_order_amount")


def refuse_hold(data: Node, offer: Offer) -> None:
    if data.value.get("payments"):
        raise DuffelError("payments_not_allowed_for_order_type")
    if offer.wire["payment_requirements"]["requires_instant_payment"]:
        raise DuffelError("invalid_order_create_type")


def read_draft(data: Node, offer: Offer) -> Draft:
    services = read_services(data, "services")
    total = offer.total + offer.price_of(services)
    hold = data.choice("type", ("instant", "hold")) == "hold"
    draft = Draft(offer, read_passengers(data, offer), services, data.metadata(), hold)
    if hold:
        refuse_hold(data, offer)
    else:
        refuse_payment(data, offer, total)
    if offer.behaviour.order_code is not None:
        raise airline_says(offer)
    return draft


def airline_says(offer: Offer) -> DuffelError:
    error = DuffelError(offer.behaviour.order_code or "airline_unknown")
    if error.refusal.type == "airline_error":
        error.source = offer.fare.airline.name.lower().replace(" ", "_")
    return error


class FlightOrders:
    """The handlers."""

    def __init__(self, world: World) -> None:
        self.world = world

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/air/orders", self.create),
            web.get("/air/orders", self.list_orders),
            web.get("/air/orders/{id}", self.show),
            web.patch("/air/orders/{id}", self.update),
        ]

    async def create(self, request: web.Request) -> web.Response:
        world = self.world
        data = await read_data(request)
        selected = data.texts("selected_offers")
        if len(selected) != 1:
            data.refuse("selected_offers", "validation_length", "Exactly one offer is ordered")
        offer = world.offer(selected[0])
        self.refuse_second_order(request, offer)
        rule = world.faults.take(request, *ORDER_MODES)
        refuse_by_fault(offer, rule)
        offer.refuse_if_gone(world.now)
        draft = read_draft(data, offer)
        if rule is not None and rule.mode == "async_202":
            return self.accept(draft, rule)
        if rule is not None and rule.mode == "ok_200_late":
            return self.place_late(draft, rule)
        before = world.webhooks.number
        order = self.place(draft)
        world.mark(request, order.id)
        self.announce(order)
        if rule is not None and rule.mode == "webhook_first":
            await world.webhooks.settle(after=before)
        if world.faults.take(request, "duplicate_detect") is not None:
            # The airline took the first of two sendings that Duffel itself made.
            raise DuffelError("duplicate_booking")
        if world.suffers(request, order.id, "hold_lapsed"):
            order.release(world.now)
            world.journal.record("order.released", **order.facts())
        return web.json_response({"data": order.wire}, status=201)

    def refuse_second_order(self, request: web.Request, offer: Offer) -> None:
        if offer.order_id is None and not offer.attempted:
            return
        if self.world.faults.take(request, "sells_twice") is not None:
            return
        if self.world.faults.take(request, "duplicate_detect") is not None:
            raise DuffelError("duplicate_booking")
        if offer.order_id is None:
            raise DuffelError("order_creation_already_attempted")
        raise DuffelError("offer_request_already_booked")

    def place(self, draft: Draft) -> Order:
        """What cannot be undone: from here on the order exists."""
        now = self.world.now
        order = make_order(
            draft.offer,
            draft.passengers,
            draft.services,
            metadata=draft.metadata,
            hold=draft.hold,
            now=now,
        )
        draft.offer.attempted = True
        draft.offer.order_id = order.id
        self.world.orders[order.id] = order
        self.world.journal.record("order.created", type=order.wire["type"], **order.facts())
        if order.pay_by is not None:
            self.world.clock.at(order.pay_by, lambda: self.release_if_unpaid(order))
        return order

    def release_if_unpaid(self, order: Order) -> None:
        if order.awaiting_payment:
            order.release(self.world.now)
            self.world.journal.record("order.released", **order.facts())
            self.announce_update(order)

    def accept(self, draft: Draft, rule: FaultRule) -> web.Response:
        """202: whether there will be an order is told later, by webhook only."""
        draft.offer.attempted = True
        succeeds = rule.options.get("outcome", "ok") == "ok"
        self.world.later(
            rule.seconds("delay_s", DELAY_S_DEFAULT),
            lambda: self.announce(self.place(draft)) if succeeds else self.fail(draft),
        )
        return web.json_response({"data": {"offer_id": draft.offer.id}}, status=202)

    def fail(self, draft: Draft) -> None:
        facts = {"offer_id": draft.offer.id, "order_id": None, "metadata": draft.metadata}
        self.world.journal.record("order.creation_failed", **facts)
        self.world.announce("order.creation_failed", draft.offer.id, facts)

    def place_late(self, draft: Draft, rule: FaultRule) -> web.Response:
        """200: the airline has the booking, Duffel shows it only after a while."""
        delay_s = rule.seconds("delay_s", DELAY_S_DEFAULT)
        order = self.place(draft)
        order.visible_from = self.world.now + timedelta(seconds=delay_s)
        self.world.later(delay_s, lambda: self.announce(order))
        return web.json_response({"data": {"offer_id": draft.offer.id}}, status=200)

    def announce(self, order: Order) -> None:
        facts = order.facts()
        thing = {"id": order.id, **{k: facts[k] for k in EVENT_FACTS}}
        self.world.announce("order.created", order.id, thing)

    def announce_update(self, order: Order) -> None:
        thing = {"id": order.id, "order_id": order.id, "offer_id": order.offer.id}
        self.world.announce("order.updated", f"{order.id}:{order.wire['synced_at']}", thing)

    async def list_orders(self, request: web.Request) -> web.Response:
        query = request.query
        orders = [order.wire for order in self.world.visible_orders()]
        for field in ("offer_id", "booking_reference"):
            if field in query:
                orders = [order for order in orders if order[field] == query[field]]
        if "awaiting_payment" in query:
            wanted = query["awaiting_payment"] == "true"
            orders = [o for o in orders if o["payment_status"]["awaiting_payment"] is wanted]
        return web.json_response(
            page_of(orders, limit=query.get("limit"), after=query.get("after"))
        )

    async def show(self, request: web.Request) -> web.Response:
        order = self.world.order(request.match_info["id"])
        order.reprice_if_due(self.world.now)
        return web.json_response({"data": order.wire})

    async def update(self, request: web.Request) -> web.Response:
        """Only the metadata can be changed, and it is replaced whole."""
        data = await read_data(request)
        order = self.world.order(request.match_info["id"])
        order.wire["metadata"] = data.metadata()
        order.touch(self.world.now)
        self.announce_update(order)
        return web.json_response({"data": order.wire})


def refuse_by_fault(offer: Offer, rule: FaultRule | None) -> None:
    if rule is not None and rule.mode == "sold_out":
        offer.sold_out = True
        raise DuffelError("offer_no_longer_available")
    if rule is not None and rule.mode == "price_changed":
        offer.change_price(price_rise(rule.options))
        raise DuffelError("price_changed")
