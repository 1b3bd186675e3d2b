"""Whether the log gets slower as it grows: a small one and a large one, measured in turns."""

from __future__ import annotations

import random
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from statistics import median
from uuid import UUID

import asyncpg

from adapters.database import connect_database
from adapters.event_log.codec import EventCodec
from adapters.event_log.postgres import PostgresEventLog
from benchmarks.appending import OURS_PER_S_MAX, WARM_UP_S, appends
from benchmarks.journeys import whole_trip
from benchmarks.measuring import hammered
from benchmarks.server import Place, new_database
from domain.dossier import TOPICS, fold
from domain.ids import derived_id
from service.handle import new_id

SMALL_EVENTS = 10_000
SCALE_EVENTS = 1_000_000
EVENTS_EACH = 30
WRITERS = 8
KEPT_TRIPS = 5_000
COLUMNS = (
    *("originator_id", "originator_version", "topic", "state", "notification_id"),
    *("event_id", "trip_id", "tenant", "meta", "link"),
)
META = '{"actor": "key:bench", "request_id": "req-1"}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """How dear an append and a load are at this size, times what they are at ten thousand."""

    events: int
    append: float
    load: float
    appends_per_s: float
    loads_per_s: float


@dataclass(slots=True)
class Grown:
    """A log that can be made larger; remembers some trips from all of its life."""

    log: PostgresEventLog
    events: int = 0
    trips: list[str] = field(default_factory=list)

    async def grow(self, to: int) -> None:
        """Whole trips are copied in past the triggers; the last one may go beyond the size."""
        count = -(-(to - self.events) // EVENTS_EACH)
        connection = await asyncpg.connect(self.log.database.url)
        try:
            await connection.execute("SET session_replication_role = replica")
            await connection.copy_records_to_table(
                "trip_events",
                schema_name="tripledger",
                columns=COLUMNS,
                records=self.rows(count, await self.log.last_position()),
            )
            await connection.execute(
                "SELECT setval(pg_get_serial_sequence('tripledger.trip_events',"
                " 'notification_id'), max(notification_id)) FROM tripledger.trip_events"
            )
            await connection.execute("VACUUM (ANALYZE) tripledger.trip_events")
            await connection.execute("CHECKPOINT")
        finally:
            await connection.close()

    def rows(self, trips: int, position: int) -> Iterator[tuple[object, ...]]:
        pattern = whole_trip(new_id())
        stored = [self.log.codec.store(new) for new in pattern.events]
        numbers: dict[UUID | str, int] = {}
        which = [numbers.setdefault(e.originator_id, len(numbers)) for e in stored]
        chance = random.Random(self.events)
        for _ in range(trips):
            trip = UUID(new_id())
            streams = [trip, *(UUID(derived_id(str(trip), str(n))) for n in range(1, len(numbers)))]
            if len(self.trips) < KEPT_TRIPS:
                self.trips.append(str(trip))
            elif chance.random() < KEPT_TRIPS / (position / EVENTS_EACH):
                self.trips[chance.randrange(KEPT_TRIPS)] = str(trip)
            for event, number in zip(stored, which, strict=True):
                position += 1
                yield (
                    *(streams[number], event.originator_version, event.topic, event.state),
                    *(position, UUID(new_id()), trip, "acme", META, b""),
                )
        self.events += trips * EVENTS_EACH

    async def appends_per_s(self, seconds: float) -> float:
        for span in (WARM_UP_S, seconds):
            prepared = appends(int(OURS_PER_S_MAX * span))
            wanted = [partial(self.log.append, append) for append in prepared]
            found = await hammered(wanted, WRITERS, span)
        return found.per_second

    async def loads_per_s(self, seconds: float) -> float:
        """Trips of any age, most of them long out of the driver's and the database's sight."""
        chosen = random.Random(len(self.trips)).sample(self.trips, len(self.trips))
        started = time.perf_counter()
        count = 0
        while time.perf_counter() < started + seconds:
            recorded = await self.log.read_trip(chosen[count % len(chosen)])
            dossier = fold(r.event for r in recorded)
            assert dossier.version == EVENTS_EACH, "the whole trip was folded"
            count += 1
        return count / (time.perf_counter() - started)


@asynccontextmanager
async def grown(server: Place, name: str) -> AsyncIterator[Grown]:
    place = await new_database(server, name, migrated=True)
    async with (
        connect_database(place.url) as database,
        PostgresEventLog.opened(database, EventCodec(TOPICS)) as log,
    ):
        yield Grown(log)


def sizes(most: int) -> Sequence[int]:
    """A million, and ten times as many again up to what is wanted."""
    found = [min(SCALE_EVENTS, most)]
    while found[-1] < most:
        found.append(min(10 * found[-1], most))
    return found


async def growth(
    server: Place, *, most: int, rounds: int, seconds: float, told: Callable[[str], None]
) -> list[Growth]:
    found = []
    async with AsyncExitStack() as stack:
        small = await stack.enter_async_context(grown(server, "bench_scale_small"))
        large = await stack.enter_async_context(grown(server, "bench_scale_large"))
        await small.grow(SMALL_EVENTS)
        for size in sizes(most):
            told(f"Growing: filling up to {size:,} events")
            await large.grow(size)
            appending, loading = [], []
            for number in range(1, rounds + 1):
                told(f"Growing: {size:,} events, round {number} of {rounds}")
                # Who comes second works while the disk still has the first one's pages to write.
                turns = (small, large) if number % 2 else (large, small)
                appended = {log is large: await log.appends_per_s(seconds) for log in turns}
                loaded = {log is large: await log.loads_per_s(seconds) for log in turns}
                appending.append((appended[False], appended[True]))
                loading.append((loaded[False], loaded[True]))
            found.append(
                Growth(
                    events=size,
                    append=median(few / many for few, many in appending),
                    load=median(few / many for few, many in loading),
                    appends_per_s=median(many for _, many in appending),
                    loads_per_s=median(many for _, many in loading),
                )
            )
    return found
