"""Around every request: its id, problems instead of exceptions, security headers, one log line."""

from __future__ import annotations

import re
import time
from uuid import uuid4

import structlog
from aiohttp import ClientConnectionResetError, web
from aiohttp.typedefs import Handler, Middleware

from service.http.api import CALLER, DIALECT, REQUEST_ID, VERDICT
from service.http.idempotency import REPLAYED
from service.http.paths import UUID_TEXT
from service.http.problems import CATALOGUE, Problem, answer, problem_of
from service.observability.metrics import METHODS, Metrics
from service.observability.spans import TRACEPARENT, Tracer

SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,128}")
HEALTH_ROUTES = frozenset(["/healthz", "/readyz", "/metrics"])
STREAM = "text/event-stream"

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Server": "tripledger",
}
STRICT_TRANSPORT = "max-age=31536000; includeSubDomains"

# What aiohttp itself refuses, in the words of the catalogue.
OF_STATUS = {
    400: ("invalid_request", "The request is not valid HTTP."),
    404: ("not_found", "There is nothing at this path."),
    405: ("method_not_allowed", "This path does not know this method."),
    413: ("body_too_large", "The body is larger than this path accepts."),
    415: ("unsupported_media_type", "This path does not take a body of this kind."),
}

log = structlog.get_logger("service.http")


def traced(tracer: Tracer) -> Middleware:
    """Around everything else: a span for each request, and its trace in every log line."""

    @web.middleware
    async def trace(request: web.Request, handler: Handler) -> web.StreamResponse:
        # A connection's requests follow each other in one context.
        structlog.contextvars.clear_contextvars()
        route = template_of(request)
        if route in HEALTH_ROUTES:
            return await handler(request)
        method = request.method if request.method in METHODS else "other"
        parent = request.headers.get(TRACEPARENT, "")
        with tracer.within("server", f"{method} {route}", parent) as span:
            response = await handler(request)
            span.tell("http.request.method", method)
            span.tell("http.route", route)
            span.tell("http.response.status_code", response.status)
            if (caller := request.get(CALLER)) is not None:
                span.tell("tripledger.tenant", caller.tenant)
            trip_id = request.match_info.get("trip_id", "")
            if UUID_TEXT.fullmatch(trip_id):
                span.tell("tripledger.trip_id", trip_id)
            if response.status >= 500:
                span.fail(str(response.status))
            return response

    return trace


def doorkeeper(metrics: Metrics, *, https: bool = False) -> Middleware:
    """The middleware around all handlers; `https`: the service is reached over TLS."""
    headers = dict(SECURITY_HEADERS)
    if https:
        headers["Strict-Transport-Security"] = STRICT_TRANSPORT

    @web.middleware
    async def keep(request: web.Request, handler: Handler) -> web.StreamResponse:
        started = time.perf_counter()
        request_id = request_id_of(request)
        request[REQUEST_ID] = request_id
        structlog.contextvars.bind_contextvars(request_id=request_id)
        response = await answered(request, handler, request_id)
        if not response.prepared:
            for name, value in headers.items():
                response.headers.setdefault(name, value)
            response.headers["X-Request-ID"] = request_id
            if (verdict := request.get(VERDICT)) is not None:
                response.headers.update(verdict.headers())
        seconds = time.perf_counter() - started
        route = template_of(request)
        count(metrics, request, response, route, seconds)
        tell(request, response, route, seconds)
        return response

    return keep


def count(
    metrics: Metrics,
    request: web.Request,
    response: web.StreamResponse,
    route: str,
    seconds: float,
) -> None:
    metrics.answered(request.method, route, response.status)
    if response.content_type != STREAM:  # open as long as its reader likes, which is no duration
        metrics.durations.labels(route).observe(seconds)
    if REPLAYED in response.headers:
        metrics.replays.inc()


def request_id_of(request: web.Request) -> str:
    given = request.headers.get("X-Request-ID", "")
    return given if SANE_REQUEST_ID.fullmatch(given) else uuid4().hex


async def answered(request: web.Request, handler: Handler, request_id: str) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            return redirect_of(error)
        problem = of_http(error)
    except Exception as error:
        if isinstance(error, ConnectionError) and client_is_gone(request, error):
            raise
        found = problem_of(error)
        if found is None:
            log.exception("request_failed", route=template_of(request), method=request.method)
            found = Problem("internal_error", "The request failed; its request_id tells us more.")
        problem = found
    dialect = request.get(DIALECT)
    return answer(problem, instance=request.path, request_id=request_id, dialect=dialect)


def client_is_gone(request: web.Request, error: ConnectionError) -> bool:
    """Whether it is the client's connection that was lost, and not one of ours."""
    return request.transport is None or isinstance(error, ClientConnectionResetError)


def redirect_of(error: web.HTTPException) -> web.Response:
    return web.Response(status=error.status, headers=error.headers)


def of_http(error: web.HTTPException) -> Problem:
    code, detail = OF_STATUS.get(
        error.status, ("invalid_request", "The request is not acceptable.")
    )
    if error.status >= 500:
        code, detail = "internal_error", "The request failed; its request_id tells us more."
    allow = error.headers.get("Allow")
    assert code in CATALOGUE
    return Problem(code, detail, headers={"Allow": allow} if allow else None)


def template_of(request: web.Request) -> str:
    """The route as it was declared, never the path itself: that may hold what nobody should log."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "-"


def tell(request: web.Request, response: web.StreamResponse, route: str, seconds: float) -> None:
    caller = request.get(CALLER)
    level = log.debug if route in HEALTH_ROUTES else log.info
    fields: dict[str, object] = {
        "method": request.method,
        "route": route,
        "status": response.status,
        "duration_ms": round(seconds * 1000, 2),
    }
    if caller is not None:
        fields |= {"tenant": caller.tenant, "actor": caller.actor}
    # What does not look like an id is not logged: it may be anything.
    trip_id = request.match_info.get("trip_id", "")
    if UUID_TEXT.fullmatch(trip_id):
        fields["trip_id"] = trip_id
    if REPLAYED in response.headers:
        fields["replayed"] = True
    level("request", **fields)
