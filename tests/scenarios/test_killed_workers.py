"""A worker is killed between an effect in the world and the record of it; another takes over when
its lease is over, and the effect is there once."""

from __future__ import annotations

import asyncio

import pytest

from tests.scenarios.conftest import Raise
from tests.scenarios.processes import Crew
from tests.scenarios.world import World

LEASE_S = 10
HELD_S = 60
WITHOUT_WORKERS = ("api", "project")

ORDERS = {
    "flight": ("/air/orders", "order.created"),
    "stay": ("/stays/bookings", "stay_booking.created"),
}


async def world_of(raise_world: Raise, crew: Crew) -> World:
    world = await raise_world(WITHOUT_WORKERS, task_lease_s=LEASE_S)
    crew.start(world)
    return world


async def succeeded(world: World, crew: Crew) -> None:
    """The worker is killed and another takes its place; the dead one's lease is over."""
    await crew.processes[-1].kill()
    crew.start(world)
    await world.advance(LEASE_S + 1)


@pytest.mark.parametrize("kind", ORDERS)
async def test_an_order_made_by_a_worker_that_dies_is_found_by_the_next(
    raise_world: Raise, crew: Crew, kind: str
) -> None:
    path, created = ORDERS[kind]
    world = await world_of(raise_world, crew)
    trip_id = await world.build(
        await (world.find_flight() if kind == "flight" else world.find_stay())
    )
    booked = await world.book(trip_id)
    await world.fault("duffel", "POST", path, "commit_then_timeout", hold_s=HELD_S)

    await world.pay(booked["session_id"])
    await world.happened("duffel", trip_id, created)
    await succeeded(world, crew)
    trip = await world.until_status(trip_id, "completed", "failed")

    assert "completed" == trip["status"]
    topics = await world.topics(trip_id)
    assert (1, 1) == (
        topics.count("booking.order-requested.v1"),
        topics.count("booking.order-unknown.v1"),
    )
    assert {created: 1} == await world.kinds("duffel", trip_id)
    assert [booked["total"]["amount"]] == await world.amounts("payment.captured", trip_id)


async def test_an_order_that_arrives_after_its_sender_died_is_found(
    raise_world: Raise, crew: Crew
) -> None:
    """The request was on its way: the next worker looks before there is anything to see."""
    world = await world_of(raise_world, crew)
    trip_id = await world.build(await world.find_flight())
    booked = await world.book(trip_id)
    await world.fault("duffel", "POST", "/air/orders", "latency", latency_s=HELD_S)

    await world.pay(booked["session_id"])
    await world.fault_met("duffel", "latency")
    await succeeded(world, crew)
    await world.until_recorded(trip_id, "booking.order-unknown.v1")
    nothing_yet = await world.kinds("duffel", trip_id)
    await world.clear_faults("duffel")
    trip = await world.until_status(trip_id, "completed", "failed")

    assert {} == nothing_yet
    assert "completed" == trip["status"]
    assert {"order.created": 1} == await world.kinds("duffel", trip_id)
    assert [booked["total"]["amount"]] == await world.amounts("payment.captured", trip_id)


async def test_a_session_opened_by_a_worker_that_dies_is_the_one_that_is_answered(
    raise_world: Raise, crew: Crew
) -> None:
    world = await world_of(raise_world, crew)
    trip_id = await world.build_usual()
    await world.fault(
        "stripe", "POST", "/v1/checkout/sessions", "commit_then_timeout", hold_s=HELD_S
    )

    booking = asyncio.create_task(world.book(trip_id))
    await world.happened("stripe", trip_id, "checkout_session.created")
    await succeeded(world, crew)
    booked = await booking

    [entry] = await world.journal("stripe", trip_id)
    assert ("checkout_session.created", booked["session_id"]) == (
        entry["kind"],
        entry["checkout_session"],
    )
    assert 1 == (await world.topics(trip_id)).count("trip.checkout-initialized.v1")


async def test_money_captured_by_a_worker_that_dies_is_captured_once(
    raise_world: Raise, crew: Crew
) -> None:
    world = await world_of(raise_world, crew)
    trip_id = await world.build_usual()
    booked = await world.book(trip_id)
    path = "/v1/payment_intents/*/capture"
    await world.fault("stripe", "POST", path, "commit_then_timeout", hold_s=HELD_S)

    await world.pay(booked["session_id"])
    await world.happened("stripe", trip_id, "payment.captured")
    await succeeded(world, crew)
    trip = await world.until_status(trip_id, "completed", "failed")

    assert "completed" == trip["status"]
    assert [booked["total"]["amount"]] == await world.amounts("payment.captured", trip_id)
    assert 1 == (await world.topics(trip_id)).count("trip.payment-captured.v1")


async def test_money_refunded_by_a_worker_that_dies_is_refunded_once(
    raise_world: Raise, crew: Crew
) -> None:
    world = await world_of(raise_world, crew)
    trip_id = await world.build(await world.find_flight())
    booked = await world.book(trip_id)
    await world.fault("duffel", "POST", "/air/orders", "sold_out")
    await world.fault("stripe", "POST", "/v1/refunds", "commit_then_timeout", hold_s=HELD_S)

    session = await world.pay(booked["session_id"], "processing")
    await world.settle(session["payment_intent"], "succeeded")
    await world.happened("stripe", trip_id, "refund.created")
    await succeeded(world, crew)
    trip = await world.until(trip_id, lambda t: t["payment"]["status"] == "refunded")

    assert booked["total"]["amount"] == trip["payment"]["refunded"]["amount"]
    assert [booked["total"]["amount"]] == await world.amounts("refund.created", trip_id)


async def test_two_workers_share_the_work_and_do_each_thing_once(
    raise_world: Raise, crew: Crew
) -> None:
    world = await world_of(raise_world, crew)
    crew.start(world)
    trips = [await world.build_usual() for _ in range(4)]

    booked = await asyncio.gather(*(world.book(trip_id) for trip_id in trips))
    await asyncio.gather(*(world.pay(each["session_id"]) for each in booked))
    done = [await world.until_status(trip_id, "completed", "failed") for trip_id in trips]

    assert ["completed"] * 4 == [trip["status"] for trip in done]
    for trip_id in trips:
        orders = await world.kinds("duffel", trip_id)
        assert {"order.created": 1, "stay_booking.created": 1} == orders
        assert 1 == (await world.kinds("stripe", trip_id))["payment.captured"]
