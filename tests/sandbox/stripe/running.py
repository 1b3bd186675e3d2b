"""A Stripe sandbox on a loopback port, with everything a test wants to do to it, and a receiver for
its webhooks. Every exchange is remembered so that it can be judged by Stripe's own spec."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import stripe
from aiohttp import web
from aiohttp.test_utils import TestServer
from aiohttp.typedefs import Handler

from sandbox.clock import SandboxClock
from sandbox.stripe.app import create_app
from tests.published.stripe_spec import stripe_spec

API_KEY = "sk_test_sandbox"
API_VERSION = "2026-05-27.dahlia"
SECRET = "whsec_current"
NOT_IN_THE_SPEC = ("/v1/payment_methods", "/v1/disputes")
ARRIVAL_SECONDS_MAX = 10.0


@dataclass
class WebhookReceiver:
    """Keeps what arrives, byte for byte; answers the statuses asked for, then 200."""

    statuses: list[int] = field(default_factory=list)
    deliveries: list[tuple[bytes, str]] = field(default_factory=list)
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def receive(self, request: web.Request) -> web.Response:
        body = await request.read()
        async with self.arrived:
            self.deliveries.append((body, request.headers["Stripe-Signature"]))
            self.arrived.notify_all()
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200)

    async def until(self, count: int) -> list[dict[str, Any]]:
        async with self.arrived:
            await asyncio.wait_for(
                self.arrived.wait_for(lambda: len(self.deliveries) >= count), ARRIVAL_SECONDS_MAX
            )
        return self.events()

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(body) for body, _ in self.deliveries]

    def types(self) -> list[str]:
        return [event["type"] for event in self.events()]


@dataclass(frozen=True)
class SeenExchange:
    method: str
    path: str
    query: str
    body: str
    status: int
    answer: dict[str, Any]


@dataclass
class RunningSandbox:
    url: str
    clock: SandboxClock
    http: aiohttp.ClientSession
    receiver: WebhookReceiver
    hook_url: str
    seen: list[SeenExchange] = field(default_factory=list)

    async def act(self, path: str, **body: Any) -> dict[str, Any]:
        """POST to a control route; answers its JSON."""
        async with self.http.post(f"{self.url}/_sandbox/{path}", json=body) as answer:
            read: dict[str, Any] = await answer.json()
            assert answer.status < 300, read
            return read

    async def pay(self, session_id: str, outcome: str = "paid") -> dict[str, Any]:
        return await self.act(f"checkout/{session_id}/pay", outcome=outcome)

    async def fault(self, mode: str, method: str = "*", path: str = "*", **options: Any) -> None:
        await self.act("faults", match={"method": method, "path": path}, mode=mode, **options)

    async def journal(self, kind: str | None = None) -> list[dict[str, Any]]:
        params = {"kind": kind} if kind else {}
        async with self.http.get(f"{self.url}/_sandbox/journal", params=params) as answer:
            entries: list[dict[str, Any]] = (await answer.json())["entries"]
            return entries

    async def kinds(self) -> list[str]:
        return [entry["kind"] for entry in await self.journal()]

    def drift(self) -> list[str]:
        """Where exchanges or webhooks departed from Stripe's spec; nothing without the spec."""
        spec = stripe_spec()
        if spec is None:
            return []
        found = []
        for it in self.seen:
            # The trimmed spec has no such paths; their objects are judged all the same.
            if it.status == 200 and not it.path.startswith(NOT_IN_THE_SPEC):
                found += spec.request_problems(it.method, it.path, it.query, it.body)
            found += spec.object_problems(it.answer)
        for event in self.receiver.events():
            found += spec.object_problems(event)
        return found


def watch(app: web.Application, seen: list[SeenExchange]) -> None:
    @web.middleware
    async def remember(request: web.Request, handler: Handler) -> web.StreamResponse:
        answer = await handler(request)
        is_json = isinstance(answer, web.Response) and answer.content_type == "application/json"
        if is_json and request.path.startswith("/v1/"):
            seen.append(
                SeenExchange(
                    method=request.method,
                    path=request.path,
                    query=request.query_string,
                    body=(await request.read()).decode(),
                    status=answer.status,
                    answer=json.loads(answer.body),
                )
            )
        return answer

    app.middlewares.insert(0, remember)


@asynccontextmanager
async def running_sandbox() -> AsyncIterator[RunningSandbox]:
    receiver = WebhookReceiver()
    shop = web.Application()
    shop.router.add_post("/hook", receiver.receive)
    shop_server = TestServer(shop)
    await shop_server.start_server()
    hook_url = str(shop_server.make_url("/hook"))
    clock = SandboxClock()
    app = create_app(
        api_key=API_KEY,
        webhook_secret=SECRET,
        webhook_url=hook_url,
        clock=clock,
    )
    seen: list[SeenExchange] = []
    watch(app, seen)
    server = TestServer(app)
    await server.start_server()
    async with aiohttp.ClientSession() as http:
        url = str(server.make_url("")).rstrip("/")
        try:
            yield RunningSandbox(url, clock, http, receiver, hook_url, seen)
        finally:
            await server.close()
            await shop_server.close()


@asynccontextmanager
async def stripe_client(
    url: str, *, api_key: str = API_KEY, retries: int = 0, timeout_s: float = 5.0
) -> AsyncIterator[stripe.StripeClient]:
    http = stripe.AIOHTTPClient(timeout=aiohttp.ClientTimeout(total=timeout_s))
    client = stripe.StripeClient(
        api_key,
        http_client=http,
        max_network_retries=retries,
        stripe_version=API_VERSION,
        base_addresses={"api": url},
    )
    try:
        yield client
    finally:
        await http.close_async()
