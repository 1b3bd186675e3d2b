"""`tripledger projections …`: how far read models are, making them again from event 1, and proving
that they are what the log says."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from cyclopts import App

from adapters.console.pauses import Pauses
from adapters.read_models import PostgresReadModels, Projection
from adapters.read_tables import PROJECTIONS
from domain.log import UnreadableEvent
from service.cli.opening import book_in, cause, database, event_log, operator
from service.cli.output import FAILED, OK, answer, people, print_json, print_table, stop
from service.cli.progress import progress_to
from service.workers.projector import stopped_by
from service.workers.rebuilding import Compared, Rebuilt, compare_with_log
from service.workers.rebuilding import rebuild as rebuild_all

app = App(name="projections", help="Read models: list, pause, resume, rebuild, verify.")


@app.command(name="list")
def list_projections(*, json: bool = False) -> int:
    """Each read model, its version, how many positions it is behind the log, and the event that
    stops it, if one does; exit code 1 then."""

    async def work() -> list[dict[str, object]]:
        async with event_log() as log:
            checkpoints = await PostgresReadModels(log.database, log.codec).checkpoints()
            last = await log.last_position()
            pauses = await Pauses(log.database).listed()
            stops = [await stopped_by(log, p.name, p.position) for p in checkpoints]
        return [
            {
                "name": point.name,
                "version": point.version,
                "live": point.live,
                "position": point.position,
                "behind": last - point.position,
                "paused_by": pauses[point.name].paused_by if point.name in pauses else None,
                "stopped_by": str(stop) if stop else None,
            }
            for point, stop in zip(checkpoints, stops, strict=True)
        ]

    rows = asyncio.run(work())
    print_json(rows) if json else print_table("Read models", rows)
    return FAILED if any(row["stopped_by"] for row in rows) else OK


@app.command
def rebuild(*names: Projection, json: bool = False) -> int:
    """Fold the log again from event 1 beside the old rows, then switch over; all, unless named.

    The service may go on working: it reads the old rows until the new ones have caught up.
    """
    done = asyncio.run(rebuilt(names or PROJECTIONS))
    if json:
        print_json(done)
    for made in () if json else done:
        people.print(
            f"{made.name} is rebuilt from {made.events} events; version {made.version} is live."
        )
    return OK


async def rebuilt(names: Sequence[Projection]) -> Sequence[Rebuilt]:
    async with event_log() as log:
        await book_in(log.database).write(
            "rebuilt a projection", cause(), tenant="", subject=", ".join(names)
        )
        models = PostgresReadModels(log.database, log.codec)
        with progress_to(await log.last_position(), f"Rebuilding {', '.join(names)}") as done:
            try:
                return await rebuild_all(log, models, names, done)
            except UnreadableEvent as error:
                stop(FAILED, f"Nothing is rebuilt: {error}")


@app.command
def pause(name: Projection, reason: str, *, json: bool = False) -> int:
    """Hold a read model where it is, so that nothing of it changes under somebody's eyes."""

    async def work() -> None:
        async with database() as opened:
            book = book_in(opened)
            await book.write("paused a projection", cause(), tenant="", subject=name, reason=reason)
            await Pauses(opened).pause(name, operator(), reason, book.clock.now())

    asyncio.run(work())
    answer({"name": name, "paused": True}, f"{name} is held where it is.", json=json)
    return OK


@app.command
def resume(name: Projection, *, json: bool = False) -> int:
    """Let a read model go on that somebody has paused."""

    async def work() -> None:
        async with database() as opened:
            await book_in(opened).write("resumed a projection", cause(), tenant="", subject=name)
            await Pauses(opened).resume(name)

    asyncio.run(work())
    answer({"name": name, "paused": False}, f"{name} goes on.", json=json)
    return OK


@app.command
def verify(*names: Projection, json: bool = False) -> int:
    """Prove that read models are what the log says, byte for byte; exit code 1 names the first
    row that is not. All, unless named; the service may go on working."""
    found = [asyncio.run(compared(name)) for name in names or PROJECTIONS]
    if json:
        print_json(found)
    for one in () if json else found:
        if one.difference is None:
            people.print(f"{one.name} is what the log says: {one.events} events folded again.")
        else:
            differ = ", ".join(one.difference.columns)
            people.print(
                f"{one.name} is not what the log says: row {one.difference.key} differs in"
                f" {differ}. `tripledger projections rebuild {one.name}` puts it right.",
                soft_wrap=True,
                highlight=False,
            )
    return FAILED if any(one.difference for one in found) else OK


async def compared(name: Projection) -> Compared:
    async with event_log() as log:
        models = PostgresReadModels(log.database, log.codec)
        with progress_to(await models.checkpoint(name), f"Verifying {name}") as done:
            try:
                return await compare_with_log(log, models, name, done)
            except UnreadableEvent as error:
                stop(FAILED, f"{name} cannot be verified: {error}")
