"""`tripledger incidents` lists what people must settle, and they settle it there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.contracts.events import new_id
from tests.operators.commands import tripledger
from tests.operators.conftest import Office
from tests.replay.trips_at_scale import live_through
from tests.replay.whole_trips import whole_trips
from tests.rules import stories as s


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
