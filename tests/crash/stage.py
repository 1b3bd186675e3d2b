"""The service as processes of its own, between two sandboxes that are processes too, seen and
driven from here; who dies is started again, and everybody outside is patient."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp

from adapters.api_keys import SCOPES
from adapters.database import CONNECTION_LOST, connect_database
from service.app import assembled
from service.serving import Role, bind, running
from service.settings import Settings
from service.settings_rules import (
    PREFIX,
    SANDBOX_DUFFEL_TOKEN,
    SANDBOX_DUFFEL_WEBHOOK_SECRET,
    SANDBOX_STRIPE_KEY,
    SANDBOX_STRIPE_WEBHOOK_SECRET,
)
from tests.crash.player import Part, Player, start
from tests.scenarios.sandboxes import HOST
from tests.scenarios.world import LOOK_S, POOL_CONNECTIONS_MAX, Told, World

LEASE_S = 10
# Beyond every lease, and beyond the life of a request whose process died.
PAST_LEASES_S = 61.0
PATIENCE_S = 90.0
IN_FLIGHT = "idempotency_in_flight"


@dataclass(slots=True)
class PatientWorld(World):
    """A world whose callers repeat what was not answered, under the key of the first try, and
    which looks again where the database was not there."""

    skipping: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def skip_ahead(self) -> None:
        async with self.skipping:
            with suppress(*CONNECTION_LOST):
                await World.skip_ahead(self)

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Told:
        sent = {"Idempotency-Key": uuid4().hex, **(headers or {})}
        async with asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    told = await World.ask(self, method, path, body, key=key, headers=sent)
                except (aiohttp.ClientError, OSError):
                    await asyncio.sleep(LOOK_S)
                    continue
                busy = told.status == 409 and told.body["code"] == IN_FLIGHT
                if told.status < 500 and not busy:
                    return told
                await asyncio.sleep(LOOK_S)


@dataclass(slots=True)
class Stage:
    """A world of which this process runs nothing, and the processes that run it."""

    world: PatientWorld
    environment: dict[str, str]
    logs: Path
    players: list[Player] = field(default_factory=list)

    def start(self, *roles: Role, **settings: str) -> Player:
        """A process of the service in these roles."""
        return self.cast(Part(roles), settings)

    def cast(self, part: Part, settings: Mapping[str, str] | None = None) -> Player:
        ours = {f"{PREFIX}{name}": value for name, value in (settings or {}).items()}
        log = self.logs / f"{len(self.players)}-{'-'.join(part.roles)}.log"
        player = start(part, self.environment | ours, log)
        self.players.append(player)
        return player

    async def follow(self, dead: Player) -> Player:
        """Another takes the place of who died, and what the dead one held is free."""
        assert not dead.alive
        successor = self.start(*dead.part.roles)
        await self.world.advance(PAST_LEASES_S)
        return successor

    async def trips_begun(self) -> int:
        """How many trips the log knows, including any that nobody was told of."""
        return int(
            await self.world.service.database.pool.fetchval(
                "SELECT count(*) FROM tripledger.trip_events WHERE topic = 'trip.started.v1'"
            )
        )

    async def grown(self, events: int) -> None:
        """Return when so many more events have been recorded."""
        log = self.world.service.log
        wanted = await log.last_position() + events
        while await log.last_position() < wanted:
            await log.changed(LOOK_S)

    async def stop(self) -> None:
        """Whoever lives finishes what it does."""
        await asyncio.gather(*(player.stop() for player in self.players))
        self.players.clear()


@asynccontextmanager
async def staged(
    database_url: str, directory: Path, *, through: str | None = None
) -> AsyncIterator[Stage]:
    """Both sandboxes at work, the service not yet. `through`: the URL under which the service's
    processes reach the database, if it is not the one this process looks at."""
    async with AsyncExitStack() as stack:
        port = stack.enter_context(bind(HOST, 0)).getsockname()[1]
        hooks = f"http://{HOST}:{port}/v1/webhooks"
        stripe_url, duffel_url = await asyncio.gather(
            stack.enter_async_context(sandbox_process("stripe", directory, hooks)),
            stack.enter_async_context(sandbox_process("duffel", directory, hooks)),
        )
        settings = Settings(
            data_dir=directory,
            host=HOST,
            port=port,
            stripe_api_base=stripe_url,
            duffel_api_base=duffel_url,
        )
        database = await stack.enter_async_context(
            connect_database(database_url, pool_size=POOL_CONNECTIONS_MAX)
        )
        service = await stack.enter_async_context(assembled(settings, database))
        await stack.enter_async_context(running(service, ()))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        keys = [
            (await service.keys.create(tenant, "test", frozenset(SCOPES), service.clock.now()))[0]
            for tenant in ("ours", "theirs")
        ]
        world = PatientWorld(
            service, settings.base_url, stripe_url, duffel_url, *keys, session, roles=()
        )
        stage = Stage(world, environment(settings, through or database_url), directory)
        stack.push_async_callback(stage.stop)
        yield stage


@asynccontextmanager
async def sandbox_process(name: str, directory: Path, hooks: str) -> AsyncIterator[str]:
    """The URL of a sandbox that keeps its journal on disk."""
    secrets = {
        "stripe": ("--api-key", SANDBOX_STRIPE_KEY, "--webhook-secret"),
        "duffel": ("--token", SANDBOX_DUFFEL_TOKEN, "--webhook-secret"),
    }
    signing = {
        "stripe": SANDBOX_STRIPE_WEBHOOK_SECRET,
        "duffel": SANDBOX_DUFFEL_WEBHOOK_SECRET,
    }
    journal = directory / f"{name}.journal"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", f"sandbox.{name}", "--webhook-url", f"{hooks}/{name}"),
        *(*secrets[name], signing[name], "--journal", str(journal)),
        stdout=PIPE,
    )
    assert process.stdout is not None
    try:
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.kill()
        await process.wait()


def environment(settings: Settings, database_url: str) -> dict[str, str]:
    ours = {
        "DATABASE_URL": database_url,
        "DATA_DIR": str(settings.data_dir),
        "HOST": settings.host,
        "PORT": str(settings.port),
        "STRIPE_API_BASE": settings.stripe_api_base,
        "DUFFEL_API_BASE": settings.duffel_api_base,
        "TASK_LEASE_S": str(LEASE_S),
        "TASK_POLL_S": "0.2",
        "RECONCILE_EVERY_S": "2",
        "DRAIN_S": "0",
        "WEBHOOKS_LOOPBACK": "true",
    }
    outside = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return outside | {f"{PREFIX}{name}": value for name, value in ours.items()}
