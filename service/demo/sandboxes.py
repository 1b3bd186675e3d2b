"""`tripledger sandbox`: both sandboxes without the service, for trying a service against them."""

from __future__ import annotations

import asyncio
import signal
from contextlib import AsyncExitStack

from rich.console import Console

from service.demo.stage import Stage, raise_sandboxes
from service.settings import Settings
from service.settings_rules import PREFIX


async def run_sandboxes(settings: Settings, console: Console) -> int:
    """Until Ctrl-C; their webhooks go to the service at the host and port of the settings."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    logs = settings.data_dir.resolve() / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    stage = Stage(base_url=settings.base_url)
    async with AsyncExitStack() as stack:
        await raise_sandboxes(stack, stage, logs)
        console.print("The sandboxes are running. Point the service at them with")
        console.print(f"  export {PREFIX}STRIPE_API_BASE={stage.stripe_url}", soft_wrap=True)
        console.print(f"  export {PREFIX}DUFFEL_API_BASE={stage.duffel_url}", soft_wrap=True)
        console.print(f"and `tripledger serve`, which they expect at {settings.base_url}.")
        console.print("Press Ctrl-C to stop.")
        await stop.wait()
    return 0
