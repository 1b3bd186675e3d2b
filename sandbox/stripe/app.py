"""Stripe's API as a server of its own: the same wire, an account in memory, no money."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from sandbox.clock import SandboxClock
from sandbox.control import Steering, add_control, early_delivery
from sandbox.faults import Faults, fault_middleware
from sandbox.journal import Journal
from sandbox.stripe import api_checkout, api_customers, api_events, api_payments, customer_acts
from sandbox.stripe.account import API_VERSION, Account, Call, current_call, new_id
from sandbox.stripe.errors import Json, StripeError, server_error
from sandbox.stripe.exchange import ApiRoute, Exchange, expand
from sandbox.stripe.idempotency import IdempotencyKeys, fingerprint_of
from sandbox.stripe.parameters import decode_pairs, read_shape
from sandbox.stripe.pay_page import pay_page_routes
from sandbox.webhooks import Webhooks
from sandbox.witnesses import witnessed

BODY_BYTES_MAX = 1_000_000
EXTRA_FAULTS = ("slow_execution", "execution_500", "refund_pending", "refused")
API_ROUTES = [
    *api_customers.routes,
    *api_payments.routes,
    *api_checkout.routes,
    *api_events.routes,
]
FAULT_ERRORS = {
    429: StripeError("Too many requests in a period of time.", status=429, code="rate_limit"),
    500: StripeError("An unknown error occurred.", status=500, kind="api_error"),
    503: StripeError("Stripe is temporarily unavailable.", status=503, kind="api_error"),
}


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What the API's routes share."""

    api_key: str
    account: Account
    faults: Faults
    keys: IdempotencyKeys
    public_url: str | None

    def url(self, request: web.Request) -> str:
        return self.public_url or str(request.url.origin())


def sign(body: bytes, secret: str, epoch: int) -> dict[str, str]:
    digest = hmac.new(secret.encode(), f"{epoch}.".encode() + body, hashlib.sha256).hexdigest()
    return {"Stripe-Signature": f"t={epoch},v1={digest}", "User-Agent": "Stripe/1.0 (sandbox)"}


def answered(request: web.Request, status: int, body: bytes, request_id: str) -> web.Response:
    headers = {
        "Request-Id": request_id,
        "Stripe-Version": request.headers.get("Stripe-Version", API_VERSION),
    }
    if status == 409:
        headers["Stripe-Should-Retry"] = "true"
    elif 400 <= status < 500 or status == 500:
        headers["Stripe-Should-Retry"] = "false"
    key = request.headers.get("Idempotency-Key")
    if key and request.method == "POST":
        headers["Idempotency-Key"] = key
    return web.Response(status=status, body=body, content_type="application/json", headers=headers)


def encoded(answer: Json) -> bytes:
    return json.dumps(answer, indent=2).encode()


def error_answer(request: web.Request, status: int) -> web.Response:
    """What a fault on demand says; without Stripe's advice on retrying, as in a real outage."""
    answer = answered(request, status, encoded(FAULT_ERRORS[status].body), new_id("req_", 14))
    answer.headers.pop("Stripe-Should-Retry", None)
    return answer


def check_key(request: web.Request, api_key: str) -> None:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            given = base64.b64decode(given, validate=True).decode().partition(":")[0]
        except ValueError:
            given = ""
    if not given:
        raise StripeError(
            "You did not provide an API key. Provide it in the Authorization header, using Bearer "
            "auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
            status=401,
        )
    if not hmac.compare_digest(given.encode(), api_key.encode()):
        shown = f"{given[:8]}{'*' * 8}{given[-4:]}" if len(given) > 16 else "*" * 8
        raise StripeError(f"Invalid API Key provided: {shown}", status=401, code="api_key_invalid")


async def read_parameters(request: web.Request, route: ApiRoute) -> Json:
    if request.method == "GET":
        pairs = list(request.query.items())
    else:
        body = (await request.read()).decode()
        pairs = parse_qsl(body, keep_blank_values=True, strict_parsing=bool(body))
    return read_shape(decode_pairs(pairs), route.full_shape())


