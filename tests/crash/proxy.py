"""Stands between the service and what it talks to over TCP, and spoils the connections on demand:
slow, cut at any byte, closed one way, or open and silent."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit, urlunsplit

HOST = "127.0.0.1"
CHUNK_BYTES = 4096
POSTGRES_PORT = 5432
GONE = (OSError, asyncio.IncompleteReadError)

Connect = Callable[[], Awaitable[tuple[StreamReader, StreamWriter]]]


@dataclass(eq=False)
class Proxy:
    """`cut_after` holds, for the connections to come, after how many bytes of answers each is
    reset; a connection beyond them is left alone."""

    connect: Connect
    latency_s: float = 0.0
    cut_after: list[int] = field(default_factory=list)
    cuts: int = 0
    port: int = 0
    writers: set[StreamWriter] = field(default_factory=set)
    flowing: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    @asynccontextmanager
    async def listening(cls, connect: Connect, port: int = 0) -> AsyncIterator[Proxy]:
        proxy = cls(connect)
        proxy.flowing.set()
        server = await asyncio.start_server(proxy.carry, HOST, port)
        proxy.port = server.sockets[0].getsockname()[1]
        try:
            yield proxy
        finally:
            server.close()
            proxy.reset()

    @classmethod
    @asynccontextmanager
    async def before(cls, url: str) -> AsyncIterator[tuple[Proxy, str]]:
        """A proxy in front of the server at `url` (http, or Postgres by TCP or socket), and the
        URL to use instead."""
        async with cls.listening(connector(url)) as proxy:
            yield proxy, instead_of(url, proxy.port)

    # --- the weather

    def reset(self) -> None:
        """Every open connection ends at once, in the middle of whatever it carries."""
        for writer in self.writers:
            writer.transport.abort()

    def half_close(self) -> None:
        """Every open connection ends one way: nothing more is sent, answers may still come."""
        for writer in self.writers:
            with suppress(OSError, RuntimeError):
                writer.write_eof()

    def fall_silent(self) -> None:
        """Connections stay open and carry nothing, neither way; nor do new ones."""
        self.flowing.clear()

    def clear_up(self) -> None:
        """All is well again, and what was held back has been lost."""
        self.latency_s = 0.0
        self.cut_after.clear()
        if not self.flowing.is_set():
            self.reset()
        self.flowing.set()

    # --- the work

    async def carry(self, reader: StreamReader, writer: StreamWriter) -> None:
        self.writers.add(writer)
        left = self.cut_after.pop(0) if self.cut_after else None
        with suppress(*GONE):
            there, back = await self.connect()
            self.writers.add(back)
            await asyncio.gather(
                self.pump(reader, back, None),
                self.pump(there, writer, left),
                return_exceptions=True,
            )
            self.writers.discard(back)
            back.close()
        self.writers.discard(writer)
        writer.close()

    async def pump(self, source: StreamReader, sink: StreamWriter, left: int | None) -> None:
        while data := await source.read(CHUNK_BYTES):
            await self.flowing.wait()
            if self.latency_s:
                await asyncio.sleep(self.latency_s)
            if left is not None and len(data) >= left:
                sink.write(data[:left])
                await sink.drain()
                self.cuts += 1
                sink.transport.abort()
                return
            left = left - len(data) if left is not None else None
            sink.write(data)
            await sink.drain()
        if sink.can_write_eof():
            sink.write_eof()


def connector(url: str) -> Connect:
    parts = urlsplit(url)
    folder = parse_qs(parts.query).get("host", [""])[0]
    if folder.startswith("/"):
        return lambda: asyncio.open_unix_connection(f"{folder}/.s.PGSQL.{POSTGRES_PORT}")
    host, port = parts.hostname or HOST, parts.port or POSTGRES_PORT
    return lambda: asyncio.open_connection(host, port)


def instead_of(url: str, port: int) -> str:
    """The same user, database and path, by way of the proxy."""
    parts = urlsplit(url)
    who, at, _ = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{who}{at}{HOST}:{port}", query=""))
