"""`/checkout?sid=…`: the traveller's page, its live progress, the way to the payment page, and
asking again when a checkout has ended."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping

import structlog
from aiohttp import web

from domain.dossier import Dossier, fold
from domain.errors import Refused
from domain.ids import group_id
from domain.log import Cause
from domain.money import Money
from domain.trip.events import BookRequest
from domain.trip.state import Checkout
from service.app import Service
from service.clock import elapsed_s
from service.http.api import REQUEST_ID
from service.http.middleware import SECURITY_HEADERS
from service.http.redirects import origin_of
from service.pages.brand import brands_of
from service.pages.changes import Changes, TooManyPages
from service.pages.checkout_view import checkout_view
from service.pages.forgery import Forged, Tokens
from service.pages.forms import read_form
from service.pages.rendering import Pages, page_headers
from service.pages.standing import standing_of
from service.workers.folds import decode_dossier

SID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
AMOUNT = re.compile(r"[0-9]{1,15}")
CURRENCY = re.compile(r"[A-Z]{3}")
# How long a page waits for a projection that is behind the log, and how often it looks.
LAG_S_MAX = 3.0
LAG_LOOK_S = 0.1
STREAM_S_MAX = 900.0
KEEPALIVE_S = 15.0
RECONNECT_MS = 2_000

log = structlog.get_logger("service.pages")


class NoCheckout(Exception):
    """No checkout is known by this id; which part of it is wrong is nobody's business."""


