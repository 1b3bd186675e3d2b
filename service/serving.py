"""Runs the service: listens, works, projects, until it is told to stop; then finishes what it
has begun."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Literal

import structlog
from aiohttp import web

from adapters.database import open_database
from adapters.sandbox_clock import SandboxClock
from service.app import Service, assembled, plain
from service.console.app import add_console
from service.garbage import collect_seldom
from service.http.api import Door, Route
from service.http.application import application
from service.http.health import Exposed
from service.http.listener import Listener, Patience
from service.http.routes import routes_of
from service.observability.loop_lag import watch_loop
from service.observability.standing import Standing
from service.pages.changes import changes_in
from service.pages.checkout import add_pages
from service.settings import Settings
from service.settings_rules import url_at
from service.version import VERSION
from service.workers.loop import GIVE_BACK_S_MAX

log = structlog.get_logger()

Role = Literal["api", "work", "project"]
ROLES: tuple[Role, ...] = ("api", "work", "project")


@dataclass(slots=True)
class Readiness:
    """Fails first when the process is told to stop, so that no new requests come: balancers hear
    it from `/readyz`, clients from answers that close their connections."""

    draining: bool = False

    async def check(self) -> str | None:
        return "draining" if self.draining else None

    async def part(self, _request: web.Request, response: web.StreamResponse) -> None:
        if self.draining:
            response.headers["Connection"] = "close"
            response.force_close()


class Signals:
    """What the process is told from outside: SIGTERM ends it gently, SIGINT or another one soon."""

    def __init__(self) -> None:
        self.stop = asyncio.Event()
        self.hurry = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.hear, number)

    def hear(self, number: signal.Signals) -> None:
        if number == signal.SIGINT or self.stop.is_set():
            self.hurry.set()
        self.stop.set()


async def serve(
    settings: Settings,
    roles: Sequence[Role] = ROLES,
    *,
    on_ready: Callable[[str], None] = lambda url: None,
) -> None:
    """Serve until SIGTERM or SIGINT. `on_ready` is told the URL that is listened on."""
    signals, readiness = Signals(), Readiness()
    async with (
        open_database(
            settings.plain_database_url,
            settings.data_dir,
            pool_size=settings.database_connections,
        ) as database,
        assembled(settings, database) as service,
        running(service, roles, readiness) as url,
    ):
        collect_seldom()
        log.info("serving", role=",".join(roles), url=url)
        on_ready(url)
        await signals.stop.wait()
        log.info("stopping", role=",".join(roles))
        readiness.draining = True
        service.worker.stop()
        if "api" in roles:
            with suppress(TimeoutError):
                await asyncio.wait_for(signals.hurry.wait(), settings.drain_s)


@asynccontextmanager
async def running(
    service: Service, roles: Sequence[Role] = ROLES, readiness: Readiness | None = None
) -> AsyncIterator[str]:
    """The roles at work until the block ends; gives the URL of the API (its own or the public)."""
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(background(watch_loop(service.metrics), "loop-lag"))
        if isinstance(service.clock, SandboxClock):
            await stack.enter_async_context(background(service.clock.follow(), "clock"))
        if "project" in roles:
            for projector in service.projectors:
                name = f"projector:{projector.name}"
                await stack.enter_async_context(background(projector.run(), name))
        if "work" in roles:
            await stack.enter_async_context(working(service))
        url = service.settings.base_url
        readiness = readiness or Readiness()
        if "api" in roles:
            app = doors(service, readiness)
            url = await stack.enter_async_context(listening(service, app, service.settings.port))
        elif service.settings.worker_port is not None:
            app = back_door(service, readiness)
            await stack.enter_async_context(listening(service, app, service.settings.worker_port))
        yield url


@asynccontextmanager
async def background(work: Coroutine[Any, Any, None], name: str) -> AsyncIterator[None]:
    task = asyncio.create_task(work, name=name)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def working(service: Service) -> AsyncIterator[None]:
    worker, patience_s = service.worker, service.settings.shutdown_s
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(background(service.poller.run(), "poller"))
        await stack.enter_async_context(background(service.housekeeper.run(), "housekeeper"))
        if service.outbound is not None:
            follower, courier = service.outbound.follower, service.outbound.courier
            await stack.enter_async_context(background(follower.run(), "webhook follower"))
            await stack.enter_async_context(background(courier.run(), "webhook courier"))
        await stack.enter_async_context(background(service.reconciler.run(), "reconciler"))
        claiming = asyncio.create_task(worker.run(), name="worker")
        try:
            yield
        finally:
            # Not cut off while it claims: what it claimed would wait for its lease to end.
            worker.stop()
            await asyncio.wait({claiming}, timeout=max(patience_s, GIVE_BACK_S_MAX))
            claiming.cancel()
            await worker.drain(patience_s)


def exposed_of(service: Service) -> Exposed:
    settings, database = service.settings, service.database
    return Exposed(
        metrics=service.metrics,
        tracer=service.tracer,
        standing=Standing(database, service.clock) if database is not None else None,
        token=plain(settings.metrics_token),
        to_anybody=settings.sandbox,
    )


def application_of(
    service: Service, readiness: Readiness, routes: Sequence[Route], door: Door
) -> web.Application:
    async def database_answers() -> str | None:
        if service.database is not None:
            await service.database.pool.fetchval("SELECT 1")
        return None

    return application(
        routes,
        door,
        checks={"database": database_answers, "draining": readiness.check},
        version=VERSION,
        server_url=service.settings.base_url,
        exposed=exposed_of(service),
    )


def back_door(service: Service, readiness: Readiness) -> web.Application:
    """What a process answers that does not serve the API: how it is."""
    _, door = routes_of(service)
    return application_of(service, readiness, (), door)


def doors(service: Service, readiness: Readiness) -> web.Application:
    """Everything that is answered over HTTP: routes, pages and tools."""

    app = application_of(service, readiness, *routes_of(service))
    changes = changes_in(app, service.log)
    add_pages(app, service, changes)
    if service.database is not None:
        add_console(app, service, service.database, changes)
    app.on_response_prepare.append(readiness.part)
    return app


@asynccontextmanager
async def listening(service: Service, app: web.Application, port: int) -> AsyncIterator[str]:
    """A door, open; gives its URL."""
    settings = service.settings
    listener = Listener(
        app,
        patience=Patience(
            headers_s=settings.read_timeout_s,
            connections_max=settings.connections_max,
            connections_per_ip_max=settings.connections_per_ip_max,
        ),
        keepalive_s=settings.keepalive_s,
        shutdown_s=settings.shutdown_s,
    )
    await listener.setup()
    bound = bind(settings.host, port)
    try:
        await web.SockSite(listener, bound).start()
        yield url_at(settings.host, bound.getsockname()[1])
    finally:
        await listener.cleanup()


def bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound
