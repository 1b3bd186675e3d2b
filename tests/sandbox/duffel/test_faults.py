"""Faults on demand: what the client sees, and what really happened behind it."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import aiohttp
import pytest

from tests.sandbox.duffel.client import (
    Duffel,
    Inbox,
    booking_for,
    hold_for,
    order_for,
    payment_for,
)

ORDERS = "/air/orders"
BOOKINGS = "/stays/bookings"


@pytest.mark.parametrize("mode", ["commit_then_reset", "commit_then_timeout", "cut_body"])
async def test_a_lost_answer_hides_a_real_order(duffel: Duffel, mode: str) -> None:
    offer = await duffel.offer()
    await duffel.fault(mode, ORDERS, hold_s=0.1)
    with pytest.raises((aiohttp.ClientError, asyncio.TimeoutError)):
        await duffel.call("POST", ORDERS, order_for(offer))
    found = (await duffel.get(f"/air/orders?offer_id={offer['id']}"))["data"]
    assert [order["metadata"] for order in found] == [{"trip_id": "trip-1"}]
    assert len(await duffel.journal("order.created")) == 1


async def test_commit_then_500_says_the_order_may_exist_and_it_does(duffel: Duffel) -> None:
    offer = await duffel.offer()
    await duffel.fault("commit_then_500", ORDERS)
    assert await duffel.refused("POST", ORDERS, order_for(offer)) == (500, "internal_server_error")
    assert len((await duffel.get(f"/air/orders?offer_id={offer['id']}"))["data"]) == 1


@pytest.mark.parametrize(
    ("mode", "answer"),
    [
        ("http_500", (500, "internal_server_error")),
        ("http_503", (503, "service_unavailable")),
        ("rate_limited", (429, "rate_limit_exceeded")),
    ],
)
async def test_a_refused_request_made_nothing_and_the_next_one_works(
    duffel: Duffel, mode: str, answer: tuple[int, str]
) -> None:
    order = order_for(await duffel.offer())
    await duffel.fault(mode, ORDERS)
    assert await duffel.refused("POST", ORDERS, order) == answer
    assert await duffel.journal("order.created") == []
    await duffel.post(ORDERS, order)


async def test_reset_before_makes_nothing(duffel: Duffel) -> None:
    order = order_for(await duffel.offer())
    await duffel.fault("reset_before", ORDERS)
    with pytest.raises(aiohttp.ClientError):
        await duffel.call("POST", ORDERS, order)
    assert await duffel.journal("order.created") == []


async def test_a_202_becomes_an_order_later(told_duffel: tuple[Duffel, Inbox]) -> None:
    duffel, inbox = told_duffel
    order = order_for(await duffel.offer())
    await duffel.fault("async_202", ORDERS, delay_s=60)
    status, _ = await duffel.call("POST", ORDERS, order)
    assert status == 202
    assert (await duffel.get(ORDERS))["data"] == []
    assert await duffel.refused("POST", ORDERS, order) == (422, "order_creation_already_attempted")
    duffel.clock.advance(60)
    await inbox.until(1)
    assert len((await duffel.get(ORDERS))["data"]) == 1
    assert b'"order.created"' in inbox.received[0][1]


async def test_a_202_can_fail_later(told_duffel: tuple[Duffel, Inbox]) -> None:
    duffel, inbox = told_duffel
    offer = await duffel.offer()
    await duffel.fault("async_202", ORDERS, delay_s=60, outcome="fail")
    await duffel.call("POST", ORDERS, order_for(offer))
    duffel.clock.advance(60)
    await inbox.until(1)
    assert b'"order.creation_failed"' in inbox.received[0][1]
    assert [e["offer_id"] for e in await duffel.journal("order.creation_failed")] == [offer["id"]]
    assert await duffel.journal("order.created") == []


async def test_a_200_is_a_booking_that_shows_later(duffel: Duffel) -> None:
    offer = await duffel.offer()
    await duffel.fault("ok_200_late", ORDERS, delay_s=60)
    status, _ = await duffel.call("POST", ORDERS, order_for(offer))
    assert status == 200
    assert len(await duffel.journal("order.created")) == 1
    assert (await duffel.get(ORDERS))["data"] == []
    duffel.clock.advance(60)
    assert len((await duffel.get(ORDERS))["data"]) == 1


async def test_webhook_first_tells_before_it_answers(told_duffel: tuple[Duffel, Inbox]) -> None:
    duffel, inbox = told_duffel
    await duffel.fault("webhook_first", ORDERS)
    await duffel.post(ORDERS, order_for(await duffel.offer()))
    assert len(inbox.received) == 1


async def test_a_changed_price_is_seen_when_read_again(duffel: Duffel) -> None:
    offer = await duffel.offer()
    await duffel.fault("price_changed", ORDERS)
    assert await duffel.refused("POST", ORDERS, order_for(offer)) == (422, "price_changed")
    again = (await duffel.get(f"/air/offers/{offer['id']}"))["data"]
    assert Decimal(offer["total_amount"]) + 10 == Decimal(again["total_amount"])
    await duffel.post(ORDERS, order_for(again))


async def test_sold_out_stays_sold_out(duffel: Duffel) -> None:
    offer = await duffel.offer()
    await duffel.fault("sold_out", ORDERS)
    gone = (422, "offer_no_longer_available")
    assert await duffel.refused("POST", ORDERS, order_for(offer)) == gone
    assert await duffel.refused("POST", ORDERS, order_for(offer)) == gone
    assert await duffel.refused("GET", f"/air/offers/{offer['id']}") == gone


async def test_a_booking_found_twice_by_the_airline_exists_once(duffel: Duffel) -> None:
    offer = await duffel.offer()
    await duffel.fault("duplicate_detect", ORDERS, times=2)
    for _ in range(2):
        assert await duffel.refused("POST", ORDERS, order_for(offer)) == (422, "duplicate_booking")
    assert len((await duffel.get(f"/air/orders?offer_id={offer['id']}"))["data"]) == 1
    assert len(await duffel.journal("order.created")) == 1


async def test_a_supplier_can_sell_one_thing_twice(duffel: Duffel) -> None:
    order = order_for(await duffel.offer())
    rate = await duffel.stay_rate("Successful Booking")
    quote = await duffel.post("/stays/quotes", {"rate_id": rate["id"]})
    for path in (ORDERS, BOOKINGS):
        await duffel.fault("sells_twice", path, times=1)
    made = {(await duffel.post(ORDERS, order))["id"] for _ in range(2)}
    booked = {(await duffel.post(BOOKINGS, booking_for(quote)))["id"] for _ in range(2)}
    assert (2, 2) == (len(made), len(booked))
    assert await duffel.refused("POST", ORDERS, order) == (422, "offer_request_already_booked")
    again = await duffel.refused("POST", BOOKINGS, booking_for(quote))
    assert again == (422, "booking_already_attempted")


@pytest.mark.parametrize("path", [ORDERS, "/air/payments"])
@pytest.mark.parametrize(
    ("mode", "code", "released"),
    [
        ("hold_lapsed", "past_payment_required_by_date", 1),
        ("schedule_changed", "schedule_changed", 0),
    ],
)
async def test_a_hold_can_become_unpayable(
    duffel: Duffel, path: str, mode: str, code: str, released: int
) -> None:
    await duffel.fault(mode, path)
    held = await duffel.post(ORDERS, hold_for(await duffel.offer()))
    assert await duffel.refused("POST", "/air/payments", payment_for(held)) == (422, code)
    assert await duffel.journal("payment.created") == []
    assert len(await duffel.journal("order.released")) == released


@pytest.mark.parametrize("path", [ORDERS, "/air/order_cancellations*"])
async def test_a_cancellation_can_be_stale_and_its_refund_unknown(
    duffel: Duffel, path: str
) -> None:
    await duffel.fault("cancel_null_refund", path)
    await duffel.fault("cancel_stale", path)
    order = await duffel.post(ORDERS, order_for(await duffel.offer()))
    quotes = "/air/order_cancellations"
    quote = await duffel.post(quotes, {"order_id": order["id"]})
    assert quote["refund_amount"] is None
    assert await duffel.refused("POST", f"{quotes}/{quote['id']}/actions/confirm") == (
        422,
        "order_cancellation_stale",
    )
    second = await duffel.post(quotes, {"order_id": order["id"]})
    assert second["refund_amount"] is not None
    await duffel.post(f"{quotes}/{second['id']}/actions/confirm")


@pytest.mark.parametrize(
    ("mode", "answer", "made"),
    [
        ("sold_out", (422, "rate_unavailable"), 0),
        ("price_changed", (422, "price_changed"), 0),
        ("duplicate_detect", (422, "duplicate_booking"), 1),
        ("commit_then_500", (500, "internal_server_error"), 1),
    ],
)
async def test_stays_suffer_the_same_faults(
    duffel: Duffel, mode: str, answer: tuple[int, str], made: int
) -> None:
    rate = await duffel.stay_rate("Successful Booking")
    quote = await duffel.post("/stays/quotes", {"rate_id": rate["id"]})
    await duffel.fault(mode, BOOKINGS)
    assert await duffel.refused("POST", BOOKINGS, booking_for(quote)) == answer
    assert len(await duffel.journal("stay_booking.created")) == made


@pytest.mark.parametrize(
    ("mode", "options", "status", "made"),
    [
        ("async_202", {"outcome": "ok"}, 202, 1),
        ("async_202", {"outcome": "fail"}, 202, 0),
        ("ok_200_late", {}, 200, 1),
        ("webhook_first", {}, 201, 1),
    ],
)
async def test_stays_are_answered_late_too(
    duffel: Duffel, mode: str, options: dict[str, str], status: int, made: int
) -> None:
    rate = await duffel.stay_rate("Successful Booking")
    quote = await duffel.post("/stays/quotes", {"rate_id": rate["id"]})
    await duffel.fault(mode, BOOKINGS, delay_s=5, **options)
    assert (await duffel.call("POST", BOOKINGS, booking_for(quote)))[0] == status
    duffel.clock.advance(5)
    assert len((await duffel.get(BOOKINGS))["data"]) == made
    assert len(await duffel.journal("stay_booking.created")) == made


async def test_an_unknown_mode_is_refused_with_the_list_of_modes(duffel: Duffel) -> None:
    async with duffel.http.post(f"{duffel.url}/_sandbox/faults", json={"mode": "x"}) as answer:
        assert answer.status == 400
        assert "cancel_null_refund" in await answer.text()
