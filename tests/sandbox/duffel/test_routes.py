"""Each of Duffel's own test routes does what Duffel says it does."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.sandbox.duffel.client import Duffel, order_for


async def test_lhr_jfk_books_normally(duffel: Duffel) -> None:
    order = await duffel.post("/air/orders", order_for(await duffel.offer("LHR", "JFK")))
    assert order["owner"]["iata_code"] == "ZZ"


async def test_pvd_rai_has_no_offers(duffel: Duffel) -> None:
    assert (await duffel.search("PVD", "RAI"))["offers"] == []


async def test_stn_lhr_times_out_while_searching(duffel: Duffel) -> None:
    asked = {
        "slices": [{"origin": "STN", "destination": "LHR", "departure_date": duffel.day(9)}],
        "passengers": [{"age": 30}],
    }
    assert await duffel.refused("POST", "/air/offer_requests", asked) == (
        504,
        "gateway_timeout_error",
    )


async def test_lgw_lhr_is_gone_when_read(duffel: Duffel) -> None:
    offer = await duffel.offer("LGW", "LHR")
    gone = (422, "offer_no_longer_available")
    assert await duffel.refused("GET", f"/air/offers/{offer['id']}") == gone
    assert await duffel.refused("POST", "/air/orders", order_for(offer)) == gone


async def test_lhr_stn_gets_dearer_with_every_read(duffel: Duffel) -> None:
    offer = await duffel.offer("LHR", "STN")
    once = (await duffel.get(f"/air/offers/{offer['id']}"))["data"]
    twice = (await duffel.get(f"/air/offers/{offer['id']}"))["data"]
    rises = [Decimal(o["total_amount"]) - Decimal(offer["total_amount"]) for o in (once, twice)]
    assert rises == [10, 20]
    assert await duffel.refused("POST", "/air/orders", order_for(once)) == (
        422,
        "payment_amount_does_not_match_order_amount",
    )
    assert await duffel.journal("order.created") == []
    await duffel.post("/air/orders", order_for(twice))


@pytest.mark.parametrize(
    ("route", "answer"),
    [
        (("LHR", "LGW"), (502, "airline_unknown")),
        (("LGW", "STN"), (422, "insufficient_balance")),
    ],
)
async def test_an_order_that_the_route_refuses_does_not_exist(
    duffel: Duffel, route: tuple[str, str], answer: tuple[int, str]
) -> None:
    offer = await duffel.offer(*route)
    assert await duffel.refused("POST", "/air/orders", order_for(offer)) == answer
    assert (await duffel.get(f"/air/orders?offer_id={offer['id']}"))["data"] == []
    assert await duffel.journal("order.created") == []


async def test_an_airline_error_names_the_airline(duffel: Duffel) -> None:
    wanted = order_for(await duffel.offer("LHR", "LGW"))
    _, body = await duffel.call("POST", "/air/orders", wanted)
    assert body["errors"][0]["source"] == "duffel_airways"


async def test_jfk_ewr_has_only_offers_that_can_be_held(duffel: Duffel) -> None:
    offers = (await duffel.search("JFK", "EWR"))["offers"]
    instant = [o["payment_requirements"]["requires_instant_payment"] for o in offers]
    assert instant == [False] * 5


async def test_lhr_dxb_connects_and_dxb_ams_stops(duffel: Duffel) -> None:
    connecting = (await duffel.offer("LHR", "DXB"))["slices"][0]["segments"]
    stopping = (await duffel.offer("DXB", "AMS"))["slices"][0]["segments"]
    hops = [(s["origin"]["iata_code"], s["destination"]["iata_code"]) for s in connecting]
    assert hops == [("LHR", "IST"), ("IST", "DXB")]
    assert [len(segment["stops"]) for segment in stopping] == [1]


async def test_bts_mru_sells_no_baggage_and_bts_abv_nothing_at_all(duffel: Duffel) -> None:
    sold = {}
    for route in (("LHR", "JFK"), ("BTS", "MRU"), ("BTS", "ABV")):
        offer = await duffel.offer(*route)
        path = f"/air/offers/{offer['id']}?return_available_services=true"
        bags = (await duffel.get(path))["data"]["available_services"]
        seats = (await duffel.get(f"/air/seat_maps?offer_id={offer['id']}"))["data"]
        sold[route[1]] = (len(bags), len(seats))
    assert sold == {"JFK": (1, 1), "MRU": (0, 1), "ABV": (0, 0)}


async def test_ltn_syd_gives_airline_credits_back(duffel: Duffel) -> None:
    order = await duffel.post("/air/orders", order_for(await duffel.offer("LTN", "SYD")))
    quote = await duffel.post("/air/order_cancellations", {"order_id": order["id"]})
    assert quote["refund_to"] == "airline_credits"
    assert [c["credit_amount"] for c in quote["airline_credits"]] == [quote["refund_amount"]]


async def test_a_return_trip_is_never_special(duffel: Duffel) -> None:
    offer = await duffel.offer("LHR", "LGW", "LHR")
    await duffel.post("/air/orders", order_for(offer))
    assert len(offer["slices"]) == 2
