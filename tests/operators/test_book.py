"""What is done by commands stands in the same book as what is done at the console."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from adapters.operators.acts import Act, PostgresActs
from tests.operators.commands import tripledger
from tests.operators.conftest import Office
from tests.replay.trips_at_scale import live_through
from tests.rules import stories as s


async def test_every_command_that_changes_or_takes_something_is_in_the_book(
    office: Office, database_url: str, tmp_path: Path
) -> None:
    trip = await live_through(office.log, s.completed())
    said: list[str] = []

    async def done(*words: str, expected: int = 0) -> Any:
        code, out, complaints = await tripledger(database_url, tmp_path, *words, "--json")
        assert expected == code, complaints
        said.append(out)
        return json.loads(out) if out else None

    made = await done("keys", "create", "--tenant", "acme", "--name", "Amelia's laptop")
    another = await done("keys", "rotate", made["key_id"])
    origin = "https://shop.example"
    await asyncio.gather(
        done("keys", "revoke", another["key_id"]),
        done("tenants", "set-redirects", "acme", origin),
        done("trip", "export", trip, "--out", str(tmp_path / "trip.jsonl")),
    )
    await done("projections", "pause", "bookings", "Somebody looks at it")
    await asyncio.gather(
        done("projections", "resume", "bookings"),
        done("vault", "rewrap"),
        done("tasks", "retry", "12", expected=3),
        done("incidents", "list"),
        done("trip", "show", trip),
    )

    book = await PostgresActs(office.database).page(None)
    about = f"key {made['key_id']}"
    scopes = "payments:write trips:read trips:write"
    assert {
        ("made an API key", "acme", None, f"{about}, test: {scopes}", ""),
        ("replaced an API key", "acme", None, f"{about}, by key {another['key_id']}", ""),
        ("revoked an API key", "acme", None, f"key {another['key_id']}", ""),
        ("set where travellers may be sent back to", "acme", None, origin, ""),
        ("took a trip as evidence", "acme", trip, "", ""),
        ("paused a projection", "", None, "bookings", "Somebody looks at it"),
        ("resumed a projection", "", None, "bookings", ""),
        ("wrapped all personal keys anew", "", None, "", ""),
        ("retried a task", "", None, "task 12", ""),
    } == {facts(act) for act in book}
    assert 9 == len(book)
    assert {"ada"} == {act.operator for act in book}
    assert not [secret for secret in (made["key"], another["key"], "Amelia") if secret in str(book)]
    assert [{**row, "acted_at": ""} for row in await done("audit", "--operator", "ada")] == [
        {**row, "acted_at": ""} for row in json.loads(json.dumps([row_of(act) for act in book]))
    ]


async def test_what_brings_the_schema_up_to_date_is_in_the_book(
    office: Office, database_url: str, tmp_path: Path
) -> None:
    code, out, _ = await tripledger(database_url, tmp_path, "migrate", "--json")
    assert (0, []) == (code, json.loads(out)["names"])
    assert [] == await PostgresActs(office.database).page(None)

    last = await office.database.pool.fetchrow(
        "SELECT number, name FROM tripledger.migrations ORDER BY number DESC LIMIT 1"
    )
    assert last is not None
    from_nothing = tmp_path / "new"
    code, out, _ = await tripledger(None, from_nothing, "migrate", "--json")
    names = json.loads(out)["names"]
    assert (0, f"{last['number']:04} {last['name']}") == (code, names[-1])

    code, out, _ = await tripledger(None, from_nothing, "audit", "--json")
    [act] = json.loads(out)
    assert ("ada", "migrated the schema", f"{names[0]} to {names[-1]}") == (
        act["operator"],
        act["act"],
        act["subject"],
    )


def facts(act: Act) -> tuple[str, str, str | None, str, str]:
    return act.act, act.tenant, act.trip_id, act.subject, act.reason


def row_of(act: Act) -> dict[str, Any]:
    return asdict(act) | {"acted_at": ""}
