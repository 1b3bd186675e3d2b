"""Sets the demo's stage: an embedded Postgres, both sandboxes and the service, as processes of
their own that are started again when they fall over, and `demo.json` that tells where they are."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from adapters.api_keys import SCOPES, ApiKeys, PostgresApiKeyRows
from adapters.database import connect_database, open_database
from adapters.migrate import migrate
from adapters.sandbox_clock import SandboxClock
from service.settings import Settings
from service.settings_rules import (
    PREFIX,
    SANDBOX_DUFFEL_TOKEN,
    SANDBOX_DUFFEL_WEBHOOK_SECRET,
    SANDBOX_STRIPE_KEY,
    SANDBOX_STRIPE_WEBHOOK_SECRET,
    url_at,
)

HOST = "127.0.0.1"
START_S_MAX = 30.0
STOP_S_MAX = 10.0
RESTARTS_MAX = 20
LOOK_EVERY_S = 0.05
KEY_NAME = "demo"
MASTER_KEY_FILE = f"{PREFIX}MASTER_KEY_FILE"
TENANT, OTHER_TENANT = "demo", "other"
CLIENT_SCOPES = frozenset({"trips:read", "trips:write", "payments:write"})
# In a demonstration a lost webhook and a killed worker should not be waited for long, and nobody
# balances.
QUICK = {"RECONCILE_EVERY_S": "5", "TASK_LEASE_S": "15", "DRAIN_S": "0"}


class StageFailed(Exception):
    """Something would not start; says what and where its log is."""


@dataclass(slots=True)
class Stage:
    """Where everything is. Its public part is what `demo.json` holds."""

    base_url: str
    database_url: str = ""
    stripe_url: str = ""
    duffel_url: str = ""
    api_key: str = ""
    operator_key: str = ""
    other_tenant_api_key: str = ""
    stripe_webhook_secret: str = SANDBOX_STRIPE_WEBHOOK_SECRET
    pids: dict[str, int] = field(default_factory=dict)

    def described(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(slots=True)
class Player:
    """One process of the stage, kept running until the end, its own or ours. `command`: a module
    and its arguments."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str]
    log: Path
    process: Process | None = None
    restarts: int = 0

    async def start(self, *, first_line: bool = False) -> str:
        """Start it; with `first_line` answer the first line it prints, which says it is ready."""
        with self.log.open("ab") as sink:
            self.process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", "service.demo.held", *self.command),
                env=dict(self.env),
                stdin=PIPE,
                stdout=PIPE if first_line else sink,
                stderr=sink,
                start_new_session=True,
            )
        if not first_line:
            return ""
        assert self.process.stdout is not None, "its output is a pipe"
        try:
            async with asyncio.timeout(START_S_MAX):
                line = await self.process.stdout.readline()
        except TimeoutError:
            line = b""
        if not line:
            raise StageFailed(f"{self.name} did not start; see {self.log}")
        return line.decode().strip()

    async def stop(self) -> None:
        if self.process is None or self.process.returncode is not None:
            return
        self.process.terminate()
        try:
            async with asyncio.timeout(STOP_S_MAX):
                await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()


@asynccontextmanager
async def set_up(settings: Settings) -> AsyncIterator[Stage]:
    """The stage, ready; taken down when the block ends."""
    data_dir = settings.data_dir.resolve()
    logs = data_dir / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        stack.enter_context(alone_in(data_dir))
        url = await stack.enter_async_context(demo_database(settings, data_dir))
        base_url = url_at(settings.host, free_port(settings.host, settings.port))
        stage = Stage(base_url=base_url, database_url=url)
        await make_keys(stage)
        await raise_sandboxes(stack, stage, logs)
        await move_sandboxes(stage)
        env = service_env(settings, stage, data_dir)
        players = []
        for name, roles in (("api", ["api"]), ("work", ["work", "project"])):
            command = ["service.cli", "serve"]
            command += [part for role in roles for part in ("--role", role)]
            player = Player(name=name, command=command, env=env, log=logs / f"{name}.log")
            stack.push_async_callback(player.stop)
            await player.start()
            players.append(player)
        await until_ready(stage, players[0])
        described = data_dir / "demo.json"
        keeper = asyncio.create_task(keep_playing(players, stage, described))
        stack.push_async_callback(end, keeper)
        describe(stage, players, described)
        stack.callback(described.unlink, missing_ok=True)
        yield stage


@contextmanager
def alone_in(data_dir: Path) -> Iterator[None]:
    """Two demos on one database would work off each other's trips in each other's sandboxes."""
    with (data_dir / "demo.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StageFailed(
                f"a demo is running in {data_dir}: stop it, or set {PREFIX}DATA_DIR to another"
                " directory"
            ) from None
        yield


async def end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@asynccontextmanager
async def demo_database(settings: Settings, data_dir: Path) -> AsyncIterator[str]:
    given = settings.database_url.get_secret_value() if settings.database_url else None
    if given is not None:
        await migrate(given)
    async with open_database(given, data_dir) as database:
        yield database.url


