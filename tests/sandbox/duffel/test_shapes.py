"""The sandbox's objects have the shape of Duffel's own published examples."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.published.duffel_shapes import JAVASCRIPT, RUBY, differences, published
from tests.sandbox.duffel.client import (
    Duffel,
    Inbox,
    Json,
    booking_for,
    hold_for,
    order_for,
    payment_for,
)

OFFERS = "booking.Offers"
ORDERS = "booking.Orders.mockOrders"


def test_a_missing_key_and_a_wrong_type_are_differences_deep_down() -> None:
    expected = {"a": [{"b": "text", "c": 1}], "d": None}
    assert differences(expected, {"a": [{"b": "x", "c": 2.5}], "d": 7, "e": 1}) == []
    assert differences(expected, {"a": [{"b": 5}], "d": []}) == [
        "$.a[0].b: string expected, number given",
        "$.a[0].c: missing",
    ]


async def full_offer(duffel: Duffel) -> Json:
    offer = await duffel.offer("DXB", "AMS")
    path = f"/air/offers/{offer['id']}?return_available_services=true"
    return dict((await duffel.get(path))["data"])


async def priced_offer(duffel: Duffel) -> Json:
    offer = await full_offer(duffel)
    service = {"id": offer["available_services"][0]["id"], "quantity": 1}
    path = f"/air/offers/{offer['id']}/actions/price"
    card = {"type": "card", "card_id": "card_1"}
    wanted = {"intended_services": [service], "intended_payment_methods": [card]}
    return await duffel.post(path, wanted)


async def order_with_extras(duffel: Duffel) -> Json:
    """An order with a bag and a seat."""
    offer = await full_offer(duffel)
    maps = (await duffel.get(f"/air/seat_maps?offer_id={offer['id']}"))["data"]
    seats = [
        service["id"]
        for row in maps[0]["cabins"][0]["rows"]
        for section in row["sections"]
        for element in section["elements"]
        for service in element["available_services"]
    ]
    wanted = [seats[0], offer["available_services"][0]["id"]]
    services = [{"id": each, "quantity": 1} for each in wanted]
    path = f"/air/offers/{offer['id']}/actions/price"
    offer = await duffel.post(path, {"intended_services": services})
    return await duffel.post("/air/orders", order_for(offer, services=offer["intended_services"]))


async def held_order(duffel: Duffel) -> Json:
    return await duffel.post("/air/orders", hold_for(await duffel.offer()))


async def payment(duffel: Duffel) -> Json:
    return await duffel.post("/air/payments", payment_for(await held_order(duffel)))


async def cancellation(duffel: Duffel) -> Json:
    order = await order_with_extras(duffel)
    return await duffel.post("/air/order_cancellations", {"order_id": order["id"]})


async def seat_map(duffel: Duffel) -> Json:
    offer = await duffel.offer()
    maps = (await duffel.get(f"/air/seat_maps?offer_id={offer['id']}"))["data"]
    first_row = maps[0]["cabins"][0]["rows"][0]
    elements = [e for section in first_row["sections"] for e in section["elements"]]
    free = next(element for element in elements if element["available_services"])
    first_row["sections"][0]["elements"] = [free]
    return dict(maps[0])


async def offer_request(duffel: Duffel) -> Json:
    return await duffel.search("LHR", "JFK")


async def stay_result(duffel: Duffel) -> Json:
    results = (await duffel.post("/stays/search", duffel.stay_search()))["results"]
    path = f"/stays/search_results/{results[0]['id']}/actions/fetch_all_rates"
    return await duffel.post(path)


async def stay_quote(duffel: Duffel) -> Json:
    rate = await duffel.stay_rate("Successful Booking")
    return await duffel.post("/stays/quotes", {"rate_id": rate["id"]})


async def stay_booking(duffel: Duffel) -> Json:
    return await duffel.post("/stays/bookings", booking_for(await stay_quote(duffel)))


async def webhook(duffel: Duffel) -> Json:
    wanted = {"url": "http://127.0.0.1:9/", "events": ["order.created"]}
    return await duffel.post("/air/webhooks", wanted)


EXAMPLES: list[tuple[str, str, Any]] = [
    (JAVASCRIPT, f"{OFFERS}.mockOffer.mockOffer.json", full_offer),
    (JAVASCRIPT, f"{OFFERS}.mockOffer.mockOfferPriced.json", priced_offer),
    (JAVASCRIPT, f"{ORDERS}.mockOrder.json", order_with_extras),
    (JAVASCRIPT, f"{ORDERS}.mockOnHoldOrders.json", held_order),
    (JAVASCRIPT, "booking.Payments.mockPayment.mockPayment.json", payment),
    (
        JAVASCRIPT,
        "booking.OrderCancellations.mockOrderCancellations.mockOrderCancellation.json",
        cancellation,
    ),
    (JAVASCRIPT, "booking.SeatMaps.mockSeatMap.mockSeatMap.json", seat_map),
    (JAVASCRIPT, "Stays.mocks.MOCK_SEARCH_RESULT.json", stay_result),
    (JAVASCRIPT, "Stays.mocks.MOCK_QUOTE.json", stay_quote),
    (JAVASCRIPT, "Stays.mocks.MOCK_BOOKING.json", stay_booking),
    (
        JAVASCRIPT,
        "notifications.Webhooks.mockWebhooks.mockWebhooksCreateResponse.json",
        webhook,
    ),
    (RUBY, "offers/show.json", full_offer),
    (RUBY, "offer_requests/show.json", offer_request),
    (RUBY, "orders/show.json", order_with_extras),
    (RUBY, "order_cancellations/show.json", cancellation),
    (RUBY, "payments/show.json", payment),
    (RUBY, "seat_maps/list.json", seat_map),
    (RUBY, "webhooks/show.json", webhook),
]


@pytest.mark.parametrize(
    ("folder", "name", "made"), EXAMPLES, ids=lambda value: getattr(value, "__name__", value)
)
async def test_an_object_has_the_published_shape(
    duffel: Duffel, folder: str, name: str, made: Any
) -> None:
    expected = published(folder, name)
    if folder == RUBY:
        expected = expected["data"]
    if isinstance(expected, list):
        expected = expected[0]
    assert differences(expected, await made(duffel)) == []


async def test_lists_have_the_published_envelope(duffel: Duffel) -> None:
    order = await order_with_extras(duffel)
    for _ in range(2):
        await duffel.post("/air/order_cancellations", {"order_id": order["id"]})
    expected = published(RUBY, "order_cancellations/list.json")
    assert differences(expected, await duffel.get("/air/order_cancellations?limit=1")) == []


def refused_examples() -> list[tuple[str, str, str, Any, Json]]:
    nobody = {"Authorization": ""}
    return [
        ("authentication_error", "GET", "/air/orders", None, nobody),
        ("invalid_request_error", "GET", "/air/orders", None, {"Duffel-Version": "v1"}),
        ("validation_error", "POST", "/air/offer_requests", {"passengers": []}, {}),
        ("api_error", "GET", "/faulty/http_500", None, {}),
        ("rate_limit_error", "GET", "/faulty/rate_limited", None, {}),
    ]


@pytest.mark.parametrize("example", refused_examples(), ids=lambda example: str(example[0]))
async def test_a_refusal_has_the_published_shape(
    duffel: Duffel, example: tuple[str, str, str, Any, Json]
) -> None:
    kind, method, path, data, headers = example
    if path.startswith("/faulty/"):
        await duffel.fault(path.removeprefix("/faulty/"), path, method=method)
    _, body = await duffel.call(method, path, data, headers=headers)
    assert differences(published(RUBY, f"{kind}.json"), body) == []
    assert body["errors"][0]["type"] == kind


@pytest.mark.parametrize(
    ("kind", "route"),
    [("airline_error", ("LHR", "LGW")), ("invalid_state_error", ("LGW", "STN"))],
)
async def test_a_refused_order_has_the_published_shape(
    duffel: Duffel, kind: str, route: tuple[str, str]
) -> None:
    _, body = await duffel.call("POST", "/air/orders", order_for(await duffel.offer(*route)))
    assert differences(published(RUBY, f"{kind}.json"), body) == []
    assert body["errors"][0]["type"] == kind


async def test_an_event_has_the_published_shape(told_duffel: tuple[Duffel, Inbox]) -> None:
    duffel, inbox = told_duffel
    await held_order(duffel)
    await inbox.until(1)
    name = "notifications.Webhooks.mockWebhooks.mockWebhooksSingleGetEventResponse.json"
    expected = published(JAVASCRIPT, name)
    # The example is of the beta version; v2 has the thing itself under data.object.
    expected["data"] = {"object": expected["data"]}
    assert differences(expected, json.loads(inbox.received[0][1])) == []


async def test_a_delivery_has_the_published_shape(told_duffel: tuple[Duffel, Inbox]) -> None:
    duffel, _ = told_duffel
    await duffel.control(early=True)
    await held_order(duffel)
    name = "notifications.Webhooks.mockWebhooks.mockWebhooksListDeliveriesResponse.json"
    deliveries = (await duffel.get("/air/webhooks/deliveries"))["data"]
    assert differences(published(JAVASCRIPT, name), deliveries) == []
    assert len(deliveries) == 1
