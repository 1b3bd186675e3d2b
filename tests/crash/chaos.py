"""Everything at once and at random: processes are killed and paused, Postgres stops and comes back,
connections are cut; then it is calm, everything comes to rest, and all of it is audited."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from service.settings_rules import PREFIX
from tests.crash.player import Player
from tests.crash.proxy import Proxy
from tests.crash.stage import PAST_LEASES_S, PatientWorld, Stage, staged
from tests.postgres import own_server, scratch_directory, start_again, stop_immediately
from tests.scenarios.audit import UNDER_WAY, audit
from tests.scenarios.world import AMELIA, CONTACT, LOOK_S

TRAVELLERS = 2
WORKERS = 2
EVENTS_BETWEEN = 15
CALM_S_MAX = 300.0
SILENCE_S = 1.0
LATENCY_S = 0.02
CUT_CONNECTIONS = 6
CUT_BYTES_MAX = 20_000


@dataclass(slots=True)
class Chaos:
    """`story` tells what has been done to whom."""

    stage: Stage
    server: Path
    wires: dict[str, Proxy]
    chance: random.Random
    story: list[str] = field(default_factory=list)

    @property
    def blows(self) -> dict[str, Callable[[], Awaitable[None]]]:
        return {
            "a worker is killed": lambda: self.killed("work"),
            "the door is killed": lambda: self.killed("api"),
            "a worker is paused": self.paused,
            "postgres stops": self.postgres_stopped,
            **{f"{name} is reset": self.one_way(wire.reset) for name, wire in self.wires.items()},
            **{
                f"{name} is half closed": self.one_way(wire.half_close)
                for name, wire in self.wires.items()
            },
            **{f"{name} is silent": self.silent(wire) for name, wire in self.wires.items()},
            **{f"{name} is slow": self.slow(wire) for name, wire in self.wires.items()},
            **{f"{name} is cut": self.cut(wire) for name, wire in self.wires.items()},
        }

    async def round(self, blows: int | None = None) -> None:
        """Each blow once (or so many of them), in any order, while trips are booked; then calm."""
        world, enough = self.stage.world, asyncio.Event()
        world.trips.clear()
        before = await self.stage.trips_begun()

        async def travel() -> None:
            while not enough.is_set():
                await any_trip(world)

        async with asyncio.TaskGroup() as travelling:
            for _ in range(TRAVELLERS):
                travelling.create_task(travel())
            for name in self.chance.sample(sorted(self.blows), blows or len(self.blows)):
                await self.stage.grown(EVENTS_BETWEEN)
                self.story.append(name)
                await self.blows[name]()
            enough.set()
        await self.calm()
        await audit(world)
        assert before + len(world.trips) == await self.stage.trips_begun()
        for trip_id in world.trips:
            assert (await world.trip(trip_id))["status"] not in UNDER_WAY

    async def calm(self) -> None:
        """No more blows: everything must come to its end."""
        for wire in self.wires.values():
            wire.clear_up()
        await self.stage.world.advance(PAST_LEASES_S)
        async with asyncio.timeout(CALM_S_MAX):
            while await self.stage.world.unfinished():
                await self.stage.world.skip_ahead()
                await self.stage.world.service.log.changed(LOOK_S)

    # --- the blows

    def anybody(self, role: str) -> Player:
        found = [p for p in self.stage.players if p.alive and role in p.part.roles]
        return self.chance.choice(found)

    async def killed(self, role: str) -> None:
        victim = self.anybody(role)
        await victim.kill()
        await self.stage.follow(victim)

    async def paused(self) -> None:
        sleeper = self.anybody("work")
        sleeper.send(signal.SIGSTOP)
        await self.stage.world.advance(PAST_LEASES_S)
        await self.stage.grown(EVENTS_BETWEEN)
        sleeper.send(signal.SIGCONT)

    async def postgres_stopped(self) -> None:
        await stop_immediately(self.server)
        await start_again(self.server)

    def one_way(self, blow: Callable[[], None]) -> Callable[[], Awaitable[None]]:
        async def struck() -> None:
            blow()

        return struck

    def silent(self, wire: Proxy) -> Callable[[], Awaitable[None]]:
        async def silenced() -> None:
            wire.fall_silent()
            await asyncio.sleep(SILENCE_S)
            wire.clear_up()

        return silenced

    def slow(self, wire: Proxy) -> Callable[[], Awaitable[None]]:
        async def slowed() -> None:
            wire.latency_s = LATENCY_S
            await self.stage.grown(EVENTS_BETWEEN)
            wire.clear_up()

        return slowed

    def cut(self, wire: Proxy) -> Callable[[], Awaitable[None]]:
        async def cut() -> None:
            wire.cut_after += [
                self.chance.randrange(1, CUT_BYTES_MAX) for _ in range(CUT_CONNECTIONS)
            ]
            wire.reset()
            await self.stage.grown(EVENTS_BETWEEN)
            wire.clear_up()

        return cut


async def any_trip(world: PatientWorld) -> None:
    """Somebody builds, books and pays; whatever is refused on the way is refused for a reason."""
    offers = [await world.find_flight(), await world.find_stay()]
    trip_id = str((await world.call("POST", "/v1/trips"))["trip_id"])
    world.trips.append(trip_id)
    people = {"travelers": [AMELIA], "contact": CONTACT}
    await world.call("PUT", f"/v1/trips/{trip_id}/travelers", people)
    for offer in offers:
        body = {"offer_id": offer["offer_id"]}
        told = await world.ask("POST", f"/v1/trips/{trip_id}/items", body)
        if told.status >= 400:
            return
    booked = await world.ask("POST", f"/v1/trips/{trip_id}/book", {})
    if booked.status >= 400:
        return
    url = f"{world.stripe_url}/_sandbox/checkout/{booked.body['session_id']}/pay"
    async with world.session.post(url, json={"outcome": "paid"}) as answer:
        assert answer.status in {200, 400}, await answer.text()


@asynccontextmanager
async def chaos(seed: int) -> AsyncIterator[Chaos]:
    """The whole service at work, with everything it talks to reached by way of us."""
    async with AsyncExitStack() as stack:
        directory = stack.enter_context(scratch_directory())
        server, url = await stack.enter_async_context(own_server())
        postgres, by_way = await stack.enter_async_context(Proxy.before(url))
        stage = await stack.enter_async_context(staged(url, directory, through=by_way))
        wires = {"postgres": postgres}
        for name, there in (
            ("stripe", stage.world.stripe_url),
            ("duffel", stage.world.duffel_url),
        ):
            wires[name], here = await stack.enter_async_context(Proxy.before(there))
            stage.environment[f"{PREFIX}{name.upper()}_API_BASE"] = here
        stage.start("api")
        stage.start("project")
        for _ in range(WORKERS):
            stage.start("work")
        yield Chaos(stage, server, wires, random.Random(seed))
