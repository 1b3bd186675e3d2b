"""`python -m tests.crash.soak MINUTES SEED`: rounds of everything, each followed by an audit."""

from __future__ import annotations

import asyncio
import logging
import random
import sys
import time

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from tests.crash.chaos import chaos

MINUTES = 10.0
FAILED = 1


async def soak(minutes: float, seed: int) -> None:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:.0f}%"),
        TimeElapsedColumn(),
    )
    console = Console()
    console.print(f"seed {seed}, {minutes:g} minutes; each round ends with an audit")
    began, rounds, trips = time.monotonic(), 0, 0
    async with chaos(seed) as raised:
        try:
            with Progress(*columns, console=console) as progress:
                bar = progress.add_task("begins", total=minutes * 60)
                while not progress.finished:
                    await raised.round()
                    rounds += 1
                    trips += len(raised.stage.world.trips)
                    told = f"{rounds} rounds, {len(raised.story)} blows, {trips} trips"
                    done = time.monotonic() - began
                    progress.update(bar, completed=done, description=told)
        except Exception as error:
            error.add_note(f"seed {seed}, after {raised.story}")
            raise
    console.print(f"All promises held: {rounds} rounds, {len(raised.story)} blows, {trips} trips.")


def main() -> None:
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else MINUTES
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(2**32)
    # Connections are lost on purpose, and drivers tell of it.
    logging.disable(logging.WARNING)
    asyncio.run(soak(minutes, seed))


if __name__ == "__main__":
    main()
