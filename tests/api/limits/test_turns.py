"""One tenant's reads take turns, so that another's does not wait behind all of them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from service.http.guards.turns import THERE_S, Turns
from tests.api.conftest import Client

TRIP = "7d0c2a9e-4b2f-4f0e-9d51-3c6a1f0b8e24"


class Hands:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


class Reading:
    """Reads that are worked on until they are let go, one at a time."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self.inside: list[str] = []
        self.let_go = asyncio.Semaphore(0)
        self.tasks: list[asyncio.Task[None]] = []

    def begin(self, tenant: str, count: int) -> None:
        self.tasks += [asyncio.create_task(self.read(tenant)) for _ in range(count)]

    async def read(self, tenant: str) -> None:
        async with self.turns.of(tenant):
            self.inside.append(tenant)
            await self.let_go.acquire()

    async def inside_at_rest(self, tenant: str) -> int:
        """How many of a tenant's reads have got in so far, when nobody moves any more."""
        for _ in range(20):
            await asyncio.sleep(0)
        return self.inside.count(tenant)

    async def end(self) -> None:
        for _ in self.tasks:
            self.let_go.release()
        await asyncio.gather(*self.tasks)


async def test_so_many_of_a_tenant_at_once_and_the_rest_in_line() -> None:
    reading = Reading(Turns(3, 3, work_s_max=3_600.0))
    reading.begin("flooding", 5)
    reading.begin("calm", 1)
    before = await reading.inside_at_rest("flooding"), await reading.inside_at_rest("calm")
    await reading.end()

    assert (3, 1) == before
    assert 5 == reading.inside.count("flooding")
    assert {} == reading.turns.lines


async def test_beside_others_fewer_go_at_once_until_the_others_are_gone() -> None:
    hands = Hands()
    reading = Reading(Turns(3, 1, hands, 3_600.0))
    reading.begin("flooding", 1)
    reading.begin("calm", 1)
    reading.begin("flooding", 5)
    beside = await reading.inside_at_rest("flooding")
    hands.seconds += THERE_S
    for _ in range(2):
        reading.let_go.release()
    alone = await reading.inside_at_rest("flooding")
    await reading.end()

    assert (1, 4) == (beside, alone)
    assert 6 == reading.inside.count("flooding")


async def test_what_waits_for_somebody_holds_up_nobody_behind_it() -> None:
    reading = Reading(Turns(1, 1, work_s_max=0.0))
    reading.begin("slow", 3)
    reading.begin("calm", 1)
    async with asyncio.timeout(60):
        while len(reading.inside) < 4:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    await reading.end()

    assert {} == reading.turns.lines


async def test_whoever_leaves_the_line_leaves_nothing_behind() -> None:
    turns = Turns(1, work_s_max=3_600.0)
    async with turns.of("flooding"):
        waiting = [asyncio.create_task(turns.of("flooding").__aenter__()) for _ in range(3)]
        while len(turns.lines["flooding"].waiting) < 3:  # noqa: ASYNC110
            await asyncio.sleep(0)
        for each in waiting[:2]:
            each.cancel()
        await asyncio.gather(*waiting[:2], return_exceptions=True)
        assert 1 == len(turns.lines["flooding"].waiting)
    # Called up and cancelled before it knows: its turn goes on to the next.
    waiting[2].cancel()
    await asyncio.gather(*waiting, return_exceptions=True)

    assert {} == turns.lines


async def test_a_read_waits_in_its_own_tenants_line_only_and_a_change_in_none(
    client: Client,
) -> None:
    turns = client.door.turns = Turns(1, work_s_max=3_600.0)
    path, scopes = f"/v1/things/{TRIP}", frozenset(["trips:read"])
    other, _ = await client.keys.create("calm", "test", scopes, datetime.now(UTC))
    tenant = (await client.ask("GET", path)).json["name"].partition(":")[0]
    async with turns.of(tenant):
        held = asyncio.create_task(client.ask("GET", path))
        while not turns.lines[tenant].waiting:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        theirs = await client.ask("GET", path, headers={"Authorization": f"Bearer {other}"})
        change = await client.ask("POST", "/v1/things", json={})
        assert not held.done()

    assert (200, 201, 200) == (theirs.status, change.status, (await held).status)
