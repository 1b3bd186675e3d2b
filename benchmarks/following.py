"""Following the log from its first event: reading it decoded, and making the read models again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, get_args
from uuid import UUID, uuid4

from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresDatastore, PostgresTrackingRecorder
from eventsourcing.projection import Projection as LibraryProjection
from eventsourcing.projection import ProjectionRunner
from eventsourcing.utils import clear_topic_cache
from psycopg.sql import SQL, Identifier

from adapters.database import connect_database
from adapters.event_log.codec import EventCodec
from adapters.event_log.postgres import PostgresEventLog
from adapters.event_log.verify import verify
from adapters.read_models import PostgresReadModels, Projection
from benchmarks.journeys import whole_trip
from benchmarks.library import Journeys, environment, lived
from benchmarks.measuring import Measure, Run
from benchmarks.server import Place, new_database
from domain.dossier import TOPICS
from service.workers.rebuilding import rebuild

OURS_TRIPS = 1_000
STOCK_TRIPS = 200
EVENTS_EACH = 30
PAGE_EVENTS = 1_000
OUR_PAGE_EVENTS = 500
WRITING_AT_ONCE = 50


@asynccontextmanager
async def our_log(server: Place, name: str) -> AsyncIterator[PostgresEventLog]:
    """Thirty thousand events of a thousand trips."""
    place = await new_database(server, name, migrated=True)
    async with (
        connect_database(place.url) as database,
        PostgresEventLog.opened(database, EventCodec(TOPICS)) as log,
    ):
        for _ in range(OURS_TRIPS // WRITING_AT_ONCE):
            trips = [whole_trip(str(uuid4())) for _ in range(WRITING_AT_ONCE)]
            await asyncio.gather(*(log.append(trip) for trip in trips))
        await database.pool.execute("ANALYZE")
        yield log


@asynccontextmanager
async def ours_reading(server: Place) -> AsyncIterator[Run]:
    async with our_log(server, "bench_read_ours") as log:

        async def run(_callers: int, seconds: float) -> Measure:
            started = time.perf_counter()
            read = 0
            while time.perf_counter() < started + seconds:
                async for page in log.pages(0, OUR_PAGE_EVENTS):
                    read += len(page)
            return Measure(per_second=read / (time.perf_counter() - started))

        yield run


@asynccontextmanager
async def ours_verifying(server: Place) -> AsyncIterator[Run]:
    """Every link, version and position of the log, as `tripledger log verify` looks at them."""
    async with our_log(server, "bench_verify_ours") as log:

        async def run(_callers: int, seconds: float) -> Measure:
            started = time.perf_counter()
            seen = 0
            while time.perf_counter() < started + seconds:
                verified = await verify(log.database.url)
                assert verified.whole, "nobody has touched this log"
                seen += verified.events
            return Measure(per_second=seen / (time.perf_counter() - started))

        yield run


@asynccontextmanager
async def ours_rebuilding(server: Place) -> AsyncIterator[Run]:
    """All read models in one reading of the log, as `tripledger projections rebuild` does it."""
    async with our_log(server, "bench_rebuild_ours") as log:
        models = PostgresReadModels(log.database, log.codec)
        names: tuple[Projection, ...] = get_args(Projection)

        async def run(_callers: int, _seconds: float) -> Measure:
            started = time.perf_counter()
            made = await rebuild(log, models, names)
            elapsed = time.perf_counter() - started
            events = OURS_TRIPS * EVENTS_EACH
            assert {events} == {one.events for one in made}, "the whole log was folded"
            return Measure(per_second=events / elapsed)

        yield run


@asynccontextmanager
async def stock_application(server: Place, name: str) -> AsyncIterator[Journeys]:
    """Six thousand events of two hundred trips of the library's."""
    place = await new_database(server, name)
    application = Journeys(environment(place))

    def save() -> None:
        for _ in range(STOCK_TRIPS):
            application.save(lived(str(uuid4())))

    try:
        await asyncio.to_thread(save)
        yield application
    finally:
        application.close()


@asynccontextmanager
async def stock_reading(server: Place) -> AsyncIterator[Run]:
    async with stock_application(server, "bench_read_stock") as application:

        def read(seconds: float) -> Measure:
            started = time.perf_counter()
            count = position = 0
            while time.perf_counter() < started + seconds:
                page = application.recorder.select_notifications(
                    start=position, limit=PAGE_EVENTS, inclusive_of_start=False
                )
                for notification in page:
                    application.mapper.to_domain_event(notification)
                count += len(page)
                position = page[-1].id if page else 0
            return Measure(per_second=count / (time.perf_counter() - started))

        async def run(_callers: int, seconds: float) -> Measure:
            return await asyncio.to_thread(read, seconds)

        yield run


class Rows(PostgresTrackingRecorder):
    """One row per trip: how many events it has, and its newest facts."""

    def __init__(self, datastore: PostgresDatastore, **options: Any) -> None:
        super().__init__(datastore, **options)
        table = Identifier(self.datastore.schema), Identifier("bench_rows")
        self.sql_create_statements.append(
            SQL(
                "CREATE TABLE IF NOT EXISTS {0}.{1}"
                " (trip_id uuid PRIMARY KEY, events bigint NOT NULL, newest text NOT NULL)"
            ).format(*table)
        )
        self.upsert = SQL(
            "INSERT INTO {0}.{1} AS r VALUES (%s, %s, %s) ON CONFLICT (trip_id)"
            " DO UPDATE SET events = excluded.events, newest = excluded.newest"
        ).format(*table)

    def show(self, trip_id: UUID, version: int, newest: str, tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            cursor.execute(self.upsert, (trip_id, version, newest), prepare=True)
            self._insert_tracking(cursor, tracking)


class RowsOfTrips(LibraryProjection[Rows]):
    """The library's way: an event and its tracking in one transaction."""

    name = "rows"

    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        self.view.show(
            domain_event.originator_id,
            domain_event.originator_version,
            getattr(domain_event, "kind", "started"),
            tracking,
        )


@asynccontextmanager
async def stock_rebuilding(server: Place) -> AsyncIterator[Run]:
    """One read model of one small row per trip by the library's runner."""
    async with stock_application(server, "bench_rebuild_stock") as application:
        place = server.named("bench_rebuild_stock")
        last = application.recorder.max_notification_id()
        assert last is not None

        def rebuilt() -> Measure:
            view = ProjectionRunner(
                application_class=Journeys,
                projection_class=RowsOfTrips,
                view_class=Rows,
                env=dict(environment(place)),
            )
            with view as runner:
                started = time.perf_counter()
                runner.wait(last, timeout=300)
                elapsed = time.perf_counter() - started
            return Measure(per_second=last / elapsed)

        async def run(_callers: int, _seconds: float) -> Measure:
            clear_topic_cache()
            await forget_rows(application)
            return await asyncio.to_thread(rebuilt)

        yield run


async def forget_rows(application: Journeys) -> None:
    def forget() -> None:
        with application.recorder.datastore.transaction(commit=True) as cursor:  # type: ignore[attr-defined]
            cursor.execute("DROP TABLE IF EXISTS bench_rows, rows_tracking")

    await asyncio.to_thread(forget)
