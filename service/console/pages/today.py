"""Today: what wants somebody's eyes, first the money that was taken and not yet earned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiohttp import web

from adapters.console.notices import Notices
from adapters.console.today import Troubles, WorkOf
from service.app import Service
from service.console.operator import Visit
from service.console.rendering import Renderer

HEARD_WITHIN = timedelta(days=7)
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
    def __init__(self, service: Service, pages: Renderer, notices: Notices, troubles: Troubles):
        self.service = service
        self.pages = pages
        self.notices = notices
        self.troubles = troubles

    async def show(self, visit: Visit) -> web.StreamResponse:
        work = await self.troubles.work(visit.operator.sees, visit.now)
        heard = await self.notices.last_heard(("stripe", "duffel"), visit.now - HEARD_WITHIN)
        last = await self.service.log.last_position()
        points = [p for p in await self.service.models.checkpoints() if p.live]
        return self.pages.page(
            "today.html",
            visit,
            providers=[provider_shown(name, work, heard[name]) for name in heard],
            models=[(point.name, last - point.position) for point in points],
            stopped=await self.troubles.stopped(visit.operator.sees),
            position=last,
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
