"""Appending two events to a new stream: our log, and the eventsourcing library's own recorder."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import cast

from eventsourcing.persistence import InfrastructureFactory, StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder
from eventsourcing.utils import Environment

from adapters.database import connect_database
from adapters.event_log.codec import EventCodec
from adapters.event_log.postgres import PostgresEventLog
from benchmarks.journeys import first_steps
from benchmarks.library import environment
from benchmarks.measuring import Measure, Run, hammered, measure
from benchmarks.server import Place, new_database
from domain.dossier import TOPICS
from domain.log import Append
from domain.trip.events import TripStarted
from service.handle import new_id

# What is prepared for each second: twice what they manage where this was written. Who is faster is
# measured for a shorter time.
OURS_PER_S_MAX = 12_000
STOCK_PER_S_MAX = 4_000
WARM_UP_S = 0.5


def appends(count: int) -> Iterator[Append]:
    """Appends of new trips. Deciding is measured elsewhere, so it is done once."""
    pattern = first_steps(new_id())
    for _ in range(count):
        trip_id = new_id()
        events = []
        for new in pattern.events:
            event = new.event
            if isinstance(event, TripStarted):
                event = replace(event, trip_id=trip_id)
            events.append(replace(new, event_id=new_id(), stream_id=trip_id, event=event))
        yield replace(pattern, trip_id=trip_id, events=events)


@asynccontextmanager
async def ours(server: Place) -> AsyncIterator[Run]:
    """The whole log as the service uses it: encoding, expected position, hash chain, hints."""
    place = await new_database(server, "bench_append_ours", migrated=True)
    async with (
        connect_database(place.url) as database,
        PostgresEventLog.opened(database, EventCodec(TOPICS)) as log,
    ):

        async def run(writers: int, seconds: float) -> Measure:
            for span in (WARM_UP_S, seconds):
                prepared = appends(int(OURS_PER_S_MAX * span))
                wanted = [partial(log.append, append) for append in prepared]
                found = await hammered(wanted, writers, span)
            return found

        yield run


@asynccontextmanager
async def stock(server: Place, *, functions: bool) -> AsyncIterator[Run]:
    """The library's recorder, given ready-made bytes, one thread and connection per writer."""
    name = "bench_append_functions" if functions else "bench_append_stock"
    place = await new_database(server, name)

    async def run(writers: int, seconds: float) -> Measure:
        found = environment(place, functions=functions, connections=writers)
        with InfrastructureFactory.construct(Environment("trips", found)) as factory:
            recorder = cast(PostgresApplicationRecorder, factory.application_recorder())
            await asyncio.to_thread(in_threads, recorder, writers, WARM_UP_S)
            return await asyncio.to_thread(in_threads, recorder, writers, seconds)

    yield run


def ready_made(count: int) -> Iterator[Sequence[StoredEvent]]:
    codec = EventCodec(TOPICS)
    for append in appends(count):
        yield [codec.store(new) for new in append.events]


def in_threads(recorder: PostgresApplicationRecorder, writers: int, seconds: float) -> Measure:
    waiting = iter(list(ready_made(int(STOCK_PER_S_MAX * seconds))))
    times: list[float] = []
    end = time.perf_counter() + seconds

    def work() -> None:
        for events in waiting:
            started = time.perf_counter()
            recorder.insert_events(events)
            times.append(time.perf_counter() - started)
            if time.perf_counter() > end:
                return

    started = time.perf_counter()
    with ThreadPoolExecutor(writers) as pool:
        for each in [pool.submit(work) for _ in range(writers)]:
            each.result()
    return measure(len(times), time.perf_counter() - started, times)
