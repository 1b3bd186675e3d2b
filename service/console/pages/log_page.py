"""The log: every event of everybody, newest first, and proof that it is whole."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from adapters.database import Database
from adapters.event_log.browsing import LogBrowser, Sought, Unreadable
from adapters.event_log.verify import Verified, verify
from domain.dossier import TOPICS
from domain.log import Recorded
from projections.timeline import sentence
from service.app import Service
from service.console.door import Door
from service.console.operator import ALL, NotDone, Visit
from service.console.rendering import Renderer, see_other
from service.console.trip_view import pretty
from service.http.views import outside

FILTERS = ("topic", "tenant", "trip", "until")


@dataclass(slots=True)
class Verification:
    """One reading of the whole log, under way or over."""

    begun_at: datetime
    last: int
    position: int = 0
    found: Verified | None = None
    failed: str = ""


class LogPage:
    def __init__(self, service: Service, database: Database, pages: Renderer, door: Door) -> None:
        self.service = service
        self.pages = pages
        self.door = door
        self.url = database.url
        self.browser = LogBrowser(database, service.codec)
        self.verification: Verification | None = None
        self.task: asyncio.Task[None] | None = None

    async def show(self, visit: Visit) -> web.StreamResponse:
        chosen = {name: visit.query(name) for name in FILTERS}
        before = visit.query("before")
        page = await self.browser.page(
            sought_by(visit, chosen), int(before) if position_like(before) else None
        )
        kept = {name: value for name, value in chosen.items() if value}
        older = f"?{urlencode({**kept, 'before': page.older})}" if page.older else None
        newest = f"/console/log?{urlencode(kept)}" if before else None
        return self.pages.page(
            "log.html",
            visit,
            events=[event_row(each) for each in page.events],
            older=older,
            newest=newest,
            chosen=chosen,
            topics=sorted(TOPICS),
            verification=self.verification if ALL in visit.operator.scopes else None,
            position=await self.service.log.last_position(),
        )

    async def start_verifying(self, visit: Visit) -> web.StreamResponse:
        """Read the whole log beside everything else; one reading at a time."""
        if self.task is None or self.task.done():
            await self.door.written(visit, "verified the log", tenant="")
            last = await self.service.log.last_position()
            self.verification = Verification(begun_at=visit.now, last=last)
            self.task = asyncio.create_task(self.verify(self.verification), name="log-verify")
        return see_other("/console/log")

    async def verify(self, verification: Verification) -> None:
        def told(position: int) -> None:
            verification.position = position

        try:
            verification.found = await verify(self.url, told=told)
        except Exception as error:
            verification.failed = type(error).__name__

    async def stop(self, _: web.Application) -> None:
        if self.task is not None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)


def position_like(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19


def sought_by(visit: Visit, chosen: dict[str, str]) -> Sought:
    sees = visit.operator.sees
    return Sought(
        tenant=sees or chosen["tenant"] or None,
        topic=chosen["topic"] or None,
        trip_id=chosen["trip"] or None,
        until=moment_of(chosen["until"]) if chosen["until"] else None,
    )


def moment_of(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise NotDone("A time is written as 2026-11-21T14:02.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def event_row(found: Recorded | Unreadable) -> dict[str, object]:
    row: dict[str, object] = {
        "position": found.position,
        "topic": found.topic,
        "trip_id": found.trip_id,
        "at": found.recorded_at,
    }
    if isinstance(found, Unreadable):
        return {**row, "tenant": "", "actor": "", "text": f"Unreadable: {found.why}", "data": ""}
    return {
        **row,
        "tenant": found.cause.tenant,
        "actor": found.cause.actor,
        "text": sentence(found.event),
        "data": pretty(outside(msgspec.to_builtins(found.event))),
    }
