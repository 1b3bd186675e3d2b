"""A tenant's receiver: a real server that verifies what comes with an independent implementation
of Standard Webhooks, keeps it, and answers as it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from standardwebhooks.webhooks import Webhook

from service.serving import bind

HOST = "127.0.0.1"
COME_S_MAX = 60.0

Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Got:
    """One request as it came."""

    path: str
    raw: bytes
    headers: dict[str, str]
    body: Any

    @property
    def message_id(self) -> str:
        return self.headers["webhook-id"]


async def well(_request: web.Request) -> web.StreamResponse:
    return web.Response(status=204)


def status(code: int, text: str = "", **headers: str) -> Answering:
    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=code, text=text, headers=headers)

    return answer


async def closing(request: web.Request) -> web.StreamResponse:
    """Hangs up instead of answering."""
    assert request.transport is not None
    request.transport.close()
    return web.Response()


@dataclass
class Receiver:
    """`answers` are used one after the other; when there are none left all is well."""

    url: str
    got: list[Got] = field(default_factory=list)
    answers: list[Answering] = field(default_factory=list)
    always: Answering = well
    came: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def take(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        async with self.came:
            self.got.append(Got(request.path, raw, headers, await request.json()))
            answer = self.answers.pop(0) if self.answers else self.always
            self.came.notify_all()
        return await answer(request)

    async def until(self, count: int) -> list[Got]:
        """What came, as soon as it is so much."""
        async with asyncio.timeout(COME_S_MAX), self.came:
            await self.came.wait_for(lambda: len(self.got) >= count)
        return self.got

    async def until_ids(self, wanted: Iterable[str]) -> None:
        """Return when all of these have come."""
        async with asyncio.timeout(COME_S_MAX), self.came:
            await self.came.wait_for(lambda: set(wanted) <= {each.message_id for each in self.got})

    @property
    def topics(self) -> list[str]:
        return [each.body["type"] for each in self.got]

    @property
    def positions(self) -> list[int]:
        return [each.body["data"]["position"] for each in self.got]


def verified(got: Got, secret: str) -> Any:
    """The body, if the signature is good; raises what the independent package raises."""
    return Webhook(secret).verify(got.raw, got.headers)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    listener = bind(HOST, 0)
    receiver = Receiver(f"http://{HOST}:{listener.getsockname()[1]}/hooks")
    app = web.Application()
    app.router.add_post("/{tail:.*}", receiver.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    try:
        yield receiver
    finally:
        await runner.cleanup()
