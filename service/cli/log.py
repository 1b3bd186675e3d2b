"""`tripledger log …`: whether the log is as it was written."""

from __future__ import annotations

import asyncio

from cyclopts import App

from service.cli.opening import event_log
from service.cli.output import FAILED, OK, people, print_json, print_table

app = App(name="log", help="The event log: verify.")


@app.command
def verify(*, json: bool = False) -> int:
    """Check every event against the hash chain; exit code 1 names what was tampered with."""

    async def work() -> tuple[list[dict[str, object]], int]:
        async with event_log() as log:
            broken = await log.broken_links()
            last = await log.last_position()
        rows: list[dict[str, object]] = [
            {
                "position": link.position,
                "stream_id": link.stream_id,
                "stream_version": link.stream_version,
            }
            for link in broken
        ]
        return rows, last

    broken, last = asyncio.run(work())
    if json:
        print_json({"last_position": last, "broken": broken})
    elif broken:
        print_table("Events that are not what was recorded", broken)
    else:
        people.print(f"The log is whole: positions up to {last} verified.")
    return FAILED if broken else OK
