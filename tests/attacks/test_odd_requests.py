"""Requests no client would make, byte by byte over a socket: each gets an answer of ours that
repeats nothing dangerous, or none; nothing is carried out, and the next client is served."""

from __future__ import annotations

import asyncio
import json
from urllib.parse import urlsplit

import pytest

from tests.api.conftest import Client
from tests.scenarios.world import World

ANSWER_S = 20.0


async def answered(client: Client, raw: bytes) -> bytes:
    """All that comes back until the connection is closed, by them or for us."""
    parts = urlsplit(client.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        writer.write(raw)
        writer.write_eof()
        return await asyncio.wait_for(reader.read(), ANSWER_S)
    except ConnectionError:
        return b""
    finally:
        writer.close()


def statuses(answer: bytes) -> list[int]:
    return [int(part[4:7]) for part in answer.split(b"HTTP/1.")[1:] for part in [b"xx" + part]]


def request(client: Client, *headers: bytes, line: bytes = b"POST /v1/things HTTP/1.1") -> bytes:
    own = (b"Host: x", b"Authorization: Bearer " + client.key.encode())
    return b"\r\n".join([line, *own, b"Content-Type: application/json", *headers, b"", b""])


BODY = b'{"name": "smuggled"}'
SECOND = b"POST /v1/things HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
FRAMES = {
    "length and chunks": (b"Content-Length: 4", b"Transfer-Encoding: chunked"),
    "chunks and length": (b"Transfer-Encoding: chunked", b"Content-Length: 4"),
    "two lengths": (b"Content-Length: 20", b"Content-Length: 4"),
    "a list of lengths": (b"Content-Length: 20, 4",),
    "a length below zero": (b"Content-Length: -1",),
    "a length with a sign": (b"Content-Length: +20",),
    "a length in another base": (b"Content-Length: 0x14",),
    "a length without end": (b"Content-Length: " + b"9" * 400,),
    "an unknown coding": (b"Transfer-Encoding: cow",),
    "chunks twice": (b"Transfer-Encoding: chunked, chunked",),
    "chunks not last": (b"Transfer-Encoding: chunked, identity",),
    "a blank before the colon": (b"Transfer-Encoding : chunked",),
    "a folded header": (b"Transfer-Encoding:", b" chunked"),
    "a header without a name": (b": chunked",),
    "a bare newline": (b"X-A: 1\nTransfer-Encoding: chunked",),
    "a nul": (b"X-A: 1\x00",),
}


@pytest.mark.parametrize("name", FRAMES)
async def test_a_request_of_two_lengths_is_not_taken_for_two(client: Client, name: str) -> None:
    """Where the front and we could disagree about where a request ends."""
    told = await answered(client, request(client, *FRAMES[name]) + BODY + SECOND)

    assert 400 in statuses(told)[:1] or told == b"", told[:200]
    assert [] == client.service.made


LINES = {
    "another place": b"GET http://elsewhere.example/healthz HTTP/1.1",
    "a tunnel": b"CONNECT elsewhere.example:443 HTTP/1.1",
    "a mirror": b"TRACE /healthz HTTP/1.1",
    "a method nobody knows": b"BREW /v1/things HTTP/1.1",
    "a method with a blank": b"GE T /v1/things HTTP/1.1",
    "a version": b"GET / HTTP/7.3",
    "no version": b"GET /healthz",
    "bytes in the path": b"GET /v1/things/\xff\xfe HTTP/1.1",
    "text in the path": "GET /v1/things/é HTTP/1.1".encode(),
    "half a letter": b"GET /v1/things/%ff%C3 HTTP/1.1",
    "a nul in the path": b"GET /v1/things/%00 HTTP/1.1",
    "a newline in the path": b"GET /v1/things/%0d%0aX-A:%201 HTTP/1.1",
    "bytes in the query": b"GET /v1/things?limit=\xff HTTP/1.1",
    "up and away": b"GET /../../etc/passwd HTTP/1.1",
    "up and away, written": b"GET /docs/%2e%2e/%2e%2e/etc/passwd HTTP/1.1",
    "two slashes": b"GET //evil.example/v1/things HTTP/1.1",
    "a long line": b"GET /" + b"a" * 20_000 + b" HTTP/1.1",
    "a script": b"GET /<script>alert(1)</script> HTTP/1.1",
}


@pytest.mark.parametrize("name", LINES)
async def test_an_odd_line_is_refused_or_absent(client: Client, name: str) -> None:
    told = await answered(client, request(client, b"Connection: close", line=LINES[name]))
    head, _, body = told.partition(b"\r\n\r\n")

    found = statuses(told)
    assert name == "another place" or all(400 <= each < 500 for each in found), told[:300]
    assert b"x-a:" not in head.lower()
    assert b"location:" not in head.lower()
    assert b"root:" not in body
    if found and body:
        assert b"application/problem+json" in head or name == "another place"
        assert b"nosniff" in head
    assert [] == client.service.made


HEADERS = {
    "bytes in a key": b"Authorization: Bearer \xff\xfe",
    "a long key": b"Authorization: Bearer " + b"a" * 7_000,
    "bytes in a version": b'If-Match: "\xff"',
    "digits of elsewhere": 'If-Match: "٣"'.encode(),
    "a version without end": b'If-Match: "' + b"9" * 5_000 + b'"',
    "bytes in a repeat": b"Idempotency-Key: \xff\xfe",
    "a long repeat": b"Idempotency-Key: " + b"k" * 7_000,
    "a blank repeat": b"Idempotency-Key:   ",
    "bytes in a name": b"X-Request-ID: \xff\xff\xff\xff\xff\xff\xff\xff\xff",
    "a coding": b"Content-Encoding: \xff",
    "a kind": b"Content-Type: \xff/\xfe",
    "many headers": b"\r\n".join(b"X-%d: 1" % n for n in range(2_000)),
    "a long header": b"X-Long: " + b"a" * 100_000,
}


@pytest.mark.parametrize("name", HEADERS)
@pytest.mark.parametrize("line", [b"POST /v1/things HTTP/1.1", b"PUT /v1/things/%s HTTP/1.1"])
async def test_an_odd_header_is_never_a_fault(client: Client, name: str, line: bytes) -> None:
    line = line.replace(b"%s", b"7d0c2a9e-4b2f-4f0e-9d51-3c6a1f0b8e24")
    raw = request(client, b"Connection: close", HEADERS[name], line=line)
    found = statuses(await answered(client, raw))

    assert all(each < 500 for each in found), found


async def test_who_we_are_is_not_what_a_client_says(client: Client) -> None:
    """Neither the host nor what claims to come from a proxy is believed or repeated."""
    lies = {
        "Host": "evil.example",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "gopher",
        "X-Forwarded-For": "127.0.0.1",
        "Forwarded": "host=evil.example;for=127.0.0.1",
        "X-Original-URL": "/metrics",
        "X-Rewrite-URL": "/metrics",
        "X-HTTP-Method-Override": "DELETE",
    }
    told = [
        await client.ask("POST", "/v1/things", json={}, headers=lies),
        await client.ask("GET", "/nothing", headers=lies),
        await client.ask("GET", "/openapi.json", headers=lies),
        await client.ask("GET", "/docs", headers=lies),
    ]

    assert [201, 404, 200, 200] == [each.status for each in told]
    for each in told:
        assert b"evil.example" not in each.raw
        assert "evil.example" not in json.dumps(dict(each.headers))
    assert told[0].headers["Location"].startswith("/v1/things/")


ORIGINS = ["https://evil.example", "null", "http://localhost", "https://shop.ours.example"]


@pytest.mark.parametrize("origin", ORIGINS)
async def test_no_page_of_elsewhere_may_read_an_answer(client: Client, origin: str) -> None:
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    told = [
        await client.ask("OPTIONS", "/v1/things", headers=asked),
        await client.ask("GET", "/healthz", headers=asked),
        await client.ask("POST", "/v1/things", json={}, headers=asked),
    ]

    assert [405, 200, 201] == [each.status for each in told]
    for each in told:
        assert [] == [name for name in each.headers if name.lower().startswith("access-control")]
        assert "same-origin" == each.headers["Cross-Origin-Resource-Policy"]


SIMPLE = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]


