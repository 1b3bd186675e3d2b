"""What providers told us, and what came of it; a notification that was put aside is tried again."""

from __future__ import annotations

from urllib.parse import urlencode

from aiohttp import web

from adapters.database import Database
from adapters.operators.paging import CursorUnusable
from adapters.operators.webhooks import PostgresWebhooks
from service.app import Service
from service.console.door import Door
from service.console.operator import NotDone, NotThere, Visit
from service.console.rendering import Renderer, see_other

PROVIDERS = ("stripe", "duffel")
ID_DIGITS_MAX = 18


class WebhooksPage:
    def __init__(self, service: Service, database: Database, pages: Renderer, door: Door) -> None:
        self.service = service
        self.pages = pages
        self.door = door
        self.webhooks = PostgresWebhooks(database)

    async def show(self, visit: Visit) -> web.StreamResponse:
        provider, failed = visit.query("provider"), visit.query("failed") == "yes"
        try:
            page = await self.webhooks.page(
                provider=provider if provider in PROVIDERS else None,
                failed=failed,
                after=visit.query("after") or None,
            )
        except CursorUnusable:
            return see_other("/console/webhooks")
        kept = {
            **({"provider": provider} if provider else {}),
            **({"failed": "yes"} if failed else {}),
        }
        return self.pages.page(
            "webhooks.html",
            visit,
            rows=page.rows,
            provider=provider,
            failed=failed,
            providers=PROVIDERS,
            older=f"?{urlencode({**kept, 'after': page.after})}" if page.after else None,
            newest=f"/console/webhooks?{urlencode(kept)}" if visit.query("after") else None,
            position=await self.service.log.last_position(),
        )

    async def retry(self, visit: Visit) -> web.StreamResponse:
        """Let workers look again at what was put aside."""
        task_id = visit.path("task_id")
        if not task_id.isdecimal():
            raise NotThere
        if len(task_id) > ID_DIGITS_MAX:
            raise NotThere
        if not visit.reason:
            raise NotDone("A reason is needed: it is kept with your name.")
        await self.door.written(visit, "retried a task", tenant="", subject=f"task {task_id}")
        if not await self.service.outbox.requeue(int(task_id), visit.now):
            raise NotDone("This notification is not put aside.")
        return see_other("/console/webhooks")
