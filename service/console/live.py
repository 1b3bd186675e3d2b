"""Tells open pages that something has changed; they look for themselves what."""

from __future__ import annotations

import asyncio

from aiohttp import web

from service.app import Service
from service.clock import elapsed_s
from service.console.operator import Visit
from service.http.middleware import SECURITY_HEADERS
from service.pages.changes import Changes, TooManyPages, trips_of
from service.pages.checkout import KEEPALIVE_S, RECONNECT_MS, STREAM_S_MAX, heard, number
from service.pages.rendering import page_headers

# Changes that come close together are one change.
TOGETHER_S = 0.25


class LiveChanges:
    def __init__(self, service: Service, changes: Changes) -> None:
        self.service = service
        self.changes = changes

    async def tell(self, visit: Visit) -> web.StreamResponse:
        """One word whenever the trip (or, without one, any that the operator may see) has moved
        since `seen`."""
        trip_id, sees = visit.query("trip"), visit.operator.sees
        if trip_id:
            await self.service.road.read(trip_id, sees)
        try:
            with self.changes.of(trip_id or trips_of(sees)) as rung:
                return await self.stream(visit, rung)
        except TooManyPages:
            return web.Response(status=503, headers={"Retry-After": "5"})

    async def stream(self, visit: Visit, rung: asyncio.Event) -> web.StreamResponse:
        request = visit.request
        response = web.StreamResponse(headers={**SECURITY_HEADERS, **page_headers(None)})
        response.content_type = "text/event-stream"
        response.charset = "utf-8"
        await response.prepare(request)
        moved = await self.service.log.last_position() != number(
            request.headers.get("Last-Event-ID") or visit.query("seen")
        )
        until = elapsed_s() + STREAM_S_MAX
        try:
            await response.write(f"retry: {RECONNECT_MS}\n\n".encode())
            while not self.changes.closed and elapsed_s() < until:
                position = await self.service.log.last_position()
                told = f"id: {position}\ndata: changed" if moved else ":"
                await response.write(f"{told}\n\n".encode())
                await heard(rung, KEEPALIVE_S)
                await asyncio.sleep(TOGETHER_S)
                moved = rung.is_set()
                rung.clear()
        except ConnectionError:
            return response
        return response
