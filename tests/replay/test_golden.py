"""Everything that was ever stored reads today as what it was understood to be then."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from adapters.database import Database
from adapters.event_log.codec import EventCodec, Upcast
from adapters.event_log.postgres import PostgresEventLog
from adapters.event_log.verify import verify
from adapters.read_models import PostgresReadModels
from adapters.read_tables import PROJECTIONS
from domain.dossier import TOPICS, Dossier, fold
from service.workers.folds import decode_dossier
from service.workers.pages import Pages
from service.workers.projector import Projector
from service.workers.rebuilding import compare_with_log
from tests.replay import golden
from tests.replay.golden import (
    CODEC,
    GOLDEN,
    StoredTrip,
    checksums,
    event_files,
    examples,
    facts_of,
    files,
    fullest,
    read,
    remembered_checksums,
    shape,
    stored_trips,
    stream_of,
    summary,
    topics_of_files,
    understood,
)

TRIPS = stored_trips()
ADD = "`python -m tests.replay.golden` records it"


def test_no_golden_file_was_edited_added_or_removed_in_silence() -> None:
    assert remembered_checksums() == checksums([*files("events"), *files("trips")])


def test_an_edit_of_a_single_byte_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "events" / "one.json"
    path.parent.mkdir()
    path.write_text('{"amount": 300}')
    monkeypatch.setattr(golden, "GOLDEN", tmp_path)
    before = checksums([path])

    path.write_text('{"amount": 301}')

    assert before != checksums([path])


def test_every_version_of_every_event_is_there() -> None:
    assert sorted({*TOPICS, *CODEC.upcasts}) == topics_of_files(), ADD


@pytest.mark.parametrize("topic", sorted(TOPICS))
def test_every_present_event_is_there_in_its_present_shape(topic: str) -> None:
    shapes = event_files(topic)
    assert shapes, f"{topic} has no golden file: {ADD}"
    newest = examples(shapes[-1])[0]

    assert shape(facts_of(fullest(TOPICS[topic]))) == shape(newest), (
        f"{topic} has another shape than what was stored. What was stored must still be read:"
        f" a new field has a default, anything else is a new version with an upcast. Then {ADD}."
    )


def missing(stored: Any, told: Any, path: str = "") -> list[str]:
    """Where what was stored is not what is read."""
    if isinstance(stored, dict) and isinstance(told, dict):
        return [
            place
            for name, each in stored.items()
            for place in missing(each, told.get(name), f"{path}.{name}")
        ]
    if isinstance(stored, list) and isinstance(told, list) and len(stored) == len(told):
        pairs = enumerate(zip(stored, told, strict=True))
        return [place for n, (a, b) in pairs for place in missing(a, b, f"{path}[{n}]")]
    return [] if stored == told else [path]


@pytest.mark.parametrize("path", files("events"), ids=lambda path: path.stem)
def test_every_stored_event_is_read_and_nothing_of_it_is_lost(path: Path) -> None:
    told = json.loads(path.read_text(encoding="utf-8"))

    assert told["examples"]
    for facts in told["examples"]:
        event = read(told["topic"], facts)
        if told["topic"] in TOPICS:
            assert TOPICS[told["topic"]] is type(event)
            assert [] == missing(facts, facts_of(event))


def test_there_are_whole_trips_of_every_kind() -> None:
    assert len(TRIPS) >= 20
    assert set(TOPICS) <= {topic for trip in TRIPS for topic, _ in trip.events}
    ends = {trip.understood[-1]["status"] for trip in TRIPS}
    assert {"draft", "opening", "completed", "failed", "cancelled"} == ends


@pytest.mark.parametrize("trip", TRIPS, ids=lambda trip: trip.name)
def test_a_whole_trip_is_understood_as_it_was_after_each_event(trip: StoredTrip) -> None:
    events = [read(topic, facts) for topic, facts in trip.events]

    assert trip.understood == understood(events)


def test_a_summary_tells_trips_apart() -> None:
    told = [json.dumps(trip.understood, sort_keys=True) for trip in TRIPS]

    assert len(told) == len(set(told))


INSERT = """
INSERT INTO tripledger.trip_events
    (originator_id, originator_version, topic, state, trip_id, tenant)
VALUES ($1, $2, $3, $4, $5, 'acme')
"""


async def store(connection: asyncpg.Connection, trip: StoredTrip, number: int) -> str:
    """Put it into a log byte for byte as it was stored, under streams of its own."""
    trip_id, versions = str(UUID(int=number << 64)), dict[str, int]()
    for topic, facts in trip.events:
        stream = stream_of(read(topic, facts), trip_id)
        versions[stream] = versions.get(stream, 0) + 1
        unique = trip_id if stream == trip_id else str(UUID(int=UUID(stream).int ^ number << 64))
        state = json.dumps(facts).replace(stream, unique)
        for code in {b[0] for b in trip.understood[-1]["bookings"]}:
            state = state.replace(code, f"{number:03}{code}")
        await connection.execute(INSERT, unique, versions[stream], topic, state.encode(), trip_id)
    return trip_id


async def test_a_log_of_all_stored_trips_is_whole_and_projected(
    database: Database, database_url: str
) -> None:
    async with database.pool.acquire() as connection:
        ids = [await store(connection, trip, n) for n, trip in enumerate(TRIPS, 1)]
    async with PostgresEventLog.opened(database, CODEC) as log:
        models = PostgresReadModels(database, CODEC)
        for name in PROJECTIONS:
            while await Projector(Pages(log), models, name, 0.05).catch_up():
                pass
            assert None is (await compare_with_log(log, models, name)).difference
        rows = {row.trip_id: row for row in await models.trips(ids)}
        for trip_id, trip in zip(ids, TRIPS, strict=True):
            dossier = decode_dossier(rows[trip_id].state)
            recorded = await log.read_trip(trip_id)
            assert fold(r.event for r in recorded) == dossier
            assert without_codes(trip.understood[-1]) == without_codes(summary(dossier))
    found = await verify(database_url)
    assert (sum(len(trip.events) for trip in TRIPS), ()) == (found.events, found.flaws)


def without_codes(told: dict[str, Any]) -> dict[str, Any]:
    return told | {"bookings": [booking[1:] for booking in told["bookings"]]}


def test_an_old_version_is_read_through_its_upcasts_into_the_present_fold() -> None:
    """What a change of an event will do, tried on the trips that are stored today."""
    newer = {topic.replace("item-added.v1", "item-added.v3"): cls for topic, cls in TOPICS.items()}
    renamed = EventCodec(
        newer,
        {
            "trip.item-added.v1": Upcast("trip.item-added.v2", lambda f: {**f, "note": "x"}),
            "trip.item-added.v2": Upcast(
                "trip.item-added.v3", lambda f: {n: f[n] for n in f if n != "note"}
            ),
        },
    )
    for trip in TRIPS:
        dossier: Dossier = fold(
            renamed.read(golden.as_stored(topic, facts)) for topic, facts in trip.events
        )
        assert trip.understood[-1] == summary(dossier)


def test_recording_again_changes_nothing() -> None:
    before = remembered_checksums()
    assert before

    written = golden.record()

    assert [] == written
    assert before == remembered_checksums()
    assert before == checksums(GOLDEN.glob("*/*.json"))
