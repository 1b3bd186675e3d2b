"""Appending as others do it, outside of Python: emmett on Node, message-db and plain inserts driven
by pgbench, whose client costs next to nothing."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import msgspec

from benchmarks.appending import ready_made
from benchmarks.measuring import Absent, Measure, Run
from benchmarks.server import PGBENCH, Place, new_database

NODE = Path(__file__).parent / "node"
MESSAGE_DB = NODE / "node_modules" / "@eventide" / "message-db" / "database"

# What its own installer runs; its extension only gave a function that Postgres now has itself.
MESSAGE_DB_FILES = (
    "schema/message-store.sql",
    "tables/messages.sql",
    "types/message.sql",
    *(
        f"functions/{name}.sql"
        for name in (
            *("message-store-version", "hash-64", "acquire-lock", "category", "is-category"),
            *("id", "cardinal-id", "stream-version", "write-message"),
        )
    ),
    "indexes/messages-id.sql",
    "indexes/messages-stream.sql",
    "indexes/messages-category.sql",
)

RAW_TABLE = "CREATE TABLE events (position bigserial PRIMARY KEY, state bytea NOT NULL)"
# States go as hexadecimal digits, because pgbench takes a colon for a variable of its own.
WRITE_TWO = """
SELECT message_store.write_message(
    gen_random_uuid()::varchar, new.stream, '{types[0]}',
    convert_from('\\x{states[0]}', 'UTF8')::jsonb, NULL, -1
), message_store.write_message(
    gen_random_uuid()::varchar, new.stream, '{types[1]}',
    convert_from('\\x{states[1]}', 'UTF8')::jsonb, NULL, 0
) FROM (SELECT ('trip-' || gen_random_uuid())::varchar AS stream OFFSET 0) AS new
"""


async def finished(*command: str, variables: Mapping[str, str] | None = None) -> str:
    """What a program said; raises Absent when it failed."""
    process = await asyncio.create_subprocess_exec(
        *command,
        env={**os.environ, **(variables or {})},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, errors = await process.communicate()
    if process.returncode:
        last = errors.decode().strip().splitlines()[-1:] or ["no reason given"]
        raise Absent(f"{Path(command[0]).name} failed: {last[0]}")
    return out.decode()


async def packages_installed() -> None:
    """The pinned packages of others, once."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        raise Absent("node is not installed")
    if not MESSAGE_DB.exists():
        await finished("npm", "ci", "--prefix", str(NODE), "--no-audit", "--no-fund")


def two_events() -> tuple[list[str], list[bytes]]:
    """Topics and states of what everybody appends."""
    (events,) = ready_made(1)
    return [e.topic for e in events], [e.state for e in events]


async def pgbench(place: Place, script: str, writers: int, seconds: float) -> Measure:
    name = f"{place.name}.sql"
    path = Path(place.scratch) / name
    path.write_text(script)
    said = await finished(
        str(PGBENCH),
        *("--no-vacuum", "--protocol=prepared", f"--file={path}"),
        *(f"--client={writers}", f"--jobs={min(2, writers)}", f"--time={max(1, round(seconds))}"),
        variables=place.environment(),
    )
    rate = re.search(r"^tps = ([\d.]+)", said, re.MULTILINE)
    assert rate is not None, said
    return Measure(per_second=float(rate[1]))


@asynccontextmanager
async def raw(server: Place) -> AsyncIterator[Run]:
    """The yardstick: one row, one commit, no rules."""
    place = await new_database(server, "bench_append_raw")
    connection = await asyncpg.connect(place.url)
    await connection.execute(RAW_TABLE)
    await connection.close()
    _, states = two_events()
    script = f"INSERT INTO events (state) VALUES ('\\x{states[1].hex()}');"

    async def run(writers: int, seconds: float) -> Measure:
        return await pgbench(place, script, writers, seconds)

    yield run


@asynccontextmanager
async def message_db(server: Place) -> AsyncIterator[Run]:
    """Both events in one statement and so in one commit, each with its expected version."""
    await packages_installed()
    place = await new_database(server, "bench_append_message_db")
    connection = await asyncpg.connect(server.url)
    await connection.execute(f"ALTER DATABASE {place.name} SET search_path = message_store, public")
    await connection.close()
    connection = await asyncpg.connect(place.url)
    for name in MESSAGE_DB_FILES:
        await connection.execute((MESSAGE_DB / name).read_text())
    await connection.close()
    types, states = two_events()
    written = WRITE_TWO.format(types=types, states=[state.hex() for state in states])
    script = " ".join(written.split()) + ";"

    async def run(writers: int, seconds: float) -> Measure:
        return await pgbench(place, script, writers, seconds)

    yield run


@asynccontextmanager
async def emmett(server: Place) -> AsyncIterator[Run]:
    """Its event store on Node, a pool of as many connections as there are writers."""
    await packages_installed()
    place = await new_database(server, "bench_append_emmett")
    topics, states = two_events()
    events = [
        {"type": topic, "data": json.loads(state)}
        for topic, state in zip(topics, states, strict=True)
    ]

    async def run(writers: int, seconds: float) -> Measure:
        wanted = {
            "url": f"postgresql://{place.user}@/{place.name}?host={place.host}",
            "writers": writers,
            "seconds": seconds,
            "events": events,
        }
        said = await finished("node", str(NODE / "emmett.mjs"), json.dumps(wanted))
        found = msgspec.json.decode(said)
        return Measure(
            per_second=found["count"] / found["elapsed"],
            p50_ms=found["p50_ms"],
            p99_ms=found["p99_ms"],
        )

    yield run
