"""The payment provider's answer is lost, late, broken or a refusal to answer: every operation has
exactly one effect."""

from __future__ import annotations

import pytest

from tests.scenarios.world import World

# Met twice, so that the client's own repetition is not enough and ours is needed; what the client
# does not repeat is met once.
MODES = {
    "commit_then_reset": 2,
    "commit_then_500": 2,
    "cut_body": 1,
    "endless_body": 1,
    "http_500": 2,
    "rate_limited": 2,
}

every_mode = pytest.mark.parametrize("mode", MODES)


async def fault(world: World, path: str, mode: str) -> None:
    await world.fault("stripe", "POST", path, mode, times=MODES[mode])


@every_mode
async def test_one_session_is_opened(world: World, mode: str) -> None:
    trip_id = await world.build_usual()
    await fault(world, "/v1/checkout/sessions", mode)

    booked = await world.hurried(world.book(trip_id))
    again = await world.book(trip_id)

    assert booked["session_id"] == again["session_id"]
    assert {"checkout_session.created": 1} == await world.kinds("stripe", trip_id)


@every_mode
async def test_one_direct_payment_is_opened(world: World, mode: str) -> None:
    trip_id = await world.build_usual()
    await fault(world, "/v1/customers", mode)
    await fault(world, "/v1/payment_intents", mode)

    await world.hurried(world.book(trip_id, mode="direct"))

    kinds = await world.kinds("stripe", trip_id)
    assert (1, 1) == (kinds["customer.created"], kinds["payment_intent.created"])


@every_mode
async def test_money_is_captured_once(world: World, mode: str) -> None:
    trip_id = await world.build_usual()
    total = (await world.trip(trip_id))["total"]["amount"]
    await fault(world, "/v1/payment_intents/*/capture", mode)

    trip = await world.pay_and_settle(trip_id)

    assert ("completed", total) == (trip["status"], trip["payment"]["captured"]["amount"])
    assert [total] == await world.amounts("payment.captured", trip_id)
    assert 1 == (await world.topics(trip_id)).count("trip.payment-captured.v1")


@every_mode
async def test_money_is_released_once(world: World, mode: str) -> None:
    trip_id = await world.build(await world.find_flight())
    total = (await world.trip(trip_id))["total"]["amount"]
    await world.fault("duffel", "POST", "/air/orders", "sold_out")
    await fault(world, "/v1/payment_intents/*/cancel", mode)

    trip = await world.pay_and_settle(trip_id)

    assert ("failed", total) == (trip["status"], trip["payment"]["released"]["amount"])
    assert [total] == await world.amounts("payment.released", trip_id)
    assert 1 == (await world.topics(trip_id)).count("trip.payment-released.v1")


@every_mode
async def test_money_is_refunded_once(world: World, mode: str) -> None:
    trip_id = await world.build(await world.find_flight())
    booked = await world.book(trip_id)
    total = booked["total"]["amount"]
    await world.fault("duffel", "POST", "/air/orders", "sold_out")
    await fault(world, "/v1/refunds", mode)

    session = await world.pay(booked["session_id"], "processing")
    await world.settle(session["payment_intent"], "succeeded")
    trip = await world.until(trip_id, lambda t: t["payment"]["status"] == "refunded")

    assert total == trip["payment"]["refunded"]["amount"]
    assert [total] == await world.amounts("refund.created", trip_id)
    assert 1 == (await world.topics(trip_id)).count("trip.refund-succeeded.v1")


@every_mode
async def test_a_session_is_closed_once_and_the_edit_goes_through(world: World, mode: str) -> None:
    trip_id = await world.build_usual()
    item = (await world.trip(trip_id))["items"][0]
    await world.book(trip_id)
    await fault(world, "/v1/checkout/sessions/*/expire", mode)

    await world.hurried(world.remove(trip_id, item))

    assert {"checkout_session.created": 1, "checkout_session.expired": 1} == (
        await world.kinds("stripe", trip_id)
    )
    assert 1 == (await world.topics(trip_id)).count("trip.item-removed.v1")


@every_mode
async def test_a_payment_is_noticed_though_looking_fails(world: World, mode: str) -> None:
    trip_id = await world.build_usual()
    session_id = (await world.book(trip_id))["session_id"]
    await world.fault("stripe", "GET", "/v1/checkout/sessions/*", mode, times=4)

    await world.pay(session_id)
    trip = await world.until_status(trip_id, "completed", "failed")

    assert "completed" == trip["status"]
    assert 1 == (await world.topics(trip_id)).count("trip.payment-succeeded.v1")


async def test_a_refund_that_takes_its_time_is_awaited(world: World) -> None:
    trip_id = await world.build(await world.find_flight())
    booked = await world.book(trip_id)
    await world.fault("duffel", "POST", "/air/orders", "sold_out")
    await world.fault("stripe", "POST", "/v1/refunds", "refund_pending")

    session = await world.pay(booked["session_id"], "processing")
    await world.settle(session["payment_intent"], "succeeded")
    await world.until_recorded(trip_id, "trip.refund-submitted.v1")
    waiting = await world.trip(trip_id)
    [refund] = [e for e in await world.journal("stripe", trip_id) if e["kind"] == "refund.created"]
    await world.steer("stripe", "POST", f"/_sandbox/refunds/{refund['refund']}/succeed", {})
    trip = await world.until(trip_id, lambda t: t["payment"]["status"] == "refunded")

    assert "refunding" == waiting["payment"]["status"]
    assert booked["total"]["amount"] == trip["payment"]["refunded"]["amount"]


async def test_while_the_provider_refuses_to_answer_booking_says_come_again(world: World) -> None:
    """Nothing is lost: asked again when it answers, the one checkout is opened."""
    trip_id = await world.build_usual()
    world.service.desk.wait_s = 0.5
    await world.fault("stripe", "POST", "/v1/checkout/sessions", "http_503", times=None)

    status, code, problem = await world.not_booked(trip_id)
    await world.clear_faults("stripe")
    world.service.desk.wait_s = 20.0
    booked = await world.hurried(world.book(trip_id))

    assert (409, "checkout_in_progress", True) == (status, code, problem["retryable"])
    assert booked["session_id"].startswith("cs_test_")
    assert {"checkout_session.created": 1} == await world.kinds("stripe", trip_id)