async def make_keys(stage: Stage) -> None:
    """Fresh keys for this run; those of earlier runs stop working."""
    async with connect_database(stage.database_url, pool_size=2) as database:
        clock = SandboxClock(database)
        await clock.read()
        keys = ApiKeys(PostgresApiKeyRows(database))
        for old in await keys.listed():
            if old.name == KEY_NAME and old.usable(clock.now()):
                await keys.revoke(old.key_id, clock.now())

        async def create(tenant: str, scopes: frozenset[str]) -> str:
            text, _ = await keys.create(tenant, "test", scopes, clock.now(), name=KEY_NAME)
            return text

        stage.api_key = await create(TENANT, CLIENT_SCOPES)
        stage.operator_key = await create(TENANT, frozenset(SCOPES))
        stage.other_tenant_api_key = await create(OTHER_TENANT, CLIENT_SCOPES)


async def raise_sandboxes(stack: AsyncExitStack, stage: Stage, logs: Path) -> None:
    hooks = f"{stage.base_url}/v1/webhooks"
    commands = {
        "stripe": ["--api-key", SANDBOX_STRIPE_KEY, "--webhook-url", f"{hooks}/stripe"]
        + ["--webhook-secret", SANDBOX_STRIPE_WEBHOOK_SECRET],
        "duffel": ["--token", SANDBOX_DUFFEL_TOKEN, "--webhook-url", f"{hooks}/duffel"]
        + ["--webhook-secret", SANDBOX_DUFFEL_WEBHOOK_SECRET],
    }
    urls = []
    for name, options in commands.items():
        command = [f"sandbox.{name}", "--host", HOST, *options]
        player = Player(name=name, command=command, env=os.environ, log=logs / f"{name}.log")
        stack.push_async_callback(player.stop)
        urls.append(started(player, stage))
    stage.stripe_url, stage.duffel_url = await asyncio.gather(*urls)


async def started(player: Player, stage: Stage) -> str:
    url = await player.start(first_line=True)
    assert player.process is not None, "it has just been started"
    stage.pids[player.name] = player.process.pid
    return url


async def move_sandboxes(stage: Stage) -> None:
    """The service's time may have been moved in an earlier run; the sandboxes' must agree."""
    async with connect_database(stage.database_url, pool_size=2) as database:
        clock = SandboxClock(database)
        await clock.read()
    advance_s = clock.offset.total_seconds()
    if not advance_s:
        return
    async with aiohttp.ClientSession() as session:
        for url in (stage.stripe_url, stage.duffel_url):
            async with session.post(f"{url}/_sandbox/clock", json={"advance_s": advance_s}):
                pass


def service_env(settings: Settings, stage: Stage, data_dir: Path) -> dict[str, str]:
    """The environment of the service: the sandboxes', whatever real keys are about."""
    port = stage.base_url.rpartition(":")[2]
    ours = {
        "DATABASE_URL": stage.database_url,
        "DATA_DIR": str(data_dir),
        "HOST": settings.host,
        "PORT": port,
        "PUBLIC_URL": settings.public_url or stage.base_url,
        "STRIPE_API_KEY": SANDBOX_STRIPE_KEY,
        "STRIPE_API_BASE": stage.stripe_url,
        "STRIPE_WEBHOOK_SECRET": SANDBOX_STRIPE_WEBHOOK_SECRET,
        "DUFFEL_TOKEN": SANDBOX_DUFFEL_TOKEN,
        "DUFFEL_API_BASE": stage.duffel_url,
        "DUFFEL_WEBHOOK_SECRET": SANDBOX_DUFFEL_WEBHOOK_SECRET,
    }
    outside = {
        name: value
        for name, value in os.environ.items()
        if not (name.startswith(PREFIX) and name.endswith("_FILE") and name != MASTER_KEY_FILE)
    }
    quick = {f"{PREFIX}{name}": value for name, value in QUICK.items()}
    return {**quick, **outside, **{f"{PREFIX}{name}": value for name, value in ours.items()}}


def free_port(host: str, wanted: int) -> int:
    """The wanted port, or any free one when somebody else has it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in (wanted, 0):
        with suppress(OSError), socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            return int(probe.getsockname()[1])
    raise StageFailed(f"there is no free port on {host}")


async def until_ready(stage: Stage, api: Player) -> None:
    assert api.process is not None, "it has just been started"
    try:
        async with asyncio.timeout(START_S_MAX), aiohttp.ClientSession() as session:
            while api.process.returncode is None:
                with suppress(aiohttp.ClientError):
                    async with session.get(f"{stage.base_url}/readyz") as answer:
                        if answer.status == 200:
                            return
                await asyncio.sleep(LOOK_EVERY_S)
    except TimeoutError:
        pass
    raise StageFailed(f"the API did not get ready; see {api.log}")


async def keep_playing(players: Sequence[Player], stage: Stage, described: Path) -> None:
    """Start again whoever falls over (kill one and see), and tell the new process id."""

    async def keep(player: Player) -> None:
        while player.restarts < RESTARTS_MAX:
            assert player.process is not None, "it was started before it is kept"
            await player.process.wait()
            player.restarts += 1
            await player.start()
            describe(stage, players, described)

    await asyncio.gather(*(keep(player) for player in players))


def describe(stage: Stage, players: Sequence[Player], path: Path) -> None:
    """Write `demo.json`, readable by its owner only: it holds keys."""
    for player in players:
        assert player.process is not None, "all are started"
        stage.pids[player.name] = player.process.pid
    stage.pids["demo"] = os.getpid()
    draft = path.with_name(path.name + ".part")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(stage.described(), file, indent=2)
        file.write("\n")
    draft.replace(path)
