"""Trips: one box to find them by anything that stands for them, filters, and searches to keep."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import parse_qsl, urlencode

from aiohttp import web

from adapters.console.saved_views import SavedViews
from adapters.database import Database
from adapters.operators.paging import CursorUnusable
from adapters.operators.trip_list import PostgresTripList, TripFilter
from projections.trip_list import PAYMENTS, STATUSES, WAITS
from service.app import Service
from service.console.door import Door
from service.console.operator import NotDone, NotThere, Visit
from service.console.pages.log_page import moment_of
from service.console.rendering import Renderer, see_other
from service.finding import words_of

HERE = "/console/trips"
FILTERS = ("q", "status", "payment", "waits", "money", "incident", "from", "until", "order")
WORDS_MAX = 50
NAME_CHARACTERS_MAX = 60

# What is asked for most, without anybody having to keep it.
READY_MADE = (
    ("All", ""),
    ("Money not earned yet", "money=unfulfilled&order=oldest"),
    ("Open incidents", "incident=open&order=oldest"),
    ("Waiting for a supplier", "waits=supplier&order=oldest"),
    ("Waiting for the traveller", "waits=customer"),
    ("Refunds that failed", "payment=refund_failed"),
)


class TripsPage:
    def __init__(self, service: Service, database: Database, pages: Renderer, door: Door) -> None:
        self.service = service
        self.pages = pages
        self.door = door
        self.list = PostgresTripList(database)
        self.views = SavedViews(database)

    async def show(self, visit: Visit) -> web.StreamResponse:
        chosen = {name: visit.query(name) for name in FILTERS}
        try:
            page = await self.list.page(filter_of(visit, chosen), visit.query("after") or None)
        except CursorUnusable:
            return see_other(HERE)
        kept = {name: value for name, value in chosen.items() if value}
        query = urlencode(kept)
        return self.pages.page(
            "trips.html",
            visit,
            rows=page.rows,
            chosen=chosen,
            query=query,
            views=await self.views.listed(visit.operator.tenant),
            ready_made=READY_MADE,
            vocabulary={"status": STATUSES, "payment": PAYMENTS, "waits": WAITS},
            older=f"?{urlencode({**kept, 'after': page.after})}" if page.after else None,
            newest=f"{HERE}?{query}" if visit.query("after") else None,
            position=await self.service.log.last_position(),
        )

    async def search(self, visit: Visit) -> web.StreamResponse:
        """To the one trip that is meant, or to the list of those that may be. What was typed may
        be somebody's address, so it came as a form and stands in no URL."""
        typed = visit.form.get("q", "")
        words = await words_of(typed, self.service.vault)
        known = tuple(word for word in words if "@" not in word)[:WORDS_MAX]
        if not known:
            raise NotDone("Nobody who is known by this address has a trip.")
        if not known[0]:
            return see_other(HERE)
        page = await self.list.page(TripFilter(tenant=visit.operator.sees, words=known), limit=2)
        if len(page.rows) == 1:
            return see_other(f"{HERE}/{page.rows[0].trip_id}")
        return see_other(f"{HERE}?{urlencode({'q': ','.join(known)})}")

    # --- views

    async def keep(self, visit: Visit) -> web.StreamResponse:
        name = " ".join(visit.form.get("name", "").split())[:NAME_CHARACTERS_MAX]
        wanted = dict(parse_qsl(visit.form.get("query", "")))
        query = urlencode({name: wanted[name] for name in FILTERS if wanted.get(name)})
        if not name:
            raise NotDone("A view needs a name.")
        operator = visit.operator
        await self.door.written(visit, "kept a view", subject=name)
        await self.views.save(operator.tenant, name, query, operator.name, visit.now)
        return see_other(f"{HERE}?{query}")

    async def forget(self, visit: Visit) -> web.StreamResponse:
        name = visit.form.get("name", "")
        if name not in {view.name for view in await self.views.listed(visit.operator.tenant)}:
            raise NotThere
        await self.door.written(visit, "dropped a view", subject=name)
        await self.views.forget(visit.operator.tenant, name)
        return see_other(HERE)


def filter_of(visit: Visit, chosen: dict[str, str]) -> TripFilter:
    words = tuple(w.strip().lower() for w in chosen["q"].split(",") if w.strip())[:WORDS_MAX]
    return TripFilter(
        tenant=visit.operator.sees,
        words=tuple(word.replace("\0", "") for word in words),
        status=chosen["status"] or None,
        payment=chosen["payment"] or None,
        waits_for=chosen["waits"] or None,
        unfulfilled=chosen["money"] == "unfulfilled",
        incident=chosen["incident"] == "open",
        created_from=maybe_moment(chosen["from"]),
        created_until=maybe_moment(chosen["until"]),
        order="oldest" if chosen["order"] == "oldest" else "newest",
    )


def maybe_moment(text: str) -> datetime | None:
    return moment_of(text) if text else None
