"""Every process is replaced, one after the other, while trips are booked: nothing is lost, nothing
happens twice, and nobody waits for a lease of somebody who has gone."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import aiohttp
import pytest

from service.serving import bind
from tests.contracts.waiting import until
from tests.crash import stories
from tests.crash.player import Player
from tests.crash.proxy import Proxy
from tests.crash.stage import Stage
from tests.scenarios.audit import audit
from tests.scenarios.sandboxes import HOST

pytestmark = pytest.mark.timeout(240)

TRAVELLERS = 2
EVENTS_BETWEEN = 10
LOOK_S = 0.05
# Nobody waits so long: a second signal says that the balancer has heard.
LONG_DRAIN_S = "60"
HELD_S = 60


class Balancer:
    """Gives each new connection to a door that says it is ready."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session
        self.doors: list[int] = []

    async def status(self, port: int) -> int:
        try:
            async with self.session.get(f"http://{HOST}:{port}/readyz") as answer:
                return answer.status
        except aiohttp.ClientError:
            return 0

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        self.doors.append(self.doors.pop(0))
        for port in self.doors:
            if await self.status(port) == 200:
                return await asyncio.open_connection(HOST, port)
        raise ConnectionRefusedError("no door is open")


def free_ports(count: int) -> Iterable[int]:
    held = [bind(HOST, 0) for _ in range(count)]
    for each in held:
        yield each.getsockname()[1]
        each.close()


@asynccontextmanager
async def balanced(stage: Stage) -> AsyncIterator[Balancer]:
    """A balancer at the address that everybody knows."""
    async with aiohttp.ClientSession() as session:
        balancer = Balancer(session)
        port = int(stage.environment["TRIPLEDGER_PORT"])
        async with Proxy.listening(balancer.connect, port):
            yield balancer


async def open_door(stage: Stage, balancer: Balancer, port: int) -> Player:
    door = stage.start("api", "project", PORT=str(port), DRAIN_S=LONG_DRAIN_S)

    async def ready() -> bool:
        return await balancer.status(port) == 200

    await until(ready, HELD_S)
    balancer.doors.append(port)
    return door


async def close_door(balancer: Balancer, door: Player, port: int) -> None:
    """Readiness fails while requests are still answered; then the door ends by itself."""

    async def draining() -> bool:
        return await balancer.status(port) == 503

    door.send(signal.SIGTERM)
    await until(draining, HELD_S)
    balancer.doors.remove(port)
    async with balancer.session.get(f"http://{HOST}:{port}/healthz") as answer:
        assert (200, "close") == (answer.status, answer.headers["Connection"])
    door.send(signal.SIGTERM)
    assert 0 == await door.ended()


async def test_every_process_is_replaced_under_load(stage: Stage) -> None:
    world, enough = stage.world, asyncio.Event()
    before = await stage.trips_begun()

    async def travel() -> None:
        while not enough.is_set():
            await stories.usual(world)

    async with balanced(stage) as balancer:
        first, second, third, fourth = free_ports(4)
        doors = [await open_door(stage, balancer, port) for port in (first, second)]
        workers = [stage.start("work") for _ in range(2)]
        async with asyncio.TaskGroup() as travelling:
            for _ in range(TRAVELLERS):
                travelling.create_task(travel())
            for door, port, fresh in zip(doors, (first, second), (third, fourth), strict=True):
                await open_door(stage, balancer, fresh)
                await stage.grown(EVENTS_BETWEEN)
                await close_door(balancer, door, port)
            for worker in workers:
                stage.start("work")
                await stage.grown(EVENTS_BETWEEN)
                worker.send(signal.SIGTERM)
                assert 0 == await worker.ended()
            enough.set()
        await audit(world)
        assert before + len(world.trips) == await stage.trips_begun()


async def test_what_a_worker_could_not_finish_is_free_when_it_has_gone(stage: Stage) -> None:
    """No clock is moved: nobody has to wait for the lease."""
    world = stage.world
    stage.start("api", "project")
    worker = stage.start("work", SHUTDOWN_S="0")
    trip_id = await world.build(await world.find_flight())
    booked = await world.book(trip_id)
    await world.fault("duffel", "POST", "/air/orders", "commit_then_timeout", hold_s=HELD_S)
    await world.pay(booked["session_id"])
    await world.happened("duffel", trip_id, "order.created")

    worker.send(signal.SIGTERM)
    assert 0 == await worker.ended()
    left = await world.service.outbox.listed("leased")
    stage.start("work")
    trip = await world.until_status(trip_id, "completed", "failed")

    assert [] == list(left)
    assert "completed" == trip["status"]
    await audit(world)
