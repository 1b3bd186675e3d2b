"""Loading one trip of thirty events and folding it: ours, with its four bookings in streams of
their own and every rule of evolution, and the library's repository on one plain aggregate."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

from adapters.database import connect_database
from adapters.event_log.codec import EventCodec
from adapters.event_log.postgres import PostgresEventLog
from benchmarks.journeys import whole_trip
from benchmarks.library import Journey, Journeys, environment, lived
from benchmarks.measuring import Measure, Run, measure
from benchmarks.server import Place, new_database
from domain.dossier import TOPICS, fold

TRIPS = 200
EVENTS_EACH = 30


def timed(operations: int, started: float, times: list[float]) -> Measure:
    return measure(operations, time.perf_counter() - started, times)


@asynccontextmanager
async def ours(server: Place) -> AsyncIterator[Run]:
    place = await new_database(server, "bench_load_ours", migrated=True)
    async with (
        connect_database(place.url) as database,
        PostgresEventLog.opened(database, EventCodec(TOPICS)) as log,
    ):
        trips = [str(uuid4()) for _ in range(TRIPS)]
        await asyncio.gather(*(log.append(whole_trip(trip)) for trip in trips))

        async def run(_callers: int, seconds: float) -> Measure:
            times: list[float] = []
            started = time.perf_counter()
            while time.perf_counter() < started + seconds:
                begun = time.perf_counter()
                recorded = await log.read_trip(trips[len(times) % TRIPS])
                dossier = fold(r.event for r in recorded)
                times.append(time.perf_counter() - begun)
                assert dossier.version == EVENTS_EACH, "the whole trip was folded"
            return timed(len(times), started, times)

        yield run


@asynccontextmanager
async def stock(server: Place) -> AsyncIterator[Run]:
    place = await new_database(server, "bench_load_stock")
    application = Journeys(environment(place))
    try:
        trips = await asyncio.to_thread(saved, application)

        async def run(_callers: int, seconds: float) -> Measure:
            return await asyncio.to_thread(loaded, application, trips, seconds)

        yield run
    finally:
        application.close()


def saved(application: Journeys) -> list[UUID]:
    trips = [lived(str(uuid4())) for _ in range(TRIPS)]
    for trip in trips:
        application.save(trip)
    return [trip.id for trip in trips]


def loaded(application: Journeys, trips: list[UUID], seconds: float) -> Measure:
    times: list[float] = []
    started = time.perf_counter()
    while time.perf_counter() < started + seconds:
        begun = time.perf_counter()
        trip: Journey = application.repository.get(trips[len(times) % TRIPS])
        times.append(time.perf_counter() - begun)
        assert trip.version == EVENTS_EACH, "the whole trip was folded"
    return timed(len(times), started, times)
