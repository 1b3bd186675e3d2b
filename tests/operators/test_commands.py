"""`tripledger incidents` lists what people must settle, and they settle it there; and what every
command says when it cannot do what it was asked."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.contracts.events import new_id
from tests.operators.commands import tripledger
from tests.operators.conftest import Office
from tests.replay.trips_at_scale import live_through
from tests.replay.whole_trips import whole_trips
from tests.rules import stories as s

UNREADABLE = """
SET session_replication_role = replica;
UPDATE tripledger.trip_events SET state = '\\x00'
WHERE notification_id = (SELECT min(notification_id) FROM tripledger.trip_events)
"""


async def test_an_incident_is_listed_taken_on_and_settled(
    office: Office, database_url: str, tmp_path: Path
) -> None:
    trip = await live_through(office.log, whole_trips()["order-lost-for-good"])
    await office.project()

    async def asked(*words: str) -> Any:
        code, out, complaints = await tripledger(database_url, tmp_path, "incidents", *words)
        assert (0, "") == (code, complaints)
        return json.loads(out)

    [row] = await asked("list", "--json")
    assert (trip, "order_not_found", "open", None) == (
        row["trip"],
        row["code"],
        row["state"],
        row["owner"],
    )
    assert {"amount": s.STAY_PRICE.amount, "currency": "EUR"} == row["at_stake"]

    for words in (("assign", row["incident"], "bob"), ("resolve", row["incident"], "It was paid.")):
        code, _, _ = await tripledger(database_url, tmp_path, "incidents", *words)
        assert 0 == code
    await office.project()

    assert () == (await office.incidents.page()).rows
    settled = await asked("show", row["incident"], "--json")
    assert ("bob", "operator:ada", "It was paid.") == (
        settled["owner"],
        settled["resolved_by"],
        settled["resolution"],
    )
    log = await office.log.read_trip(trip)
    assert 2 == [r.topic for r in log].count("trip.operator-acted.v1")
    assert {"operator:ada"} == {r.cause.actor for r in log[-4:]}


async def test_what_cannot_be_settled_is_told_by_the_exit_code(
    office: Office, database_url: str, tmp_path: Path
) -> None:
    await live_through(office.log, whole_trips()["order-lost-for-good"])
    await office.project()
    [row] = (await office.incidents.page()).rows

    async def code(*words: str) -> int | None:
        return (await tripledger(database_url, tmp_path, "incidents", *words))[0]

    before = await office.log.last_position()
    assert 3 == await code("show", new_id())
    assert 1 == await code("resolve", row.incident_id, " ")
    assert before == await office.log.last_position()


@pytest.mark.parametrize(
    "words",
    [
        ("tasks", "list", "--limit", "-1"),
        ("tasks", "retry", str(2**63)),
        ("audit", "--before", str(2**63)),
        ("keys", "create", "--days", "0"),
        ("keys", "create", "--days", str(10**9)),
        ("log", "verify", "--from", str(2**63)),
        ("log", "verify", "--anchor", f"{2**63}:{'00' * 32}"),
    ],
)
async def test_a_number_that_cannot_be_meant_is_wrong_use(
    database_url: str, tmp_path: Path, words: tuple[str, ...]
) -> None:
    code, out, complaints = await tripledger(database_url, tmp_path, *words)

    assert (2, "", False) == (code, out, "Traceback" in complaints)


async def test_what_the_database_refuses_is_told_in_a_line(
    database_url: str, tmp_path: Path
) -> None:
    absent = f"nowhere_{new_id().replace('-', '')}"
    url = re.sub(r"/\w+(\?|$)", rf"/{absent}\1", database_url)

    code, out, complaints = await tripledger(url, tmp_path, "tasks", "list")

    told = f'InvalidCatalogNameError: database "{absent}" does not exist\n'
    assert (1, "", told) == (code, out, complaints)


async def test_an_unreadable_trip_is_told_in_a_line_and_not_exported(
    office: Office, database_url: str, tmp_path: Path
) -> None:
    trip = await live_through(office.log, whole_trips()["order-lost-for-good"])
    connection = await asyncpg.connect(database_url)
    await connection.execute(UNREADABLE)
    await connection.close()

    code, _, complaints = await tripledger(database_url, tmp_path, "trip", "show", trip)
    assert (1, 1) == (code, len(complaints.splitlines()))
    assert f"stream {trip} version 1, topic trip.started.v1" in complaints
    file = tmp_path / "trip.jsonl"
    words = ("trip", "export", trip, "--out", str(file))
    code, _, complaints = await tripledger(database_url, tmp_path, *words)
    assert (1, 1, False) == (code, len(complaints.splitlines()), file.exists())
