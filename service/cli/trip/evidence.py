"""`tripledger trip export|verify|import`: a trip in a file that proves itself, for a dispute or an
audit; and such a file put into a scratch log, to be looked at with every other command."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cyclopts import App

from adapters.database import as_uuid, open_database
from adapters.event_log.codec import UnreadableStoredEvent
from adapters.event_log.evidence import (
    EVIDENCE_BYTES_MAX,
    Evidence,
    EvidenceBroken,
    Facts,
    Link,
    checked,
    collect,
    signed,
    tenant_of,
)
from adapters.event_log.postgres import PostgresEventLog
from domain.log import Append, Cause, NewEvent, Recorded
from service.cli.opening import book_in, cause, database, operator, recorded_of
from service.cli.output import FAILED, NOT_FOUND, OK, USAGE, answer, people, print_json, stop
from service.codec import codec_of
from service.people.key_files import signer_of
from service.settings import Settings

app = App()

# Stands in a directory whose log holds nothing but imported trips.
SCRATCH_MARK = "scratch-log"


@app.command
def export(trip_id: str, *, out: Path | None = None, json: bool = False) -> int:
    """Write a trip's events into a signed file that proves itself without the database.

    People's data stays sealed in it. Keep the public key it names where the file's readers will
    find it: whoever changes the file cannot sign it again.

    Parameters
    ----------
    out
        Where to; unset: trip-TRIP_ID.jsonl here. What is there already is not overwritten.
    """
    path = out or Path(f"trip-{trip_id}.jsonl")
    settings = Settings.load()
    try:
        links = asyncio.run(linked(trip_id))
        if not links:
            stop(NOT_FOUND, f"There is no trip {trip_id}.")
        signer = signer_of(settings)
        file = signed(links, signer, at=datetime.now(UTC), exported_by=operator())
        checked(file)
    except EvidenceBroken as error:
        stop(FAILED, f"Nothing is exported: {error}. `tripledger log verify` names the event.")
    try:
        with path.open("xb") as opened:
            opened.write(file)
    except FileExistsError:
        stop(USAGE, f"{path} is there already.")
    key = signer.public_key
    if json:
        print_json({"file": str(path), "events": len(links), "public_key": key})
    else:
        people.print(
            f"{len(links)} events of trip {trip_id} are in {path}.\nSigned by {key}",
            highlight=False,
            soft_wrap=True,
        )
    return OK


async def linked(trip_id: str) -> Sequence[Link]:
    codec = codec_of(Settings.load())
    if as_uuid(trip_id) is None:
        return []
    async with database() as opened:
        links = await collect(opened.pool, trip_id, codec.envelope)
        if links:
            await book_in(opened).write(
                "took a trip as evidence", cause(), tenant=tenant_of(links), trip_id=trip_id
            )
        return links


@app.command
def verify(file: Path, *, key: str | None = None, json: bool = False) -> int:
    """Prove that an exported trip is what was signed; needs no database. Exit code 1 says what is
    wrong with it.

    Parameters
    ----------
    key
        The public key it must be signed by, as `trip export` printed it. Without it, it is proven
        only that the file was not changed since whoever made it signed it.
    """
    evidence = opened_evidence(file, key)
    header = evidence.header
    if json:
        print_json(
            {
                "whole": True,
                "trip_id": header.trip_id,
                "tenant": header.tenant,
                "events": header.events,
                "unreadable": evidence.unreadable,
                "exported_at": header.exported_at,
                "exported_by": header.exported_by,
                "public_key": header.public_key,
                "last": f"{evidence.links[-1].position}:{evidence.links[-1].link}",
            }
        )
    else:
        people.print(
            f"The file is whole: {header.events} events of trip {header.trip_id}, exported"
            f" {header.exported_at:%Y-%m-%d %H:%M:%S %Z}.\nSigned by {header.public_key}",
            highlight=False,
            soft_wrap=True,
        )
        if key is None:
            people.print("Whose key that is, this does not prove: name it with --key.")
    return OK


def opened_evidence(file: Path, key: str | None = None) -> Evidence:
    try:
        if file.stat().st_size > EVIDENCE_BYTES_MAX:
            stop(FAILED, f"{file} is too large to be a trip.")
        return checked(file.read_bytes(), key)
    except FileNotFoundError:
        stop(NOT_FOUND, f"There is no file {file}.")
    except EvidenceBroken as error:
        stop(FAILED, f"{file} is not what was signed: {error}.")


@app.command(name="import")
def import_trip(
    file: Path, *, into: Path | None = None, key: str | None = None, json: bool = False
) -> int:
    """Put an exported trip into a scratch log of its own, never into the live one.

    Parameters
    ----------
    into
        The scratch log's directory; unset: `scratch` in the data directory.
    key
        The public key the file must be signed by.
    """
    evidence = opened_evidence(file, key)
    directory = into or Settings.load().data_dir / "scratch"
    make_scratch(directory)
    asyncio.run(restored(evidence, directory))
    unset = "env -u TRIPLEDGER_DATABASE_URL " if "TRIPLEDGER_DATABASE_URL" in os.environ else ""
    header = evidence.header
    answer(
        {"trip_id": header.trip_id, "events": header.events, "data_dir": str(directory)},
        f"{header.events} events are in the scratch log. Look at them with\n"
        f"{unset}TRIPLEDGER_DATA_DIR={directory} tripledger trip timeline {header.trip_id}",
        json=json,
    )
    return OK


def make_scratch(directory: Path) -> None:
    mark = directory / SCRATCH_MARK
    if (directory / "postgres").exists() and not mark.exists():
        stop(USAGE, f"{directory} holds a log that is not a scratch log: choose another --into.")
    directory.mkdir(parents=True, exist_ok=True)
    mark.touch()


@dataclass(slots=True)
class PastClock:
    """Says when the imported events were recorded."""

    time: datetime

    def now(self) -> datetime:
        return self.time


@asynccontextmanager
async def scratch_log(directory: Path, clock: PastClock) -> AsyncIterator[PostgresEventLog]:
    codec = codec_of(Settings.load())
    async with (
        open_database(None, directory) as opened,
        PostgresEventLog.opened(opened, codec, clock) as log,
    ):
        yield log


async def restored(evidence: Evidence, directory: Path) -> None:
    """Each event under its own id and at its own time; what is there already stays as it is."""
    clock = PastClock(evidence.facts[0].recorded_at)
    try:
        recorded = recorded_of(evidence)
    except UnreadableStoredEvent as error:
        stop(FAILED, f"This program cannot read the trip: {error}.")
    async with scratch_log(directory, clock) as log:
        position = 0
        for facts, each in zip(evidence.facts, recorded, strict=True):
            clock.time = facts.recorded_at
            appended = await log.append(again(facts, each, position))
            position = appended.last_position


def again(facts: Facts, recorded: Recorded, position: int) -> Append:
    event = NewEvent(
        event_id=facts.event_id,
        stream_id=facts.stream_id,
        stream_version=facts.stream_version,
        event=recorded.event,
    )
    return Append(
        trip_id=facts.trip_id,
        expected_position=position,
        events=[event],
        cause=recorded.cause or Cause(tenant=facts.tenant, actor=""),
    )
