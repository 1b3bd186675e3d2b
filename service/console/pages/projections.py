"""Read models: how far behind the log, held, or made anew with what is left to do."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import get_args

import structlog
from aiohttp import web

from adapters.console.pauses import Pause, Pauses
from adapters.read_models import Checkpoint, Projection
from service.app import Service
from service.console.door import Door
from service.console.operator import NotDone, NotThere, Visit
from service.console.rendering import Renderer, see_other
from service.operating.book import Deed
from service.workers.projector import stopped_by
from service.workers.rebuilding import rebuild

log = structlog.get_logger("service.console")

NAMES: tuple[str, ...] = get_args(Projection)
HERE = "/console/projections"
DEEDS: dict[str, Deed] = {
    "pause": "paused a projection",
    "resume": "resumed a projection",
    "rebuild": "rebuilt a projection",
    "stop": "stopped a rebuild",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A version on its way to be read. `left` is how long it will take as fast as it has been."""

    version: int
    position: int
    percent: int
    begun_at: datetime
    left: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelShown:
    name: str
    version: int
    position: int
    behind: int
    oldest_at: datetime | None
    stopped_by: str | None
    pause: Pause | None
    made: Sequence[Made]


class ProjectionsPage:
    def __init__(self, service: Service, pages: Renderer, door: Door, pauses: Pauses) -> None:
        self.service = service
        self.pages = pages
        self.door = door
        self.pauses = pauses
        self.rebuilds: dict[str, asyncio.Task[None]] = {}

    async def show(self, visit: Visit) -> web.StreamResponse:
        last = await self.service.log.last_position()
        models = await self.shown(visit, last)
        making = any(model.made for model in models)
        return self.pages.page(
            "projections.html", visit, models=models, last=last, making=making, position=last
        )

    async def shown(self, visit: Visit, last: int) -> list[ModelShown]:
        points = await self.service.models.checkpoints()
        pauses = await self.pauses.listed()
        begun, now = await self.pauses.begun(), await self.pauses.now()
        models = []
        for live in (point for point in points if point.live):
            fresh = [p for p in points if p.name == live.name and not p.live]
            behind = last - live.position
            models.append(
                ModelShown(
                    name=live.name,
                    version=live.version,
                    position=live.position,
                    behind=behind,
                    oldest_at=await self.pauses.recorded_after(live.position) if behind else None,
                    stopped_by=await self.stopped(live) if behind else None,
                    pause=pauses.get(live.name),
                    made=[
                        made_of(p, last, begun.get((p.name, p.version), now), now) for p in fresh
                    ],
                )
            )
        return models

    async def stopped(self, point: Checkpoint) -> str | None:
        """Why it cannot go on, where one event is what stops it."""
        error = await stopped_by(self.service.log, point.name, point.position)
        return str(error).rstrip(".") if error else None

    # --- acting

    async def act(self, visit: Visit) -> web.StreamResponse:
        name, act = visit.path("name"), visit.form.get("act", "")
        if name not in NAMES:
            raise NotThere
        if not visit.reason and act in {"pause", "rebuild"}:
            raise NotDone("A reason is needed: it is kept with your name.")
        doings = {
            "pause": self.pause,
            "resume": self.resume,
            "rebuild": self.rebuild,
            "stop": self.stop_rebuild,
        }
        if act not in doings:
            raise NotThere
        await self.door.written(visit, DEEDS[act], tenant="", subject=name)
        await doings[act](visit, name)
        return see_other(HERE)

    async def pause(self, visit: Visit, name: str) -> None:
        await self.pauses.pause(name, visit.operator.name, visit.reason, visit.now)

    async def resume(self, _: Visit, name: str) -> None:
        await self.pauses.resume(name)

    async def rebuild(self, _: Visit, name: str) -> None:
        """Begin, and answer at once; the page shows how far it is."""
        running = self.rebuilds.get(name)
        if running is not None and not running.done():
            raise NotDone(f"{name} is being rebuilt already.")
        before = {point.version for point in await self.service.models.checkpoints()}
        task = asyncio.create_task(self.rebuilt(name), name=f"rebuild:{name}")
        self.rebuilds[name] = task
        while not task.done():
            points = await self.service.models.checkpoints()
            if any(p.name == name and p.version not in before for p in points):
                return
            await asyncio.sleep(0)

    async def rebuilt(self, name: str) -> None:
        projection = next(each for each in get_args(Projection) if each == name)
        try:
            await rebuild(self.service.log, self.service.models, [projection])
        except Exception as error:
            log.warning("rebuild_failed", projection=name, reason=type(error).__name__)

    async def stop_rebuild(self, _: Visit, name: str) -> None:
        """Whoever rebuilds, wherever: without its version it cannot go on."""
        projection = next(each for each in get_args(Projection) if each == name)
        if (running := self.rebuilds.get(name)) is not None:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        for point in await self.service.models.checkpoints():
            if point.name == name and not point.live:
                await self.service.models.drop(projection, point.version)

    async def stop(self, _: web.Application) -> None:
        for task in self.rebuilds.values():
            task.cancel()
        await asyncio.gather(*self.rebuilds.values(), return_exceptions=True)


def made_of(point: Checkpoint, last: int, begun_at: datetime, now: datetime) -> Made:
    done = point.position / last if last else 1.0
    took = now - begun_at
    return Made(
        version=point.version,
        position=point.position,
        percent=min(int(done * 100), 100),
        begun_at=begun_at,
        left=took * ((1 - done) / done) if done else None,
    )
