"""`POST /v1/book` and `GET /v1/trip/{trip_id}`: one session per trip until it expires, and a trip
whose payment and fulfilment are told apart."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from service.settings_rules import SANDBOX_STRIPE_KEY
from tests.compat.jinko.client import PEOPLE, Jinko, added
from tests.scenarios.world import AMELIA, CONTACT


async def test_book_opens_a_session_on_our_page(jinko: Jinko) -> None:
    trip = await jinko.usual()

    booked = await jinko.book(trip["trip_id"])

    assert [
        "checkout_url",
        "expires_at",
        "items",
        "session_id",
        "status",
        "total_amount",
        "trip_id",
    ] == sorted(booked)
    url = f"{jinko.world.service.settings.base_url}/checkout?sid={booked['session_id']}"
    assert (url, "pending_payment", trip["trip_id"]) == (
        booked["checkout_url"],
        booked["status"],
        booked["trip_id"],
    )
    assert (
        sum(item["price"]["value"] for item in booked["items"]) == (booked["total_amount"]["value"])
    )
    assert booked["total_amount"]["value"] / 100 == booked["total_amount"]["amount"]
    assert ["flight", "hotel"] == [item["kind"] for item in booked["items"]]


async def test_extras_are_offered_with_what_is_booked(jinko: Jinko) -> None:
    trip = await jinko.usual()

    booked = await jinko.book(trip["trip_id"])

    bag = booked["items"][0]["available_ancillaries"][0]
    assert ("BAGGAGE", True) == (bag["type"], bag["per_pax"])
    assert bag["price_per_unit"]["value"] > 0
    assert [] == booked["items"][0]["selected_ancillaries"]


async def test_book_answers_the_same_session_however_often_it_is_asked(jinko: Jinko) -> None:
    trip = await jinko.usual()

    answers = await asyncio.gather(*(jinko.book(trip["trip_id"]) for _ in range(10)))

    assert 1 == len({(a["session_id"], a["checkout_url"], a["expires_at"]) for a in answers})
    made = await jinko.world.kinds("stripe", trip["trip_id"])
    assert 1 == made["checkout_session.created"]


async def test_after_the_session_expired_book_asks_prices_anew_and_opens_a_fresh_one(
    jinko: Jinko,
) -> None:
    trip = await jinko.usual()
    first = await jinko.book(trip["trip_id"])
    await expire_at_stripe(jinko, trip["trip_id"])
    await jinko.world.until(trip["trip_id"], lambda shown: shown["checkout"]["status"] == "expired")
    assert "expired" == (await jinko.get(trip["trip_id"]))["checkout"]["status"]

    second = await jinko.book(trip["trip_id"])

    assert first["session_id"] != second["session_id"]
    assert 2 == (await jinko.world.topics(trip["trip_id"])).count("trip.quote-completed.v1")
    assert second["session_id"] == (await jinko.book(trip["trip_id"]))["session_id"]


async def test_a_change_after_book_closes_the_old_session_before_a_new_one_is_opened(
    jinko: Jinko,
) -> None:
    trip = await jinko.usual()
    first = await jinko.book(trip["trip_id"])
    old = await jinko.provider_session(trip["trip_id"])

    changed = await jinko.trip(
        trip_id=trip["trip_id"], remove_item={"item_id": trip["items"][1]["item_id"]}
    )
    second = await jinko.book(trip["trip_id"])

    assert ("draft", None) == (changed["status"], changed["quote"])
    assert first["session_id"] != second["session_id"]
    assert "expired" == (await at_stripe(jinko, f"/v1/checkout/sessions/{old}"))["status"]


async def test_an_extra_chosen_after_book_is_priced_anew_in_a_fresh_session(jinko: Jinko) -> None:
    trip = await jinko.usual()
    first = await jinko.book(trip["trip_id"])
    bag = first["items"][0]["available_ancillaries"][0]

    await jinko.trip(
        trip_id=trip["trip_id"],
        select_ancillaries={
            "item_id": first["items"][0]["item_id"],
            "selections": [{"offer_id": bag["offer_id"]}],
        },
    )
    second = await jinko.book(trip["trip_id"])

    assert first["session_id"] != second["session_id"]
    assert second["total_amount"]["value"] == (
        first["total_amount"]["value"] + bag["price_per_unit"]["value"]
    )
    assert [bag["offer_id"]] == [
        chosen["offer_id"] for chosen in second["items"][0]["selected_ancillaries"]
    ]


async def test_a_trip_goes_from_draft_to_completed(jinko: Jinko) -> None:
    trip = await jinko.usual()
    trip_id = trip["trip_id"]
    booked = await jinko.book(trip_id)
    waiting = await jinko.get(trip_id)
    await jinko.pay(trip_id)
    await jinko.world.until_status(trip_id, "completed", "failed")

    done = await jinko.get(trip_id)

    assert ("pending_payment", "quoted", "pending_payment", "pending") == (
        waiting["status"],
        waiting["quote"]["status"],
        waiting["checkout"]["status"],
        waiting["payment"]["status"],
    )
    assert (None, None, []) == tuple(
        waiting[name] for name in ("fulfillment", "booking_ref", "bookings")
    )
    total = booked["total_amount"]["amount"]
    assert {
        "subtotal": total,
        "fees": 0.0,
        "total": total,
        "currency": "EUR",
        "display": booked["total_amount"]["display"],
    } == waiting["quote"]["totals"]
    assert ("completed", "completed", "captured", "paid") == (
        done["status"],
        done["fulfillment"]["status"],
        done["payment"]["status"],
        done["checkout"]["status"],
    )
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", done["fulfillment"]["scheduled_at"]
    )
    assert ["confirmed", "confirmed"] == [booking["status"] for booking in done["bookings"]]
    assert all(booking["booking_reference"] for booking in done["bookings"])
    assert [item["item_id"] for item in done["items"]] == [b["item_id"] for b in done["bookings"]]


async def test_the_booking_reference_is_there_from_scheduling_on_and_never_changes(
    jinko: Jinko,
) -> None:
    trip_id = (await jinko.usual())["trip_id"]
    await jinko.book(trip_id)
    await jinko.world.fault("duffel", "POST", "/air/orders", "latency", latency_s=60)
    await jinko.pay(trip_id)
    await jinko.world.until_recorded(trip_id, "trip.fulfillment-scheduled.v1")

    early = await jinko.get(trip_id)
    await jinko.world.clear_faults("duffel")
    await jinko.world.until_status(trip_id, "completed", "failed")
    late = await jinko.get(trip_id)

    assert early["fulfillment"]["status"] in {"pending", "fulfilling"}
    assert "fulfilling" == early["status"]
    assert re.fullmatch(r"JNK-[A-Z0-9]{6}", early["booking_ref"])
    assert early["booking_ref"] == late["booking_ref"]
    references = [booking["booking_reference"] for booking in late["bookings"]]
    assert late["booking_ref"] not in references
    assert early["fulfillment"]["scheduled_at"] == late["fulfillment"]["scheduled_at"]


async def test_a_trip_that_cannot_be_booked_fails_and_takes_no_money(jinko: Jinko) -> None:
    offer = await jinko.world.find_flight("LHR", "LGW")
    trip = await jinko.trip(add_item=added(offer), upsert_travelers=PEOPLE)
    await jinko.world.fault("duffel", "POST", "/air/orders", "sold_out")
    await jinko.book(trip["trip_id"])
    await jinko.pay(trip["trip_id"])
    await jinko.world.until_status(trip["trip_id"], "completed", "failed")

    failed = await jinko.get(trip["trip_id"])

    assert ("failed", "failed", ["failed"]) == (
        failed["status"],
        failed["fulfillment"]["status"],
        [booking["status"] for booking in failed["bookings"]],
    )
    assert [] == await jinko.world.amounts("payment.captured", trip["trip_id"])


async def test_a_declined_card_leaves_the_session_open(jinko: Jinko) -> None:
    trip_id = (await jinko.usual())["trip_id"]
    booked = await jinko.book(trip_id)
    await jinko.pay(trip_id, "declined")
    await jinko.world.until(trip_id, lambda shown: shown["payment"]["status"] == "failed")

    declined = await jinko.get(trip_id)

    assert ("pending_payment", "failed", None) == (
        declined["status"],
        declined["payment"]["status"],
        declined["fulfillment"],
    )
    assert booked["session_id"] == (await jinko.book(trip_id))["session_id"]


async def test_a_paid_trip_is_neither_booked_nor_changed_again(jinko: Jinko) -> None:
    trip = await jinko.usual()
    await jinko.book(trip["trip_id"])
    await jinko.pay(trip["trip_id"])
    await jinko.world.until_status(trip["trip_id"], "completed", "failed")

    booked = await jinko.not_booked(trip["trip_id"])
    changed = await jinko.not_changed(
        trip_id=trip["trip_id"], remove_item={"item_id": trip["items"][0]["item_id"]}
    )

    assert [(409, "ALREADY_CHECKED_OUT")] * 2 == [booked[:2], changed[:2]]


async def test_what_is_missing_before_book_is_a_matter_of_the_trips_state(jinko: Jinko) -> None:
    trip = await jinko.trip()
    trip_id = trip["trip_id"]
    refusals = [await jinko.not_booked(trip_id)]
    await jinko.trip(trip_id=trip_id, add_item=added(await jinko.world.find_flight()))
    refusals.append(await jinko.not_booked(trip_id))
    await jinko.trip(trip_id=trip_id, upsert_travelers={"travelers": [AMELIA]})
    refusals.append(await jinko.not_booked(trip_id))
    nameless = {name: AMELIA[name] for name in ("first_name", "last_name", "passenger_type")}
    await jinko.trip(
        trip_id=trip_id, upsert_travelers={"travelers": [nameless], "contact": CONTACT}
    )
    refusals.append(await jinko.not_booked(trip_id))

    assert [
        (409, "TRIP_EMPTY"),
        (409, "TRAVELERS_MISSING"),
        (409, "CONTACT_REQUIRED"),
        (409, "TRAVELER_FIELD_REQUIRED"),
    ] == [(status, code) for status, code, _ in refusals]
    assert "upsert_travelers.travelers.0.date_of_birth" == refusals[-1][2]["field"]


async def test_a_hotel_alone_needs_neither_birthday_nor_gender(jinko: Jinko) -> None:
    guest = {name: AMELIA[name] for name in ("first_name", "last_name", "passenger_type")}
    trip = await jinko.trip(
        add_item=added(await jinko.world.find_stay()),
        upsert_travelers={"travelers": [guest], "contact": CONTACT},
    )

    assert "pending_payment" == (await jinko.book(trip["trip_id"]))["status"]


async def test_a_dearer_trip_is_refused_with_both_totals_and_then_booked_at_the_new_one(
    jinko: Jinko,
) -> None:
    offer = await jinko.world.find_flight("LHR", "STN")
    trip = await jinko.trip(add_item=added(offer), upsert_travelers=PEOPLE)

    status, code, details = await jinko.not_booked(trip["trip_id"])
    booked = await jinko.book(trip["trip_id"])

    assert (422, "PRICE_CHANGED", False) == (status, code, details["retryable"])
    assert offer["price"]["amount"] == details["old_total"]["amount"]
    assert details["new_total"]["amount"] == booked["total_amount"]["value"]
    assert details["new_total"]["amount"] > details["old_total"]["amount"]


async def test_what_is_gone_is_refused_as_upstream_and_shown_in_the_quote(jinko: Jinko) -> None:
    offer = await jinko.world.find_flight("LGW", "LHR")
    trip = await jinko.trip(add_item=added(offer), upsert_travelers=PEOPLE)

    status, code, details = await jinko.not_booked(trip["trip_id"])
    shown = await jinko.get(trip["trip_id"])

    assert 422 == status
    assert code in {"OFFER_EXPIRED", "SOLD_OUT"}
    (gone,) = details["items"]
    assert trip["items"][0]["item_id"] == gone["item_id"]
    assert ("failed", [code]) == (
        shown["quote"]["status"],
        [problem["code"] for problem in shown["quote"]["problems"]],
    )


async def at_stripe(jinko: Jinko, path: str, method: str = "GET") -> Any:
    auth = {"Authorization": f"Bearer {SANDBOX_STRIPE_KEY}"}
    async with jinko.world.session.request(
        method, jinko.world.stripe_url + path, headers=auth
    ) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def expire_at_stripe(jinko: Jinko, trip_id: str) -> None:
    session = await jinko.provider_session(trip_id)
    await at_stripe(jinko, f"/v1/checkout/sessions/{session}/expire", "POST")
