"""Webhook endpoints as Duffel's API manages them, and how Duffel signs what it sends there."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

from aiohttp import web

from sandbox.duffel.body import read_data
from sandbox.duffel.errors import DuffelError, Json
from sandbox.duffel.wire import instant, new_id, page_of, stable_id
from sandbox.duffel.world import World, found

EVENT_TYPES = (
    "order.created",
    "order.creation_failed",
    "order.updated",
    "order.airline_initiated_change_detected",
    "payment.created",
    "stays.booking.created",
    "stays.booking_creation_failed",
    "ping.triggered",
)
SECRET_BYTES = 16
URL_SCHEMES = ("http://", "https://")


def signed_headers(body: bytes, secret: str, epoch: int) -> dict[str, str]:
    """Duffel signs the time and the raw body together."""
    signed = hmac.new(secret.encode(), f"{epoch}.".encode() + body, hashlib.sha256).hexdigest()
    return {"X-Duffel-Signature": f"t={epoch},v1={signed}"}


class WebhookHandlers:
    """The handlers."""

    def __init__(self, world: World) -> None:
        self.world = world

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/air/webhooks", self.create),
            web.get("/air/webhooks", self.list_endpoints),
            web.get("/air/webhooks/deliveries", self.list_deliveries),
            web.get("/air/webhooks/events/{id}", self.show_event),
            web.patch("/air/webhooks/{id}", self.update),
            web.delete("/air/webhooks/{id}", self.delete),
            web.post("/air/webhooks/{id}/actions/ping", self.ping),
        ]

    async def create(self, request: web.Request) -> web.Response:
        """The secret is told this once. There is one webhook for each mode."""
        data = await read_data(request)
        url, events = data.text("url"), data.texts("events")
        if not url.startswith(URL_SCHEMES):
            data.refuse("url", "validation_format", "Field 'url' must be a URL")
        if not set(events) <= set(EVENT_TYPES):
            data.refuse("events", "validation_inclusion", f"Events are {EVENT_TYPES}")
        if self.world.webhooks.endpoints:
            raise DuffelError("unsafe_unique")
        secret = base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
        self.world.webhooks.register(url, secret, event_types=frozenset(events))
        now = instant(self.world.now)
        wire: Json = {
            "id": new_id("end"),
            "url": url,
            "events": events,
            "active": True,
            "live_mode": False,
            "created_at": now,
            "updated_at": now,
        }
        self.world.endpoints[wire["id"]] = wire
        return web.json_response({"data": {**wire, "secret": secret}}, status=201)

    async def list_endpoints(self, request: web.Request) -> web.Response:
        query = request.query
        rows = list(self.world.endpoints.values())
        return web.json_response(page_of(rows, limit=query.get("limit"), after=query.get("after")))

    def endpoint(self, request: web.Request) -> Json:
        return found(self.world.endpoints.get(request.match_info["id"]))

    async def update(self, request: web.Request) -> web.Response:
        wire = self.endpoint(request)
        data = await read_data(request)
        active: bool = data.required("active", bool) if "active" in data.value else wire["active"]
        old_url = wire["url"]
        if "url" in data.value:
            wire["url"] = data.text("url")
        wire.update(active=active, updated_at=instant(self.world.now))
        for endpoint in self.world.webhooks.endpoints:
            if endpoint.url == old_url:
                endpoint.url = wire["url"]
                endpoint.event_types = frozenset(wire["events"] if active else ())
        return web.json_response({"data": wire})

    async def delete(self, request: web.Request) -> web.Response:
        wire = self.endpoint(request)
        del self.world.endpoints[wire["id"]]
        webhooks = self.world.webhooks
        webhooks.endpoints = [each for each in webhooks.endpoints if each.url != wire["url"]]
        return web.Response(status=204)

    async def ping(self, request: web.Request) -> web.Response:
        """Refused where the receiver does not take it, so that a set-up can be checked."""
        wire = self.endpoint(request)
        webhooks = self.world.webhooks
        before, seen = webhooks.number, len(webhooks.log)
        self.world.announce("ping.triggered", new_id("pin"), {})
        await webhooks.settle(after=before)
        outcomes = [note["outcome"] for note in webhooks.log[seen:] if note["url"] == wire["url"]]
        if outcomes and "delivered" not in outcomes:
            raise DuffelError("webhook_client_error")
        return web.Response(status=204)

    async def list_deliveries(self, request: web.Request) -> web.Response:
        ids = {wire["url"]: wire["id"] for wire in self.world.endpoints.values()}
        rows = [
            {
                "id": stable_id("del", f"{number} {note['at']}"),
                "endpoint_id": ids.get(note["url"]),
                "event_id": note["event_id"],
                "type": note["event_type"],
                "url": note["url"],
                "live_mode": False,
                "created_at": note["at"],
                "response_status_code": note.get("http_status"),
                "response_body": None,
            }
            for number, note in enumerate(self.world.webhooks.log)
        ]
        query = request.query
        page = page_of(rows[::-1], limit=query.get("limit"), after=query.get("after"))
        return web.json_response(page)

    async def show_event(self, request: web.Request) -> web.Response:
        return web.json_response({"data": found(self.world.events.get(request.match_info["id"]))})
