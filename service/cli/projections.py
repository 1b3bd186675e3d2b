"""`tripledger projections …`: how far read models are, and making them again from event 1."""

from __future__ import annotations

import asyncio
from typing import get_args

from cyclopts import App
from rich.progress import Progress

from adapters.read_models import PostgresReadModels, Projection
from service.cli.opening import event_log
from service.cli.output import OK, people, print_json, print_table
from service.workers.projector import Projector

app = App(name="projections", help="Read models: list, rebuild.")

NAMES: tuple[Projection, ...] = get_args(Projection)


@app.command(name="list")
def list_projections(*, json: bool = False) -> int:
    """Each read model, its version, and how many positions it is behind the log."""

    async def work() -> list[dict[str, object]]:
        async with event_log() as log:
            checkpoints = await PostgresReadModels(log.database, log.codec).checkpoints()
            last = await log.last_position()
        return [
            {
                "name": point.name,
                "version": point.version,
                "live": point.live,
                "position": point.position,
                "behind": last - point.position,
            }
            for point in checkpoints
        ]

    rows = asyncio.run(work())
    print_json(rows) if json else print_table("Read models", rows)
    return OK


@app.command
def rebuild(name: Projection) -> int:
    """Fold the log again from event 1 beside the old rows, then switch over."""

    async def work() -> int:
        async with event_log() as log:
            models = PostgresReadModels(log.database, log.codec)
            projector = Projector(log, models, name, poll_s=1.0)
            version = await models.begin_rebuild(name)
            with Progress(console=people, transient=True) as progress:
                bar = progress.add_task(name, total=await log.last_position())
                while await projector.catch_up(version):
                    position = await models.checkpoint(name, version)
                    progress.update(bar, completed=position)
            await models.go_live(name, version)
            return version

    version = asyncio.run(work())
    people.print(f"{name} is rebuilt; version {version} is live.")
    return OK
