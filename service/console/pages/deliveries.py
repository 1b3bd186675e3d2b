"""What tenants were told by webhook: every endpoint and how it does, every delivery with its
attempts, and sending one again."""

from __future__ import annotations

from typing import get_args
from urllib.parse import urlencode

from aiohttp import web

from adapters.outbound.deliveries import DeliveryState
from service.app import Service
from service.console.door import Door
from service.console.operator import NotDone, NotThere, Visit
from service.console.pages.log_page import position_like
from service.console.rendering import Renderer, see_other
from service.http.paths import UUID_TEXT
from service.outbound.desk import WebhookDesk

HERE = "/console/deliveries"
PAGE_ROWS = 50
STATES: tuple[DeliveryState, ...] = get_args(DeliveryState)


class DeliveriesPage:
    def __init__(self, service: Service, pages: Renderer, door: Door) -> None:
        self.service = service
        self.pages = pages
        self.door = door

    @property
    def desk(self) -> WebhookDesk:
        assert self.service.outbound is not None, "with a console there is a database"
        return self.service.outbound.desk

    async def show(self, visit: Visit) -> web.StreamResponse:
        sees, chosen, before = visit.operator.sees, visit.query("endpoint"), visit.query("before")
        endpoints = await self.desk.listed(sees)
        endpoint = next((e for e in endpoints if e.endpoint_id == chosen), None)
        if chosen and endpoint is None:
            raise NotThere
        if endpoint is None and endpoints:
            endpoint = endpoints[0]
        state = next((each for each in STATES if each == visit.query("state")), None)
        found = []
        if endpoint is not None:
            found = list(
                await self.desk.deliveries_of(
                    endpoint.endpoint_id,
                    sees,
                    state=state,
                    before=int(before) if position_like(before) else None,
                    limit=PAGE_ROWS + 1,
                )
            )
        kept = {"endpoint": endpoint.endpoint_id if endpoint else "", "state": state or ""}
        last = found[PAGE_ROWS - 1][0].position if len(found) > PAGE_ROWS else None
        return self.pages.page(
            "deliveries.html",
            visit,
            endpoints=endpoints,
            endpoint=endpoint,
            state=state,
            states=STATES,
            rows=found[:PAGE_ROWS],
            older=f"?{urlencode({**kept, 'before': last})}" if last else None,
            newest=f"{HERE}?{urlencode(kept)}" if before else None,
            position=await self.service.log.last_position(),
        )

    async def resend(self, visit: Visit) -> web.StreamResponse:
        """Try a delivery anew, under the id it had."""
        endpoint_id, delivery_id = visit.path("endpoint_id"), visit.path("delivery_id")
        if not all(UUID_TEXT.fullmatch(each) for each in (endpoint_id, delivery_id)):
            raise NotThere
        if not visit.reason:
            raise NotDone("A reason is needed: it is kept with your name.")
        await self.desk.resend(endpoint_id, visit.cause(), delivery_id, visit.reason)
        return see_other(f"{HERE}?endpoint={endpoint_id}")
