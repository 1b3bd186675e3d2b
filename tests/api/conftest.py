"""A small application behind the real door, on a real port, with real keys and kept answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

from adapters.api_keys import ApiKeys, PostgresApiKeyRows
from adapters.database import Database, connect_database
from adapters.idempotency import PostgresIdempotency
from service.http.api import Door
from service.http.application import application
from service.http.listener import Listener, Patience
from tests.api.native import Native
from tests.api.small_app import SmallService, small_routes
from tests.postgres import fresh_database
from tests.scenarios.world import World, raised_world

ALL_SCOPES = frozenset(["trips:read", "trips:write", "payments:write"])


@dataclass(frozen=True, slots=True)
class Told:
    """An answer, read whole."""

    status: int
    headers: Any
    raw: bytes
    json: Any = field(default=None)


@dataclass
class Client:
    """Speaks to the small application as one API key."""

    session: aiohttp.ClientSession
    url: str
    key: str
    service: SmallService
    keys: ApiKeys
    door: Door
    checks: dict[str, str | None]

    async def ask(self, method: str, path: str, **options: Any) -> Told:
        headers = {"Authorization": f"Bearer {self.key}", **options.pop("headers", {})}
        async with self.session.request(
            method, self.url + path, headers=headers, allow_redirects=False, **options
        ) as answer:
            raw = await answer.read()
            is_json = "json" in answer.headers.get("Content-Type", "")
            return Told(
                answer.status, answer.headers, raw, await answer.json() if is_json else None
            )

    async def post_raw(self, path: str, raw: bytes, **headers: str) -> Told:
        return await self.ask(
            "POST", path, data=raw, headers={"Content-Type": "application/json", **headers}
        )


# Where our travellers may be sent back to.
OURS = ("https://shop.ours.example",)


@pytest_asyncio.fixture(scope="session")
async def door_database(postgres_server: str, postgres_template: str) -> AsyncIterator[Database]:
    async with (
        fresh_database(postgres_server, postgres_template) as url,
        connect_database(url, pool_size=4) as database,
    ):
        yield database


@pytest_asyncio.fixture
async def client(door_database: Database) -> AsyncIterator[Client]:
    keys = ApiKeys(PostgresApiKeyRows(door_database))
    text, _ = await keys.create("acme", "test", ALL_SCOPES, datetime.now(UTC))
    service = SmallService()
    checks: dict[str, str | None] = {"database": None}

    async def database_check() -> str | None:
        return checks["database"]

    door = Door(
        api_keys=keys,
        idempotency=PostgresIdempotency(door_database),
        now=lambda: datetime.now(UTC),
        read_timeout_s=0.3,
    )
    app = application(
        small_routes(service),
        door,
        checks={"database": database_check},
        version="0.0.0",
        server_url="http://127.0.0.1",
    )
    listener = Listener(
        app,
        patience=Patience(
            headers_s=0.3, unread_s=0.3, connections_max=20, connections_per_ip_max=15
        ),
        keepalive_s=1.0,
    )
    await listener.setup()
    site = web.TCPSite(listener, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{listener.addresses[0][1]}"
    async with aiohttp.ClientSession() as session:
        yield Client(session, url, text, service, keys, door, checks)
    await listener.cleanup()


@pytest_asyncio.fixture(scope="session")
async def world(
    postgres_server: str, postgres_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    """The whole service between both sandboxes, shared: each test makes trips of its own."""
    async with (
        fresh_database(postgres_server, postgres_template) as url,
        raised_world(url, tmp_path_factory.mktemp("world"), redirect_origins=OURS) as world,
    ):
        yield world


@pytest_asyncio.fixture(scope="session")
async def native(world: World) -> Native:
    document = (await world.ask("GET", "/openapi.json")).body
    return Native(world, document)
