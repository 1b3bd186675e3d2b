"""Who did and saw what, newest first."""

from __future__ import annotations

from urllib.parse import urlencode

from aiohttp import web

from service.console.door import Door
from service.console.operator import Visit
from service.console.rendering import Renderer

PAGE_ROWS = 50
ID_DIGITS_MAX = 18


class AuditPage:
    def __init__(self, pages: Renderer, door: Door) -> None:
        self.pages = pages
        self.door = door

    async def show(self, visit: Visit) -> web.StreamResponse:
        operator, before = visit.query("operator"), visit.query("before")
        known = before.isascii() and before.isdecimal() and len(before) <= ID_DIGITS_MAX
        acts = await self.door.book.acts.page(
            visit.operator.sees,
            operator=operator or None,
            before=int(before) if known else None,
            limit=PAGE_ROWS + 1,
        )
        kept = {"operator": operator} if operator else {}
        more = len(acts) > PAGE_ROWS
        query = urlencode({**kept, "before": acts[PAGE_ROWS - 1].act_id}) if more else ""
        return self.pages.page(
            "audit.html",
            visit,
            acts=acts[:PAGE_ROWS],
            chosen=operator,
            older=f"?{query}" if more else None,
            newest=f"/console/audit?{urlencode(kept)}" if known else None,
        )