class CheckoutPages:
    """The handlers."""

    def __init__(self, service: Service, pages: Pages, changes: Changes) -> None:
        self.service = service
        self.pages = pages
        self.changes = changes
        self.tokens = Tokens(service.settings.base_url)

    # --- finding

    async def found(self, sid: str) -> tuple[Dossier, Checkout]:
        """The trip as new as the log; raises NoCheckout."""
        trip_id = await self.trip_of(sid)
        dossier = await self.present(trip_id)
        checkout = dossier.trip.find_checkout(sid) if dossier.trip else None
        if checkout is None:
            raise NoCheckout(sid)
        return dossier, checkout

    async def present(self, trip_id: str) -> Dossier:
        row, tail = await self.service.models.trip_with_tail(trip_id)
        return fold((r.event for r in tail), decode_dossier(row.state) if row else None)

    async def trip_of(self, sid: str) -> str:
        """Whose checkout it is; a projection that is behind is given a moment to catch up."""
        if SID.fullmatch(sid) is None:
            raise NoCheckout(sid)
        models, events = self.service.models, self.service.log
        newest, until = await events.last_position(), elapsed_s() + LAG_S_MAX
        while True:
            seen = await models.checkpoint("bookings")
            bookings = await models.bookings_of_group(group_id(sid))
            if bookings:
                return bookings[0].trip_id
            if seen >= newest or elapsed_s() >= until:
                raise NoCheckout(sid)
            await events.changed(LAG_LOOK_S)

    # --- showing

    async def show(self, request: web.Request) -> web.StreamResponse:
        sid = request.query.get("sid", "")
        try:
            if "text/event-stream" in request.headers.get("Accept", ""):
                return await self.tell(request, await self.trip_of(sid))
            return await self.shown(request, sid)
        except NoCheckout:
            return self.absent()

    async def shown(self, request: web.Request, sid: str) -> web.Response:
        dossier, checkout = await self.found(sid)
        assert dossier.trip is not None, "a checkout was found in it"
        people, _ = await self.service.people.open_known(dossier.trip)
        returned = request.query.get("returned") == "1"
        now = self.service.clock.now()
        view = checkout_view(dossier, people, checkout, now, returned=returned)
        token = self.tokens.of(request) if view.agreement else None
        pay_url = checkout.url if view.standing.offered == "pay" else None
        page = self.pages.page(
            "checkout.html",
            tenant=dossier.trip.tenant,
            pay_url=pay_url,
            view=view,
            token=token,
        )
        if token is not None:
            self.tokens.keep(page, token)
        return page

    def absent(self) -> web.Response:
        return self.pages.page("absent.html", status=404)

    # --- live progress

    async def tell(self, request: web.Request, trip_id: str) -> web.StreamResponse:
        """Says only that something changed, and at which version; the page looks for itself."""
        seen = number(request.headers.get("Last-Event-ID") or request.query.get("seen", ""))
        try:
            with self.changes.of(trip_id) as rung:
                return await self.stream(request, trip_id, seen, rung)
        except TooManyPages:
            return web.Response(status=503, headers={"Retry-After": "5"})

    async def stream(
        self, request: web.Request, trip_id: str, seen: int, rung: asyncio.Event
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={**SECURITY_HEADERS, **page_headers(None)})
        response.content_type = "text/event-stream"
        response.charset = "utf-8"
        await response.prepare(request)
        until = elapsed_s() + STREAM_S_MAX
        try:
            await response.write(f"retry: {RECONNECT_MS}\n\n".encode())
            while not self.changes.closed and elapsed_s() < until:
                rung.clear()
                version = (await self.present(trip_id)).version
                if version != seen:
                    await response.write(f"id: {version}\ndata: changed\n\n".encode())
                    seen = version
                else:
                    await response.write(b":\n\n")
                await heard(rung, KEEPALIVE_S)
        except ConnectionError:
            log.debug("page_left", trip_id=trip_id)
        return response

    # --- paying and asking again

    async def pay(self, request: web.Request) -> web.StreamResponse:
        """To the payment page if, by the log, this checkout can be paid; else back to say why."""
        sid = request.query.get("sid", "")
        try:
            dossier, checkout = await self.found(sid)
        except NoCheckout:
            return self.absent()
        standing = standing_of(dossier, checkout, self.service.clock.now())
        payable = standing.offered == "pay" and checkout.url is not None
        if payable and checkout.url and origin_of(checkout.url) is not None:
            return see_other(checkout.url, checkout.url)
        return see_other(page_of(sid))

    async def ask_again(self, request: web.Request) -> web.StreamResponse:
        """Book the same trip again at the price the traveller has agreed to."""
        form = await read_form(request, self.service.settings.read_timeout_s)
        sid = form.get("sid", "")
        try:
            self.tokens.check(request, form)
            dossier, checkout = await self.found(sid)
        except Forged as refusal:
            log.warning("page_form_refused", reason=str(refusal))
            back = page_of(sid) if SID.fullmatch(sid) else None
            return self.pages.page("refused.html", status=403, back=back)
        except NoCheckout:
            return self.absent()
        total = agreed(form)
        if total is None:
            raise web.HTTPBadRequest
        if standing_of(dossier, checkout, self.service.clock.now()).offered != "ask":
            return see_other(page_of(sid))
        return see_other(page_of(await self.booked(request, dossier, checkout, total)))

    async def booked(
        self, request: web.Request, dossier: Dossier, checkout: Checkout, total: Money
    ) -> str:
        """The id of the checkout to show: the new one, or the old one that now says why not."""
        assert dossier.trip is not None, "a checkout was found in it"
        wanted = BookRequest(
            mode="hosted",
            policy=checkout.policy,
            redirect_url=checkout.redirect_url,
            expected_total=total,
        )
        trip = dossier.trip
        cause = Cause(tenant=trip.tenant, actor="page:checkout", request_id=request[REQUEST_ID])
        try:
            answer = await self.service.desk.book(trip.trip_id, wanted, cause)
        except Refused as refusal:
            log.info("page_asked_in_vain", trip_id=trip.trip_id, code=refusal.code)
            return checkout.checkout_id
        return answer.checkout.checkout_id


async def heard(rung: asyncio.Event, timeout_s: float) -> None:
    try:
        async with asyncio.timeout(timeout_s):
            await rung.wait()
    except TimeoutError:
        return


def number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def agreed(form: Mapping[str, str]) -> Money | None:
    amount, currency = form.get("amount", ""), form.get("currency", "")
    if AMOUNT.fullmatch(amount) and CURRENCY.fullmatch(currency):
        return Money(int(amount), currency)
    return None


def page_of(sid: str) -> str:
    return f"/checkout?sid={sid}"


def see_other(location: str, pay_url: str | None = None) -> web.Response:
    return web.Response(status=303, headers={**page_headers(pay_url), "Location": location})


def add_pages(app: web.Application, service: Service, changes: Changes) -> None:
    """The traveller's pages and what they need, added to the application."""
    settings = service.settings
    pages = Pages(brands_of(settings), sandbox=settings.sandbox)
    handlers = CheckoutPages(service, pages, changes)
    app.router.add_get("/checkout", handlers.show)
    app.router.add_post("/checkout", handlers.ask_again)
    app.router.add_get("/checkout/pay", handlers.pay)
    pages.add_files(app, "/checkout")
