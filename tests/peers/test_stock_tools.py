"""The eventsourcing library's stock Postgres recorder and a stock application open our log, read
every event that the service wrote, and write beside it without leaving its order."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID, uuid4

import msgspec
import pytest
import pytest_asyncio
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, DomainEvent, event
from eventsourcing.persistence import IntegrityError, StoredEvent
from eventsourcing.utils import clear_topic_cache, register_topic

from adapters.database import Database
from adapters.event_log.codec import EventCodec
from adapters.event_log.postgres import PostgresEventLog
from benchmarks.journeys import CAUSE, commands, first_steps
from benchmarks.server import Place
from domain.dossier import TOPICS, Dossier
from domain.trip.lifecycle import status
from service.handle import Road

pytest.importorskip("psycopg", reason="the library's recorder needs its postgres extra")

CODEC = EventCodec(TOPICS)
LIFE_EVENTS = 30


class Trips(Application[UUID]):
    """Its tables are named after it: `trip_events` is ours."""

    name = "trip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Renamed:
    name: str


class Shop(Aggregate):
    """Something of somebody else's."""

    @event("Opened")
    def __init__(self, name: str) -> None:
        self.name = name

    @event("Renamed")
    def rename(self, name: str) -> None:
        self.name = name


SHOP_TOPICS: dict[str, type] = {"shop.opened.v1": Opened, "shop.renamed.v1": Renamed}
Shop.Opened.TOPIC = "shop.opened.v1"  # type: ignore[attr-defined]
Shop.Renamed.TOPIC = "shop.renamed.v1"  # type: ignore[attr-defined]
# In the library's eyes an event is a class that its topic names.
READABLE = {
    topic: type(cls.__name__, (DomainEvent,), {"TOPIC": topic}) for topic, cls in TOPICS.items()
}


@pytest.fixture
def topics() -> Iterator[None]:
    clear_topic_cache()
    for topic, cls in READABLE.items():
        register_topic(topic, cls)
    for cls in (Shop.Opened, Shop.Renamed):  # type: ignore[attr-defined]
        register_topic(cls.TOPIC, cls)
    yield
    clear_topic_cache()


@pytest_asyncio.fixture
async def log(database: Database) -> AsyncIterator[PostgresEventLog]:
    codec = EventCodec({**TOPICS, **SHOP_TOPICS})
    async with PostgresEventLog.opened(database, codec) as opened:
        yield opened


@contextmanager
def stock_application(url: str, **variables: str) -> Iterator[Trips]:
    place = Place.at(url)
    application = Trips(
        {
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": place.name,
            "POSTGRES_HOST": place.host,
            "POSTGRES_PORT": "5432",
            "POSTGRES_USER": place.user,
            "POSTGRES_PASSWORD": "none",
            "POSTGRES_SCHEMA": "tripledger",
            **variables,
        }
    )
    try:
        yield application
    finally:
        application.close()


async def live(log: PostgresEventLog) -> str:
    """A trip's whole life, by commands on the one road to the log."""
    road = Road(log)
    trip_id = str(uuid4())
    dossier = Dossier()
    for step in commands(trip_id):
        dossier = (await road.handle(trip_id, step(dossier), CAUSE)).dossier
    assert dossier.trip is not None
    assert status(dossier.trip) == "completed"
    return trip_id


def facts(event: Any) -> dict[str, Any]:
    """What an event of the library's says, without where it stands."""
    return {k: v for k, v in vars(event).items() if not k.startswith("originator_")}


@pytest.mark.usefixtures("topics")
async def test_a_stock_application_reads_every_event_of_the_service(
    log: PostgresEventLog, database_url: str
) -> None:
    lives = [await live(log) for _ in range(2)]
    ours = await log.read_all(0, 100)
    assert 2 * LIFE_EVENTS == len(ours)

    def read() -> None:
        with stock_application(database_url) as application:
            seen = application.recorder.select_notifications(start=1, limit=100)
            assert [(r.position, r.stream_id, r.stream_version, r.topic) for r in ours] == [
                (n.id, str(n.originator_id), n.originator_version, n.topic) for n in seen
            ]
            told = [facts(application.mapper.to_domain_event(n)) for n in seen]
            plain = [msgspec.json.decode(CODEC.encoder.encode(r.event)) for r in ours]
            assert plain == told
            streams = {r.stream_id for r in ours}
            assert 2 * 5 == len(streams)
            for stream_id in streams:
                mine = [r for r in ours if r.stream_id == stream_id]
                events = list(application.events.get(UUID(stream_id)))
                assert [r.stream_version for r in mine] == [e.originator_version for e in events]
            assert ours[-1].position == application.recorder.max_notification_id()

    await asyncio.to_thread(read)
    assert {r.trip_id for r in ours} == set(lives)


