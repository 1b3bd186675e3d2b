"""One tenant's reads take turns, so that another's does not wait behind all of them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from service.http.guards.turns import Turns
from tests.api.conftest import Client

TRIP = "7d0c2a9e-4b2f-4f0e-9d51-3c6a1f0b8e24"


async def test_so_many_of_a_tenant_at_once_and_the_rest_in_line() -> None:
    turns, go_on = Turns(2), asyncio.Event()
    inside: list[str] = []

    async def read(tenant: str) -> None:
        async with turns.of(tenant):
            inside.append(tenant)
            await go_on.wait()

    flood = [asyncio.create_task(read("flooding")) for _ in range(5)]
    calm = asyncio.create_task(read("calm"))
    while "calm" not in inside:  # noqa: ASYNC110
        await asyncio.sleep(0)
    before = inside.count("flooding")
    go_on.set()
    await asyncio.gather(*flood, calm)

    assert (2, 5) == (before, inside.count("flooding"))
    assert {} == turns.lines == turns.in_line


async def test_whoever_leaves_the_line_leaves_nothing_behind() -> None:
    turns = Turns(1)
    async with turns.of("flooding"):
        waiting = asyncio.create_task(turns.of("flooding").__aenter__())
        while turns.in_line["flooding"] < 2:  # noqa: ASYNC110
            await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert {"flooding": 1} == turns.in_line

    assert {} == turns.lines == turns.in_line


async def test_a_read_waits_in_its_own_tenants_line_only_and_a_change_in_none(
    client: Client,
) -> None:
    turns = client.door.turns = Turns(1)
    path, scopes = f"/v1/things/{TRIP}", frozenset(["trips:read"])
    other, _ = await client.keys.create("calm", "test", scopes, datetime.now(UTC))
    tenant = (await client.ask("GET", path)).json["name"].partition(":")[0]
    async with turns.of(tenant):
        held = asyncio.create_task(client.ask("GET", path))
        while turns.in_line[tenant] < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        theirs = await client.ask("GET", path, headers={"Authorization": f"Bearer {other}"})
        change = await client.ask("POST", "/v1/things", json={})
        assert not held.done()

    assert (200, 201, 200) == (theirs.status, change.status, (await held).status)
