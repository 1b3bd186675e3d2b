"""Stays from search to cancellation, and the test hotels named after what happens there."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.sandbox.duffel.client import Duffel, Json, booking_for


async def booked(duffel: Duffel, rate_name: str = "Flexible Rate") -> tuple[Json, Json]:
    rate = await duffel.stay_rate("Successful Booking", name=rate_name)
    quote = await duffel.post("/stays/quotes", {"rate_id": rate["id"]})
    return quote, await duffel.post("/stays/bookings", booking_for(quote))


async def test_any_place_has_hotels_with_rooms_and_both_kinds_of_rates(duffel: Duffel) -> None:
    asked = duffel.stay_search(latitude=48.2, longitude=16.37)
    results = (await duffel.post("/stays/search", asked))["results"]
    again = (await duffel.post("/stays/search", asked))["results"]
    assert len(results) == 5
    prices = [result["cheapest_rate_total_amount"] for result in results]
    assert [result["cheapest_rate_total_amount"] for result in again] == prices
    path = f"/stays/search_results/{results[0]['id']}/actions/fetch_all_rates"
    rooms = (await duffel.post(path))["accommodation"]["rooms"]
    timelines = [[len(rate["cancellation_timeline"]) for rate in r["rates"]] for r in rooms]
    assert timelines == [[0, 2], [0, 2]]
    assert (
        min((r["total_amount"] for room in rooms for r in room["rates"]), key=Decimal) == prices[0]
    )


async def test_a_quoted_rate_is_booked_once(duffel: Duffel) -> None:
    quote, booking = await booked(duffel)
    assert booking["status"] == "confirmed"
    assert await duffel.get(f"/stays/bookings/{booking['id']}") == {"data": booking}
    assert (await duffel.get(f"/stays/quotes/{quote['id']}"))["data"] == quote
    assert await duffel.refused("POST", "/stays/bookings", booking_for(quote)) == (
        422,
        "booking_already_attempted",
    )
    entries = await duffel.journal("stay_booking.created")
    told = [(e["quote_id"], e["amount"], e["metadata"]) for e in entries]
    assert told == [(quote["id"], quote["total_amount"], {"trip_id": "trip-1"})]


async def test_bookings_are_listed_newest_first_in_pages(duffel: Duffel) -> None:
    made = [(await booked(duffel))[1]["id"] for _ in range(3)]
    first = await duffel.get("/stays/bookings?limit=2")
    rest = await duffel.get(f"/stays/bookings?limit=2&after={first['meta']['after']}")
    assert [row["id"] for row in first["data"] + rest["data"]] == made[::-1]
    assert rest["meta"]["after"] is None


@pytest.mark.parametrize(("days", "share"), [(0, 1), (27.6, 0.5), (29.6, 0)])
async def test_cancelling_gives_back_what_the_timeline_says(
    duffel: Duffel, days: float, share: float
) -> None:
    quote, booking = await booked(duffel)
    duffel.clock.advance(days * 86400)
    cancelled = await duffel.post(f"/stays/bookings/{booking['id']}/actions/cancel")
    assert cancelled["status"] == "cancelled"
    assert await duffel.refused("POST", f"/stays/bookings/{booking['id']}/actions/cancel") == (
        422,
        "already_cancelled",
    )
    entries = await duffel.journal("stay_booking.cancelled")
    expected = (Decimal(quote["total_amount"]) * Decimal(share)).quantize(Decimal("0.01"))
    refunds = [Decimal(entry["refund_amount"]) for entry in entries]
    assert len(refunds) == 1
    assert abs(refunds[0] - expected) <= Decimal("0.01")


async def test_a_saver_rate_gives_nothing_back(duffel: Duffel) -> None:
    _, booking = await booked(duffel, "Saver Rate")
    await duffel.post(f"/stays/bookings/{booking['id']}/actions/cancel")
    entries = await duffel.journal("stay_booking.cancelled")
    assert [entry["refund_amount"] for entry in entries] == ["0.00"]


async def test_rates_and_quotes_expire(duffel: Duffel) -> None:
    rate = await duffel.stay_rate("Successful Booking")
    quote = await duffel.post("/stays/quotes", {"rate_id": rate["id"]})
    duffel.clock.advance(30 * 60)
    gone = (422, "rate_unavailable")
    assert await duffel.refused("POST", "/stays/quotes", {"rate_id": rate["id"]}) == gone
    assert await duffel.refused("POST", "/stays/bookings", booking_for(quote)) == gone


async def test_a_rate_can_be_gone_at_the_quote(duffel: Duffel) -> None:
    rate = await duffel.stay_rate("Rate Unavailable at Quote")
    assert await duffel.refused("POST", "/stays/quotes", {"rate_id": rate["id"]}) == (
        422,
        "rate_unavailable",
    )


async def test_a_rate_can_be_gone_at_the_booking(duffel: Duffel) -> None:
    rate = await duffel.stay_rate("Rate Unavailable at Booking")
    quote = await duffel.post("/stays/quotes", {"rate_id": rate["id"]})
    assert await duffel.refused("POST", "/stays/bookings", booking_for(quote)) == (
        422,
        "rate_unavailable",
    )
    assert await duffel.journal("stay_booking.created") == []


async def test_a_rate_can_be_dearer_at_the_quote(duffel: Duffel) -> None:
    rate = await duffel.stay_rate("Price Changed at Quote")
    quote = await duffel.post("/stays/quotes", {"rate_id": rate["id"]})
    assert Decimal(rate["total_amount"]) + 10 == Decimal(quote["total_amount"])


@pytest.mark.parametrize(
    ("hotel", "kind"),
    [
        ("Booking Pending then Confirmed", "stay_booking.created"),
        ("Booking Pending then Failed", "stay_booking.creation_failed"),
    ],
)
async def test_a_booking_can_be_pending_first(duffel: Duffel, hotel: str, kind: str) -> None:
    rate = await duffel.stay_rate(hotel)
    quote = await duffel.post("/stays/quotes", {"rate_id": rate["id"]})
    status, _ = await duffel.call("POST", "/stays/bookings", booking_for(quote))
    assert status == 202
    assert (await duffel.get("/stays/bookings"))["data"] == []
    duffel.clock.advance(1)
    assert [entry["quote_id"] for entry in await duffel.journal(kind)] == [quote["id"]]


async def test_a_500_may_hide_a_booking(duffel: Duffel) -> None:
    rate = await duffel.stay_rate("Internal Error at Booking")
    quote = await duffel.post("/stays/quotes", {"rate_id": rate["id"]})
    assert await duffel.refused("POST", "/stays/bookings", booking_for(quote)) == (
        500,
        "internal_server_error",
    )
    assert len((await duffel.get("/stays/bookings"))["data"]) == 1


async def test_some_hotels_do_not_take_cancellations(duffel: Duffel) -> None:
    rate = await duffel.stay_rate("Cancellation Not Supported")
    quote = await duffel.post("/stays/quotes", {"rate_id": rate["id"]})
    booking = await duffel.post("/stays/bookings", booking_for(quote))
    assert await duffel.refused("POST", f"/stays/bookings/{booking['id']}/actions/cancel") == (
        422,
        "booking_not_cancellable",
    )


@pytest.mark.parametrize(
    "change",
    [
        {"check_in_date": "2020-01-01"},
        {"check_out_date": "2020-01-01"},
        {"rooms": 0},
        {"rooms": 3},
        {"location": {"radius": 5, "geographic_coordinates": {"latitude": 91, "longitude": 0}}},
    ],
)
async def test_an_impossible_search_is_refused(duffel: Duffel, change: Json) -> None:
    status, _ = await duffel.call("POST", "/stays/search", duffel.stay_search() | change)
    assert status == 422
