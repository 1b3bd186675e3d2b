"""A provider's sandbox, as a server that remembers what it was asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.typedefs import Handler

from service.serving import bind

HOST = "127.0.0.1"


@asynccontextmanager
async def served(
    make_app: Callable[[str], web.Application], asked: list[str]
) -> AsyncIterator[str]:
    """A sandbox on a loopback port; every URL it is asked for is kept in `asked`."""
    listener = bind(HOST, 0)
    url = f"http://{HOST}:{listener.getsockname()[1]}"
    app = make_app(url)

    @web.middleware
    async def keep(request: web.Request, handler: Handler) -> web.StreamResponse:
        asked.append(request.raw_path)
        return await handler(request)

    app.middlewares.insert(0, keep)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    try:
        yield url
    finally:
        await runner.cleanup()