@pytest.mark.parametrize("kind", SIMPLE)
async def test_a_form_of_elsewhere_carries_nothing_out(client: Client, kind: str) -> None:
    """What a browser sends to anybody without asking first."""
    told = await client.post_raw("/v1/things", b'{"name": "form"}', **{"Content-Type": kind})

    assert 415 == told.status
    assert [] == client.service.made


async def test_a_bomb_within_a_frame_is_refused_unopened(client: Client) -> None:
    raw = request(client, b"Transfer-Encoding: gzip, chunked", b"Connection: close")
    found = statuses(await answered(client, raw + b"5\r\n\x1f\x8b\x08\x00\x00\r\n0\r\n\r\n"))

    assert all(400 <= each < 500 for each in found)
    assert [] == client.service.made


TWICE = {
    b'{"name": "first", "name": "last"}': "/name",
    b'{"name": "same", "name": "same"}': "/name",
    b'{"name": "first", "n\\u0061me": "last"}': "/name",
    b'{"parts": [{"name": "a"}, {"name": "b", "inner": [], "inner": []}]}': "/parts/1/inner",
}


@pytest.mark.parametrize("raw", TWICE)
async def test_a_field_that_is_said_twice_is_refused_by_its_place(
    client: Client, raw: bytes
) -> None:
    """Whoever stood before us may have gone by the other one."""
    told = await client.post_raw("/v1/things", raw)

    assert (422, "validation_failed") == (told.status, told.json["code"])
    assert [(TWICE[raw], "repeated")] == [(e["pointer"], e["code"]) for e in told.json["errors"]]
    assert [] == client.service.made


