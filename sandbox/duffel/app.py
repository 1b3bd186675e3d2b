"""A stand-in for Duffel: the wire of its API v2, its test routes, and faults on demand."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

from sandbox.clock import SandboxClock
from sandbox.control import Steering, add_control, early_delivery
from sandbox.duffel.desk_acts import DeskActs
from sandbox.duffel.flight_money import FlightMoney
from sandbox.duffel.flight_orders import FlightOrders
from sandbox.duffel.flight_search import FlightSearch
from sandbox.duffel.protocol import RateLimit, injected_error, protocol_middleware
from sandbox.duffel.stay_handlers import StayHandlers
from sandbox.duffel.webhook_handlers import WebhookHandlers, signed_headers
from sandbox.duffel.world import DUFFEL_MODES, World
from sandbox.faults import Faults, fault_middleware
from sandbox.journal import Journal
from sandbox.webhooks import Webhooks
from sandbox.witnesses import witnessed

REQUESTS_PER_MINUTE = 60_000
BODY_BYTES_MAX = 1_000_000


def make_world(*, currency: str, clock: SandboxClock, journal_path: Path | None) -> World:
    return World(
        currency=currency,
        clock=clock,
        journal=Journal(clock, journal_path),
        faults=Faults(extra_modes=DUFFEL_MODES),
        webhooks=Webhooks(clock=clock, sign=signed_headers),
    )


def create_app(
    *,
    token: str,
    webhook_secret: str | None = None,
    webhook_url: str | None = None,
    clock: SandboxClock | None = None,
    journal_path: Path | None = None,
    currency: str = "EUR",
    requests_per_minute: int = REQUESTS_PER_MINUTE,
) -> web.Application:
    """The server. Every price is in `currency`, which must have two decimal places."""
    world = make_world(currency=currency, clock=clock or SandboxClock(), journal_path=journal_path)
    if webhook_url is not None and webhook_secret is not None:
        world.webhooks.register(webhook_url, webhook_secret)
    app = web.Application(
        client_max_size=BODY_BYTES_MAX,
        middlewares=[
            fault_middleware(world.faults, injected_error(world.clock)),
            early_delivery(world.webhooks),
            witnessed,
            protocol_middleware(token=token, limit=RateLimit(world.clock, requests_per_minute)),
        ],
    )
    orders = FlightOrders(world)
    for handlers in (
        FlightSearch(world),
        orders,
        FlightMoney(world, orders),
        StayHandlers(world),
        WebhookHandlers(world),
        DeskActs(world),
    ):
        app.add_routes(handlers.routes())
    steering = Steering(
        name="duffel",
        clock=world.clock,
        faults=world.faults,
        journal=world.journal,
        webhooks=world.webhooks,
    )
    add_control(app, steering)
    return app
