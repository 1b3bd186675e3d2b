"""A supplier's answer is lost: whatever it was, each item is ordered once and found by reading."""

from __future__ import annotations

from typing import Any, cast

import pytest

from adapters.suppliers.duffel import DuffelSupplier
from adapters.suppliers.duffel_wire import timeout_of
from tests.scenarios.world import World

PATHS = {"flight": "/air/orders", "stay": "/stays/bookings"}
CREATED = {"flight": "order.created", "stay": "stay_booking.created"}
KINDS = ("flight", "stay")
# The order is made, and its answer is not one that says so.
MADE_IN_SILENCE: tuple[tuple[str, dict[str, Any]], ...] = (
    ("commit_then_reset", {}),
    ("commit_then_500", {}),
    ("cut_body", {}),
    ("endless_body", {}),
    ("duplicate_detect", {}),
    ("ok_200_late", {"delay_s": 45}),
    ("async_202", {"delay_s": 45}),
)
# Nothing is made, and the answer does not say so.
NOTHING_IN_SILENCE = ("reset_before", "html_502", "http_500")


async def trip_of(world: World, kind: str) -> str:
    """A trip of one item of this kind."""
    offer = await (world.find_flight() if kind == "flight" else world.find_stay())
    return await world.build(offer)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("mode", "options"), MADE_IN_SILENCE)
async def test_an_order_whose_answer_is_lost_is_found_and_not_made_again(
    world: World, kind: str, mode: str, options: dict[str, Any]
) -> None:
    trip_id = await trip_of(world, kind)
    await world.fault("duffel", "POST", PATHS[kind], mode, **options)

    trip = await world.pay_and_settle(trip_id)

    assert ("completed", "confirmed") == (trip["status"], trip["bookings"][0]["status"])
    assert 1 == (await world.topics(trip_id)).count("booking.order-unknown.v1")
    assert {CREATED[kind]: 1} == await world.kinds("duffel", trip_id)
    assert 1 == (await world.kinds("stripe", trip_id))["payment.captured"]


@pytest.mark.parametrize("kind", KINDS)
async def test_an_order_that_outlasts_our_patience_is_found(world: World, kind: str) -> None:
    supplier = cast(DuffelSupplier, world.service.suppliers["duffel"])
    supplier.wire.order_timeout = timeout_of(0.5)
    trip_id = await trip_of(world, kind)
    await world.fault("duffel", "POST", PATHS[kind], "commit_then_timeout", hold_s=60)

    trip = await world.pay_and_settle(trip_id)

    assert "completed" == trip["status"]
    assert 1 == (await world.topics(trip_id)).count("booking.order-unknown.v1")
    assert {CREATED[kind]: 1} == await world.kinds("duffel", trip_id)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mode", NOTHING_IN_SILENCE)
async def test_an_order_that_never_shows_up_is_given_up_with_an_incident(
    world: World, kind: str, mode: str
) -> None:
    trip_id = await trip_of(world, kind)
    total = (await world.trip(trip_id))["total"]["amount"]
    await world.fault("duffel", "POST", PATHS[kind], mode)

    trip = await world.pay_and_settle(trip_id)

    assert ("failed", "order_not_found") == (trip["status"], trip["bookings"][0]["problem_code"])
    assert [("order_not_found", total)] == [
        (i["code"], i["at_stake"]["amount"]) for i in await world.incidents(trip_id)
    ]
    assert {} == await world.kinds("duffel", trip_id)
    assert [total] == await world.amounts("payment.released", trip_id)


@pytest.mark.parametrize("kind", KINDS)
async def test_an_accepted_order_that_fails_later_is_not_charged(world: World, kind: str) -> None:
    trip_id = await trip_of(world, kind)
    await world.fault("duffel", "POST", PATHS[kind], "async_202", outcome="fail", delay_s=5)

    trip = await world.pay_and_settle(trip_id)

    assert ("failed", "supplier_rejected") == (trip["status"], trip["bookings"][0]["problem_code"])
    assert [] == await world.incidents(trip_id)
    assert 0 == (await world.kinds("duffel", trip_id))[CREATED[kind]]
    assert [] == await world.amounts("payment.captured", trip_id)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mode", ["rate_limited", "http_503"])