async def test_of_card_data_said_first_and_hidden_behind_a_second_nothing_is_told(
    client: Client,
) -> None:
    hidden = await client.post_raw("/v1/things", b'{"name": "4242424242424242", "name": "fine"}')

    assert (422, "card_data_refused") == (hidden.status, hidden.json["code"])
    assert b"42424242" not in hidden.raw
    assert [] == client.service.made


CART = '"shoppingCartIdentifier": "%s"'
CALL = (
    '{"jsonrpc": "2.0", "id": 1, "method": "tools/call",'
    ' "params": {"name": "book", "arguments": {"trip_id": "%s", "trip_id": "%s"}}}'
)
# Where, what, the status, and the place as that contract writes it.
DOORS = {
    "native": ("/v1/trips/%s/book", '{"mode": "hosted", "mode": "hosted"}', 422, "/mode"),
    "Wink": (
        "/api/checkout",
        f'{{{CART}, "redirectUrl": "https://shop.ours.example", {CART}}}',
        400,
        "/shoppingCartIdentifier",
    ),
    "Jinko": ("/v1/book", '{"trip_id": "%s", "trip_id": "%s"}', 400, "trip_id"),
    "agents": ("/mcp", CALL, 400, "/params/arguments/trip_id"),
}


@pytest.mark.parametrize("name", DOORS)
async def test_no_door_takes_a_field_that_is_said_twice(world: World, name: str) -> None:
    path, body, status, place = DOORS[name]
    trip_id = await world.build(await world.find_flight())
    before = await world.service.log.last_position()
    said = {
        "Authorization": f"Bearer {world.key}",
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
    }

    where = world.url + path.replace("%s", trip_id)
    raw = body.replace("%s", trip_id)
    async with world.session.post(where, data=raw, headers=said) as answer:
        told = await answer.text()

    assert status == answer.status, told
    assert f"`{place}` is given more than once" in told or f'"field":"{place}"' in told
    assert before == await world.service.log.last_position()
    assert {} == await world.kinds("stripe", trip_id)
