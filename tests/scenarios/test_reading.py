"""Reading is never older than the reader's own writes, and any past moment can be read again."""

from __future__ import annotations

import asyncio

from tests.scenarios.conftest import Raise
from tests.scenarios.world import AMELIA, CONTACT, World


async def test_without_any_projection_running_a_trip_is_read_as_it_was_just_written(
    raise_world: Raise,
) -> None:
    world = await raise_world(("api", "work"))
    trip_id = await world.build(await world.find_flight())

    added = await world.add(trip_id, await world.find_stay())
    after_adding = await world.trip(trip_id)
    removed = await world.remove(trip_id, added["items"][0])
    after_removing = await world.trip(trip_id)
    booked = await world.book(trip_id)
    after_booking = await world.trip(trip_id)
    await world.pay(booked["session_id"])
    done = await world.until_status(trip_id, "completed", "failed")

    item_id = added.pop("item_id")
    assert added == after_adding
    assert item_id == after_adding["items"][1]["item_id"]
    assert removed == after_removing
    assert (booked["version"], booked["session_id"]) == (
        after_booking["version"],
        after_booking["checkout"]["session_id"],
    )
    assert "completed" == done["status"]
    assert 0 == await world.service.models.checkpoint("trip_details")


async def test_with_projections_running_every_read_sees_the_write_before_it(world: World) -> None:
    trip_id = await world.build_usual()

    for number in range(12):
        mail = {"email": f"amelia{number}@tripledger.dev", "phone": CONTACT["phone"]}
        written = await world.call(
            "PUT", f"/v1/trips/{trip_id}/travelers", {"travelers": [AMELIA], "contact": mail}
        )
        assert written == await world.trip(trip_id)

    versions = [(await world.trip(trip_id))["version"] for _ in range(3)]
    assert [written["version"]] * 3 == versions


async def test_a_booking_is_found_by_its_code_right_after_it_was_made(world: World) -> None:
    trip_id = await world.build_usual()
    booked = await world.book(trip_id)

    by_code = [await world.call("GET", f"/v1/bookings/{code}") for code in booked["booking_codes"]]
    by_group = await world.call("GET", f"/v1/groups/{booked['group_id']}")

    assert booked["booking_codes"] == [booking["code"] for booking in by_code]
    assert by_code == by_group["bookings"]
    assert (trip_id, booked["group_id"]) == (by_group["trip_id"], by_group["group_id"])


async def test_every_version_of_a_trip_can_be_read_again(world: World) -> None:
    trip_id = await world.build_usual()
    trip = await world.pay_and_settle(trip_id)
    path = f"/v1/trips/{trip_id}"

    past = [
        await world.call("GET", f"{path}?as_of={version}")
        for version in range(1, trip["version"] + 1)
    ]

    assert list(range(1, trip["version"] + 1)) == [each["version"] for each in past]
    assert trip == past[-1]
    assert ("draft", [], None) == (past[0]["status"], past[0]["items"], past[0]["contact"])
    lengths = [len(each["items"]) for each in past[:3]]
    assert [0, 1, 2] == lengths
    seen = list(dict.fromkeys(each["status"] for each in past))
    assert [
        *("draft", "quoting", "quoted", "opening", "awaiting_payment"),
        *("paid", "fulfilling", "completed"),
    ] == seen


async def test_a_trip_can_be_read_as_it_was_at_a_time(world: World) -> None:
    trip_id = await world.build_usual()
    path = f"/v1/trips/{trip_id}"
    before = await world.trip(trip_id)
    await world.advance(60)
    moment = world.service.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    await world.advance(60)
    trip = await world.pay_and_settle(trip_id)

    then = await world.call("GET", f"{path}?as_of={moment}")
    status, code, _ = await world.refused("GET", f"{path}?as_of=2001-01-01T00:00:00Z")

    assert before == then
    assert "completed" == trip["status"]
    assert (404, "trip_not_found") == (status, code)


async def test_the_feed_hands_out_what_happens_while_one_waits_for_it(world: World) -> None:
    trip_id = await world.build_usual()
    events = (await world.call("GET", "/v1/events?after=0&limit=500"))["events"]
    after = events[-1]["position"]

    waiting = asyncio.create_task(world.call("GET", f"/v1/events?after={after}&wait_s=20"))
    removed = await world.remove(trip_id, (await world.trip(trip_id))["items"][0])
    news = await waiting

    assert ["trip.item-removed.v1"] == [event["topic"] for event in news["events"]]
    assert removed["version"] == len(await world.events(trip_id))
