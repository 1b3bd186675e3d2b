"""Puts the console together: every page with what it needs and who may see it."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from adapters.console.pauses import Pauses
from adapters.database import Database
from service.app import Service, sessions_of
from service.console.door import ISSUER_SIGN_IN, SIGN_IN, Door, PageHandler
from service.console.issuer_door import ANSWER, IssuerDoor, client_of
from service.console.live import LiveChanges
from service.console.pages.actions import ActionsPage
from service.console.pages.audit import AuditPage
from service.console.pages.deliveries import DeliveriesPage
from service.console.pages.incidents import IncidentsPage
from service.console.pages.log_page import LogPage
from service.console.pages.money import MoneyPage
from service.console.pages.projections import ProjectionsPage
from service.console.pages.today import TodayPage
from service.console.pages.trip import TripPage
from service.console.pages.trips import TripsPage
from service.console.pages.webhooks import WebhooksPage
from service.console.rendering import Renderer
from service.http.guards.access import CONSOLE
from service.pages.changes import Changes

TRIP = "/console/trips/{trip_id}"


Places = Mapping[str, PageHandler]


def add_console(
    app: web.Application, service: Service, database: Database, changes: Changes
) -> None:
    """The operators' pages, added to the application."""
    settings = service.settings
    pages = Renderer(sandbox=settings.sandbox)
    door = Door(service, pages, sessions_of(settings, database))
    app.router.add_get(SIGN_IN, door.show_sign_in)
    app.router.add_post(SIGN_IN, door.sign_in)
    if (client := client_of(service)) is not None:
        by_issuer = IssuerDoor(door, client)
        app.router.add_get(ISSUER_SIGN_IN, by_issuer.begin)
        app.router.add_get(ANSWER, by_issuer.answered)
    for name, handler in places_of(app, service, database, pages, door, changes).items():
        method, _, path = name.partition(" ")
        app.router.add_route(method, path, door.guarded(handler, CONSOLE[name]))
    pages.add_files(app)


def places_of(
    app: web.Application,
    service: Service,
    database: Database,
    pages: Renderer,
    door: Door,
    changes: Changes,
) -> Places:
    """Each page and button by the name it has in the list of who may what."""
    today = TodayPage(service, database, pages)
    actions = ActionsPage(service.operating, pages, door)
    trip = TripPage(service, pages, door, actions)
    log = LogPage(service, database, pages, door)
    projections = ProjectionsPage(service, pages, door, Pauses(database))
    webhooks = WebhooksPage(service, database, pages, door)
    deliveries = DeliveriesPage(service, pages, door)
    trips = TripsPage(service, database, pages, door)
    money = MoneyPage(service, database, pages, door)
    for page in (log, projections):
        app.on_cleanup.append(page.stop)
    return {
        "GET /console": today.show,
        "GET /console/trips": trips.show,
        "POST /console/search": trips.search,
        "POST /console/trips/views": trips.keep,
        "POST /console/trips/views/forget": trips.forget,
        "GET /console/incidents": IncidentsPage(service, database, pages).show,
        f"GET {TRIP}": trip.show,
        f"GET {TRIP}/evidence": trip.evidence,
        f"GET {TRIP}/act": actions.ask,
        f"POST {TRIP}/act": actions.do,
        f"GET {TRIP}/reveal": trip.ask_to_reveal,
        f"POST {TRIP}/reveal": trip.reveal,
        "GET /console/money": money.show,
        "GET /console/money/ledger": money.ledger,
        "GET /console/money/ledger.csv": money.ledger_file,
        "GET /console/money/drift.csv": money.drift_file,
        "POST /console/money/accept": money.accept,
        "GET /console/webhooks": webhooks.show,
        "POST /console/webhooks/tasks/{task_id}/retry": webhooks.retry,
        "GET /console/deliveries": deliveries.show,
        "POST /console/deliveries/{endpoint_id}/{delivery_id}": deliveries.resend,
        "GET /console/projections": projections.show,
        "POST /console/projections/{name}": projections.act,
        "GET /console/log": log.show,
        "POST /console/log/verify": log.start_verifying,
        "GET /console/audit": AuditPage(pages, door).show,
        "GET /console/changes": LiveChanges(service, changes).tell,
        "POST /console/sign-out": door.sign_out,
    }
