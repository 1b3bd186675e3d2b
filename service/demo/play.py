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
    stop_when_told()
    console.print("[bold]Tripledger[/]: a trip becomes paid, fulfilled bookings, exactly once.\n")
    began, told = monotonic(), False
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
            told = True
            if not once:
                console.print("\nServing. Press Ctrl-C to stop.")
                await asyncio.Event().wait()
    except asyncio.CancelledError:
        if not told:
            console.print("\nStopped before everything was told.")
            return 1
    except (StageFailed, StoryBroken, CallFailed, aiohttp.ClientError) as error:
        console.print(f"\n[bold red]The demo failed:[/] {escape(str(error))}")
        logs = settings.data_dir / "logs"
        console.print(f"What the processes said is in {escape(str(logs))}.")
        return 1
    finally:
        waiting.stop()
    return 0


def stop_when_told() -> None:
    """Ctrl-C, SIGTERM and a terminal that is closed end this task wherever it is, and only once:
    how it then takes down what it has set up is not interrupted."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None, "a coroutine is run by a task"
    heard = asyncio.Event()

    def hear() -> None:
        if not heard.is_set():
            heard.set()
            task.cancel()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        # Under `nohup` a closed terminal is nobody's business.
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, hear)
