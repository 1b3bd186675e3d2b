"""Read models are held, let go and made anew from the console, and the log is proven whole."""

from __future__ import annotations

import asyncio

from tests.console.operating import Console, form_of
from tests.console.prepared import seen
from tests.scenarios.world import World

HERE = "/console/projections"


async def press(console: Console, name: str, act: str, reason: str = "Looking closer") -> int:
    form = form_of(await console.sees(HERE), f"{HERE}/{name}")
    return (await console.press(form, act=act, reason=reason)).status


async def version_of(world: World, name: str) -> int:
    [live] = [p for p in await world.service.models.checkpoints() if p.live and p.name == name]
    return live.version


async def test_a_read_model_that_is_held_stays_and_the_trip_does_not(
    world: World, console: Console
) -> None:
    await world.build_usual()
    await seen(world)
    assert 303 == await press(console, "trip_list", "pause")
    assert "Held by" in (await console.sees(HERE)).text

    trip_id = await world.build_usual()
    await world.service.log.changed(0.2)
    beside = [p for p in await world.service.models.checkpoints() if p.name == "trip_details"]
    last = await world.service.log.last_position()
    while beside[0].position < last:
        beside = [p for p in await world.service.models.checkpoints() if p.name == "trip_details"]
    listed = await console.sees("/console/trips")
    itself = await console.sees(f"/console/trips/{trip_id}")

    assert trip_id not in listed.html
    assert "Being put together" in itself.text
    assert "Looking closer" in (await console.sees(HERE)).text
    assert 303 == await press(console, "trip_list", "resume", reason="")
    await seen(world)
    assert trip_id in (await console.sees("/console/trips")).html


async def test_a_read_model_is_made_anew_beside_the_old_one(world: World, console: Console) -> None:
    trip_id = await world.build_usual()
    await seen(world)
    before = await version_of(world, "trip_list")

    assert 303 == await press(console, "trip_list", "rebuild")
    async with asyncio.timeout(60):
        while await version_of(world, "trip_list") == before:
            await world.service.log.changed(0.05)

    assert trip_id in (await console.sees("/console/trips")).html
    assert "rebuilt a projection trip_list" in (await console.sees("/console/audit")).text


async def test_acting_on_a_read_model_takes_a_reason_and_a_name_that_exists(
    world: World, console: Console
) -> None:
    before = await version_of(world, "trip_list")

    assert 409 == await press(console, "trip_list", "rebuild", reason=" ")
    assert 409 == await press(console, "trip_list", "pause", reason="")
    assert 404 == await press(console, "trip_list", "explode")
    form = form_of(await console.sees(HERE), f"{HERE}/trip_list")
    form.action = f"{HERE}/nothing"
    assert 404 == (await console.press(form, act="pause", reason="because")).status
    assert before == await version_of(world, "trip_list")


async def test_the_log_is_proven_whole(world: World, console: Console) -> None:
    await world.build_usual()
    last = await world.service.log.last_position()

    answer = await console.tries("/console/log", "/console/log/verify")
    assert 303 == answer.status
    async with asyncio.timeout(60):
        while "events were read" not in (page := await console.sees("/console/log")).text:
            await world.service.log.changed(0.05)

    assert f"whole {last} events were read" in page.text
    assert "verified the log" in (await console.sees("/console/audit")).text


async def test_the_log_is_browsed_by_kind_time_and_trip(world: World, console: Console) -> None:
    one = await world.build_usual()
    between = world.service.clock.now()
    await world.advance(60)
    other = await world.build_usual()

    def starts(html: str) -> list[str]:
        return [trip for trip in (one, other) if f"/console/trips/{trip}" in html]

    kind = await console.sees("/console/log?topic=trip.started.v1")
    until = await console.sees(f"/console/log?until={between.isoformat().replace('+', '%2B')}")
    trip = await console.sees(f"/console/log?trip={other}")

    assert [one, other] == starts(kind.html)
    assert [one] == starts(until.html)
    assert [other] == starts(trip.html)
    assert 2 == kind.html.count('<td data-label="Position"')


async def test_the_log_goes_on_to_older_events(world: World, console: Console) -> None:
    for _ in range(60):
        await world.call("POST", "/v1/trips")
    last = await world.service.log.last_position()

    first = await console.sees("/console/log")
    [older] = [link for link in first.links() if "before=" in link]
    second = await console.sees(f"/console/log{older}")

    shown = [html.count('<td data-label="Position"') for html in (first.html, second.html)]
    assert [50, last - 50] == shown


async def test_a_notification_that_was_put_aside_is_tried_again(
    world: World, console: Console
) -> None:
    trip_id = await world.build_usual()
    booked = await world.book(trip_id)
    await world.pay(booked["session_id"])
    await world.until_status(trip_id, "completed")
    await world.at_rest()
    pool = world.service.database.pool  # type: ignore[union-attr]
    task_id = await pool.fetchval(
        "UPDATE tripledger.tasks SET state = 'parked', reason = 'http_500' WHERE task_id ="
        " (SELECT min(task_id) FROM tripledger.tasks WHERE kind = 'webhook') RETURNING task_id"
    )
    action = f"/console/webhooks/tasks/{task_id}/retry"

    aside = await console.sees("/console/webhooks?failed=yes")
    answer = await console.press(form_of(aside, action), reason="Stripe is well again")
    await world.at_rest()

    assert 303 == answer.status
    assert "http_500" in aside.text
    assert 0 == await pool.fetchval("SELECT count(*) FROM tripledger.tasks WHERE state = 'parked'")
    again = await console.press(form_of(aside, action), reason="Once more")
    assert 409 == again.status
