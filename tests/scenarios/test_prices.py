"""A price that moved is asked about, a stated total is asserted, nobody pays more than agreed."""

from __future__ import annotations

from typing import Any

from tests.scenarios.world import World

RISE = 1_000


async def dearer_trip(world: World) -> tuple[str, int]:
    """A trip whose flight gets dearer by ten with every reading, and what it was shown to cost."""
    trip_id = await world.build(await world.find_flight("LHR", "STN"))
    return trip_id, (await world.trip(trip_id))["total"]["amount"]


def totals(problem: Any) -> tuple[int, int]:
    told = problem["properties"]
    return told["old_total"]["amount"], told["new_total"]["amount"]


async def test_a_risen_price_is_asked_about_with_both_totals(world: World) -> None:
    trip_id, shown = await dearer_trip(world)

    status, code, problem = await world.not_booked(trip_id)

    assert (409, "price_changed", False) == (status, code, problem["retryable"])
    assert (shown, shown + RISE) == totals(problem)
    assert "EUR" == problem["properties"]["new_total"]["currency"]
    assert ("quoted", shown + RISE) == (
        (trip := await world.trip(trip_id))["status"],
        trip["quote"]["total"]["amount"],
    )
    assert {} == await world.kinds("stripe", trip_id)


async def test_a_risen_price_is_charged_after_it_was_stated(world: World) -> None:
    trip_id, shown = await dearer_trip(world)
    _, _, problem = await world.not_booked(trip_id)
    new_total = problem["properties"]["new_total"]

    trip = await world.pay_and_settle(trip_id, expected_total=new_total)

    assert ("completed", shown + RISE) == (trip["status"], new_total["amount"])
    assert [shown + RISE] == await world.amounts("payment.captured", trip_id)


async def test_booking_again_without_a_word_agrees_to_the_price_just_told(world: World) -> None:
    trip_id, shown = await dearer_trip(world)
    await world.not_booked(trip_id)

    trip = await world.pay_and_settle(trip_id)

    assert "completed" == trip["status"]
    assert [shown + RISE] == await world.amounts("payment.captured", trip_id)


async def test_a_rise_within_the_tolerance_is_not_asked_about(world: World) -> None:
    trip_id, shown = await dearer_trip(world)

    trip = await world.pay_and_settle(trip_id, tolerance=RISE)

    assert "completed" == trip["status"]
    assert [shown + RISE] == await world.amounts("payment.captured", trip_id)


async def test_a_rise_beyond_the_tolerance_is_asked_about(world: World) -> None:
    trip_id, shown = await dearer_trip(world)

    status, code, problem = await world.not_booked(trip_id, tolerance=RISE - 1)

    assert (409, "price_changed") == (status, code)
    assert (shown, shown + RISE) == totals(problem)


async def test_a_stated_total_that_is_wrong_opens_no_checkout(world: World) -> None:
    trip_id = await world.build_usual()
    shown = (await world.trip(trip_id))["total"]["amount"]

    status, code, problem = await world.not_booked(trip_id, expected_total=shown - 1)
    booked = await world.book(trip_id, expected_total=shown)

    assert (409, "price_changed") == (status, code)
    assert (shown - 1, shown) == totals(problem)
    assert shown == booked["total"]["amount"]
    assert 1 == (await world.kinds("stripe", trip_id))["checkout_session.created"]


async def test_an_open_checkout_is_not_shown_to_who_expects_another_total(world: World) -> None:
    trip_id = await world.build_usual()
    booked = await world.book(trip_id)
    total = booked["total"]["amount"]

    status, code, problem = await world.not_booked(trip_id, expected_total=total + 1)
    again = await world.book(trip_id, expected_total=total)

    assert (409, "price_changed") == (status, code)
    assert (total + 1, total) == totals(problem)
    assert booked["session_id"] == again["session_id"]
    assert {"checkout_session.created": 1} == await world.kinds("stripe", trip_id)


async def test_a_room_that_gets_dearer_at_its_quote_is_asked_about(world: World) -> None:
    trip_id = await world.build(await world.find_test_stay("Price Changed at Quote"))
    shown = (await world.trip(trip_id))["total"]["amount"]

    status, code, problem = await world.not_booked(trip_id)
    trip = await world.pay_and_settle(trip_id, expected_total=problem["properties"]["new_total"])

    assert (409, "price_changed") == (status, code)
    assert (shown, shown + RISE) == totals(problem)
    assert "completed" == trip["status"]
    assert [shown + RISE] == await world.amounts("payment.captured", trip_id)


async def test_a_price_that_moves_only_once_is_charged_as_it_is_then(world: World) -> None:
    trip_id = await world.build_usual()
    shown = (await world.trip(trip_id))["total"]["amount"]
    await world.fault("duffel", "GET", "/air/offers/*", "price_changed", by="7.25")

    _, code, problem = await world.not_booked(trip_id)
    trip = await world.pay_and_settle(trip_id)

    assert "price_changed" == code
    assert (shown, shown + 725) == totals(problem)
    assert "completed" == trip["status"]
    assert [shown + 725] == await world.amounts("payment.captured", trip_id)


async def test_a_price_that_falls_is_charged_as_it_fell(world: World) -> None:
    trip_id = await world.build_usual()
    shown = (await world.trip(trip_id))["total"]["amount"]
    await world.fault("duffel", "GET", "/air/offers/*", "price_changed", by="-7.25")

    trip = await world.pay_and_settle(trip_id)

    assert "completed" == trip["status"]
    assert [shown - 725] == await world.amounts("payment.captured", trip_id)


async def test_a_price_that_moves_after_the_payment_is_not_charged(world: World) -> None:
    flight, stay = await world.find_flight(), await world.find_stay()
    trip_id = await world.build(flight, stay)
    await world.fault("duffel", "POST", "/air/orders", "price_changed")

    trip = await world.pay_and_settle(trip_id)

    assert ["price_changed", None] == [b["problem_code"] for b in trip["bookings"]]
    assert [stay["price"]["amount"]] == await world.amounts("payment.captured", trip_id)
    assert [flight["price"]["amount"]] == await world.amounts("payment.released", trip_id)


async def test_an_item_gone_before_the_quote_is_named_and_nothing_is_opened(world: World) -> None:
    trip_id = await world.build(await world.find_flight("LGW", "LHR"), await world.find_stay())

    status, code, problem = await world.not_booked(trip_id)
    trip = await world.trip(trip_id)

    assert (410, "sold_out") == (status, code)
    assert [trip["items"][0]["item_id"]] == [i["item_id"] for i in problem["properties"]["items"]]
    assert ("draft", "failed") == (trip["status"], trip["quote"]["status"])
    assert {} == await world.kinds("stripe", trip_id)


async def test_without_the_item_that_is_gone_the_rest_is_booked(world: World) -> None:
    gone, stay = await world.find_flight("LGW", "LHR"), await world.find_stay()
    trip_id = await world.build(gone, stay)
    await world.not_booked(trip_id)

    await world.remove(trip_id, (await world.trip(trip_id))["items"][0])
    trip = await world.pay_and_settle(trip_id)

    assert "completed" == trip["status"]
    assert [stay["price"]["amount"]] == await world.amounts("payment.captured", trip_id)
