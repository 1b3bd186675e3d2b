"""Workers as processes of their own, which can be killed as a power cut kills them."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field

from service.settings_rules import PREFIX
from tests.forking import Forked, fork
from tests.scenarios.world import World


@dataclass(slots=True)
class Crew:
    """All worker processes of a test, at work or dead."""

    processes: list[Forked] = field(default_factory=list)

    def start(self, world: World) -> None:
        """A worker with the world's settings; it is at work when work is being done."""
        self.processes.append(Forked(fork(environment(world), "serve", "--role", "work")))

    async def stop(self) -> None:
        """Let whoever is still at work finish; kill who does not."""
        await asyncio.gather(*(process.stop() for process in self.processes))


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