async def execute(desk: Desk, request: web.Request, route: ApiRoute) -> tuple[int, Json, bool]:
    """Status, body, and whether the work had begun."""
    try:
        asked = await read_parameters(request, route)
        exchange = Exchange(
            account=desk.account,
            faults=desk.faults,
            request=request,
            asked=asked,
            public_url=desk.url(request),
        )
        slow = desk.faults.take(request, "slow_execution")
        if slow is not None:
            await desk.faults.hold(slow.seconds("latency_s", 1.0))
        if desk.faults.take(request, "execution_500") is not None:
            raise server_error()
        if desk.faults.take(request, "refused") is not None:
            raise StripeError(
                "Your account may not do this.", code="charge_exceeds_transaction_limit"
            )
        answer = route.answer(exchange)
        return 200, expand(desk.account, answer, asked.get("expand", [])), True
    except UnicodeDecodeError:
        return 400, StripeError("Invalid request: the body is not UTF-8.").body, False
    except StripeError as error:
        return error.status, error.body, error.executed


async def execute_once(
    desk: Desk, request: web.Request, route: ApiRoute, request_id: str
) -> web.Response:
    key = request.headers.get("Idempotency-Key") if request.method == "POST" else None
    token = current_call.set(Call(request_id, key))
    try:
        if key is None:
            status, body, _ = await execute(desk, request, route)
            return answered(request, status, encoded(body), request_id)
        return await execute_under_key(desk, request, route, key, request_id)
    finally:
        current_call.reset(token)


async def execute_under_key(
    desk: Desk, request: web.Request, route: ApiRoute, key: str, request_id: str
) -> web.Response:
    fingerprint = fingerprint_of(request.method, request.path, await request.read())
    kept = desk.keys.begin(key, fingerprint)
    if kept is not None:
        replay = answered(request, kept.status, kept.body, request_id)
        replay.headers["Idempotent-Replayed"] = "true"
        replay.headers["Original-Request"] = kept.request_id
        return replay
    try:
        status, body, begun = await execute(desk, request, route)
        content = encoded(body)
        if begun:
            desk.keys.keep(key, status, content, request_id)
        return answered(request, status, content, request_id)
    finally:
        desk.keys.end(key)


def api_handler(desk: Desk, route: ApiRoute) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        request_id = new_id("req_", 14)
        try:
            check_key(request, desk.api_key)
            desk.account.clock.fire_due()
            return await execute_once(desk, request, route, request_id)
        except StripeError as error:
            return answered(request, error.status, encoded(error.body), request_id)

    return handle


@web.middleware
async def unknown_urls(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Stripe's own answer to a URL that its API does not have."""
    try:
        return await handler(request)
    except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
        if not request.path.startswith("/v"):
            raise
        error = StripeError(
            f"Unrecognized request URL ({request.method}: {request.path}). Please see "
            "https://stripe.com/docs or we can help at https://support.stripe.com/.",
            status=404,
        )
        return answered(request, 404, encoded(error.body), new_id("req_", 14))


def middlewares(faults: Faults, webhooks: Webhooks) -> list[Middleware]:
    return [
        fault_middleware(faults, error_answer),
        early_delivery(webhooks),
        witnessed,
        unknown_urls,
    ]


def create_app(
    *,
    api_key: str,
    webhook_secret: str | None = None,
    webhook_url: str | None = None,
    public_url: str | None = None,
    clock: SandboxClock | None = None,
    journal_path: Path | None = None,
) -> web.Application:
    """Without `public_url`, links name the address that the request came to."""
    clock = clock or SandboxClock()
    journal = Journal(clock, journal_path)
    faults = Faults(extra_modes=EXTRA_FAULTS)
    webhooks = Webhooks(clock=clock, sign=sign)
    if webhook_url is not None and webhook_secret is not None:
        webhooks.register(webhook_url, webhook_secret)
    account = Account(clock=clock, journal=journal, webhooks=webhooks)
    desk = Desk(
        api_key=api_key,
        account=account,
        faults=faults,
        keys=IdempotencyKeys(clock=clock),
        public_url=public_url,
    )
    app = web.Application(middlewares=middlewares(faults, webhooks), client_max_size=BODY_BYTES_MAX)
    for route in API_ROUTES:
        app.router.add_route(route.method, route.path, api_handler(desk, route))
    app.add_routes(customer_acts.routes(account))
    app.add_routes(pay_page_routes(account))
    add_control(
        app,
        Steering(name="stripe", clock=clock, faults=faults, journal=journal, webhooks=webhooks),
    )
    return app
