"""Stays over HTTP: search, rates, quotes, bookings and their cancellation."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from aiohttp import web

from sandbox.duffel.body import Node, read_data
from sandbox.duffel.errors import DuffelError, Json
from sandbox.duffel.stays import (
    BOOKED_BUT_500,
    DEARER_AT_QUOTE,
    NOT_CANCELLABLE,
    PENDING_THEN_CONFIRMED,
    PENDING_THEN_FAILED,
    RATE_LIFE,
    UNAVAILABLE_AT_BOOKING,
    UNAVAILABLE_AT_QUOTE,
    Booking,
    Hotel,
    Quote,
    Rate,
    StaySearch,
    hotels_near,
    make_booking,
    make_quote,
    make_rates,
    room_wire,
    search_result_wire,
    stay_refund,
)
from sandbox.duffel.wire import instant, money, new_id, page_of
from sandbox.duffel.world import (
    DELAY_S_DEFAULT,
    ORDER_MODES,
    PRICE_RISE_DEFAULT,
    World,
    found,
    price_rise,
)
from sandbox.faults import FaultRule

NIGHTS_MAX = 99
DAYS_AHEAD_MAX = 730
ROOMS_MAX = 8
GUESTS_MAX = 32
RADIUS_KM_MAX = 100


def read_guest(node: Node) -> Json:
    kind = node.choice("type", ("adult", "child"))
    if kind == "adult":
        return {"type": "adult"}
    return {"type": "child", "age": node.required("age", int)}


def read_hotels(data: Node, known: dict[str, Hotel]) -> list[Hotel]:
    if data.value.get("accommodation") is not None:
        ids = data.object("accommodation").texts("ids")
        return [known[each] for each in ids if each in known]
    location = data.object("location")
    radius: int = location.optional("radius", int) or 5
    if not 1 <= radius <= RADIUS_KM_MAX:
        location.refuse("radius", "validation_inclusion", f"At most {RADIUS_KM_MAX} km")
    where = location.object("geographic_coordinates")
    return hotels_near(
        where.coordinate("latitude", limit=90), where.coordinate("longitude", limit=180)
    )


class StayHandlers:
    """The handlers."""

    def __init__(self, world: World) -> None:
        self.world = world

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/stays/search", self.search),
            web.post("/stays/search_results/{id}/actions/fetch_all_rates", self.fetch_all_rates),
            web.post("/stays/quotes", self.quote),
            web.get("/stays/quotes/{id}", self.show_quote),
            web.post("/stays/bookings", self.book),
            web.get("/stays/bookings", self.list_bookings),
            web.get("/stays/bookings/{id}", self.show_booking),
            web.post("/stays/bookings/{id}/actions/cancel", self.cancel),
        ]

    async def search(self, request: web.Request) -> web.Response:
        data = await read_data(request)
        now = self.world.now
        check_in, check_out = data.date("check_in_date"), data.date("check_out_date")
        yesterday = now.date() - timedelta(days=1)
        if not yesterday <= check_in <= now.date() + timedelta(days=DAYS_AHEAD_MAX):
            data.refuse("check_in_date", "validation_inclusion", "Field 'check_in_date' is past")
        if not 1 <= (check_out - check_in).days <= NIGHTS_MAX:
            data.refuse("check_out_date", "validation_inclusion", f"1 to {NIGHTS_MAX} nights")
        rooms = int(data.required("rooms", int))
        guests = [read_guest(node) for node in data.objects("guests")]
        if not 1 <= rooms <= ROOMS_MAX or not rooms <= len(guests) <= GUESTS_MAX:
            data.refuse("rooms", "validation_inclusion", "Too many rooms or guests, or too few")
        results = []
        for hotel in read_hotels(data, self.world.hotels):
            self.world.hotels[hotel.id] = hotel
            search = StaySearch(
                new_id("srr"), hotel, check_in, check_out, rooms, guests, now + RATE_LIFE
            )
            results.append(self.remember(search))
        self.world.forget_old_searches()
        body = {"created_at": instant(now), "results": results}
        return web.json_response({"data": body})

    def remember(self, search: StaySearch) -> Json:
        rates = make_rates(search, currency=self.world.currency, now=self.world.now)
        search.rate_ids = [rate.wire["id"] for rate in rates]
        self.world.rates.update({rate.wire["id"]: rate for rate in rates})
        self.world.stay_searches[search.id] = search
        return search_result_wire(search, rates, [], self.world.currency)

    async def fetch_all_rates(self, request: web.Request) -> web.Response:
        search = found(self.world.stay_searches.get(request.match_info["id"]))
        rates = [self.world.rates[each] for each in search.rate_ids]
        if self.world.now >= search.expires_at:
            raise DuffelError("rate_unavailable")
        names = dict.fromkeys(rate.room for rate in rates)
        rooms = [
            room_wire(search.hotel, name, [rate.wire for rate in rates if rate.room == name])
            for name in names
        ]
        body = search_result_wire(search, rates, rooms, self.world.currency)
        return web.json_response({"data": body})

    async def quote(self, request: web.Request) -> web.Response:
        data = await read_data(request)
        rate = found(self.world.rates.get(data.text("rate_id")))
        self.refuse_gone(request, rate)
        risen = self.world.faults.take(request, "price_changed")
        dearer_by = price_rise(risen.options) if risen else Decimal(0)
        if rate.search.hotel.scenario == DEARER_AT_QUOTE:
            dearer_by += Decimal(PRICE_RISE_DEFAULT)
        quote = make_quote(
            rate, dearer_by=dearer_by, currency=self.world.currency, now=self.world.now
        )
        self.world.quotes[quote.wire["id"]] = quote
        return web.json_response({"data": quote.wire}, status=201)

    def refuse_gone(self, request: web.Request, rate: Rate) -> None:
        if self.world.faults.take(request, "sold_out") is not None:
            rate.sold_out = True
        expired = self.world.now >= rate.expires_at
        if expired or rate.sold_out or rate.search.hotel.scenario == UNAVAILABLE_AT_QUOTE:
            raise DuffelError("rate_unavailable")

    async def show_quote(self, request: web.Request) -> web.Response:
        return web.json_response({"data": self.quote_of(request.match_info["id"]).wire})

    def quote_of(self, quote_id: str) -> Quote:
        return found(self.world.quotes.get(quote_id))

    async def book(self, request: web.Request) -> web.Response:
        data = await read_data(request)
        quote = self.quote_of(data.text("quote_id"))
        if quote.attempted and self.world.faults.take(request, "sells_twice") is None:
            twice = self.world.faults.take(request, "duplicate_detect") is not None
            raise DuffelError("duplicate_booking" if twice else "booking_already_attempted")
        rule = self.world.faults.take(request, *ORDER_MODES)
        self.refuse_unbookable(quote, rule)
        booking = self.read_booking(data, quote)
        quote.attempted = True
        late = self.answer_late(booking, rule)
        if late is not None:
            return late
        before = self.world.webhooks.number
        self.confirm(booking)
        if rule is not None and rule.mode == "webhook_first":
            await self.world.webhooks.settle(after=before)
        if quote.scenario == BOOKED_BUT_500:
            raise DuffelError("internal_server_error")
        if self.world.faults.take(request, "duplicate_detect") is not None:
            raise DuffelError("duplicate_booking")
        return web.json_response({"data": booking.wire}, status=201)

    def refuse_unbookable(self, quote: Quote, rule: FaultRule | None) -> None:
        mode = rule.mode if rule is not None else None
        if mode == "sold_out" or quote.scenario == UNAVAILABLE_AT_BOOKING:
            quote.rate.sold_out = True
        if rule is not None and mode == "price_changed":
            quote.rate.total += price_rise(rule.options)
            raise DuffelError("price_changed")
        if quote.rate.sold_out or self.world.now >= quote.expires_at:
            raise DuffelError("rate_unavailable")

    def answer_late(self, booking: Booking, rule: FaultRule | None) -> web.Response | None:
        """202 and 200: the outcome, or at least the booking, shows only after a while."""
        world, scenario = self.world, booking.quote.scenario
        mode = rule.mode if rule is not None else None
        delay_s = rule.seconds("delay_s", DELAY_S_DEFAULT) if rule else DELAY_S_DEFAULT
        body = {"data": {"quote_id": booking.quote.wire["id"]}}
        if mode == "async_202" or scenario in (PENDING_THEN_CONFIRMED, PENDING_THEN_FAILED):
            asked_to_fail = rule is not None and rule.options.get("outcome", "ok") != "ok"
            fails = asked_to_fail or scenario == PENDING_THEN_FAILED
            world.later(delay_s, lambda: self.fail(booking) if fails else self.confirm(booking))
            return web.json_response(body, status=202)
        if mode == "ok_200_late":
            self.place(booking)
            booking.visible_from = world.now + timedelta(seconds=delay_s)
            world.later(delay_s, lambda: self.announce(booking))
            return web.json_response(body)
        return None

    def read_booking(self, data: Node, quote: Quote) -> Booking:
        guests = [
            {"given_name": node.text("given_name"), "family_name": node.text("family_name")}
            for node in data.objects("guests")
        ]
        return make_booking(
            quote,
            guests,
            email=data.email("email"),
            phone=data.phone("phone_number"),
            metadata=data.metadata(),
            now=self.world.now,
        )

    def place(self, booking: Booking) -> None:
        """What cannot be undone: from here on the booking exists."""
        self.world.bookings[booking.id] = booking
        self.world.journal.record("stay_booking.created", **booking.facts())

    def confirm(self, booking: Booking) -> None:
        self.place(booking)
        self.announce(booking)

    def announce(self, booking: Booking) -> None:
        facts = booking.facts()
        thing = {"id": booking.id, **{k: facts[k] for k in ("booking_id", "quote_id", "metadata")}}
        self.world.announce("stays.booking.created", booking.id, thing)

    def fail(self, booking: Booking) -> None:
        facts = {
            "booking_id": None,
            "quote_id": booking.quote.wire["id"],
            "metadata": booking.wire["metadata"],
        }
        self.world.journal.record("stay_booking.creation_failed", **facts)
        self.world.announce("stays.booking_creation_failed", facts["quote_id"], facts)

    def visible(self) -> list[Booking]:
        now = self.world.now
        bookings = reversed(self.world.bookings.values())
        return [b for b in bookings if b.visible_from is None or b.visible_from <= now]

    async def list_bookings(self, request: web.Request) -> web.Response:
        rows = [booking.wire for booking in self.visible()]
        query = request.query
        return web.json_response(page_of(rows, limit=query.get("limit"), after=query.get("after")))

    def booking_of(self, request: web.Request) -> Booking:
        booking = found(self.world.bookings.get(request.match_info["id"]))
        if booking.visible_from is not None and self.world.now < booking.visible_from:
            raise DuffelError("not_found")
        return booking

    async def show_booking(self, request: web.Request) -> web.Response:
        return web.json_response({"data": self.booking_of(request).wire})

    async def cancel(self, request: web.Request) -> web.Response:
        """One step: what comes back is what the timeline says at this moment."""
        booking = self.booking_of(request)
        if booking.cancelled:
            raise DuffelError("already_cancelled")
        if booking.quote.scenario == NOT_CANCELLABLE:
            raise DuffelError("booking_not_cancellable")
        now = self.world.now
        refund = stay_refund(booking, now)
        booking.wire.update(status="cancelled", cancelled_at=instant(now))
        self.world.journal.record(
            "stay_booking.cancelled", refund_amount=money(refund), **booking.facts()
        )
        return web.json_response({"data": booking.wire})
