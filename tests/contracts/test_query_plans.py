"""On a log of fifty thousand events every hot question is answered by its index: what the adapters
really send is caught on the wire and explained, with its values and without."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio

from adapters.database import Database, leave_connection, set_up_connection
from adapters.event_log.hints import Hints
from adapters.event_log.postgres import PostgresEventLog
from adapters.inbox import PostgresInbox
from adapters.outbox import PostgresOutbox
from adapters.read_models import PostgresReadModels
from tests.contracts.events import NOON, append, codec, effect, event, first, new_id
from tests.postgres import fresh_database, make_template

TRIPS = 5_000
EVENTS_EACH = 10
EVENTS = TRIPS * EVENTS_EACH

EVENT_COLUMNS = [
    "originator_id",
    "originator_version",
    "topic",
    "state",
    "notification_id",
    "event_id",
    "trip_id",
    "tenant",
    "link",
]


@dataclass(frozen=True, slots=True)
class Stores:
    log: PostgresEventLog
    models: PostgresReadModels
    outbox: PostgresOutbox
    inbox: PostgresInbox
    pool: asyncpg.Pool
    sent: list[Any]
    trip: str


def event_rows(trips: list[UUID]) -> Iterator[tuple[object, ...]]:
    position = 0
    for version in range(1, EVENTS_EACH + 1):
        for number, trip in enumerate(trips):
            position += 1
            tenant = f"tenant-{number % 50}"
            state = b'{"n": 1}'
            yield trip, version, "test.noted.v1", state, position, uuid4(), trip, tenant, b""


async def fill(connection: asyncpg.Connection, trips: list[UUID]) -> None:
    """What a year of business leaves behind, copied in past the triggers."""
    await connection.execute("SET session_replication_role = replica")
    copy = connection.copy_records_to_table
    await copy(
        "trip_events",
        schema_name="tripledger",
        records=event_rows(trips),
        columns=EVENT_COLUMNS,
    )
    await connection.execute(
        f"SELECT setval(pg_get_serial_sequence('tripledger.trip_events', 'notification_id'),"
        f" {EVENTS})"
    )
    numbered = list(enumerate(trips))
    await copy(
        "read_trip_details",
        schema_name="tripledger",
        records=[(1, t, f"tenant-{n % 50}", EVENTS - TRIPS + n + 1, b"{}") for n, t in numbered],
    )
    await copy(
        "read_bookings",
        schema_name="tripledger",
        records=[
            (1, uuid4(), f"CODE{n:04}", uuid4(), t, f"tenant-{n % 50}", EVENTS, "{}")
            for n, t in numbered
        ],
    )
    await copy(
        "tasks",
        schema_name="tripledger",
        columns=["key", "kind", "trip_id", "subject", "due", "state"],
        records=[
            (f"key-{n}", "quote_trip", t, "s", NOON, "done" if n % 100 else "ready")
            for n, t in numbered
        ],
    )
    await copy(
        "inbox",
        schema_name="tripledger",
        columns=["inbox_id", "provider", "event_id", "dedupe_key", "type", "facts", "received_at"],
        records=[
            (uuid4(), "stripe", f"evt_{n}", f"fact_{n}", "t", "{}", NOON) for n, _ in numbered
        ],
    )
    await connection.execute("SET session_replication_role = origin")
    await connection.execute("ANALYZE")


@pytest_asyncio.fixture(scope="module")
async def stores(postgres_server: str) -> AsyncIterator[Stores]:
    """All stores on one large database, and what they send to it."""
    sent: list[Any] = []
    trips = [uuid4() for _ in range(TRIPS)]

    async def watched(connection: asyncpg.Connection) -> None:
        await set_up_connection(connection)
        connection.add_query_logger(sent.append)

    async with AsyncExitStack() as stack:
        template = await make_template(postgres_server)
        url = await stack.enter_async_context(fresh_database(postgres_server, template))
        connection = await asyncpg.connect(url)
        stack.push_async_callback(connection.close)
        await fill(connection, trips)
        pool = await stack.enter_async_context(
            asyncpg.create_pool(url, min_size=1, max_size=1, init=watched, reset=leave_connection)
        )
        hints = await stack.enter_async_context(Hints.listening(url))
        database = Database(url, pool, hints)
        log = await stack.enter_async_context(PostgresEventLog.opened(database, codec()))
        yield Stores(
            log=log,
            models=PostgresReadModels(database, codec()),
            outbox=PostgresOutbox(database),
            inbox=PostgresInbox(database),
            pool=pool,
            sent=sent,
            trip=str(trips[TRIPS // 2]),
        )


Ask = Callable[[Stores], Awaitable[object]]
TRIP = {"trip_events_trip_idx"}
TAIL = {"trip_events_trip_idx", "read_trip_details_pkey"}

QUESTIONS: dict[str, tuple[Ask, set[str]]] = {
    "a trip": (lambda s: s.log.read_trip(s.trip), TRIP),
    "a trip's tail": (lambda s: s.log.read_trip(s.trip, EVENTS // 2), TRIP),
    "a stream": (lambda s: s.log.read_stream(s.trip), {"trip_events_pkey"}),
    "a page of all": (
        lambda s: s.log.read_all(EVENTS // 2, 1000),
        {"trip_events_notification_id_idx"},
    ),
    "the end of all": (lambda s: s.log.read_all(EVENTS, 1), {"trip_events_notification_id_idx"}),
    "a page of a tenant": (
        lambda s: s.log.read_all(EVENTS // 2, 100, "tenant-7"),
        {"trip_events_tenant_idx"},
    ),
    "the last position": (
        lambda s: s.log.last_position(),
        {"trip_events_notification_id_idx"},
    ),
    "a trip as it is now": (lambda s: s.models.trip_with_tail(s.trip), TAIL),
    "rows of some trips": (lambda s: s.models.trips([s.trip]), {"read_trip_details_pkey"}),
    "a booking": (lambda s: s.models.booking(new_id()), {"read_bookings_pkey"}),
    "a booking by its code": (
        lambda s: s.models.booking_by_code("CODE0042"),
        {"read_bookings_version_code_key"},
    ),
    "a group": (lambda s: s.models.bookings_of_group(new_id()), {"read_bookings_group_idx"}),
    "a trip's bookings": (
        lambda s: s.models.bookings_of_trip(s.trip),
        {"read_bookings_trip_idx"},
    ),
    "work that is due": (
        lambda s: s.outbox.claim(NOON + timedelta(days=1), 10, 60.0),
        {"tasks_open_idx", "tasks_pkey"},
    ),
    "when work is due": (lambda s: s.outbox.next_due(), {"tasks_open_idx"}),
    "work to hasten": (lambda s: s.outbox.hasten("key-100", NOON), {"tasks_key_key"}),
    "a trip's work": (lambda s: s.outbox.listed(trip_id=s.trip), {"tasks_trip_idx"}),
    "a notification": (
        lambda s: s.inbox.find("stripe", "evt_77"),
        {"inbox_provider_event_id_key"},
    ),
}
# Asked with or without each of its conditions: it is planned anew for the values it gets.
BY_ITS_VALUES = {"a trip's work"}
LARGE = {"trip_events", "read_trip_details", "read_bookings", "tasks", "inbox"}


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


def indexes_and_scans(explained: str) -> tuple[set[str], list[str]]:
    """The indexes a plan uses on large tables, and the large tables it reads from end to end."""
    (top,) = json.loads(explained)
    found = list(nodes(top["Plan"]))
    scanned = [n["Relation Name"] for n in found if n["Node Type"] == "Seq Scan"]
    used = {n["Index Name"] for n in found if "Index Name" in n}
    return used - {"checkpoints_live_idx", "checkpoints_pkey"}, [t for t in scanned if t in LARGE]


async def question(stores: Stores, name: str) -> Any:
    """The one statement that the adapter sends."""
    ask, _ = QUESTIONS[name]
    stores.sent.clear()
    await ask(stores)
    # The driver asks for the types it does not know yet, once.
    (sent,) = (sent for sent in stores.sent if "tripledger." in sent.query)
    return sent


@pytest.mark.parametrize("name", QUESTIONS)
async def test_every_question_is_answered_by_its_index(stores: Stores, name: str) -> None:
    sent = await question(stores, name)
    async with stores.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        explained = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {sent.query}", *sent.args)
        await transaction.rollback()

    assert (QUESTIONS[name][1], []) == indexes_and_scans(explained)


@pytest.mark.parametrize("name", [name for name in QUESTIONS if name not in BY_ITS_VALUES])
async def test_a_plan_made_once_for_all_values_uses_the_same_index(
    stores: Stores, name: str
) -> None:
    sent = await question(stores, name)
    nothing = f"({', '.join('NULL' for _ in sent.args)})" if sent.args else ""
    async with stores.pool.acquire() as connection:
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        await connection.execute(f"PREPARE asked AS {sent.query}")
        explained = await connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE asked{nothing}")
        await connection.execute("DEALLOCATE asked; RESET plan_cache_mode")

    assert (QUESTIONS[name][1], []) == indexes_and_scans(explained)


async def test_an_append_reads_no_table_from_end_to_end(stores: Stores) -> None:
    """Neither its look-ups nor the triggers on its way, also for a trip that is there already."""
    trip = new_id()
    appended = await stores.log.append(first(trip, count=2, effects=[effect("seen")]))
    before = await end_to_end(stores)
    for n in range(5):
        following = append(trip, appended.last_position, [event(trip, 3 + n)])
        appended = await stores.log.append(following)
        await stores.log.append(first(new_id(), count=3, effects=[effect(f"plan {n}")]))

    after = await end_to_end(stores)
    assert before["read from end to end"] == after["read from end to end"]
    assert before["appended"] + 5 * (1 + 3) == after["appended"]


async def end_to_end(stores: Stores) -> dict[str, int]:
    """What the server counted, with what the appending connections have not told it yet."""
    for lane in stores.log.committer.lanes:
        if lane.connection is not None:
            await lane.connection.execute("SELECT pg_stat_force_next_flush()")
    row = await stores.pool.fetchrow(
        "SELECT sum(seq_scan)::int AS scans,"
        " sum(n_tup_ins) FILTER (WHERE relname = 'trip_events')::int AS events"
        " FROM pg_stat_user_tables WHERE relname = ANY($1)",
        sorted(LARGE),
    )
    return {"read from end to end": row["scans"], "appended": row["events"]}
