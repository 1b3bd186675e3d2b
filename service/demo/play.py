"""`tripledger demo`: sets the stage, tells the story, and keeps serving until Ctrl-C."""

from __future__ import annotations

import asyncio
import signal
from time import monotonic

import aiohttp
from rich.console import Console
from rich.markup import escape

from service.demo.client import CallFailed, Client
from service.demo.stage import StageFailed, set_up
from service.demo.story import Story, StoryBroken, what_next
from service.settings import Settings


async def play(settings: Settings, console: Console, *, once: bool) -> int:
    """The exit code: 0 when everything the story promised came true."""
    console.print("[bold]Tripledger[/]: a trip becomes paid, fulfilled bookings, exactly once.\n")
    began = monotonic()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    waiting = console.status("Starting Postgres, both sandboxes and the service")
    waiting.start()
    try:
        async with set_up(settings) as stage:
            waiting.stop()
            console.print(
                "Postgres, a Stripe and a Duffel sandbox, the API and a worker are running "
                f"({monotonic() - began:.1f} s). Nothing leaves this machine."
            )
            async with Client(stage) as client:
                trip_id = await Story(client, console).tell()
            took = monotonic() - began
            console.print(f"\n[bold green]Done in {took:.1f} s.[/] Every promise above was kept.")
            what_next(console, stage, trip_id, str(settings.data_dir))
            if not once:
                console.print("\nServing. Press Ctrl-C to stop.")
                await stop.wait()
    except (StageFailed, StoryBroken, CallFailed, aiohttp.ClientError) as error:
        console.print(f"\n[bold red]The demo failed:[/] {escape(str(error))}")
        logs = settings.data_dir / "logs"
        console.print(f"What the processes said is in {escape(str(logs))}.")
        return 1
    finally:
        waiting.stop()
    return 0
