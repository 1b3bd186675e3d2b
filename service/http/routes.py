"""All routes of the API, wired to the parts of the service."""

from __future__ import annotations

from typing import Any, cast

from adapters.doors.tenants import Tenants
from adapters.inbox import Inbox
from adapters.read_models import ReadModels
from adapters.sandbox_clock import SandboxClock
from domain.ports import Clock, EventLog, Payments, Supplier
from service.app import Service
from service.desk import Desk
from service.http.api import Door, Route
from service.http.application import with_own_routes
from service.http.booking import book_routes
from service.http.bookings import booking_routes
from service.http.cancelling import cancelling_routes
from service.http.feed import feed_routes
from service.http.health import Exposed
from service.http.jinko.calls import JinkoCalls
from service.http.jinko.routes import jinko_routes
from service.http.offers import offer_routes
from service.http.openapi import openapi
from service.http.outbound.routes import webhook_endpoint_routes
from service.http.people import people_routes
from service.http.redirects import Redirects
from service.http.sandbox_clock import clock_routes
from service.http.trips import Trips, trip_routes
from service.http.webhooks import webhook_routes
from service.http.wink.routes import wink_routes
from service.mcp.routes import mcp_routes
from service.people.forgetting import Forgetting
from service.settings import Settings
from service.version import VERSION


def routes_of(service: Service) -> tuple[list[Route], Door]:
    """The routes, and what guards them."""
    settings = service.settings
    redirects = redirects_of(settings, service.tenants)
    routes = native_routes(
        settings,
        redirects=redirects,
        desk=service.desk,
        models=service.models,
        log=service.log,
        payments=service.payments,
        duffel=service.suppliers["duffel"],
        inbox=service.inbox,
        clock=service.clock,
        forgetting=service.forgetting,
    )
    if service.outbound is not None:
        routes += webhook_endpoint_routes(service.outbound.desk)
    routes += compatible_routes(settings, desk=service.desk, clock=service.clock)
    routes += wink_routes(
        service.desk,
        service.carts,
        service.models,
        service.payments,
        redirects,
        test=settings.mode == "test",
    )
    door = Door(
        api_keys=service.keys,
        tokens=service.tokens,
        limits=service.limits,
        strangers=service.strangers,
        idempotency=service.idempotency,
        now=service.clock.now,
        read_timeout_s=settings.read_timeout_s,
    )
    return routes, door


def native_routes(
    settings: Settings,
    *,
    redirects: Redirects,
    desk: Desk,
    models: ReadModels,
    log: EventLog,
    payments: Payments,
    duffel: Supplier,
    inbox: Inbox,
    clock: Clock,
    forgetting: Forgetting,
) -> list[Route]:
    trips = Trips(desk, models, clock, sandbox=settings.sandbox)
    routes = [
        *offer_routes(desk, clock),
        *trip_routes(trips),
        *book_routes(desk, redirects),
        *cancelling_routes(desk, trips),
        *booking_routes(desk, models),
        *feed_routes(log, wait_s_max=settings.feed_wait_max_s),
        *webhook_routes(payments, duffel, inbox, clock),
        *people_routes(forgetting),
    ]
    if settings.sandbox:
        urls = (settings.stripe_api_base, settings.duffel_api_base)
        routes += clock_routes(cast(SandboxClock, clock), urls)
    return routes


def redirects_of(settings: Settings, tenants: Tenants) -> Redirects:
    """Where travellers may be sent: anywhere while somebody only tries the service out."""
    trying_out = settings.sandbox and not settings.redirect_origins
    return Redirects(
        settings.redirect_origins,
        tenants,
        own=settings.base_url,
        loopback=settings.sandbox,
        anywhere=trying_out,
    )


def compatible_routes(settings: Settings, *, desk: Desk, clock: Clock) -> list[Route]:
    """The calls of the systems this service replaces, in their own words."""
    calls = JinkoCalls(desk, clock, settings.base_url, sandbox=settings.sandbox)
    return [*jinko_routes(calls), *mcp_routes(settings, desk=desk, clock=clock, calls=calls)]


def document(settings: Settings) -> dict[str, Any]:
    """The OpenAPI document. No handler runs for it, so the parts behind the routes are left out."""
    absent: Any = None
    routes = native_routes(
        settings,
        redirects=absent,
        desk=absent,
        models=absent,
        log=absent,
        payments=absent,
        duffel=absent,
        inbox=absent,
        clock=absent,
        forgetting=absent,
    )
    routes += webhook_endpoint_routes(absent)
    routes += compatible_routes(settings, desk=absent, clock=absent)
    routes += wink_routes(absent, absent, absent, absent, absent, test=True)
    every = with_own_routes(routes, checks={}, exposed=Exposed())
    return openapi(every, version=VERSION, server_url=settings.base_url)
