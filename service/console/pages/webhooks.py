"""What providers told us, and what came of it; a notification that was put aside is tried again."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode

from aiohttp import web

from adapters.console.notices import Notices
from service.app import Service
from service.console.door import Door
from service.console.operator import ALL, NotDone, NotThere, Visit
from service.console.rendering import Renderer, see_other

PAGE_ROWS = 50
PROVIDERS = ("stripe", "duffel")
ID_DIGITS_MAX = 18


class WebhooksPage:
    def __init__(self, service: Service, pages: Renderer, door: Door, notices: Notices) -> None:
        self.service = service
        self.pages = pages
        self.door = door
        self.notices = notices

    async def show(self, visit: Visit) -> web.StreamResponse:
        if ALL not in visit.operator.scopes:
            raise NotDone("Notifications are every tenant's: your key has not the scope ops:all.")
        provider = visit.query("provider")
        rows = await self.notices.page(
            provider=provider if provider in PROVIDERS else None,
            before=place_of(visit.query("before")),
            limit=PAGE_ROWS + 1,
        )
        older, rows = (rows[PAGE_ROWS - 1] if len(rows) > PAGE_ROWS else None), rows[:PAGE_ROWS]
        kept = {"provider": provider} if provider else {}
        place = f"{older.notice.received_at.isoformat()}~{older.notice.inbox_id}" if older else ""
        return self.pages.page(
            "webhooks.html",
            visit,
            rows=rows,
            provider=provider,
            providers=PROVIDERS,
            older=f"?{urlencode({**kept, 'before': place})}" if older else None,
            newest=f"/console/webhooks?{urlencode(kept)}" if visit.query("before") else None,
            position=await self.service.log.last_position(),
        )

    async def retry(self, visit: Visit) -> web.StreamResponse:
        """Let workers look again at what was put aside."""
        task_id = visit.path("task_id")
        if ALL not in visit.operator.scopes or not task_id.isdecimal():
            raise NotThere
        if len(task_id) > ID_DIGITS_MAX:
            raise NotThere
        if not visit.reason:
            raise NotDone("A reason is needed: it is kept with your name.")
        await self.door.written(visit, "retried a notification", subject=f"task {task_id}")
        if not await self.service.outbox.requeue(int(task_id), visit.now):
            raise NotDone("This notification is not put aside.")
        return see_other("/console/webhooks")


def place_of(text: str) -> tuple[datetime, str] | None:
    at, _, inbox_id = text.partition("~")
    try:
        return (datetime.fromisoformat(at), inbox_id) if inbox_id else None
    except ValueError:
        return None
