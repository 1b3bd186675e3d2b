"""Workers as processes of their own, which can be killed as a power cut kills them."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, Process
from dataclasses import dataclass, field

from service.settings_rules import PREFIX
from tests.scenarios.world import World

STOP_S_MAX = 20.0


@dataclass(slots=True)
class Crew:
    """All worker processes of a test, at work or dead."""

    processes: list[Process] = field(default_factory=list)

    async def start(self, world: World) -> Process:
        """A worker with the world's settings; it is at work when work is being done."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "service.cli", "serve", "--role", "work"),
            env=environment(world),
            stdout=DEVNULL,
            stderr=DEVNULL,
        )
        self.processes.append(process)
        return process

    async def stop(self) -> None:
        """Let whoever is still at work finish; kill who does not."""
        for process in self.processes:
            if process.returncode is None:
                process.terminate()
        try:
            async with asyncio.timeout(STOP_S_MAX):
                await asyncio.gather(*(process.wait() for process in self.processes))
        except TimeoutError:
            await asyncio.gather(*(kill(p) for p in self.processes if p.returncode is None))
            raise


async def kill(process: Process) -> None:
    """SIGKILL: nothing is finished, nothing is told."""
    process.kill()
    await process.wait()


def environment(world: World) -> dict[str, str]:
    settings = world.service.settings
    ours = {
        "DATABASE_URL": world.service.database.url,
        "DATA_DIR": str(settings.data_dir),
        "HOST": settings.host,
        "PORT": str(settings.port),
        "STRIPE_API_BASE": settings.stripe_api_base,
        "DUFFEL_API_BASE": settings.duffel_api_base,
        "TASK_LEASE_S": str(settings.task_lease_s),
        "TASK_POLL_S": str(settings.task_poll_s),
    }
    outside = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return outside | {f"{PREFIX}{name}": value for name, value in ours.items()}
