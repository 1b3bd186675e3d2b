"""A trip is folded again, shown state by state, and held against what is stored of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adapters.event_log.evidence import collect, signed
from adapters.signing import Signer
from service.operating.replaying import held_against
from tests.contracts.events import NOON, new_id
from tests.operators.commands import tripledger
from tests.operators.conftest import Office
from tests.replay.trips_at_scale import live_through
from tests.replay.whole_trips import whole_trips
from tests.rules import stories as s

ROWS = {"trip_details": 1, "bookings": 2, "trip_list": 1, "incidents": 1, "money_ledger": 4}
UNRESOLVED = whole_trips()["order-lost-for-good"]


async def compared(office: Office, trip: str) -> dict[str, list[tuple[str, ...]]]:
    _, held = await held_against(office.log, office.models, trip)
    found: dict[str, list[tuple[str, ...]]] = {}
    for each in held:
        found.setdefault(each.name, []).append(each.differ)
    return found


async def test_what_is_stored_is_what_a_replay_makes(office: Office) -> None:
    trip = await live_through(office.log, UNRESOLVED)
    assert {} == await compared(office, trip)
    await office.project()

    rows = {name: [()] * count for name, count in ROWS.items()}
    assert rows == {name: found for name, found in (await compared(office, trip)).items()}
    await live_through(office.log, s.completed())
    assert rows == await compared(office, trip)
    assert ([], []) == await held_against(office.log, office.models, new_id())


SPOILT = {
    "UPDATE tripledger.read_trip_details SET state = state || ' '": ("trip_details", ("state",)),
    "UPDATE tripledger.read_trip_list SET unfulfilled = 1": ("trip_list", ("unfulfilled",)),
    "UPDATE tripledger.read_incidents SET amount = 1, owner = 'eve'": (
        "incidents",
        ("amount", "owner"),
    ),
    "UPDATE tripledger.read_incidents SET position = 1": ("incidents", ("position",)),
}


@pytest.mark.parametrize("change", sorted(SPOILT))
async def test_what_is_not_is_named(office: Office, change: str) -> None:
    trip = await live_through(office.log, UNRESOLVED)
    await office.project()
    await office.database.pool.execute(change)

    found = await compared(office, trip)

    name, columns = SPOILT[change]
    assert {name: [columns]} == {n: differ for n, differ in found.items() if any(differ)}


async def test_a_row_that_is_missing_differs_in_everything(office: Office) -> None:
    trip = await live_through(office.log, s.completed())
    await office.project()
    await office.database.pool.execute("DELETE FROM tripledger.read_trip_details")

    assert [("trip_id", "tenant", "position", "state")] == (await compared(office, trip))[
        "trip_details"
    ]


async def test_the_command_shows_every_state_and_tells_by_its_code_whether_all_is_well(
    office: Office, database_url: str, tmp_path: Path
) -> None:
    trip = await live_through(office.log, s.completed())
    await office.project()

    code, out, _ = await tripledger(database_url, tmp_path, "replay", trip, "--json")
    told = json.loads(out)
    assert (0, trip, len(s.completed())) == (code, told["trip_id"], told["events"])
    assert list(range(1, len(s.completed()) + 1)) == [row["version"] for row in told["states"]]
    assert ("draft", "completed") == (told["states"][0]["status"], told["states"][-1]["status"])
    assert all(row["changes"] for row in told["states"])
    assert 9 == len(told["read_models"])
    code, out, _ = await tripledger(database_url, tmp_path, "replay", trip, "--changes")
    assert (0, True) == (code, "The read models have stored the same: 9 rows compared." in out)

    await office.database.pool.execute("UPDATE tripledger.read_trip_list SET title = 'Mars'")
    code, out, _ = await tripledger(database_url, tmp_path, "replay", trip)
    assert (1, True) == (code, f"in row {trip}: title" in out)


async def test_a_file_is_replayed_without_a_database(office: Office, tmp_path: Path) -> None:
    trip = await live_through(office.log, s.completed())
    links = await collect(office.database.pool, trip)
    path = tmp_path / "trip.jsonl"
    path.write_bytes(signed(links, Signer.generate(), at=NOON, exported_by="ada"))

    code, out, _ = await tripledger(None, tmp_path / "no", "replay", "--file", str(path), "--json")

    told = json.loads(out)
    assert (0, trip, "completed", []) == (
        code,
        told["trip_id"],
        told["states"][-1]["status"],
        told["read_models"],
    )
    assert not (tmp_path / "no").exists()


async def test_a_difference_is_shown_between_two_moments(
    office: Office, database_url: str, tmp_path: Path
) -> None:
    trip = await live_through(office.log, s.completed())

    code, out, _ = await tripledger(database_url, tmp_path, "trip", "diff", trip, "1", "--json")

    changes = {change["path"]: change for change in json.loads(out)}
    assert 0 == code
    assert (1, len(s.completed())) == (changes["version"]["before"], changes["version"]["after"])
    assert "completed" == changes["trip.fulfillment.status"]["after"]
