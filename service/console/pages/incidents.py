"""Incidents: what a person must settle, the oldest first, with what is at stake and what to do."""

from __future__ import annotations

from urllib.parse import urlencode

from aiohttp import web

from adapters.database import Database
from adapters.operators.incidents import PostgresIncidents
from adapters.operators.paging import CursorUnusable
from service.app import Service
from service.console.operator import Visit
from service.console.rendering import Renderer, see_other

HERE = "/console/incidents"
NOBODY = "nobody"


class IncidentsPage:
    def __init__(self, service: Service, database: Database, pages: Renderer) -> None:
        self.service = service
        self.pages = pages
        self.incidents = PostgresIncidents(database)

    async def show(self, visit: Visit) -> web.StreamResponse:
        chosen = {name: visit.query(name) for name in ("state", "owner", "code")}
        owner = "" if chosen["owner"] == NOBODY else chosen["owner"] or None
        try:
            page = await self.incidents.page(
                "resolved" if chosen["state"] == "resolved" else "open",
                tenant=visit.operator.sees,
                code=chosen["code"] or None,
                owner=owner,
                after=visit.query("after") or None,
            )
        except CursorUnusable:
            return see_other(HERE)
        kept = {name: value for name, value in chosen.items() if value}
        return self.pages.page(
            "incidents.html",
            visit,
            rows=page.rows,
            chosen=chosen,
            older=f"?{urlencode({**kept, 'after': page.after})}" if page.after else None,
            newest=f"{HERE}?{urlencode(kept)}" if visit.query("after") else None,
            position=await self.service.log.last_position(),
        )
