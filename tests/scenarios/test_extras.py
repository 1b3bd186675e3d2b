"""Families and extras: everybody is seated, every extra is priced by the supplier and paid for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.scenarios.world import AMELIA, CONTACT, DEPARTURE, World

AGE = 9
ORVILLE = {
    "first_name": "Orville",
    "last_name": "Wright",
    "passenger_type": "CHILD",
    "date_of_birth": (DEPARTURE - timedelta(days=int((AGE + 0.5) * 365.25))).isoformat(),
    "gender": "m",
}
BAG = 2_000


async def quoted_extras(world: World, trip_id: str) -> tuple[str, list[Any]]:
    """The first item and what can be had with it, which its quote tells."""
    item = (await world.book(trip_id))["items"][0]
    return item["item_id"], item["available_ancillaries"]


async def choose(world: World, trip_id: str, item_id: str, *selections: Any) -> Any:
    path = f"/v1/trips/{trip_id}/items/{item_id}/ancillaries"
    return await world.call("PUT", path, {"selections": list(selections)})


async def test_a_bag_is_priced_by_the_supplier_ordered_and_paid_for(world: World) -> None:
    flight = await world.find_flight()
    trip_id = await world.build(flight)
    item_id, [bag] = await quoted_extras(world, trip_id)

    chosen = await choose(world, trip_id, item_id, {"offer_id": bag["offer_id"], "quantity": 2})
    trip = await world.pay_and_settle(trip_id)

    total = flight["price"]["amount"] + 2 * BAG
    assert (BAG, total) == (bag["price"]["amount"], chosen["total"]["amount"])
    assert "completed" == trip["status"]
    assert [total] == await world.amounts("payment.captured", trip_id)
    [order] = await world.journal("duffel", trip_id)
    assert ("order.created", f"{total / 100:.2f}") == (order["kind"], order["amount"])
    kinds = await world.kinds("stripe", trip_id)
    assert (2, 1) == (kinds["checkout_session.created"], kinds["checkout_session.expired"])


async def test_an_extra_that_is_not_for_sale_changes_nothing(world: World) -> None:
    trip_id = await world.build(await world.find_flight())
    item_id, [bag] = await quoted_extras(world, trip_id)
    path = f"/v1/trips/{trip_id}/items/{item_id}/ancillaries"
    before = await world.topics(trip_id)

    told = [
        (await world.refused("PUT", path, {"selections": wanted}))[:2]
        for wanted in (
            [{"offer_id": "ase_nobody_sells"}],
            [{"offer_id": bag["offer_id"], "quantity": bag["max_quantity"] + 1}],
            [{"offer_id": bag["offer_id"], "quantity": bag["max_quantity"]}] * 2,
            [{"offer_id": bag["offer_id"], "traveler_id": "nobody"}],
        )
    ]

    assert [
        (422, "ancillary_unavailable"),
        (422, "ancillary_unavailable"),
        (422, "ancillary_unavailable"),
        (404, "traveler_not_found"),
    ] == told
    assert before == await world.topics(trip_id)
    assert {"checkout_session.created": 1} == await world.kinds("stripe", trip_id)


async def test_a_family_travels_on_one_order(world: World) -> None:
    search = {
        "slices": [
            {"origin": "LHR", "destination": "JFK", "departure_date": DEPARTURE.isoformat()}
        ],
        "passengers": [{"type": "adult"}, {"age": AGE}],
    }
    offer = (await world.call("POST", "/v1/offers/flights", search))["offers"][0]
    trip_id = await world.build(offer)
    alone = await world.not_booked(trip_id)
    people = {"travelers": [ORVILLE, AMELIA], "contact": CONTACT}
    await world.call("PUT", f"/v1/trips/{trip_id}/travelers", people)

    trip = await world.pay_and_settle(trip_id)

    assert (422, "travelers_mismatch") == alone[:2]
    assert ("completed", 2) == (trip["status"], len(trip["bookings"][0]["documents"]))
    assert {"order.created": 1} == await world.kinds("duffel", trip_id)


async def test_a_supplier_that_is_silent_about_a_price_is_asked_again(world: World) -> None:
    trip_id = await world.build_usual()
    await world.fault("duffel", "GET", "/air/offers/*", "http_503", times=2)

    await world.hurried(world.book(trip_id))

    assert 1 == (await world.topics(trip_id)).count("trip.quote-completed.v1")
    assert {"checkout_session.created": 1} == await world.kinds("stripe", trip_id)


async def test_a_supplier_that_stays_silent_is_named_and_nothing_is_opened(world: World) -> None:
    trip_id = await world.build_usual()
    await world.fault("duffel", "GET", "/air/offers/*", "html_502", times=3)

    status, code, problem = await world.hurried(world.not_booked(trip_id))
    booked = await world.book(trip_id)

    assert (503, "supplier_unavailable", True) == (status, code, problem["retryable"])
    assert booked["session_id"].startswith("cs_test_")
    assert {"checkout_session.created": 1} == await world.kinds("stripe", trip_id)


async def test_a_search_that_no_supplier_answers_says_so(world: World) -> None:
    search = {
        "slices": [
            {"origin": "STN", "destination": "LHR", "departure_date": DEPARTURE.isoformat()}
        ],
        "passengers": [{"type": "adult"}],
    }

    status, code, problem = await world.refused("POST", "/v1/offers/flights", search)

    assert (503, "supplier_unavailable", True) == (status, code, problem["retryable"])
