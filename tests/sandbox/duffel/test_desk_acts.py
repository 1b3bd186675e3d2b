"""What tests can let happen at the supplier without asking for it through the API."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.sandbox.duffel.client import Duffel, Json, order_for

WRITTEN = {"metadata": {"made_by": "the desk"}}


async def act(
    duffel: Duffel, order_id: str, what: str, body: Json | None = None
) -> tuple[int, Json]:
    url = f"{duffel.url}/_sandbox/orders/{order_id}/{what}"
    async with duffel.http.post(url, json=body or {}) as answer:
        return answer.status, await answer.json()


async def flight(duffel: Duffel) -> Json:
    offer = await duffel.offer("LHR", "JFK", brand="Basic")
    return await duffel.post("/air/orders", order_for(offer))


@pytest.mark.parametrize("silent", [False, True])
async def test_an_order_is_cancelled_once(duffel: Duffel, silent: bool) -> None:
    order = await flight(duffel)
    assert 200 == (await act(duffel, order["id"], "cancel", {"silent": silent}))[0]
    assert 422 == (await act(duffel, order["id"], "cancel"))[0]

    after = (await duffel.get(f"/air/orders/{order['id']}"))["data"]
    assert after["cancelled_at"] is not None
    assert silent is (after["cancellation"] is None)
    assert 1 == len(await duffel.journal("order.cancelled"))


async def test_an_order_is_made_once_more(duffel: Duffel) -> None:
    order = await flight(duffel)
    _, told = await act(duffel, order["id"], "copy", WRITTEN)

    rows = (await duffel.get("/air/orders"))["data"]
    assert [told["data"]["id"], order["id"]] == [row["id"] for row in rows]
    assert [WRITTEN["metadata"], order["metadata"]] == [row["metadata"] for row in rows]


async def test_a_flight_costs_more_than_it_was_sold_for(duffel: Duffel) -> None:
    order = await flight(duffel)
    await act(duffel, order["id"], "reprice", {"by": "7.50"})
    after = (await duffel.get(f"/air/orders/{order['id']}"))["data"]
    assert Decimal(order["total_amount"]) + Decimal("7.50") == Decimal(after["total_amount"])


async def test_what_is_not_there_is_not_moved(duffel: Duffel) -> None:
    order = await flight(duffel)
    assert 200 == (await act(duffel, order["id"], "change"))[0]
    assert 404 == (await act(duffel, "ord_unknown", "change"))[0]
    assert [order["id"]] == [e["order_id"] for e in await duffel.journal("order.changed")]
