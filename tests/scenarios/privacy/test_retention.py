"""What is only kept for a while is gone when its time is over, and not before."""

from __future__ import annotations

from pathlib import Path

from tests.console.operating import Console
from tests.scenarios.audit import nobody_is_named
from tests.scenarios.conftest import Raise
from tests.scenarios.neighbours.neighbour import Ear
from tests.scenarios.world import World

DAY_S = 86_400.0


async def forgotten(world: World, trip_id: str) -> list[bool]:
    people = (await world.call("GET", f"/v1/trips/{trip_id}/people"))["people"]
    return [each["forgotten"] for each in people]


async def test_people_are_forgotten_when_their_trip_has_long_been_over(raise_world: Raise) -> None:
    """They travel in sixty days and a few; kept for ten more."""
    world = await raise_world(people_kept_days=10.0)
    trip_id = await world.build_usual()
    before = await world.pay_and_settle(trip_id)
    draft = await world.build(await world.find_flight())
    seen = []
    for days in (5, 45, 40):
        await world.advance(days * DAY_S)
        await world.at_rest()
        await world.service.housekeeper.tidy()
        seen.append((await forgotten(world, trip_id), await forgotten(world, draft)))

    assert [
        ([False, False], [False, False]),
        ([False, False], [False, False]),
        ([True, True], [True, True]),
    ] == seen
    await nobody_is_named(world)
    after = await world.trip(trip_id)
    assert (before["payment"], before["bookings"]) == (after["payment"], after["bookings"])
    events = await world.events(trip_id)
    assert {"worker:retention"} == {
        e["actor"] for e in events if e["topic"] == "trip.person-forgotten.v1"
    }


async def test_people_are_kept_for_ever_unless_a_time_is_set(raise_world: Raise) -> None:
    world = await raise_world()
    draft = await world.build(await world.find_flight())
    await world.advance(360 * DAY_S)
    await world.at_rest()

    await world.service.housekeeper.tidy()

    assert [False, False] == await forgotten(world, draft)


async def test_sessions_that_are_over_are_thrown_away(raise_world: Raise, tmp_path: Path) -> None:
    world = await raise_world(console_idle_s=600.0)
    pool = world.service.database.pool  # type: ignore[union-attr]
    count = "SELECT count(*) FROM tripledger.operator_sessions"
    async with Ear().session() as browser:
        await Console(world, browser, world.key).enter()
        await world.service.housekeeper.tidy()
        running = await pool.fetchval(count)
        await world.advance(601.0)
        await world.service.housekeeper.tidy()

    assert (1, 0) == (running, await pool.fetchval(count))
