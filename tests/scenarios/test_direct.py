"""Direct mode: a payment, a customer and a short-lived key for the caller's own payment sheet."""

from __future__ import annotations

from typing import Any

from tests.scenarios.world import World


async def pay_direct(world: World, payment_id: str, outcome: str = "paid") -> Any:
    path = f"/_sandbox/payment_intents/{payment_id}/pay"
    return await world.steer("stripe", "POST", path, {"outcome": outcome})


async def test_a_payment_sheet_gets_its_secrets_and_is_paid(world: World) -> None:
    trip_id = await world.build_usual()

    booked = await world.book(trip_id, mode="direct")
    await pay_direct(world, booked["session_id"])
    trip = await world.until_status(trip_id, "completed", "failed")

    secrets = booked["payment"]
    assert secrets["client_secret"].startswith(f"{booked['session_id']}_secret_")
    assert secrets["ephemeral_key"].startswith("ek_test_")
    assert secrets["customer_id"].startswith("cus_")
    assert booked.get("checkout_url") is None
    assert "completed" == trip["status"]
    kinds = await world.kinds("stripe", trip_id)
    assert (0, 1, 1, 1) == (
        kinds["checkout_session.created"],
        kinds["customer.created"],
        kinds["payment_intent.created"],
        kinds["payment.captured"],
    )


async def test_booking_again_answers_the_same_payment_with_a_live_key(world: World) -> None:
    trip_id = await world.build_usual()

    first = await world.book(trip_id, mode="direct")
    second = await world.book(trip_id, mode="direct")

    assert first["session_id"] == second["session_id"]
    assert first["payment"]["client_secret"] == second["payment"]["client_secret"]
    assert first["payment"]["customer_id"] == second["payment"]["customer_id"]
    assert first["payment"]["ephemeral_key"] != second["payment"]["ephemeral_key"]
    kinds = await world.kinds("stripe", trip_id)
    assert (1, 1) == (kinds["payment_intent.created"], kinds["customer.created"])


async def test_an_open_checkout_keeps_its_mode(world: World) -> None:
    trip_id = await world.build_usual()
    await world.book(trip_id, mode="direct")

    status, code, problem = await world.not_booked(trip_id, mode="hosted")

    assert (409, "state_conflict", False) == (status, code, problem["retryable"])
    kinds = await world.kinds("stripe", trip_id)
    assert (0, 1) == (kinds["checkout_session.created"], kinds["payment_intent.created"])


async def test_a_declined_payment_sheet_takes_another_card(world: World) -> None:
    trip_id = await world.build_usual()
    booked = await world.book(trip_id, mode="direct")

    await pay_direct(world, booked["session_id"], "declined")
    await world.until_recorded(trip_id, "trip.payment-failed.v1")
    await pay_direct(world, booked["session_id"])
    trip = await world.until_status(trip_id, "completed", "failed")

    assert "completed" == trip["status"]
    kinds = await world.kinds("stripe", trip_id)
    assert (1, 1) == (kinds["payment.declined"], kinds["payment.captured"])


async def test_an_edit_cancels_the_open_payment_and_a_new_one_follows(world: World) -> None:
    stay = await world.find_stay()
    trip_id = await world.build(await world.find_flight(), stay)
    old = await world.book(trip_id, mode="direct")

    await world.remove(trip_id, (await world.trip(trip_id))["items"][0])
    canceled = await world.steer(
        "stripe",
        "POST",
        f"/_sandbox/payment_intents/{old['session_id']}/pay",
        {"outcome": "abandoned"},
    )
    new = await world.book(trip_id, mode="direct")
    await pay_direct(world, new["session_id"])
    trip = await world.until_status(trip_id, "completed", "failed")

    assert "canceled" == canceled["status"]
    assert old["session_id"] != new["session_id"]
    assert "completed" == trip["status"]
    assert [stay["price"]["amount"]] == await world.amounts("payment.captured", trip_id)


async def test_a_hosted_checkout_follows_a_direct_one_only_after_it_is_over(
    world: World,
) -> None:
    trip_id = await world.build_usual()
    direct = await world.book(trip_id, mode="direct")
    extra = await world.find_flight("LHR", "DXB")

    await world.add(trip_id, extra)
    hosted = await world.book(trip_id)
    await world.pay(hosted["session_id"])
    trip = await world.until_status(trip_id, "completed", "failed")

    assert "completed" == trip["status"]
    assert direct["total"]["amount"] + extra["price"]["amount"] == hosted["total"]["amount"]
    assert [hosted["total"]["amount"]] == await world.amounts("payment.captured", trip_id)
