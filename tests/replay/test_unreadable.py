"""An event that this program cannot read stops whoever needs it, by name, and nobody else."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from adapters.event_log.codec import UnreadableStoredEvent
from adapters.read_tables import PROJECTIONS
from service.workers.rebuilding import rebuild
from tests.contracts.events import new_id
from tests.contracts.waiting import until
from tests.forking import command
from tests.scenarios.world import World, raised_world

POISON = """
INSERT INTO tripledger.trip_events (originator_id, originator_version, topic, state, tenant)
VALUES ($1, 1, $2, $3, 'ours') RETURNING notification_id
"""


@pytest.fixture
def lines() -> Iterator[list[Any]]:
    with structlog.testing.capture_logs() as captured:
        yield captured


async def poison(world: World, topic: str, state: bytes) -> tuple[int, str]:
    """What a later version of the program, or a mistake, may leave in the log."""
    stream = new_id()
    position = await world.service.database.pool.fetchval(POISON, stream, topic, state)
    world.service.database.hints.tell_of_events()
    return position, stream


async def listed(database_url: str) -> tuple[int, list[dict[str, Any]]]:
    """Exit code and answer of `tripledger projections list`."""
    environment = {**os.environ, "TRIPLEDGER_DATABASE_URL": database_url}
    done = await command(environment, "projections", "list", "--json")
    return done.code, json.loads(done.answer)


def stopped(lines: list[Any]) -> list[tuple[str, str]]:
    told = [line for line in lines if line["event"].startswith("projection_")]
    assert {"projection_stopped"} >= {line["event"] for line in told}
    return sorted((line["projection"], line["reason"]) for line in told)


async def test_an_unknown_topic_stops_the_projection_that_needs_it_and_no_other(
    database_url: str, tmp_path: Path, lines: list[Any]
) -> None:
    async with raised_world(database_url, tmp_path, projection_poll_s=0.05) as world:
        models = world.service.models
        position, stream = await poison(world, "trip.teleported.v1", b'{"secret": "x"}')
        settled = await world.pay_and_settle(await world.build_usual())
        assert "completed" == settled["status"]
        newest = await world.service.log.last_position()

        async def followed() -> bool:
            return await models.checkpoint("bookings") == newest

        await until(followed)
        code = settled["bookings"][0]["code"]
        assert code == (await world.call("GET", f"/v1/bookings/{code}"))["code"]
        assert position - 1 == await models.checkpoint("trip_details")
        why = f"position {position}, stream {stream} version 1, topic trip.teleported.v1"
        needing = ("trip_details", "trip_list")
        await until(lambda: asyncio.sleep(0, len(stopped(lines)) == len(needing)))
        assert [(name, f"{why}: unknown topic") for name in needing] == stopped(lines)

        with pytest.raises(UnreadableStoredEvent, match=why):
            await rebuild(world.service.log, models, ["trip_details"])
        assert [(name, 1) for name in sorted(PROJECTIONS)] == [
            (point.name, point.version) for point in await models.checkpoints()
        ]
        [made] = await rebuild(world.service.log, models, ["bookings"])
        assert newest <= made.events


async def test_a_payload_that_does_not_fit_stops_every_projection_that_needs_it_once(
    database_url: str, tmp_path: Path, lines: list[Any]
) -> None:
    async with raised_world(database_url, tmp_path, projection_poll_s=0.05) as world:
        position, stream = await poison(world, "booking.confirmed.v1", b'{"secret": "x"}')
        needing = ("bookings", "money_ledger", "trip_details", "trip_list")
        await until(lambda: asyncio.sleep(0, len(stopped(lines)) == len(needing)))
        trip_id = await world.build_usual()

        trip = await world.trip(trip_id)
        assert (trip_id, "draft") == (trip["trip_id"], trip["status"])
        why = f"position {position}, stream {stream} version 1, topic booking.confirmed.v1"
        reasons = [(name, reason.partition(": ")[0]) for name, reason in stopped(lines)]
        assert [(name, why) for name in needing] == reasons
        assert "secret" not in str(lines)
        for name in needing:
            assert position - 1 == await world.service.models.checkpoint(name)
        code, models = await listed(database_url)
        assert (1, needing) == (code, tuple(m["name"] for m in models if m["stopped_by"]))
        assert {why} == {m["stopped_by"].partition(": ")[0] for m in models if m["stopped_by"]}


async def test_the_feed_goes_up_to_an_unreadable_event_and_not_past_it(
    database_url: str, tmp_path: Path
) -> None:
    async with raised_world(database_url, tmp_path) as world:
        await world.build_usual()
        position, _ = await poison(world, "trip.teleported.v1", b"{}")
        await world.build_usual()

        page = await world.call("GET", "/v1/events?limit=500")

        assert list(range(1, position)) == [event["position"] for event in page["events"]]
        status, code, _ = await world.refused("GET", f"/v1/events?after={page['next']}")
        assert (500, "internal_error") == (status, code)
