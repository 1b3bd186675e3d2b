"""Items: what a room may be asked for by, and what comes of a request that cannot be met."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from tests.compat.wink.shop import ALEXANDRA, ARRIVAL, LEAVING, Shop


async def test_the_documented_request_is_taken_whole(shop: Shop) -> None:
    offer = await shop.room(guests=[{"type": "adult"}, {"type": "adult"}, {"age": 8}])
    item = shop.item(
        offer,
        roomConfiguration={
            "adults": 2,
            "children": [{"age": 8, "quantity": 1}],
            "quantity": 1,
        },
        user={**ALEXANDRA, "valid": True, "userIdentifier": "c3a9f2e1-8b4d-4c7a-a1e2-5f0b6d9e2c84"},
        language="en-US",
        bedroomConfigurationIdentifier="e6b3a1c9-2d7f-4a5b-8c0e-1f9d4a2b6c37",
        promotionalCodes=["WELCOMELUX25"],
        specialRequests="Please prepare the room with rose petals for our anniversary.",
        lifestyle="LIFESTYLE_HEALTH_FITNESS",
        ancillaries=[],
        validUser=True,
    )

    (shown,) = (await shop.cart(item))["itemList"]

    for name in (
        "language",
        "bedroomConfigurationIdentifier",
        "promotionalCodes",
        "specialRequests",
        "lifestyle",
        "roomConfiguration",
        "customizationIdentifier",
    ):
        assert item[name] == shown[name]


async def test_empty_texts_in_optional_fields_are_absent(shop: Shop) -> None:
    item = shop.item(
        await shop.room(),
        language="",
        nights="",
        bedroomConfigurationIdentifier="",
        promotionalCodes="",
        specialRequests="",
        lifestyle="",
        ancillaries="",
        roomConfiguration={"adults": 1, "children": 0},
    )

    (shown,) = (await shop.cart(item))["itemList"]

    assert ("en", [], None) == (
        shown["language"],
        shown["promotionalCodes"],
        shown["specialRequests"],
    )


@pytest.mark.parametrize(
    "telephone", ["0123456789", "+1 212 555 1212", "+12125551212", "12125551212", ""]
)
async def test_telephones_are_taken_as_people_write_them(shop: Shop, telephone: str) -> None:
    item = shop.item(await shop.room(), user={**ALEXANDRA, "telephone": telephone})

    (shown,) = (await shop.cart(item))["itemList"]

    assert (telephone or None) == shown["user"]["telephone"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("hotelIdentifier", ""),
        ("roomRateIdentifier", ""),
        ("hotelIdentifier", "not-a-uuid"),
        ("customizationIdentifier", ""),
        ("currency", "pounds"),
        ("startDate", "20 January"),
        ("roomConfiguration", {"adults": 0}),
        ("roomConfiguration", {"adults": 1, "quantity": 0}),
        ("roomConfiguration", {"adults": 1, "children": 2}),
        ("roomConfiguration", {"adults": 5, "quantity": 2}),
        ("user", {"firstName": "Alexandra", "lastName": "", "email": "a@beaumont.com"}),
        ("user", {"firstName": "Alexandra", "lastName": "Beaumont", "email": "nobody"}),
        ("endDate", ARRIVAL),
        ("endDate", "2020-01-01"),
        ("nights", 0),
    ],
)
async def test_what_a_room_cannot_be_is_a_bad_request(shop: Shop, field: str, value: Any) -> None:
    item = shop.item(await shop.room(), **{field: value})

    status, code, problem = await shop.refused("POST", "/api/shopping-cart", [item])

    assert (400, "invalid_request") == (status, code)
    assert 1 == len(problem["errors"])
    assert problem["errors"][0]["pointer"].startswith("/0")


async def test_nights_past_the_end_of_the_calendar_are_a_bad_request(shop: Shop) -> None:
    item = shop.item(await shop.room(), startDate="9999-12-31", nights=3)

    status, code, _ = await shop.refused("POST", "/api/shopping-cart", [item])

    assert (400, "invalid_request") == (status, code)


async def test_a_single_object_is_no_cart(shop: Shop) -> None:
    status, code, _ = await shop.refused("POST", "/api/shopping-cart", shop.item(await shop.room()))

    assert (400, "invalid_request") == (status, code)


async def test_nights_win_over_the_end_date(shop: Shop) -> None:
    item = shop.item(await shop.room(), endDate="2099-01-01", nights=3)

    (shown,) = (await shop.cart(item))["itemList"]

    assert (LEAVING, 3) == (shown["endDate"], shown["nights"])


async def test_nights_that_were_never_searched_are_asked_for_at_the_supplier(shop: Shop) -> None:
    offer = await shop.room()
    later = date.fromisoformat(ARRIVAL) + timedelta(days=10)
    item = shop.item(offer, startDate=later.isoformat(), endDate="", nights=2)

    (shown,) = (await shop.cart(item))["itemList"]

    assert later.isoformat() == shown["startDate"]
    assert (later + timedelta(days=2)).isoformat() == shown["endDate"]
    assert offer["details"]["room_rate_identifier"] == shown["roomRateIdentifier"]
    assert offer["details"]["property"] == shown["hotel"]["name"]


async def test_the_same_room_has_the_same_identifiers_in_every_search(shop: Shop) -> None:
    def known(offers: list[dict[str, Any]]) -> set[tuple[str, str]]:
        details = [offer["details"] for offer in offers]
        return {(each["hotel_identifier"], each["room_rate_identifier"]) for each in details}

    first = await shop.rooms()
    second = await shop.rooms(
        check_out_date=(date.fromisoformat(LEAVING) + timedelta(1)).isoformat()
    )

    assert known(first) == known(second)
    assert len(first) == len(known(first)) == 20
    assert not {offer["offer_id"] for offer in first} & {offer["offer_id"] for offer in second}


async def test_the_same_room_twice_is_two_items(shop: Shop) -> None:
    item = shop.item(await shop.room())

    cart = await shop.cart(item, item)

    first, second = cart["itemList"]
    assert first["identifier"] != second["identifier"]
    assert first["roomRateIdentifier"] == second["roomRateIdentifier"]
    assert 2 == len((await shop.checkout(cart["id"]))["bookingCodes"])


async def test_several_rooms_alike_are_one_item(shop: Shop) -> None:
    item = shop.item(await shop.room(), roomConfiguration={"adults": 1, "quantity": 2})

    cart = await shop.cart(item)

    assert 2 == cart["itemList"][0]["roomConfiguration"]["quantity"]
    assert 2 == cart["itemList"][0]["stay"]["price"]["quantity"]
    assert 1 == len((await shop.checkout(cart["id"]))["bookingCodes"])


async def test_a_room_nobody_knows_is_not_to_be_had(shop: Shop) -> None:
    offer = await shop.room()
    nobodys = "a2f1c9d8-4e7b-4d3a-9f2c-1a6b5e8d3f42"
    for field in ("hotelIdentifier", "roomRateIdentifier"):
        item = shop.item(offer, **{field: nobodys})

        status, code, problem = await shop.refused("POST", "/api/shopping-cart", [item])

        assert (422, "inventory_unavailable") == (status, code)
        assert nobodys == problem["properties"]["items"][0][field]


async def test_dates_in_the_past_are_refused(shop: Shop) -> None:
    item = shop.item(await shop.room(), startDate="2020-01-01", endDate="2020-01-03")

    status, code, _ = await shop.refused("POST", "/api/shopping-cart", [item])

    assert (422, "dates_in_past") == (status, code)


async def test_extras_of_rooms_are_not_sold(shop: Shop) -> None:
    ancillary = {
        "type": "SPA",
        "typeIdentifier": "8b1d6e0f-3a7c-4d2b-9e5a-1c8f0b4d6e29",
        "transactionalTravelInventoryIdentifier": "8b1d6e0f-3a7c-4d2b-9e5a-1c8f0b4d6e29",
        "channelInventoryIdentifier": "8b1d6e0f-3a7c-4d2b-9e5a-1c8f0b4d6e29",
        "quantity": 1,
        "startDate": "2027-12-22T03:07:58.742+0000",
        "endDate": "2027-12-22T08:07:58.742+0000",
    }
    item = shop.item(await shop.room(), ancillaries=[ancillary])

    status, code, _ = await shop.refused("POST", "/api/shopping-cart", [item])

    assert (422, "ancillary_unavailable") == (status, code)
