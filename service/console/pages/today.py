"""Today: what wants somebody's eyes, first the money that was taken and not yet earned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from adapters.console.today import Troubles, WorkOf
from adapters.database import Database
from adapters.operators.gauges import PostgresGauges
from adapters.operators.incidents import PostgresIncidents
from adapters.operators.trip_list import PostgresTripList, TripFilter
from service.app import Service
from service.console.operator import Visit
from service.console.rendering import Renderer

ROWS_SHOWN = 8
PROVIDERS = ("stripe", "duffel")
PROVIDER_OF = {
    "open_checkout": "stripe",
    "close_checkout": "stripe",
    "capture_payment": "stripe",
    "release_payment": "stripe",
    "refund_payment": "stripe",
    "look_at_refund": "stripe",
    "guard_authorization": "stripe",
    "quote_trip": "duffel",
    "place_order": "duffel",
    "find_order": "duffel",
    "cancel_order": "duffel",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderShown:
    """`word` is good, mixed or bad."""

    name: str
    word: str
    heard_at: datetime | None
    waiting: int
    troubled: int
    stopped: int
    reason: str


class TodayPage:
    def __init__(self, service: Service, database: Database, pages: Renderer) -> None:
        self.service = service
        self.pages = pages
        self.troubles = Troubles(database)
        self.gauges = PostgresGauges(database)
        self.incidents = PostgresIncidents(database)
        self.trips = PostgresTripList(database)

    async def show(self, visit: Visit) -> web.StreamResponse:
        sees = visit.operator.sees
        work = await self.troubles.work(sees, visit.now)
        heard = await self.troubles.last_heard()
        at_risk = TripFilter(tenant=sees, unfulfilled=True, order="oldest")
        return self.pages.page(
            "today.html",
            visit,
            gauges=await self.gauges.read(visit.now, sees),
            # A page as the list has it: asked for fewer, the planner walks through every trip.
            at_risk=(await self.trips.page(at_risk)).rows[:ROWS_SHOWN],
            incidents=(await self.incidents.page("open", tenant=sees, limit=ROWS_SHOWN)).rows,
            providers=[provider_shown(name, work, heard.get(name)) for name in PROVIDERS],
            told=await self.troubles.told(sees),
            stopped=await self.troubles.stopped(sees),
            position=await self.service.log.last_position(),
        )


def provider_shown(name: str, work: Sequence[WorkOf], heard_at: datetime | None) -> ProviderShown:
    mine = [each for each in work if PROVIDER_OF.get(each.kind) == name]
    troubled = sum(each.troubled for each in mine)
    stopped = sum(each.stopped for each in mine)
    return ProviderShown(
        name=name.title(),
        word="bad" if stopped else "mixed" if troubled else "good",
        heard_at=heard_at,
        waiting=sum(each.waiting for each in mine),
        troubled=troubled,
        stopped=stopped,
        reason=next((each.reason for each in mine if each.reason), ""),
    )
