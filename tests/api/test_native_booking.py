"""Booking over HTTP: one checkout however often it is asked for, found again by code and group."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from tests.api.native import Native


async def booked(native: Native, **body: Any) -> tuple[str, Any]:
    trip_id = await native.world.build(await native.world.find_flight())
    return trip_id, await native.call("POST", f"/v1/trips/{trip_id}/book", body)


async def test_book_answers_one_open_checkout(native: Native) -> None:
    trip_id, answer = await booked(native)

    trip = await native.call("GET", f"/v1/trips/{trip_id}")
    assert answer["status"] == "success"
    assert answer["trip_id"] == trip_id
    assert answer["checkout_url"] == trip["checkout"]["url"]
    assert answer["total"] == trip["quote"]["total"] == trip["checkout"]["total"]
    assert answer["booking_codes"] == [booking["code"] for booking in trip["bookings"]]
    assert trip["status"] == "awaiting_payment"
    assert trip["checkout"]["status"] == "pending_payment"
    assert trip["payment"]["status"] == "pending"
    assert "book" in trip["allowed_actions"]


async def test_asked_at_once_and_again_it_is_the_same_checkout(native: Native) -> None:
    trip_id, first = await booked(native)
    path = f"/v1/trips/{trip_id}/book"
    headers = {"Idempotency-Key": str(uuid4())}

    again = await asyncio.gather(*(native.call("POST", path, {}) for _ in range(5)))
    keyed = [await native.call("POST", path, {}, headers=headers) for _ in range(2)]

    assert {answer["session_id"] for answer in [*again, *keyed]} == {first["session_id"]}
    made = await native.world.kinds("stripe", trip_id)
    assert made["checkout_session.created"] == 1


async def test_direct_mode_answers_fresh_secrets_and_never_keeps_them(native: Native) -> None:
    headers = {"Idempotency-Key": str(uuid4())}
    trip_id = await native.world.build(await native.world.find_flight())
    path = f"/v1/trips/{trip_id}/book"

    first = await native.call("POST", path, {"mode": "direct"}, headers=headers)
    second = await native.ask("POST", path, {"mode": "direct"}, headers=headers)

    assert first["checkout_url"] is None
    assert first["payment"]["client_secret"] == second.body["payment"]["client_secret"]
    assert first["payment"]["ephemeral_key"] != second.body["payment"]["ephemeral_key"]
    assert second.headers["Idempotent-Replayed"] == "true"
    kept = await native.world.service.database.pool.fetch(
        "SELECT body FROM tripledger.idempotency WHERE key = $1", headers["Idempotency-Key"]
    )
    assert [row["body"] for row in kept] == [b""]


@pytest.mark.parametrize("as_object", [True, False])
async def test_an_expected_total_is_asserted(native: Native, as_object: bool) -> None:
    offer = await native.world.find_flight()
    trip_id = await native.world.build(offer)
    amount = offer["price"]["amount"]

    def total(minor: int) -> Any:
        return {"amount": minor, "currency": "EUR"} if as_object else minor

    path = f"/v1/trips/{trip_id}/book"
    told = await native.ask("POST", path, {"expected_total": total(amount - 100)})
    agreed = await native.call(
        "POST", path, {"expected_total": total(amount - 100), "tolerance": total(100)}
    )

    assert (told.status, told.body["code"]) == (409, "price_changed")
    assert told.body["properties"]["new_total"] == {"amount": amount, "currency": "EUR"}
    assert agreed["total"]["amount"] == amount


async def test_a_tolerance_in_another_currency_is_refused(native: Native) -> None:
    trip_id = await native.world.build(await native.world.find_flight())
    body = {"expected_total": 1, "tolerance": {"amount": 1, "currency": "USD"}}

    assert await native.code("POST", f"/v1/trips/{trip_id}/book", body) == "422 currency_mismatch"


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/thanks",
        "https://127.0.0.1@evil.example/",
        "https://127.0.0.1\\@evil.example/",
        "https://127.0.0.1.evil.example/",
        "http:///127.0.0.1",
    ],
)
async def test_travellers_are_sent_to_no_foreign_place(native: Native, url: str) -> None:
    trip_id = await native.world.build(await native.world.find_flight())

    refusal = await native.code("POST", f"/v1/trips/{trip_id}/book", {"redirect_url": url})

    assert refusal in {"422 redirect_not_allowed", "422 validation_failed"}
    assert (await native.call("GET", f"/v1/trips/{trip_id}"))["quote"]["status"] == "none"


async def test_travellers_are_sent_to_a_listed_place(native: Native) -> None:
    trip_id = await native.world.build(await native.world.find_flight())

    body = {"redirect_url": "https://shop.ours.example/thanks?trip=1"}
    answer = await native.call("POST", f"/v1/trips/{trip_id}/book", body)

    assert answer["status"] == "success"


async def test_an_empty_trip_cannot_be_booked(native: Native) -> None:
    trip_id = (await native.call("POST", "/v1/trips"))["trip_id"]

    assert await native.code("POST", f"/v1/trips/{trip_id}/book") == "422 trip_empty"


async def test_bookings_are_found_by_code_and_by_group_at_once(native: Native) -> None:
    trip_id, answer = await booked(native)
    (code,) = answer["booking_codes"]

    booking = await native.call("GET", f"/v1/bookings/{code.lower()}")
    group = await native.call("GET", f"/v1/groups/{answer['group_id']}")

    assert (booking["code"], booking["trip_id"]) == (code, trip_id)
    assert booking["status"] == "initialized"
    assert group["bookings"] == [booking]


async def test_a_paid_trip_is_booked_at_its_supplier(native: Native) -> None:
    trip_id, answer = await booked(native)

    await native.world.pay(answer["session_id"])
    await native.world.until_status(trip_id, "completed")

    trip = await native.call("GET", f"/v1/trips/{trip_id}")
    (code,) = answer["booking_codes"]
    booking = await native.call("GET", f"/v1/bookings/{code}")
    assert trip["fulfillment"]["status"] == "completed"
    assert trip["payment"]["captured"] == answer["total"]
    assert booking["status"] == "confirmed"
    assert booking["supplier_reference"]
    assert await native.code("POST", f"/v1/trips/{trip_id}/book") == "409 already_checked_out"


async def test_unknown_codes_and_groups_are_absent(native: Native) -> None:
    assert await native.code("GET", "/v1/bookings/ZZZZZZZZ") == "404 booking_not_found"
    assert await native.code("GET", f"/v1/groups/{uuid4()}") == "404 group_not_found"
    assert await native.code("GET", "/v1/groups/G-UOCWALXX") == "404 group_not_found"
