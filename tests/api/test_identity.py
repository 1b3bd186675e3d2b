"""Only known keys enter, each only where its scopes and its tenant allow."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.api.conftest import Client

TRIP = "7d0c2a9e-4b2f-4f0e-9d51-3c6a1f0b8e24"


async def test_without_a_key_nothing_is_done_and_bearer_is_asked_for(client: Client) -> None:
    client.key = ""

    told = await client.ask("POST", "/v1/things", json={})

    assert (told.status, told.json["code"]) == (401, "unauthenticated")
    assert told.headers["WWW-Authenticate"] == 'Bearer realm="tripledger"'
    assert client.service.made == []


@pytest.mark.parametrize(
    "key",
    [
        "tl_test_0000000000000000_" + "0" * 64,
        "x",
        "tl_test_" + "a" * 5_000,
        "Ω" * 20,
        "' OR 1=1 --",
    ],
)
async def test_an_unknown_key_is_refused(client: Client, key: str) -> None:
    client.key = key

    told = await client.ask("POST", "/v1/things", json={})

    assert (told.status, told.json["code"]) == (401, "unauthenticated")
    assert 'error="invalid_token"' in told.headers["WWW-Authenticate"]
    assert client.service.made == []


async def test_a_revoked_key_is_refused(client: Client) -> None:
    now = datetime.now(UTC)
    client.key, key = await client.keys.create("acme", "test", frozenset(["trips:write"]), now)
    assert (await client.ask("POST", "/v1/things", json={})).status == 201

    await client.keys.revoke(key.key_id, now)

    assert (await client.ask("POST", "/v1/things", json={})).status == 401
    assert client.service.made == ["thing"]


async def test_an_expired_key_is_refused(client: Client) -> None:
    now = datetime.now(UTC)
    client.key, _ = await client.keys.create(
        "acme", "test", frozenset(["trips:write"]), now, expires_at=now - timedelta(seconds=1)
    )

    assert (await client.ask("POST", "/v1/things", json={})).status == 401


async def test_a_key_without_the_scope_is_told_which_one_it_lacks(client: Client) -> None:
    client.key, _ = await client.keys.create(
        "acme", "test", frozenset(["trips:read"]), datetime.now(UTC)
    )

    told = await client.ask("POST", "/v1/things", json={})

    assert (told.status, told.json["code"]) == (403, "insufficient_scope")
    assert told.json["properties"]["required_scopes"] == ["trips:write"]
    assert 'scope="trips:write"' in told.headers["WWW-Authenticate"]
    assert client.service.made == []


async def test_the_caller_acts_for_the_tenant_of_the_key(client: Client) -> None:
    client.key, _ = await client.keys.create(
        "globex", "test", frozenset(["trips:read"]), datetime.now(UTC)
    )

    told = await client.ask("GET", f"/v1/things/{TRIP}")

    assert told.json["name"] == "globex:10"


async def test_x_api_key_is_good_only_where_a_route_says_so(client: Client) -> None:
    headers = {"X-API-Key": client.key, "Authorization": "Basic eA=="}

    native = await client.ask("POST", "/v1/things", json={}, headers=headers)
    compatible = await client.ask("POST", "/v1/failures", json={"how": "busy"}, headers=headers)

    assert (native.status, compatible.status) == (401, 409)


async def test_a_key_in_the_query_is_no_key(client: Client) -> None:
    key, client.key = client.key, ""

    told = await client.ask("POST", f"/v1/things?api_key={key}", json={})

    assert told.status == 401
