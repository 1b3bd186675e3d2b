"""Edits while a checkout is open: it is closed at the payment provider before anything changes,
and money that came first wins."""

from __future__ import annotations

import asyncio
from datetime import datetime

from tests.scenarios.world import AMELIA, CONTACT, World

EXPIRE = "/v1/checkout/sessions/*/expire"


async def test_an_edit_closes_the_open_checkout_before_it_is_recorded(world: World) -> None:
    trip_id = await world.build_usual()
    old = await world.book(trip_id)

    await world.remove(trip_id, (await world.trip(trip_id))["items"][0])

    events = {event["topic"]: event for event in await world.events(trip_id)}
    [expired] = [
        entry
        for entry in await world.journal("stripe", trip_id)
        if entry["kind"] == "checkout_session.expired"
    ]
    removed = events["trip.item-removed.v1"]
    assert datetime.fromisoformat(expired["at"]) < datetime.fromisoformat(removed["recorded_at"])
    assert events["trip.checkout-closed.v1"]["position"] < removed["position"]
    assert 400 == await world.cannot_pay(old["session_id"])


async def test_after_an_edit_booking_again_asks_the_new_total(world: World) -> None:
    flight, stay = await world.find_flight(), await world.find_stay()
    trip_id = await world.build(flight, stay)
    old = await world.book(trip_id)
    await world.remove(trip_id, (await world.trip(trip_id))["items"][0])

    new = await world.book(trip_id)
    await world.pay(new["session_id"])
    trip = await world.until_status(trip_id, "completed", "failed")

    assert old["session_id"] != new["session_id"]
    assert stay["price"] == new["total"]
    assert "completed" == trip["status"]
    assert [stay["price"]["amount"]] == await world.amounts("payment.captured", trip_id)
    assert {"stay_booking.created": 1} == await world.kinds("duffel", trip_id)
    assert ["cancelled", "cancelled"] == [
        (await world.call("GET", f"/v1/bookings/{code}"))["status"] for code in old["booking_codes"]
    ]


async def test_an_edit_that_is_wrong_leaves_the_checkout_open(world: World) -> None:
    flight = await world.find_flight()
    trip_id = await world.build(flight, await world.find_stay())
    booked = await world.book(trip_id)
    before = await world.topics(trip_id)
    items = f"/v1/trips/{trip_id}/items"
    people = {"travelers": [AMELIA | {"first_name": "TBA"}], "contact": CONTACT}

    wrong = [
        await world.refused("POST", items, {"offer_id": "off_nobody_has"}),
        await world.refused("POST", items, {"offer_id": flight["offer_id"]}),
        await world.refused("DELETE", f"{items}/nothing"),
        await world.refused("PUT", f"/v1/trips/{trip_id}/travelers", people),
    ]

    assert [
        (404, "offer_not_found"),
        (422, "duplicate_item"),
        (404, "item_not_found"),
        (422, "placeholder_traveler"),
    ] == [(status, code) for status, code, _ in wrong]
    assert before == await world.topics(trip_id)
    assert {"checkout_session.created": 1} == await world.kinds("stripe", trip_id)
    assert booked["session_id"] == (await world.book(trip_id))["session_id"]


async def test_saying_the_same_travelers_again_keeps_the_checkout(world: World) -> None:
    trip_id = await world.build_usual()
    booked = await world.book(trip_id)

    people = {"travelers": [AMELIA], "contact": CONTACT}
    await world.call("PUT", f"/v1/trips/{trip_id}/travelers", people)

    assert booked["session_id"] == (await world.book(trip_id))["session_id"]
    assert {"checkout_session.created": 1} == await world.kinds("stripe", trip_id)


async def test_a_payment_in_the_very_moment_of_an_edit_wins(world: World) -> None:
    trip_id = await world.build_usual()
    item = (await world.trip(trip_id))["items"][0]
    booked = await world.book(trip_id)
    await world.fault("stripe", "POST", EXPIRE, "latency", latency_s=20)

    edit = asyncio.create_task(
        world.refused("DELETE", f"/v1/trips/{trip_id}/items/{item['item_id']}")
    )
    await world.fault_met("stripe", "latency")
    await world.pay(booked["session_id"])
    await world.clear_faults("stripe")
    status, code, _ = await edit
    trip = await world.until_status(trip_id, "completed", "failed")

    assert (409, "already_checked_out") == (status, code)
    assert "completed" == trip["status"]
    assert 0 == (await world.topics(trip_id)).count("trip.item-removed.v1")
    assert [booked["total"]["amount"]] == await world.amounts("payment.captured", trip_id)


async def test_a_paid_trip_is_neither_edited_nor_booked_again(world: World) -> None:
    trip_id = await world.build_usual()
    trip = await world.pay_and_settle(trip_id)
    before = await world.topics(trip_id)
    item = f"/v1/trips/{trip_id}/items/{trip['items'][0]['item_id']}"

    edited, booked = await world.refused("DELETE", item), await world.not_booked(trip_id)

    assert (409, "already_checked_out") == edited[:2]
    assert (409, "already_checked_out") == booked[:2]
    assert trip["checkout"]["group_id"] == booked[2]["properties"]["group_id"]
    assert before == await world.topics(trip_id)
    assert 1 == (await world.kinds("stripe", trip_id))["checkout_session.created"]


async def test_edits_at_once_each_happen_once(world: World) -> None:
    trip_id = await world.build_usual()
    await world.book(trip_id)
    search = [await world.find_flight("LHR", "DXB"), await world.find_flight("BTS", "MRU")]

    await asyncio.gather(*(world.add(trip_id, offer) for offer in search))
    new = await world.book(trip_id)
    trip = await world.trip(trip_id)

    assert 4 == len(trip["items"])
    assert sum(item["price"]["amount"] for item in trip["items"]) == new["total"]["amount"]
    kinds = await world.kinds("stripe", trip_id)
    assert (2, 1) == (kinds["checkout_session.created"], kinds["checkout_session.expired"])
