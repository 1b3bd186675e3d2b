"""What one tenant notices of another's flood: its reads, one after the other and steady, while the
other asks as fast as it can, from a process of its own: once without limits, so that all of it is
served, and once far beyond them, so that nearly all of it is refused."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import aiohttp

from adapters.api_keys import ApiKeys, PostgresApiKeyRows
from adapters.database import connect_database
from adapters.event_log.codec import EventCodec
from adapters.event_log.postgres import PostgresEventLog
from benchmarks.door import NOBODY, SCOPES, asked, free_port, process
from benchmarks.journeys import filled, one_append
from benchmarks.measuring import Measure, measure
from benchmarks.server import Place, new_database
from domain.dossier import TOPICS

CALM_EVERY_S = 0.02
FLOODERS = 32
# Until the flood has used up what its limits let come at once.
UNDER_WAY_S = 4.0
OFF = {"TRIPLEDGER_RATE_CALLER_PER_S": "0", "TRIPLEDGER_RATE_TENANT_PER_S": "0"}
# Above what the calm one asks, and a tenth of the limit as it comes.
LOW = OFF | {"TRIPLEDGER_RATE_CALLER_PER_S": "60", "TRIPLEDGER_RATE_BURST_S": "1"}
FLOODS = {"all of it served": OFF, "nearly all of it refused": LOW}


@dataclass(frozen=True, slots=True, kw_only=True)
class Flooded:
    """How the calm tenant fared, quiet and flooded, and what became of the other's requests."""

    name: str
    quiet: Measure
    flooded: Measure
    served_per_s: float
    refused_per_s: float

    @property
    def p50_ratio(self) -> float:
        return ratio(self.flooded.p50_ms, self.quiet.p50_ms)

    @property
    def p99_ratio(self) -> float:
        return ratio(self.flooded.p99_ms, self.quiet.p99_ms)


def ratio(one_ms: float | None, other_ms: float | None) -> float:
    assert one_ms is not None, "single requests are measured"
    assert other_ms, "single requests are measured"
    return one_ms / other_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """A calm tenant with one trip, at a service that another may flood."""

    session: aiohttp.ClientSession
    url: str
    calm: str
    flooding: str
    trip: str


async def floods(server: Place, name: str, *, rounds: int, seconds: float) -> list[Flooded]:
    async with served(server, FLOODS[name]) as beside:
        await paced(beside, min(1.0, seconds))
        return [await flood(beside, name, seconds) for _ in range(rounds)]


async def flood(beside: Beside, name: str, seconds: float) -> Flooded:
    quiet = await paced(beside, seconds)
    command = [sys.executable, "-m", "benchmarks.flood", beside.url, beside.flooding]
    flooder = await asyncio.create_subprocess_exec(
        *command, str(UNDER_WAY_S + seconds + 1), stdout=asyncio.subprocess.PIPE
    )
    try:
        await asyncio.sleep(UNDER_WAY_S)
        flooded = await paced(beside, seconds)
        told, _ = await flooder.communicate()
    finally:
        with suppress(ProcessLookupError):
            flooder.kill()
    served_per_s, refused_per_s = (float(word) for word in told.split())
    return Flooded(
        name=name,
        quiet=quiet,
        flooded=flooded,
        served_per_s=served_per_s,
        refused_per_s=refused_per_s,
    )


async def paced(beside: Beside, seconds: float) -> Measure:
    """One request every so often, and how long each took."""
    path, headers = f"/v1/trips/{beside.trip}", {"Authorization": f"Bearer {beside.calm}"}
    times: list[float] = []
    started = time.perf_counter()
    while time.perf_counter() < started + seconds:
        begun = time.perf_counter()
        await asked(beside.session, "GET", path, headers=headers)
        times.append(time.perf_counter() - begun)
        await asyncio.sleep(max(0.0, CALM_EVERY_S - times[-1]))
    return measure(len(times), time.perf_counter() - started, times)


@asynccontextmanager
async def served(server: Place, limits: dict[str, str]) -> AsyncIterator[Beside]:
    """A service with these limits."""
    place = await new_database(server, "flooded", migrated=True)
    port = free_port()
    variables = {
        "TRIPLEDGER_DATABASE_URL": place.url,
        "TRIPLEDGER_DATA_DIR": str(Path(place.scratch) / "flooded"),
        "TRIPLEDGER_PORT": str(port),
        "TRIPLEDGER_STRIPE_API_BASE": NOBODY,
        "TRIPLEDGER_DUFFEL_API_BASE": NOBODY,
        "TRIPLEDGER_LOG_LEVEL": "error",
        **limits,
    }
    command = [sys.executable, "-m", "service.cli", "serve", "--role", "api", "--role", "project"]
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(connect_database(place.url))
        log = await stack.enter_async_context(PostgresEventLog.opened(database, EventCodec(TOPICS)))
        keys = ApiKeys(PostgresApiKeyRows(database))
        calm, flooding = [
            (await keys.create(tenant, "test", SCOPES, datetime.now(UTC)))[0]
            for tenant in ("acme", "flooding")
        ]
        trip = str(uuid4())
        await log.append(one_append(trip, filled))
        url = f"http://127.0.0.1:{port}"
        session = await stack.enter_async_context(process(*command, variables=variables, url=url))
        yield Beside(session=session, url=url, calm=calm, flooding=flooding, trip=trip)


async def pour(url: str, key: str, seconds: float) -> tuple[float, float]:
    """Ask as fast as it goes; (served, refused) a second."""
    found = {True: 0, False: 0}
    end = time.perf_counter() + seconds

    async def one(session: aiohttp.ClientSession) -> None:
        while time.perf_counter() < end:
            async with session.get("/v1/events?limit=100") as answer:
                await answer.read()
                found[answer.status == 200] += 1

    headers = {"Authorization": f"Bearer {key}"}
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(url, headers=headers, connector=connector) as session:
        await asyncio.gather(*(one(session) for _ in range(FLOODERS)))
    return found[True] / seconds, found[False] / seconds


if __name__ == "__main__":
    told = asyncio.run(pour(sys.argv[1], sys.argv[2], float(sys.argv[3])))
    print(*told)
