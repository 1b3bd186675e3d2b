"""How long an operator waits for the first byte of each page of the console, with a hundred
thousand trips in the read models and the log of many of them behind it."""

from __future__ import annotations

import asyncio
import re
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import aiohttp
import asyncpg

from adapters.api_keys import ApiKeys, PostgresApiKeyRows
from adapters.database import Database, connect_database
from adapters.event_log.codec import EventCodec
from adapters.event_log.postgres import PostgresEventLog
from adapters.read_models import PostgresReadModels
from adapters.read_tables import PROJECTIONS, TABLES
from benchmarks.door import NOBODY, free_port, process
from benchmarks.journeys import whole_trip
from benchmarks.measuring import at_share
from benchmarks.server import Place, new_database
from domain.dossier import TOPICS
from service.workers.rebuilding import rebuild

FIRST_BYTE_MS_AIM = 200.0
TRIPS = 100_000
# So many are folded from a log of their own; the others are rows like theirs.
FOLDED_SHARE = 50
WRITING_AT_ONCE = 100
WARM_UPS = 2
TOKEN = re.compile(r'name="token" value="([^"]+)"')
OPERATOR = frozenset(["ops:read", "ops:write", "ops:all"])

# Rows like those there are, of other trips, begun at other times.
SAME = ", ".join(f for f in TABLES["trip_list"].fields if f not in {"trip_id", "created_at"})
MORE_TRIPS = f"""
INSERT INTO tripledger.read_trip_list (version, trip_id, created_at, {SAME})
SELECT version, gen_random_uuid(), created_at - n * interval '7 minutes 3 seconds', {SAME}
FROM tripledger.read_trip_list, generate_series(1, $1::int) AS n
"""
# Rows that come by the ten thousand are put into the index of words together.
PENDING_KB = "ALTER INDEX tripledger.read_trip_list_found_idx SET (gin_pending_list_limit = {})"
MORE_INCIDENTS = """
INSERT INTO tripledger.read_incidents (
    version, incident_id, trip_id, tenant, position, code, subject, detail, advice, amount,
    currency, state, opened_at
)
SELECT 1, gen_random_uuid(), trip_id, tenant, position, 'order_not_found', trip_id::text,
    'The order got no answer and was never found.', 'Ask the supplier whether it exists.',
    34704, 'EUR', 'open', created_at
FROM tripledger.read_trip_list WHERE random() < 0.01
"""
SUMS = "currency, authorized, captured, released, refunded, disputed, fulfilled, owed, entries"
MORE_MOVEMENTS = f"""
INSERT INTO tripledger.read_money_ledger
    (version, line_id, trip_id, tenant, position, kind, fact, at, day, {SUMS})
SELECT version, gen_random_uuid(), gen_random_uuid(), tenant, position - n * 1000000, kind, fact,
    at - n * interval '7 minutes 3 seconds', (at - n * interval '7 minutes 3 seconds')::date, {SUMS}
FROM tripledger.read_money_ledger, generate_series(1, $1::int) AS n WHERE kind = 'movement'
"""
MORE_TASKS = """
INSERT INTO tripledger.tasks (kind, key, subject, due, trip_id)
SELECT 'expire_checkout', 'expire_checkout:' || gen_random_uuid(), gen_random_uuid(),
    now() + interval '30 minutes', trip_id
FROM tripledger.read_trip_list
"""
MORE_NOTICES = """
INSERT INTO tripledger.inbox (
    inbox_id, provider, event_id, dedupe_key, type, facts, received_at, outcome
)
SELECT gen_random_uuid(), 'stripe', 'evt_' || trip_id, 'evt_' || trip_id,
    'payment_intent.succeeded', jsonb_build_object('trip_id', trip_id), created_at, 'looked'
FROM tripledger.read_trip_list
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstByte:
    """Milliseconds until a page begins to come."""

    page: str
    p50_ms: float
    longest_ms: float


async def first_bytes(
    server: Place, *, trips: int = TRIPS, looks: int, told: Callable[[str], None]
) -> list[FirstByte]:
    """Every page, one after the other, as often as `looks`."""
    async with operating(server, trips, told) as (session, pages):
        found = []
        for name, path in pages.items():
            told(f"The console's first byte: {name}")
            times = []
            for number in range(looks + WARM_UPS):
                started = time.perf_counter()
                async with session.get(path, allow_redirects=False) as answer:
                    took = time.perf_counter() - started
                    if answer.status != 200:
                        raise RuntimeError(f"{path}: {answer.status}")
                    await answer.read()
                if number >= WARM_UPS:
                    times.append(took)
            times.sort()
            found.append(
                FirstByte(
                    page=name, p50_ms=1000 * at_share(times, 0.5), longest_ms=1000 * times[-1]
                )
            )
        return found


@asynccontextmanager
async def operating(
    server: Place, trips: int, told: Callable[[str], None]
) -> AsyncIterator[tuple[aiohttp.ClientSession, Mapping[str, str]]]:
    """Somebody signed in to the console of a busy service, and where the pages are."""
    place = await new_database(server, "bench_console", migrated=True)
    port = free_port()
    variables = {
        "TRIPLEDGER_DATABASE_URL": place.url,
        "TRIPLEDGER_DATA_DIR": str(Path(place.scratch) / "bench_console"),
        "TRIPLEDGER_PORT": str(port),
        "TRIPLEDGER_STRIPE_API_BASE": NOBODY,
        "TRIPLEDGER_DUFFEL_API_BASE": NOBODY,
        "TRIPLEDGER_LOG_LEVEL": "error",
    }
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(connect_database(place.url))
        trip_id = await filled(database, trips, told)
        key, _ = await ApiKeys(PostgresApiKeyRows(database)).create(
            "acme", "test", OPERATOR, datetime.now(UTC)
        )
        command = [sys.executable, "-m", "service.cli", "serve", "--role", "api"]
        url = f"http://127.0.0.1:{port}"
        await stack.enter_async_context(process(*command, variables=variables, url=url))
        jar = aiohttp.CookieJar(unsafe=True)
        session = await stack.enter_async_context(aiohttp.ClientSession(url, cookie_jar=jar))
        await sign_in(session, key)
        yield session, pages_of(trip_id)


def pages_of(trip_id: str) -> dict[str, str]:
    return {
        "today": "/console",
        "trips": "/console/trips",
        "trips, money not earned": "/console/trips?money=unfulfilled&order=oldest",
        "trips, by state and tenant": "/console/trips?status=completed&waits=nobody",
        "trips, nothing found": "/console/trips?q=no-such-code",
        "a trip": f"/console/trips/{trip_id}",
        "a trip as it was": f"/console/trips/{trip_id}?at=12&from=3",
        "incidents": "/console/incidents",
        "money": "/console/money",
        "money, the books": "/console/money/ledger",
        "webhooks": "/console/webhooks",
        "deliveries": "/console/deliveries",
        "projections": "/console/projections",
        "log": "/console/log",
        "log, a rare kind": "/console/log?topic=trip.incident-opened.v1",
        "log, a tenant at a time": "/console/log?tenant=acme&until=2030-01-01",
        "audit": "/console/audit",
    }


async def filled(database: Database, trips: int, told: Callable[[str], None]) -> str:
    """The log and the read models; answers a trip that is in both."""
    async with PostgresEventLog.opened(database, EventCodec(TOPICS)) as log:
        told("The console: a log is made")
        for _ in range(trips // FOLDED_SHARE // WRITING_AT_ONCE):
            made = [whole_trip(str(uuid4())) for _ in range(WRITING_AT_ONCE)]
            await asyncio.gather(*(log.append(trip) for trip in made))
        models = PostgresReadModels(database, log.codec)
        told("The console: the read models are folded")
        await rebuild(log, models, PROJECTIONS)
    told("The console: the other trips")
    connection = await asyncpg.connect(database.url)
    try:
        await connection.execute("SET statement_timeout = 0")
        await connection.execute(PENDING_KB.format(1_000_000))
        await connection.execute(MORE_TRIPS, FOLDED_SHARE - 1)
        await connection.execute(PENDING_KB.format(256))
        await connection.execute(MORE_MOVEMENTS, FOLDED_SHARE - 1)
        for statement in (MORE_INCIDENTS, MORE_TASKS, MORE_NOTICES, "VACUUM ANALYZE"):
            await connection.execute(statement)
    finally:
        await connection.close()
    return made[0].trip_id


async def sign_in(session: aiohttp.ClientSession, key: str) -> None:
    async with session.get("/console/sign-in") as page:
        found = TOKEN.search(await page.text())
    assert found is not None, "the form has a token"
    form = {"token": found[1], "next": "", "key": key}
    async with session.post("/console/sign-in", data=form) as answer:
        if answer.status != 200 or answer.url.path != "/console":
            raise RuntimeError(f"signing in: {answer.status} {answer.url.path}")
