"""What commands open: the settings, the database, the log, a trip in it or in an exported file."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from getpass import getuser

from asyncpg.pgproto.pgproto import UUID
from eventsourcing.persistence import StoredEvent

from adapters.database import Database, open_database
from adapters.event_log.evidence import Evidence
from adapters.event_log.postgres import PostgresEventLog
from adapters.operators.acts import PostgresActs
from domain.log import Cause, Recorded
from service.cli.output import USAGE, stop
from service.clock import SystemClock
from service.codec import codec_of
from service.operating.book import OPERATOR, Book
from service.settings import Settings

COMMAND_CONNECTIONS = 4
OPERATOR_VARIABLE = "TRIPLEDGER_OPERATOR"


def operator() -> str:
    """Who types, as it is recorded with what they do: TRIPLEDGER_OPERATOR, else who is logged in
    on this machine."""
    try:
        return os.environ.get(OPERATOR_VARIABLE) or getuser()
    except (KeyError, OSError):
        return "unknown"


def cause(request_id: str | None = None) -> Cause:
    """Behind whatever a command does, for every tenant."""
    return Cause(tenant=None, actor=OPERATOR + operator(), request_id=request_id)


def book_in(database: Database) -> Book:
    return Book(PostgresActs(database), SystemClock())


@asynccontextmanager
async def database() -> AsyncIterator[Database]:
    settings = Settings.load()
    async with open_database(
        settings.plain_database_url, settings.data_dir, pool_size=COMMAND_CONNECTIONS
    ) as opened:
        yield opened


@asynccontextmanager
async def event_log() -> AsyncIterator[PostgresEventLog]:
    codec = codec_of(Settings.load())
    async with database() as opened, PostgresEventLog.opened(opened, codec) as log:
        yield log


def moment_of(text: str | None) -> int | datetime | None:
    """A version, or a time (without an offset: this machine's)."""
    if text is None:
        return None
    if text.isdecimal():
        return int(text)
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):
        stop(USAGE, f"{text} is neither a version nor an RFC 3339 time.")


def read(trip_id: str) -> Sequence[Recorded]:
    async def work() -> Sequence[Recorded]:
        async with event_log() as log:
            return await log.read_trip(trip_id)

    return asyncio.run(work())


def recorded_of(evidence: Evidence) -> list[Recorded]:
    """What a file tells, as if it was read from the log; raises UnreadableStoredEvent."""
    codec = codec_of(Settings.load())
    found = []
    for facts in evidence.facts:
        stored = StoredEvent(
            originator_id=UUID(facts.stream_id),
            originator_version=facts.stream_version,
            topic=facts.topic,
            state=facts.state,
        )
        meta = {name: facts.meta.get(name) for name in CAUSE_FIELDS}
        found.append(
            Recorded(
                position=facts.position,
                event_id=facts.event_id,
                trip_id=facts.trip_id,
                stream_id=facts.stream_id,
                stream_version=facts.stream_version,
                topic=facts.topic,
                event=codec.read(stored, facts.position),
                recorded_at=facts.recorded_at,
                cause=Cause(tenant=facts.tenant, actor=facts.meta.get("actor") or "", **meta),
            )
        )
    return found


CAUSE_FIELDS = ("request_id", "causation", "correlation", "trace")