@pytest.mark.usefixtures("topics")
async def test_a_stock_application_that_may_create_nothing_reads_and_leaves_no_trace(
    log: PostgresEventLog, database_url: str
) -> None:
    await live(log)
    things = (
        "SELECT (SELECT count(*) FROM pg_class) + (SELECT count(*) FROM pg_type)"
        " + (SELECT count(*) FROM pg_proc)"
    )
    before = await log.database.pool.fetchval(things)

    def read() -> int:
        with stock_application(database_url, CREATE_TABLE="n") as application:
            return len(application.recorder.select_notifications(start=1, limit=100))

    assert LIFE_EVENTS == await asyncio.to_thread(read)
    assert before == await log.database.pool.fetchval(things)


@pytest.mark.usefixtures("topics")
async def test_what_the_library_writes_is_part_of_our_log(
    log: PostgresEventLog, database_url: str
) -> None:
    await live(log)
    shop = Shop("Corner")

    def write() -> None:
        with stock_application(database_url) as application:
            shop.rename("Corner & Sons")
            application.save(shop)
            again = cast(Shop, application.repository.get(shop.id))
            again.rename("Corner & Daughters")
            application.save(again)
            assert again.name == cast(Shop, application.repository.get(shop.id)).name

    await asyncio.to_thread(write)
    await log.append(first_steps(str(uuid4())))

    theirs = await log.read_stream(str(shop.id))
    assert ["Corner", "Corner & Sons", "Corner & Daughters"] == [r.event.name for r in theirs]  # type: ignore[union-attr]
    assert [1, 2, 3] == [r.stream_version for r in theirs]
    assert [LIFE_EVENTS + n for n in (1, 2, 3)] == [r.position for r in theirs]
    assert LIFE_EVENTS + 3 + 2 == len(await log.read_all(0, 100))
    assert [] == list(await log.broken_links())


@pytest.mark.usefixtures("topics")
async def test_the_library_is_refused_a_version_that_is_taken(
    log: PostgresEventLog, database_url: str
) -> None:
    trip_id = await live(log)
    before = await log.read_all(0, 100)

    def write() -> None:
        with stock_application(database_url) as application:
            late = StoredEvent(UUID(trip_id), 3, "trip.item-removed.v1", b"{}")
            with pytest.raises(IntegrityError):
                application.recorder.insert_events([late])

    await asyncio.to_thread(write)
    assert before == await log.read_all(0, 100)


@pytest.mark.usefixtures("topics")
async def test_both_kinds_of_writer_at_once_keep_one_order_and_lose_nothing(
    log: PostgresEventLog, database_url: str
) -> None:
    rounds = 40
    done = asyncio.Event()
    seen: list[int] = []

    async def follow() -> None:
        while True:
            last_look = done.is_set()
            page = await log.read_all(seen[-1] if seen else 0, 9)
            seen.extend(r.position for r in page)
            if last_look and not page:
                return
            await log.changed(0.01)

    def write() -> None:
        with stock_application(database_url) as application:

            def shops() -> None:
                for n in range(rounds):
                    shop = Shop(f"Shop {n}")
                    shop.rename(f"Shop {n}, renamed")
                    application.save(shop)

            threads = [threading.Thread(target=shops) for _ in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    async def ours() -> None:
        for _ in range(rounds):
            await asyncio.gather(*(log.append(first_steps(str(uuid4()))) for _ in range(3)))

    following = asyncio.create_task(follow())
    await asyncio.gather(ours(), asyncio.to_thread(write))
    done.set()
    await following

    assert rounds * (3 * 2 + 2 * 2) == len(seen)
    assert sorted(set(seen)) == seen
    assert [] == list(await log.broken_links())
