"""Puts the console together: every page with what it needs and who may see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from aiohttp import web

from adapters.console.acts import OperatorActs
from adapters.console.pauses import Pauses
from adapters.console.sessions import OperatorSessions
from adapters.database import Database
from service.app import Service
from service.console.door import SIGN_IN, Door, PageHandler
from service.console.live import LiveChanges
from service.console.operator import READ, WRITE
from service.console.pages.audit import AuditPage
from service.console.pages.incidents import IncidentsPage
from service.console.pages.log_page import LogPage
from service.console.pages.projections import ProjectionsPage
from service.console.pages.today import TodayPage
from service.console.pages.trip import TripPage
from service.console.pages.trips import TripsPage
from service.console.pages.webhooks import WebhooksPage
from service.console.rendering import Renderer
from service.pages.changes import Changes

TRIP = "/console/trips/{trip_id}"


@dataclass(frozen=True, slots=True)
class Place:
    """An address of the console, and the scope it takes."""

    method: Literal["GET", "POST"]
    path: str
    handler: PageHandler
    scope: str


def add_console(
    app: web.Application, service: Service, database: Database, changes: Changes
) -> None:
    """The operators' pages, added to the application."""
    settings = service.settings
    pages = Renderer(sandbox=settings.sandbox)
    sessions = OperatorSessions(
        database,
        idle=timedelta(seconds=settings.console_idle_s),
        lasting=timedelta(seconds=settings.console_session_s),
    )
    door = Door(service, pages, sessions, OperatorActs(database))
    app.router.add_get(SIGN_IN, door.show_sign_in)
    app.router.add_post(SIGN_IN, door.sign_in)
    for place in places_of(app, service, database, pages, door, changes):
        app.router.add_route(place.method, place.path, door.guarded(place.handler, place.scope))
    pages.add_files(app)


def places_of(
    app: web.Application,
    service: Service,
    database: Database,
    pages: Renderer,
    door: Door,
    changes: Changes,
) -> Sequence[Place]:
    today = TodayPage(service, database, pages)
    trip = TripPage(service, pages, door)
    log = LogPage(service, database, pages, door)
    projections = ProjectionsPage(service, pages, door, Pauses(database))
    webhooks = WebhooksPage(service, database, pages, door)
    trips = TripsPage(service, database, pages, door)
    for page in (log, projections):
        app.on_cleanup.append(page.stop)
    return (
        Place("GET", "/console", today.show, READ),
        Place("GET", "/console/trips", trips.show, READ),
        Place("POST", "/console/search", trips.search, READ),
        Place("POST", "/console/trips/views", trips.keep, READ),
        Place("POST", "/console/trips/views/forget", trips.forget, READ),
        Place("GET", "/console/incidents", IncidentsPage(service, database, pages).show, READ),
        Place("GET", TRIP, trip.show, READ),
        Place("GET", f"{TRIP}/reveal", trip.ask_to_reveal, WRITE),
        Place("POST", f"{TRIP}/reveal", trip.reveal, WRITE),
        Place("GET", "/console/webhooks", webhooks.show, READ),
        Place("POST", "/console/webhooks/tasks/{task_id}/retry", webhooks.retry, WRITE),
        Place("GET", "/console/projections", projections.show, READ),
        Place("POST", "/console/projections/{name}", projections.act, WRITE),
        Place("GET", "/console/log", log.show, READ),
        Place("POST", "/console/log/verify", log.start_verifying, WRITE),
        Place("GET", "/console/audit", AuditPage(pages, door).show, READ),
        Place("GET", "/console/changes", LiveChanges(service, changes).tell, READ),
        Place("POST", "/console/sign-out", door.sign_out, READ),
    )
