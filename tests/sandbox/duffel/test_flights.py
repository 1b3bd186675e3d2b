"""Flights from search to ticket, and every reason for which an order is refused."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.duffel.client import AMELIA, Duffel, hold_for, order_for, payment_for


async def test_a_search_answers_the_cheapest_offer_first_and_it_is_duffel_airways(
    duffel: Duffel,
) -> None:
    offers = (await duffel.search("LHR", "JFK"))["offers"]
    totals = [Decimal(offer["total_amount"]) for offer in offers]
    assert sorted(totals) == totals
    assert [offer["owner"]["iata_code"] for offer in offers] == ["ZZ", "BA", "IB", "AA", "ZZ"]
    assert offers[0]["payment_requirements"]["requires_instant_payment"] is False
    assert offers[0]["conditions"]["refund_before_departure"]["allowed"] is True
    assert {"EUR"} == {offer["total_currency"] for offer in offers}


async def test_the_same_search_costs_the_same_again_and_more_people_cost_more(
    duffel: Duffel,
) -> None:
    first, second = await duffel.offer("VIE", "XQZ"), await duffel.offer("VIE", "XQZ")
    family = await duffel.search(
        "VIE", "XQZ", passengers=[{"type": "adult"}, {"age": 9}, {"age": 0}]
    )
    assert first["total_amount"] == second["total_amount"]
    assert first["id"] != second["id"]
    assert Decimal(first["total_amount"]) < Decimal(family["offers"][0]["total_amount"])
    assert [p["type"] for p in family["passengers"]] == ["adult", "child", "infant_without_seat"]


async def test_offers_are_listed_in_pages_that_end(duffel: Duffel) -> None:
    asked = await duffel.search("LHR", "JFK")
    path = f"/air/offers?offer_request_id={asked['id']}&sort=-total_amount&limit=2"
    seen: list[str] = []
    after: str | None = None
    for _ in range(3):
        page = await duffel.get(path + (f"&after={after}" if after else ""))
        seen += [offer["total_amount"] for offer in page["data"]]
        after = page["meta"]["after"]
    assert after is None
    assert sorted((o["total_amount"] for o in asked["offers"]), key=Decimal, reverse=True) == seen


async def test_an_instant_order_is_ticketed_and_journalled_once(duffel: Duffel) -> None:
    offer = await duffel.offer()
    order = await duffel.post("/air/orders", order_for(offer))
    assert await duffel.get(f"/air/orders/{order['id']}") == {"data": order}
    assert len(order["booking_reference"]) == 6
    assert [offer["passengers"][0]["id"]] == order["documents"][0]["passenger_ids"]
    assert order["available_actions"] == ["cancel", "change", "update"]
    entries = await duffel.journal("order.created")
    assert [order["id"]] == [entry["order_id"] for entry in entries]
    assert offer["total_amount"] == entries[0]["amount"]
    assert entries[0]["metadata"] == {"trip_id": "trip-1"}


async def test_bags_and_seats_are_priced_and_paid_with_the_order(duffel: Duffel) -> None:
    offer = await duffel.offer()
    full = (await duffel.get(f"/air/offers/{offer['id']}?return_available_services=true"))["data"]
    maps = (await duffel.get(f"/air/seat_maps?offer_id={offer['id']}"))["data"]
    seats = [
        service["id"]
        for row in maps[0]["cabins"][0]["rows"]
        for section in row["sections"]
        for element in section["elements"]
        for service in element["available_services"]
    ]
    services = [
        {"id": full["available_services"][0]["id"], "quantity": 2},
        {"id": seats[0], "quantity": 1},
    ]
    priced = await duffel.post(
        f"/air/offers/{offer['id']}/actions/price", {"intended_services": services}
    )
    assert Decimal(offer["total_amount"]) + 60 == Decimal(priced["total_amount"])
    underpaid = order_for(offer, services=services)
    assert await duffel.refused("POST", "/air/orders", underpaid) == (
        422,
        "payment_amount_does_not_match_order_amount",
    )
    order = await duffel.post("/air/orders", order_for(priced, services=services))
    assert priced["total_amount"] == order["total_amount"]
    assert [service["type"] for service in order["services"]] == ["baggage", "seat"]


async def test_one_offer_is_ordered_once(duffel: Duffel) -> None:
    order = order_for(await duffel.offer())
    await duffel.post("/air/orders", order)
    assert await duffel.refused("POST", "/air/orders", order) == (
        422,
        "offer_request_already_booked",
    )
    assert len(await duffel.journal("order.created")) == 1


async def test_an_infant_travels_on_an_adults_lap(duffel: Duffel) -> None:
    asked = await duffel.search("LHR", "JFK", passengers=[{"type": "adult"}, {"age": 0}])
    offer = asked["offers"][0]
    adult, infant = offer["passengers"]
    born = duffel.day(-100)
    people = [
        {"id": adult["id"], **AMELIA},
        {"id": infant["id"], **AMELIA, "given_name": "Bea", "born_on": born},
    ]
    assert await duffel.refused("POST", "/air/orders", order_for(offer, passengers=people)) == (
        422,
        "validation_inclusion",
    )
    people[0]["infant_passenger_id"] = infant["id"]
    order = await duffel.post("/air/orders", order_for(offer, passengers=people))
    assert infant["id"] == order["passengers"][0]["infant_passenger_id"]


def traveller(offer: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"passengers": [{"id": offer["passengers"][0]["id"], **AMELIA, **changes}]}


ORDER_MISTAKES: dict[str, Any] = {
    "someone_else": (lambda o: traveller(o, id="pas_other"), "validation_inclusion"),
    "nobody": (lambda o: {"passengers": []}, "validation_required"),
    "too_young": (lambda o: traveller(o, born_on="2020-01-01"), "validation_inclusion"),
    "no_birth": (lambda o: traveller(o, born_on=None), "validation_required"),
    "bad_birth": (lambda o: traveller(o, born_on="24.7.1987"), "validation_format"),
    "name": (lambda o: traveller(o, given_name="A1"), "invalid_passenger_name"),
    "title": (lambda o: traveller(o, title="captain"), "invalid_passenger_title"),
    "email": (lambda o: traveller(o, email="amelia"), "invalid_email_address"),
    "phone": (lambda o: traveller(o, phone_number="0800"), "invalid_phone_number"),
    "service": (
        lambda o: {"services": [{"id": "ase_none", "quantity": 1}]},
        "ancillary_service_not_available",
    ),
    "unpaid": (lambda o: {"payments": []}, "validation_required"),
    "less": (
        lambda o: {"payments": [{"type": "balance", "currency": "EUR", "amount": "1.00"}]},
        "payment_amount_does_not_match_order_amount",
    ),
    "currency": (
        lambda o: {
            "payments": [{"type": "balance", "currency": "GBP", "amount": o["total_amount"]}]
        },
        "payment_currency_does_not_match_order_currency",
    ),
    "type": (lambda o: {"type": "pay_later"}, "validation_inclusion"),
    "paid_hold": (lambda o: {"type": "hold"}, "payments_not_allowed_for_order_type"),
    "metadata": (lambda o: {"metadata": {"n": 1}}, "validation_format"),
    "two_offers": (lambda o: {"selected_offers": [o["id"], o["id"]]}, "validation_length"),
}


@pytest.mark.parametrize("mistake", ORDER_MISTAKES)
async def test_a_mistaken_order_is_refused_and_nothing_is_made(
    duffel: Duffel, mistake: str
) -> None:
    change, code = ORDER_MISTAKES[mistake]
    offer = await duffel.offer()
    wanted = order_for(offer, **change(offer))
    assert (422, code) == await duffel.refused("POST", "/air/orders", wanted)
    assert await duffel.journal("order.created") == []
    await duffel.post("/air/orders", order_for(offer))


async def test_a_fare_that_must_be_paid_at_once_cannot_be_held(duffel: Duffel) -> None:
    offer = await duffel.offer("LHR", "JFK", brand="Economy Saver")
    assert await duffel.refused("POST", "/air/orders", hold_for(offer)) == (
        422,
        "invalid_order_create_type",
    )


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"departure_date": "2020-01-01"}, "validation_inclusion"),
        ({"departure_date": "2099-01-01"}, "validation_inclusion"),
        ({"departure_date": "soon"}, "validation_format"),
        ({"origin": "London"}, "validation_format"),
        ({"destination": "LHR"}, "validation_inclusion"),
        ({"destination": None}, "validation_required"),
    ],
)
async def test_an_impossible_search_names_the_field(
    duffel: Duffel, change: dict[str, Any], code: str
) -> None:
    asked = {"origin": "LHR", "destination": "JFK", "departure_date": duffel.day(9), **change}
    status, body = await duffel.call(
        "POST", "/air/offer_requests", {"slices": [asked], "passengers": [{"age": 30}]}
    )
    error = body["errors"][0]
    assert (422, code) == (status, error["code"])
    assert {"field": next(iter(change)), "pointer": f"/slices/0/{next(iter(change))}"} == error[
        "source"
    ]


async def test_an_offer_lives_thirty_minutes(duffel: Duffel) -> None:
    offer = await duffel.offer()
    duffel.clock.advance(29 * 60)
    await duffel.get(f"/air/offers/{offer['id']}")
    duffel.clock.advance(60)
    assert await duffel.refused("GET", f"/air/offers/{offer['id']}") == (422, "offer_expired")
    assert await duffel.refused("POST", "/air/orders", order_for(offer)) == (422, "offer_expired")


async def test_a_held_order_is_paid_once_and_then_ticketed(duffel: Duffel) -> None:
    held = await duffel.post("/air/orders", hold_for(await duffel.offer()))
    assert held["documents"] == []
    assert held["payment_status"]["awaiting_payment"] is True
    assert await duffel.refused("POST", "/air/payments", payment_for(held, amount="1.00")) == (
        422,
        "payment_amount_does_not_match_order_amount",
    )
    payment = await duffel.post("/air/payments", payment_for(held))
    assert payment["status"] == "succeeded"
    assert await duffel.refused("POST", "/air/payments", payment_for(held)) == (422, "already_paid")
    order = (await duffel.get(f"/air/orders/{held['id']}"))["data"]
    assert order["payment_status"]["paid_at"] is not None
    assert len(order["documents"]) == 1
    assert [payment["id"]] == [e["payment_id"] for e in await duffel.journal("payment.created")]


async def test_an_unpaid_hold_is_released_at_its_deadline(duffel: Duffel) -> None:
    held = await duffel.post("/air/orders", hold_for(await duffel.offer()))
    duffel.clock.advance(72 * 3600)
    order = (await duffel.get(f"/air/orders/{held['id']}"))["data"]
    assert order["payment_status"]["awaiting_payment"] is False
    assert order["payment_status"]["paid_at"] is None
    assert order["available_actions"] == ["update"]
    assert await duffel.refused("POST", "/air/payments", payment_for(held)) == (
        422,
        "past_payment_required_by_date",
    )
    assert [held["id"]] == [e["order_id"] for e in await duffel.journal("order.released")]


async def test_after_the_price_guarantee_a_hold_costs_more(duffel: Duffel) -> None:
    held = await duffel.post("/air/orders", hold_for(await duffel.offer()))
    duffel.clock.advance(48 * 3600)
    assert await duffel.refused("POST", "/air/payments", payment_for(held)) == (
        422,
        "price_changed",
    )
    now = (await duffel.get(f"/air/orders/{held['id']}"))["data"]
    assert Decimal(held["total_amount"]) + 10 == Decimal(now["total_amount"])
    await duffel.post("/air/payments", payment_for(now))


async def test_two_payments_at_once_pay_once(duffel: Duffel) -> None:
    held = await duffel.post("/air/orders", hold_for(await duffel.offer()))
    answers = await asyncio.gather(
        *(duffel.call("POST", "/air/payments", payment_for(held)) for _ in range(5))
    )
    assert sorted(status for status, _ in answers) == [201, 422, 422, 422, 422]
    assert len(await duffel.journal("payment.created")) == 1


async def test_orders_are_found_by_offer_reference_and_payment(duffel: Duffel) -> None:
    paid = await duffel.post("/air/orders", order_for(await duffel.offer()))
    held = await duffel.post("/air/orders", hold_for(await duffel.offer()))

    async def ids(query: str) -> list[str]:
        return [order["id"] for order in (await duffel.get(f"/air/orders?{query}"))["data"]]

    assert [held["id"], paid["id"]] == await ids("")
    assert [paid["id"]] == await ids(f"offer_id={paid['offer_id']}")
    assert [held["id"]] == await ids(f"booking_reference={held['booking_reference']}")
    assert [held["id"]] == await ids("awaiting_payment=true")
    assert await ids("offer_id=off_none") == []
    first = await duffel.get("/air/orders?limit=1")
    assert [paid["id"]] == await ids(f"limit=1&after={first['meta']['after']}")


async def test_metadata_is_replaced_whole(duffel: Duffel) -> None:
    order = await duffel.post("/air/orders", order_for(await duffel.offer()))
    status, body = await duffel.call(
        "PATCH", f"/air/orders/{order['id']}", {"metadata": {"note": "x"}}
    )
    assert (status, body["data"]["metadata"]) == (200, {"note": "x"})
