"""Cancelling flights: quoted first, confirmed by the newest quote, once."""

from __future__ import annotations

from decimal import Decimal

from tests.sandbox.duffel.client import Duffel, Json, hold_for, order_for

QUOTES = "/air/order_cancellations"


async def ordered(duffel: Duffel, brand: str = "Basic") -> Json:
    offer = await duffel.offer("LHR", "JFK", brand=brand)
    return await duffel.post("/air/orders", order_for(offer))


async def test_a_quote_is_confirmed_and_the_order_is_cancelled_once(duffel: Duffel) -> None:
    order = await ordered(duffel)
    quote = await duffel.post(QUOTES, {"order_id": order["id"]})
    assert Decimal(order["total_amount"]) - 25 == Decimal(quote["refund_amount"])
    assert (quote["refund_to"], quote["confirmed_at"]) == ("balance", None)
    confirmed = await duffel.post(f"{QUOTES}/{quote['id']}/actions/confirm")
    assert confirmed["confirmed_at"] is not None
    assert confirmed["expires_at"] is None
    after = (await duffel.get(f"/air/orders/{order['id']}"))["data"]
    assert after["cancelled_at"] == confirmed["confirmed_at"]
    assert after["available_actions"] == ["update"]
    already = (422, "already_cancelled")
    assert await duffel.refused("POST", f"{QUOTES}/{quote['id']}/actions/confirm") == already
    assert await duffel.refused("POST", QUOTES, {"order_id": order["id"]}) == already
    entries = await duffel.journal("order.cancelled")
    assert [(e["order_id"], e["refund_amount"]) for e in entries] == [
        (order["id"], quote["refund_amount"])
    ]


async def test_what_comes_back_follows_the_fare(duffel: Duffel) -> None:
    refunds = {}
    for brand in ("Flex", "Economy Saver"):
        order = await ordered(duffel, brand)
        quote = await duffel.post(QUOTES, {"order_id": order["id"]})
        refunds[brand] = Decimal(quote["refund_amount"]) / Decimal(order["total_amount"])
    assert refunds == {"Flex": 1, "Economy Saver": 0}


async def test_unknown_conditions_leave_cancelling_to_people(duffel: Duffel) -> None:
    order = await ordered(duffel, "Óptima")
    assert "cancel" not in order["available_actions"]
    assert await duffel.refused("POST", QUOTES, {"order_id": order["id"]}) == (
        422,
        "order_not_cancellable",
    )


async def test_an_older_quote_is_stale(duffel: Duffel) -> None:
    order = await ordered(duffel)
    older = await duffel.post(QUOTES, {"order_id": order["id"]})
    newer = await duffel.post(QUOTES, {"order_id": order["id"]})
    assert await duffel.refused("POST", f"{QUOTES}/{older['id']}/actions/confirm") == (
        422,
        "order_cancellation_stale",
    )
    assert await duffel.journal("order.cancelled") == []
    await duffel.post(f"{QUOTES}/{newer['id']}/actions/confirm")
    listed = (await duffel.get(f"{QUOTES}?order_id={order['id']}"))["data"]
    assert [row["id"] for row in listed] == [newer["id"], older["id"]]


async def test_a_quote_expires_after_an_hour(duffel: Duffel) -> None:
    order = await ordered(duffel)
    quote = await duffel.post(QUOTES, {"order_id": order["id"]})
    duffel.clock.advance(3600)
    assert await duffel.refused("POST", f"{QUOTES}/{quote['id']}/actions/confirm") == (
        422,
        "order_cancellation_stale",
    )


async def test_an_unpaid_hold_gives_nothing_back(duffel: Duffel) -> None:
    held = await duffel.post("/air/orders", hold_for(await duffel.offer()))
    quote = await duffel.post(QUOTES, {"order_id": held["id"]})
    assert (quote["refund_amount"], quote["refund_to"]) == ("0.00", "awaiting_payment")
    await duffel.post(f"{QUOTES}/{quote['id']}/actions/confirm")
    duffel.clock.advance(80 * 3600)
    assert await duffel.journal("order.released") == []
