"""The routes that people and tests steer any sandbox by: journal, faults, clock, webhooks."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from sandbox.clock import SandboxClock
from sandbox.faults import CONTROL_PREFIX, BadFault, Faults
from sandbox.journal import Journal
from sandbox.webhooks import BadControls, Controls, Webhooks


@dataclass(frozen=True, kw_only=True)
class Steering:
    """What every sandbox can be steered by."""

    name: str
    clock: SandboxClock
    faults: Faults
    journal: Journal
    webhooks: Webhooks


def refused(message: str) -> web.HTTPBadRequest:
    body = json.dumps({"error": {"message": message}})
    return web.HTTPBadRequest(text=body, content_type="application/json")


async def json_body(request: web.Request) -> dict[str, Any]:
    raw = await request.read()
    try:
        body = json.loads(raw or b"{}")
    except ValueError as error:
        raise refused(f"the body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise refused("the body must be a JSON object")
    return body


def journal_routes(steering: Steering) -> list[web.RouteDef]:
    async def read(request: web.Request) -> web.Response:
        kind = request.query.get("kind")
        journal = steering.journal
        return web.json_response({"entries": journal.of_kind(kind) if kind else journal.entries})

    return [web.get(f"{CONTROL_PREFIX}/journal", read)]


def fault_routes(steering: Steering) -> list[web.RouteDef]:
    faults = steering.faults

    async def add(request: web.Request) -> web.Response:
        try:
            rule = faults.add(await json_body(request))
        except BadFault as error:
            raise refused(str(error)) from error
        return web.json_response(rule.described(), status=201)

    async def show(request: web.Request) -> web.Response:
        return web.json_response(
            {"faults": [rule.described() for rule in faults.rules], "modes": list(faults.modes)}
        )

    async def clear(request: web.Request) -> web.Response:
        faults.clear()
        return web.json_response({"faults": []})

    path = f"{CONTROL_PREFIX}/faults"
    return [web.post(path, add), web.get(path, show), web.delete(path, clear)]


def clock_routes(steering: Steering) -> list[web.RouteDef]:
    clock = steering.clock

    async def show(request: web.Request) -> web.Response:
        return web.json_response(
            {"now": clock.now().isoformat(), "offset_s": clock.offset.total_seconds()}
        )

    async def move(request: web.Request) -> web.Response:
        body = await json_body(request)
        seconds = body.get("advance_s")
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            raise refused('the body is {"advance_s": seconds}')
        try:
            clock.advance(seconds)
        except ValueError as error:
            raise refused(str(error)) from error
        return await show(request)

    path = f"{CONTROL_PREFIX}/clock"
    return [web.get(path, show), web.post(path, move)]


def webhook_routes(steering: Steering) -> list[web.RouteDef]:
    webhooks = steering.webhooks

    async def show(request: web.Request) -> web.Response:
        """With `?settled`, once every delivery that has begun was tried."""
        if "settled" in request.query:
            await webhooks.settle(after=0)
        return web.json_response({"controls": vars(webhooks.controls), "deliveries": webhooks.log})

    async def control(request: web.Request) -> web.Response:
        try:
            webhooks.controls = Controls.parsed(await json_body(request))
        except BadControls as error:
            raise refused(str(error)) from error
        return await show(request)

    async def register(request: web.Request) -> web.Response:
        body = await json_body(request)
        url, secret = body.get("url"), body.get("secret")
        if not isinstance(url, str) or not isinstance(secret, str):
            raise refused('the body is {"url": ..., "secret": ..., "old_secret"?: ...}')
        webhooks.register(url, secret, old_secret=body.get("old_secret"))
        return web.json_response({"url": url}, status=201)

    path = f"{CONTROL_PREFIX}/webhooks"
    return [
        web.get(path, show),
        web.post(path, control),
        web.post(f"{CONTROL_PREFIX}/endpoints", register),
    ]


def early_delivery(webhooks: Webhooks) -> Middleware:
    """With the `early` control, the webhook has arrived before its cause is answered."""

    @web.middleware
    async def await_deliveries(request: web.Request, handler: Handler) -> web.StreamResponse:
        before = webhooks.number
        answer = await handler(request)
        if webhooks.controls.early:
            await webhooks.settle(after=before)
        return answer

    return await_deliveries


def add_control(app: web.Application, steering: Steering) -> None:
    """Add the control routes, and keep timers and deliveries going while the server runs."""

    async def health(request: web.Request) -> web.Response:
        return web.json_response({"status": "ok", "sandbox": steering.name})

    async def running(_: web.Application) -> AsyncIterator[None]:
        timers = asyncio.create_task(steering.clock.run_timers())
        yield
        timers.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await timers
        await steering.webhooks.close()

    async def let_go(_: web.Application) -> None:
        steering.faults.clear()

    app.add_routes([web.get(f"{CONTROL_PREFIX}/health", health)])
    for routes in (journal_routes, fault_routes, clock_routes, webhook_routes):
        app.add_routes(routes(steering))
    app.cleanup_ctx.append(running)
    app.on_shutdown.append(let_go)