async def test_an_order_that_was_put_off_is_sent_again_later(
    world: World, kind: str, mode: str
) -> None:
    trip_id = await trip_of(world, kind)
    await world.fault("duffel", "POST", PATHS[kind], mode, times=2)

    trip = await world.pay_and_settle(trip_id)

    assert "completed" == trip["status"]
    assert 3 == (await world.topics(trip_id)).count("booking.order-requested.v1")
    assert {CREATED[kind]: 1} == await world.kinds("duffel", trip_id)


async def test_an_order_that_is_put_off_for_ever_is_given_up(world: World) -> None:
    trip_id = await trip_of(world, "flight")
    await world.fault("duffel", "POST", "/air/orders", "http_503", times=None)

    trip = await world.pay_and_settle(trip_id)

    assert "supplier_unavailable" == trip["bookings"][0]["problem_code"]
    assert 5 == (await world.topics(trip_id)).count("booking.order-requested.v1")
    assert {} == await world.kinds("duffel", trip_id)
    assert [] == await world.amounts("payment.captured", trip_id)


@pytest.mark.parametrize("kind", KINDS)
async def test_news_of_an_order_before_its_answer_change_nothing(world: World, kind: str) -> None:
    trip_id = await trip_of(world, kind)
    await world.fault("duffel", "POST", PATHS[kind], "webhook_first")

    trip = await world.pay_and_settle(trip_id)

    assert "completed" == trip["status"]
    assert 1 == (await world.topics(trip_id)).count("booking.confirmed.v1")
    assert {CREATED[kind]: 1} == await world.kinds("duffel", trip_id)


async def test_news_of_an_order_whose_answer_is_lost_are_enough(world: World) -> None:
    """The list of orders does not answer; the notification leads there once it does."""
    trip_id = await trip_of(world, "flight")
    await world.fault("duffel", "POST", "/air/orders", "commit_then_reset")
    await world.fault("duffel", "GET", "/air/orders", "http_503", times=3)

    trip = await world.pay_and_settle(trip_id)

    assert "completed" == trip["status"]
    assert {"order.created": 1} == await world.kinds("duffel", trip_id)


async def test_all_orders_of_a_trip_may_be_lost_at_once(world: World) -> None:
    trip_id = await world.build_usual()
    await world.fault("duffel", "POST", "/air/orders", "commit_then_500")
    await world.fault("duffel", "POST", "/stays/bookings", "cut_body")

    trip = await world.pay_and_settle(trip_id)

    assert "completed" == trip["status"]
    assert 2 == (await world.topics(trip_id)).count("booking.order-unknown.v1")
    assert {"order.created": 1, "stay_booking.created": 1} == await world.kinds("duffel", trip_id)
    assert 1 == (await world.kinds("stripe", trip_id))["payment.captured"]


@pytest.mark.parametrize(
    "scenario", ["Internal Error at Booking", "Booking Pending then Confirmed"]
)
async def test_a_room_that_is_booked_in_silence_is_found(world: World, scenario: str) -> None:
    trip_id = await world.build(await world.find_test_stay(scenario))

    trip = await world.pay_and_settle(trip_id)

    assert "completed" == trip["status"]
    assert {"stay_booking.created": 1} == await world.kinds("duffel", trip_id)


@pytest.mark.parametrize("mode", ["commit_then_reset", "http_503", "cancel_stale"])
async def test_a_cancellation_whose_answer_is_lost_happens_once(world: World, mode: str) -> None:
    trip_id = await world.build_usual()
    await world.fault("duffel", "POST", "/stays/bookings", "sold_out")
    await world.fault("duffel", "POST", "/air/order_cancellations/*/actions/confirm", mode)

    trip = await world.pay_and_settle(trip_id, fulfillment_policy="all_or_nothing")

    assert ["cancelled", "failed"] == [b["status"] for b in trip["bookings"]]
    assert {"order.created": 1, "order.cancelled": 1} == await world.kinds("duffel", trip_id)
    assert [] == await world.amounts("payment.captured", trip_id)
