"""Every request has an id, headers and one log line; nobody holds a connection by dawdling."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
import structlog

from service.http.listener import address_of
from tests.api.conftest import Client

# Less than the 10 s for which aiohttp by itself reads on what it does not want any more.
CUT_OFF_S = 9.0


@asynccontextmanager
async def connected(
    client: Client,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    parts = urlsplit(client.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def test_a_sane_request_id_is_kept_and_an_odd_one_replaced(client: Client) -> None:
    kept = await client.ask("GET", "/healthz", headers={"X-Request-ID": "abc-123.DEF_456"})
    replaced = await client.ask("GET", "/healthz", headers={"X-Request-ID": "<script>"})

    assert kept.headers["X-Request-ID"] == "abc-123.DEF_456"
    assert len(replaced.headers["X-Request-ID"]) == 32


@pytest.mark.parametrize("path", ["/healthz", "/nothing", "/v1/things"])
async def test_every_answer_carries_the_security_headers(client: Client, path: str) -> None:
    told = await client.ask("GET", path)

    headers = told.headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert headers["Server"] == "tripledger"


async def test_one_line_is_logged_without_query_body_or_key(client: Client) -> None:
    with structlog.testing.capture_logs() as lines:
        await client.ask("POST", "/v1/things?email=canary", json={"name": "canary"})
        await client.ask("GET", "/nothing/canary")

    assert "canary" not in json.dumps(lines)
    assert client.key not in json.dumps(lines)
    assert [(line["route"], line["status"]) for line in lines] == [("/v1/things", 422), ("-", 404)]


async def test_a_fault_is_logged_with_its_request(client: Client) -> None:
    with structlog.testing.capture_logs() as lines:
        told = await client.ask("POST", "/v1/failures", json={"how": "crash"})

    assert told.status == 500
    assert [line["event"] for line in lines] == ["request_failed", "request"]
    assert lines[0]["exc_info"] is True


async def test_a_silent_connection_is_closed(client: Client) -> None:
    async with connected(client) as (reader, _):
        assert await asyncio.wait_for(reader.read(), CUT_OFF_S) == b""


async def test_headers_that_dawdle_are_cut_off(client: Client) -> None:
    async with connected(client) as (reader, writer):
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")

        async def dawdle() -> None:
            while True:
                writer.write(b"X-Slow: 1\r\n")
                await asyncio.sleep(0.05)

        task = asyncio.create_task(dawdle())
        try:
            assert await asyncio.wait_for(reader.read(), CUT_OFF_S) == b""
        finally:
            task.cancel()


async def test_a_body_that_dawdles_is_cut_off_with_a_problem(client: Client) -> None:
    async with connected(client) as (reader, writer):
        writer.write(
            b"POST /v1/things HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Authorization: Bearer " + client.key.encode() + b"\r\nContent-Length: 20\r\n\r\n{"
        )

        answer = await asyncio.wait_for(reader.read(), CUT_OFF_S)

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"request_timeout"' in answer
    assert client.service.made == []


async def test_a_kept_connection_serves_again_and_is_closed_when_idle(client: Client) -> None:
    request = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    async with connected(client) as (reader, writer):
        for _ in range(2):
            writer.write(request)
            assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
            assert await reader.readexactly(15) == b'{"status":"ok"}'
            await asyncio.sleep(0.5)
        assert await asyncio.wait_for(reader.read(), CUT_OFF_S) == b""


async def test_what_is_not_http_is_answered_as_a_problem(client: Client) -> None:
    async with connected(client) as (reader, writer):
        writer.write(b"GET / HTTP/9.9\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n")

        answer = await asyncio.wait_for(reader.read(), CUT_OFF_S)

    assert answer.startswith(b"HTTP/1.0 400 ")
    assert b"application/problem+json" in answer
    assert b'"code":"invalid_request"' in answer


def from_address(client: Client, address: str, count: int) -> list[socket.socket]:
    parts = urlsplit(client.url)
    assert parts.hostname is not None
    assert parts.port is not None
    there = (parts.hostname, parts.port)
    return [socket.create_connection(there, source_address=(address, 0)) for _ in range(count)]


async def served(held: socket.socket) -> bool:
    """Whether a connection is answered, or cut off."""
    held.setblocking(False)
    reader, writer = await asyncio.open_connection(sock=held)
    try:
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        return b" 200 " in await asyncio.wait_for(reader.readuntil(b"\r\n"), CUT_OFF_S)
    except (ConnectionError, asyncio.IncompleteReadError):
        return False
    finally:
        writer.close()


async def test_connections_above_the_limit_are_refused(client: Client) -> None:
    held = from_address(client, "127.0.0.2", 10) + from_address(client, "127.0.0.3", 10)
    try:
        assert not await served(*from_address(client, "127.0.0.4", 1))
    finally:
        for each in held:
            each.close()


async def test_connections_of_one_address_are_limited_and_others_are_served(
    client: Client,
) -> None:
    held = from_address(client, "127.0.0.2", 15)
    try:
        assert not await served(*from_address(client, "127.0.0.2", 1))
        assert await served(*from_address(client, "127.0.0.3", 1))
    finally:
        for each in held:
            each.close()


async def asking_for_ever(silent: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    while True:
        await loop.sock_sendall(silent, b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.sleep(0.01)


async def test_who_never_reads_the_answers_is_cut_off(client: Client) -> None:
    """It asks for far more than any buffer holds, and reads nothing."""
    parts = urlsplit(client.url)
    with socket.socket() as silent:
        silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        silent.connect((parts.hostname, parts.port))
        silent.setblocking(False)
        with pytest.raises(ConnectionError):
            await asyncio.wait_for(asking_for_ever(silent), 60)


@pytest.mark.parametrize(
    ("host", "counted"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_a_whole_home_network_counts_as_one_address(host: str, counted: str) -> None:
    class Connected(asyncio.BaseTransport):
        def get_extra_info(self, name: str, default: object = None) -> object:
            return {"peername": (host, 5_000)}.get(name, default)

    assert counted == address_of(Connected())


async def test_readiness_tells_which_check_fails(client: Client) -> None:
    ready = await client.ask("GET", "/readyz")
    client.checks["database"] = "not reachable"

    not_ready = await client.ask("GET", "/readyz")
    alive = await client.ask("GET", "/healthz")

    assert (ready.status, ready.json) == (200, {"status": "ready", "checks": {"database": "ok"}})
    assert not_ready.status == 503
    assert not_ready.json == {"status": "not_ready", "checks": {"database": "not reachable"}}
    assert alive.status == 200


async def test_metrics_count_requests_by_route_never_by_path(client: Client) -> None:
    for _ in range(3):
        await client.ask("GET", "/nothing/canary")
    await client.ask("POST", "/v1/things", json={})

    text = (await client.ask("GET", "/metrics")).raw.decode()

    assert "canary" not in text
    assert 'requests_total{method="GET",route="-",status="404"} 3' in text
    assert 'requests_total{method="POST",route="/v1/things",status="201"} 1' in text
    assert 'request_seconds_count{route="/v1/things"} 1' in text
