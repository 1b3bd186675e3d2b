"""Who may use the tools, under which name of the service, and what a foreign tenant sees."""

from __future__ import annotations

import json
from asyncio import gather
from typing import Any

import pytest

from service.http.routes import routes_of
from service.mcp import routes as mcp_routes
from tests.compat.mcp.agents import FLIGHTS, over_http
from tests.forking import command
from tests.scenarios.world import World

PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


def headers(key: str | None, **more: str) -> dict[str, str]:
    accept = "application/json, text/event-stream"
    bearer = {"Authorization": f"Bearer {key}"} if key is not None else {}
    return {"Accept": accept, **bearer, **more}


async def posted(world: World, sent: dict[str, str], body: Any = PING) -> tuple[int, Any, Any]:
    async with world.session.post(f"{world.url}/mcp", json=body, headers=sent) as answer:
        return answer.status, answer.headers, await answer.text()


async def test_a_good_key_is_let_in(world: World) -> None:
    status, _, text = await posted(world, headers(world.key))

    assert (200, {"jsonrpc": "2.0", "id": 1, "result": {}}) == (status, json.loads(text))


@pytest.mark.parametrize("key", [None, "tl_test_nobodys", ""])
async def test_without_a_good_key_nothing_is_answered(world: World, key: str | None) -> None:
    status, answered, text = await posted(world, headers(key))

    assert (401, "unauthenticated") == (status, json.loads(text)["code"])
    assert answered["WWW-Authenticate"].startswith("Bearer")


async def test_x_api_key_is_no_credential_here(world: World) -> None:
    status, answered, _ = await posted(world, headers(None, **{"X-API-Key": world.key}))

    assert 401 == status
    assert answered["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example"])
async def test_a_foreign_host_is_misdirected(world: World, host: str) -> None:
    status, _, _ = await posted(world, headers(world.key, Host=host))

    assert 421 == status


async def test_a_page_from_elsewhere_is_refused(world: World) -> None:
    foreign, _, _ = await posted(world, headers(world.key, Origin="https://evil.example"))
    own, _, _ = await posted(world, headers(world.key, Origin=world.service.settings.base_url))

    assert (403, 200) == (foreign, own)


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
async def test_there_is_no_stream_and_no_session_to_end(world: World, method: str) -> None:
    async with world.session.request(
        method, f"{world.url}/mcp", headers=headers(world.key)
    ) as answer:
        assert (405, "POST") == (answer.status, answer.headers["Allow"])


async def test_a_session_of_somebody_else_opens_nothing(world: World) -> None:
    """There are no sessions: a request is worth what its own credential is worth."""
    initialize = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        },
    }
    async with over_http(world) as agent:
        trip_id = (await agent.call("trip"))["trip_id"]
    _, answered, _ = await posted(world, headers(world.key), initialize)
    assert "Mcp-Session-Id" not in answered

    call = {
        "jsonrpc": "2.0",
        "id": 2,
        "method": "tools/call",
        "params": {"name": "get_trip", "arguments": {"trip_id": trip_id}},
    }
    fixed = {"Mcp-Session-Id": "session-of-ours"}
    ours = await posted(world, headers(world.key, **fixed), call)
    theirs = await posted(world, headers(world.other_key, **fixed), call)

    assert trip_id in ours[2]
    error = json.loads(theirs[2])["result"]["structuredContent"]["error"]
    assert "trip_not_found" == error["code"]


async def test_another_tenants_trip_and_offers_are_absent(world: World) -> None:
    async with over_http(world) as ours, over_http(world, key=world.other_key) as theirs:
        flight = (await ours.call("search_flights", **FLIGHTS))["offers"][0]
        trip = await ours.call("trip")
        before = await world.service.log.last_position()
        errors = [
            await theirs.refused("get_trip", trip_id=trip["trip_id"]),
            await theirs.refused("book", trip_id=trip["trip_id"]),
            await theirs.refused("trip", trip_id=trip["trip_id"]),
            await theirs.refused("trip", add_item={"trip_item_token": flight["trip_item_token"]}),
        ]

    assert ["trip_not_found"] * 3 + ["offer_not_found"] == [error["code"] for error in errors]
    assert before == await world.service.log.last_position()


async def test_a_key_uses_only_the_tools_of_its_scopes(world: World) -> None:
    service = world.service
    key, _ = await service.keys.create(
        "ours", "test", frozenset(["trips:read"]), service.clock.now()
    )
    async with over_http(world) as agent:
        trip_id = (await agent.usual())["trip_id"]
    async with over_http(world, key=key) as reader:
        seen = await reader.call("get_trip", trip_id=trip_id)
        errors = [
            await reader.refused("trip", trip_id=trip_id),
            await reader.refused("book", trip_id=trip_id),
            await reader.refused("checkout", trip_id=trip_id),
            await reader.refused("search_flights", **FLIGHTS),
        ]

    assert trip_id == seen["trip_id"]
    assert ["insufficient_scope"] * 4 == [error["code"] for error in errors]
    assert 0 == (await world.kinds("stripe", trip_id))["checkout_session.created"]


async def test_a_body_that_is_too_large_is_not_read(world: World) -> None:
    status, _, _ = await posted(world, headers(world.key), PING | {"params": {"_": "x" * 70_000}})

    assert 413 == status


@pytest.mark.parametrize("raw", [b"{", b"[]", b"[" * 50_000, b'{"jsonrpc": "1.0"}', b"null"])
async def test_what_is_no_request_is_refused(world: World, raw: bytes) -> None:
    sent = headers(world.key, **{"Content-Type": "application/json"})
    async with world.session.post(f"{world.url}/mcp", data=raw, headers=sent) as answer:
        assert 400 == answer.status


async def test_without_the_package_the_route_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mcp_routes, "INSTALLED", False)
    routes, _ = routes_of(world.service)
    (route,) = [route for route in routes if route.path == "/mcp"]

    assert mcp_routes.absent is route.handler
    with pytest.raises(Exception, match="mcp_not_installed"):
        await route.handler(None)  # type: ignore[arg-type]


async def mcp(*arguments: str, **environment: str) -> tuple[int, str]:
    """The exit code, and what was complained of."""
    code, _, complaints = await command(environment, "mcp", *arguments)
    return code, complaints


async def test_a_command_that_cannot_serve_says_why_at_once(world: World) -> None:
    keyless, bad, nobody = await gather(
        mcp("--url", world.url),
        mcp("--url", world.url, TRIPLEDGER_API_KEY="tl_test_nobodys"),
        mcp("--url", "http://127.0.0.1:9", TRIPLEDGER_API_KEY=world.key),
    )

    assert (2, 1, 1) == (keyless[0], bad[0], nobody[0])
    assert "tripledger keys create" in keyless[1]
    assert "does not know this API key" in bad[1]
    assert "No service answers" in nobody[1]
    assert world.key not in nobody[1]
