"""Listens for HTTP and cuts off clients that are slow, silent, or too many."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from service.http import problems
from service.http.guards.strangers import counted_as
from service.http.middleware import OF_STATUS, SECURITY_HEADERS

HEADERS_S = 10.0
KEEPALIVE_S = 75.0
CONNECTIONS_MAX = 2_000
CONNECTIONS_PER_IP_MAX = 500
LINGER_S = 2.0
UNREAD_ANSWER_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a client may take for its headers and to read its answer, and how many may come."""

    headers_s: float = HEADERS_S
    unread_s: float = UNREAD_ANSWER_S
    connections_max: int = CONNECTIONS_MAX
    connections_per_ip_max: int = CONNECTIONS_PER_IP_MAX


class PunctualHandler(RequestHandler):
    """One connection whose client must send complete headers in time."""

    __slots__ = ("headers_s", "headers_deadline", "unread_s")

    def __init__(self, *args: Any, headers_s: float, unread_s: float, **options: Any) -> None:
        super().__init__(*args, **options)
        self.headers_s = headers_s
        self.unread_s = unread_s
        self.headers_deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        give_up_on_unread_answers(transport, self.unread_s)
        self.start_deadline()

    def connection_lost(self, exc: BaseException | None) -> None:
        self.stop_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.awaits_headers():
            self.start_deadline()
        else:
            self.stop_deadline()

    def awaits_headers(self) -> bool:
        return self._waiter is not None and not self._waiter.done()

    def start_deadline(self) -> None:
        if self.headers_deadline is None:
            self.headers_deadline = self._loop.call_later(self.headers_s, self.cut_off)

    def stop_deadline(self) -> None:
        if self.headers_deadline is not None:
            self.headers_deadline.cancel()
            self.headers_deadline = None

    def cut_off(self) -> None:
        self.headers_deadline = None
        if self.awaits_headers():
            self.force_close()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """What never reached the application (bad HTTP) is answered like everything else."""
        response = super().handle_error(request, status, exc, message)
        code, detail = OF_STATUS.get(
            status, ("internal_error", "The request failed; its request_id tells us more.")
        )
        request_id = uuid4().hex
        told = problems.answer(problems.Problem(code, detail), instance="/", request_id=request_id)
        for name, value in SECURITY_HEADERS.items():
            told.headers.setdefault(name, value)
        told.headers["X-Request-ID"] = request_id
        if response.keep_alive is False:
            told.force_close()
        return told


def give_up_on_unread_answers(transport: asyncio.BaseTransport, after_s: float) -> None:
    """A client that does not read holds its answer in our memory: the kernel ends that."""
    raw = transport.get_extra_info("socket")
    if raw is not None and hasattr(socket, "TCP_USER_TIMEOUT") and raw.family != socket.AF_UNIX:
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(after_s * 1_000))


class CountingServer(web.Server):
    """Makes a handler for each connection, and refuses connections above the limits."""

    def __init__(self, *args: Any, patience: Patience, **options: Any) -> None:
        super().__init__(*args, **options)
        self.patience = patience
        self.address_of: dict[RequestHandler, str] = {}
        self.from_address: Counter[str] = Counter()

    def __call__(self) -> RequestHandler:
        return PunctualHandler(
            self,
            loop=self._loop,
            headers_s=self.patience.headers_s,
            unread_s=self.patience.unread_s,
            **self._kwargs,
        )

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        address = address_of(transport)
        self.address_of[handler] = address
        self.from_address[address] += 1
        if (
            len(self.connections) > self.patience.connections_max
            or self.from_address[address] > self.patience.connections_per_ip_max
        ):
            transport.abort()

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        super().connection_lost(handler, exc)
        address = self.address_of.pop(handler, None)
        if address is None:
            return
        self.from_address[address] -= 1
        if self.from_address[address] <= 0:
            del self.from_address[address]


def address_of(transport: asyncio.BaseTransport) -> str:
    peer = transport.get_extra_info("peername")
    return counted_as(str(peer[0]) if isinstance(peer, tuple) else "")


class Listener(web.AppRunner):
    """Runs an application with our limits; use with `web.TCPSite` or `web.SockSite`."""

    def __init__(
        self,
        app: web.Application,
        *,
        patience: Patience | None = None,
        keepalive_s: float = KEEPALIVE_S,
        shutdown_s: float = 20.0,
    ) -> None:
        super().__init__(
            app,
            access_log=None,
            keepalive_timeout=keepalive_s,
            lingering_time=LINGER_S,
            auto_decompress=False,
            shutdown_timeout=shutdown_s,
        )
        self.patience = patience or Patience()

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return CountingServer(
            made.request_handler,
            request_factory=made.request_factory,
            loop=asyncio.get_running_loop(),
            patience=self.patience,
            **self._kwargs,
        )
