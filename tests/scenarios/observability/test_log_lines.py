"""Whoever reads a line of the log finds the facts it led to, and the other way round."""

from __future__ import annotations

import asyncio
import json
from io import StringIO
from typing import Any

from domain.log import EffectKind
from tests.scenarios.world import World


def told(logs: StringIO, event: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in logs.getvalue().splitlines()]
    return [line for line in lines if line["event"] == event]


async def test_every_fact_is_found_from_a_line_by_tenant_trip_and_position(
    logs: StringIO, world: World
) -> None:
    """Of a request by its id; of a task, and of a notice, by what it was asked to do."""
    trip_id = await world.build_usual()
    await world.fault("stripe", "POST", "/v1/payment_intents/*/capture", "http_500")
    await world.pay_and_settle(trip_id)
    await world.at_rest()

    recorded = await world.service.log.read_trip(trip_id)
    newest = {each.cause.request_id or each.cause.causation: each.position for each in recorded}
    requests, tasks = told(logs, "request"), told(logs, "task")
    by_request = {line["request_id"]: line for line in requests}
    asked = {name for each in recorded if (name := each.cause.request_id) is not None}
    places = {(line.get("tenant"), line.get("trip_id"), line.get("position")) for line in tasks}

    assert len(asked) == 5
    assert {name: ("ours", trip_id, newest[name]) for name in asked} == {
        name: tuple(by_request[name][key] for key in ("tenant", "trip_id", "position"))
        for name in asked
    }
    assert len(newest) > 8
    assert set() == {("ours", trip_id, newest[name]) for name in newest.keys() - asked} - places
    assert {"done"} <= {line["outcome"] for line in tasks}


async def test_a_line_about_one_trip_says_nothing_of_another(logs: StringIO, world: World) -> None:
    first = await world.build(await world.find_flight())
    second = await world.build(await world.find_stay())
    await world.trip(first)
    await world.call("GET", "/v1/events?after=0")

    last = told(logs, "request")[-2:]

    assert ["/v1/trips/{trip_id}", "/v1/events"] == [line["route"] for line in last]
    assert [first, None] == [line.get("trip_id") for line in last]
    assert [None, None] == [line.get("position") for line in last]
    assert second not in json.dumps(last)


async def test_a_task_that_fails_says_which_and_where_its_trip_stood(
    logs: StringIO, world: World
) -> None:
    trip_id = await world.build_usual()

    async def broken(*_: Any) -> Any:
        raise RuntimeError("canary")

    kept = world.service.worker.performers
    world.service.worker.performers = kept | {EffectKind.QUOTE_TRIP: broken}
    world.service.desk.wait_s = 0.1
    await world.not_booked(trip_id)
    async with asyncio.timeout(60):
        while not told(logs, "task_failed"):
            await world.service.log.changed(0.1)
    world.service.worker.performers = kept
    world.service.desk.wait_s = 20.0
    await world.hurried(world.book(trip_id))

    line = told(logs, "task_failed")[0]
    scheduled = [e["position"] for e in await world.events(trip_id) if "scheduled" in e["topic"]]
    assert ("ours", trip_id, scheduled[0]) == (line["tenant"], line["trip_id"], line["position"])
    assert ("quote_trip", "RuntimeError") == (line["effect"], line["reason"])
    assert "canary" not in logs.getvalue()
