"""What Duffel tells of itself: signed, at least once, in no order."""

from __future__ import annotations

import hashlib
import hmac
import json

from sandbox.duffel.webhook_handlers import signed_headers
from tests.sandbox.duffel.client import (
    HEADERS,
    Duffel,
    Inbox,
    booking_for,
    hold_for,
    order_for,
    payment_for,
)
from tests.sandbox.duffel.conftest import WEBHOOK_SECRET


def is_signed(headers: dict[str, str], body: bytes, secret: str) -> bool:
    parts = dict(part.split("=", 1) for part in headers["X-Duffel-Signature"].split(","))
    signed = f"{parts['t']}.".encode() + body
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() == parts["v1"]


def types(inbox: Inbox) -> list[str]:
    return [json.loads(body)["type"] for _, body in inbox.received]


def test_the_known_vector_is_reproduced() -> None:
    body = (
        b'{"created_at":"2022-01-08T18:44:56.129339Z","data":{"changes":{},"object":{}},'
        b'"id":"eve_0000AFEsrBKZAcKgGtZCnQ","live_mode":false,"object":"order","type":'
        b'"order.updated"}'
    )
    assert signed_headers(body, "a_secret", 1641667496) == {
        "X-Duffel-Signature": "t=1641667496,v1="
        "691f25ffb1f206c0fda5bb7b1a9d60fafe42c5f42819d44a06a7cfe09486f102"
    }


async def test_every_effect_is_told_with_the_ids_it_concerns(
    told_duffel: tuple[Duffel, Inbox],
) -> None:
    duffel, inbox = told_duffel
    held = await duffel.post("/air/orders", hold_for(await duffel.offer()))
    await inbox.until(1)
    await duffel.post("/air/payments", payment_for(held))
    await inbox.until(2)
    quote = await duffel.post("/air/order_cancellations", {"order_id": held["id"]})
    await duffel.post(f"/air/order_cancellations/{quote['id']}/actions/confirm")
    await inbox.until(3)
    rate = await duffel.stay_rate("Successful Booking")
    stay = await duffel.post("/stays/quotes", {"rate_id": rate["id"]})
    await duffel.post("/stays/bookings", booking_for(stay))
    await inbox.until(4)
    assert types(inbox) == [
        "order.created",
        "payment.created",
        "order.updated",
        "stays.booking.created",
    ]
    event = json.loads(inbox.received[0][1])
    assert event["idempotency_key"] == held["id"]
    assert event["data"]["object"] == {
        "id": held["id"],
        "order_id": held["id"],
        "offer_id": held["offer_id"],
        "booking_reference": held["booking_reference"],
        "metadata": {"trip_id": "trip-1"},
    }
    assert all(is_signed(headers, body, WEBHOOK_SECRET) for headers, body in inbox.received)
    assert (await duffel.get(f"/air/webhooks/events/{event['id']}"))["data"] == event


async def test_a_refused_delivery_is_repeated_with_the_same_body(
    told_duffel: tuple[Duffel, Inbox],
) -> None:
    duffel, inbox = told_duffel
    inbox.answers = [500]
    await duffel.post("/air/orders", order_for(await duffel.offer()))
    await inbox.until(1)
    duffel.clock.advance(1)
    await inbox.until(2)
    assert inbox.received[0][1] == inbox.received[1][1]


async def test_deliveries_go_as_wrong_as_asked(told_duffel: tuple[Duffel, Inbox]) -> None:
    duffel, inbox = told_duffel
    await duffel.control(duplicate=2)
    await duffel.post("/air/orders", order_for(await duffel.offer()))
    await inbox.until(3)
    assert len({body for _, body in inbox.received}) == 1
    await duffel.control(drop=True)
    await duffel.post("/air/orders", order_for(await duffel.offer()))
    await duffel.control(old_secret=True)
    await duffel.post("/air/orders", order_for(await duffel.offer()))
    await inbox.until(4)
    assert not is_signed(*inbox.received[3], WEBHOOK_SECRET)
    await duffel.control(delay_s=60)
    await duffel.post("/air/orders", order_for(await duffel.offer()))
    assert len(inbox.received) == 4
    duffel.clock.advance(60)
    await inbox.until(5)


async def test_reordered_events_arrive_the_other_way_round(
    told_duffel: tuple[Duffel, Inbox],
) -> None:
    duffel, inbox = told_duffel
    offer = await duffel.offer()
    await duffel.control(reorder=True)
    held = await duffel.post("/air/orders", hold_for(offer))
    await duffel.post("/air/payments", payment_for(held))
    await inbox.until(2)
    assert types(inbox) == ["payment.created", "order.created"]


async def test_an_endpoint_is_managed_over_the_api(
    duffel: Duffel, inbox: tuple[Inbox, str]
) -> None:
    taking, url = inbox
    wanted = {"url": url, "events": ["order.created", "ping.triggered"]}
    made = await duffel.post("/air/webhooks", wanted)
    secret = made.pop("secret")
    assert (await duffel.get("/air/webhooks"))["data"] == [made]
    assert await duffel.refused("POST", "/air/webhooks", wanted) == (422, "unsafe_unique")
    await duffel.control(early=True)
    await duffel.post("/air/orders", order_for(await duffel.offer()))
    assert is_signed(*taking.received[0], secret)
    ping = f"{duffel.url}/air/webhooks/{made['id']}/actions/ping"
    async with duffel.http.post(ping, headers=HEADERS) as answer:
        assert answer.status == 204
    assert types(taking) == ["order.created", "ping.triggered"]
    deliveries = (await duffel.get("/air/webhooks/deliveries"))["data"]
    assert [(d["type"], d["response_status_code"]) for d in deliveries] == [
        ("ping.triggered", 200),
        ("order.created", 200),
    ]
    taking.answers = [500]
    assert await duffel.refused("POST", f"/air/webhooks/{made['id']}/actions/ping") == (
        422,
        "webhook_client_error",
    )
