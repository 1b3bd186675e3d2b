"""`tripledger log …`: whether the log is as it was written."""

from __future__ import annotations

import asyncio
from typing import Annotated

from cyclopts import App, Parameter

from adapters.event_log.verify import Anchor, Verified
from adapters.event_log.verify import verify as verify_log
from service.cli.numbers import Position
from service.cli.opening import database
from service.cli.output import FAILED, OK, USAGE, people, print_json, print_table, stop
from service.cli.progress import progress_to

app = App(name="log", help="The event log: verify.")


@app.command
def verify(
    *,
    json: bool = False,
    start: Annotated[Position, Parameter(name="--from")] = 1,
    anchor: str | None = None,
) -> int:
    """Prove that every event is what was recorded; exit code 1 names the first that is not.

    Parameters
    ----------
    start
        The position to begin at; what stands before it is taken as it is.
    anchor
        POSITION:LINK as an earlier verification printed it and somebody kept it elsewhere: proves
        that not even the owner of the database wrote the log anew since.
    """
    found = asyncio.run(verified(start, parsed(anchor)))
    if json:
        print_json(as_json(found))
    elif found.whole:
        people.print(
            f"The log is whole: {found.events} events verified up to position"
            f" {found.last_position}.\nKeep this anchor elsewhere: {found.anchor}",
            highlight=False,
            soft_wrap=True,
        )
    else:
        first = found.flaws[0]
        people.print(
            f"The log is not what was recorded. The first flaw is at position {first.position}"
            f" (stream {first.stream_id}, version {first.stream_version}): {first.why}.",
            highlight=False,
            soft_wrap=True,
        )
        print_table("Flaws", [flaw_row(found, number) for number in range(len(found.flaws))])
    return OK if found.whole else FAILED


def parsed(anchor: str | None) -> Anchor | None:
    try:
        return Anchor.parse(anchor) if anchor is not None else None
    except ValueError:
        stop(USAGE, "An anchor is POSITION:LINK, as `log verify` prints it.")


async def verified(start: int, anchor: Anchor | None) -> Verified:
    async with database() as opened:
        end = await opened.pool.fetchval("SELECT position FROM tripledger.log_head")
        with progress_to(max((end or 0) - start + 1, 0), "Verifying") as done:
            return await verify_log(
                opened.url,
                from_position=start,
                anchor=anchor,
                told=lambda position: done(position - start + 1),
            )


def flaw_row(found: Verified, number: int) -> dict[str, object]:
    flaw = found.flaws[number]
    return {
        "position": flaw.position,
        "stream_id": flaw.stream_id,
        "stream_version": flaw.stream_version,
        "why": flaw.why,
    }


def as_json(found: Verified) -> dict[str, object]:
    return {
        "whole": found.whole,
        "events": found.events,
        "first_position": found.first_position,
        "last_position": found.last_position,
        "anchor": found.anchor,
        "renumbered": found.renumbered,
        "flaws": [flaw_row(found, number) for number in range(len(found.flaws))],
    }
