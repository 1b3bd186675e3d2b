"""The shopping cart: what is put in, taken out and shown, and when it is gone."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from tests.compat.wink.shop import ALEXANDRA, ARRIVAL, LEAVING, Shop

ITEM = {
    "identifier",
    "hotelIdentifier",
    "roomRateIdentifier",
    "roomConfiguration",
    "startDate",
    "endDate",
    "currency",
    "language",
    "user",
    "hotel",
    "stay",
    "ancillaries",
    "commission",
    "commissionable",
    "sourceTotal",
    "userSpecifiedCurrencyTotal",
    "internalTotal",
}
STAY = {"price", "ratePlan", "activeCancellationPolicy", "extraCharges", "guestUser"}


def minor(total: Any) -> int:
    """An amount in whole cents; a float that was computed with would not fit."""
    cents = total["amount"] * 100
    assert abs(cents - round(cents)) < 1e-6
    return round(cents)


async def test_a_cart_is_created_of_a_bare_list(shop: Shop) -> None:
    offer = await shop.room()

    cart = await shop.cart(shop.item(offer))

    (item,) = cart["itemList"]
    assert item.keys() >= ITEM
    assert item["stay"].keys() >= STAY
    assert (offer["details"]["hotel_identifier"], offer["details"]["room_rate_identifier"]) == (
        item["hotelIdentifier"],
        item["roomRateIdentifier"],
    )
    assert (ARRIVAL, LEAVING, 3) == (item["startDate"], item["endDate"], item["nights"])
    assert {"adults": 1, "children": [], "quantity": 1} == item["roomConfiguration"]
    assert offer["details"]["property"] == item["hotel"]["name"]
    assert item["stay"]["guestUser"] is None
    assert (0, False) == (item["commission"], item["commissionable"])
    assert {**ALEXANDRA, "fullName": "Alexandra Beaumont", "valid": True} == item["user"]


async def test_every_total_is_the_sum_of_the_items_to_the_cent(shop: Shop) -> None:
    first, second = await shop.room(0), await shop.room(3)

    cart = await shop.cart(shop.item(first), shop.item(second))

    expected = first["price"]["amount"] + second["price"]["amount"]
    for name in ("sourceTotal", "userSpecifiedCurrencyTotal", "internalTotal"):
        assert expected == minor(cart[name])
        assert first["price"]["currency"] == cart[name]["currency"]
    assert [first["price"]["amount"], second["price"]["amount"]] == [
        minor(item["sourceTotal"]) for item in cart["itemList"]
    ]


async def test_amounts_are_written_without_float_artefacts(shop: Shop) -> None:
    cart = await shop.usual_cart()
    async with shop.world.session.get(
        f"{shop.world.url}/api/shopping-cart/{cart['id']}",
        headers={"Authorization": f"Bearer {shop.world.key}"},
    ) as answer:
        raw = await answer.text()

    amounts = [part.partition(",")[0] for part in raw.split('"amount":')[1:]]
    assert len(amounts) > 5
    for amount in amounts:
        assert amount.count(".") == 1, amount
        assert 2 == len(amount.partition(".")[2].rstrip("}")), amount


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


async def test_patching_a_cart_adds_an_item(shop: Shop) -> None:
    cart = await shop.usual_cart()

    after = await shop.call(
        "PATCH", f"/api/shopping-cart/{cart['id']}", shop.item(await shop.room(2))
    )

    assert [cart["itemList"][0]["identifier"]] == [
        item["identifier"] for item in after["itemList"][:1]
    ]
    assert 2 == len(after["itemList"])
    assert after["version"] > cart["version"]


async def test_patching_an_item_swaps_the_room_under_the_same_identifier(shop: Shop) -> None:
    other = await shop.room(3)
    cart = await shop.usual_cart()
    (item,) = cart["itemList"]
    bob = {**ALEXANDRA, "firstName": "Robert"}

    after = await shop.call(
        "PATCH",
        f"/api/shopping-cart/{cart['id']}/item/{item['identifier']}",
        shop.item(other, user=bob),
    )

    (swapped,) = after["itemList"]
    assert item["identifier"] == swapped["identifier"]
    assert other["details"]["room_rate_identifier"] == swapped["roomRateIdentifier"]
    assert other["price"]["amount"] == minor(after["sourceTotal"])
    assert "Robert" == swapped["user"]["firstName"]
    trip = await shop.world.trip(cart["id"])
    assert ["R•••"] == [traveler["first_name"] for traveler in trip["travelers"]]


async def test_a_swap_that_fails_leaves_the_old_room(shop: Shop) -> None:
    cart = await shop.usual_cart()
    (item,) = cart["itemList"]
    gone = shop.item(await shop.room(), roomRateIdentifier="a2f1c9d8-4e7b-4d3a-9f2c-1a6b5e8d3f42")

    status, code, _ = await shop.refused(
        "PATCH", f"/api/shopping-cart/{cart['id']}/item/{item['identifier']}", gone
    )

    assert (422, "inventory_unavailable") == (status, code)
    assert cart == await shop.call("GET", f"/api/shopping-cart/{cart['id']}")


async def test_an_item_is_taken_out(shop: Shop) -> None:
    other = shop.item(await shop.room(2), user={**ALEXANDRA, "firstName": "Robert"})
    cart = await shop.cart(shop.item(await shop.room()), other)
    first, second = cart["itemList"]

    after = await shop.call("DELETE", f"/api/shopping-cart/{cart['id']}/item/{first['identifier']}")

    assert [second["identifier"]] == [item["identifier"] for item in after["itemList"]]
    assert second["sourceTotal"] == after["sourceTotal"]
    trip = await shop.world.trip(cart["id"])
    assert ["R•••"] == [traveler["first_name"] for traveler in trip["travelers"]]


async def test_what_is_not_in_the_cart_is_not_found(shop: Shop) -> None:
    cart = await shop.usual_cart()
    (item,) = cart["itemList"]
    path = f"/api/shopping-cart/{cart['id']}/item"

    for method, where, body, code in (
        ("DELETE", f"{path}/nothing", None, "item_not_found"),
        ("PATCH", f"{path}/nothing", shop.item(await shop.room()), "item_not_found"),
        ("DELETE", f"{path}/{item['identifier']}/ancillary/x", None, "ancillary_not_found"),
    ):
        assert (404, code) == (await shop.refused(method, where, body))[:2]


async def test_an_extra_of_a_flight_in_the_cart_is_taken_off(shop: Shop) -> None:
    world = shop.world
    flight = await world.find_flight()
    trip_id = await world.build(flight)
    (item,) = (await world.trip(trip_id))["items"]
    extras = (await extras_of(shop, trip_id, item["item_id"]))["selected_ancillaries"]
    cart = await shop.call("GET", f"/api/shopping-cart/{trip_id}")
    assert [each["offer_id"] for each in extras] == [
        each["identifier"] for each in cart["itemList"][0]["ancillaries"]
    ]

    after = await shop.call(
        "DELETE",
        f"/api/shopping-cart/{trip_id}/item/{item['item_id']}/ancillary/{extras[0]['offer_id']}",
    )

    assert [] == after["itemList"][0]["ancillaries"]
    assert minor(after["sourceTotal"]) == minor(cart["sourceTotal"]) - extras[0]["price"]["amount"]


async def extras_of(shop: Shop, trip_id: str, item_id: str) -> Any:
    """The item with the first extra that its supplier offers."""
    booked = await shop.world.book(trip_id)
    extra = booked["items"][0]["available_ancillaries"][0]
    body = {"selections": [{"offer_id": extra["offer_id"], "quantity": 1}]}
    trip = await shop.world.call("PUT", f"/v1/trips/{trip_id}/items/{item_id}/ancillaries", body)
    return trip["items"][0]


async def test_an_emptied_cart_stays(shop: Shop) -> None:
    cart = await shop.cart(shop.item(await shop.room()), shop.item(await shop.room(2)))

    after = await shop.call("DELETE", f"/api/shopping-cart/{cart['id']}/empty")

    assert (cart["id"], []) == (after["id"], after["itemList"])
    assert {"amount": 0, "currency": cart["sourceTotal"]["currency"]} == after["sourceTotal"]
    again = await shop.call(
        "PATCH", f"/api/shopping-cart/{cart['id']}", shop.item(await shop.room())
    )
    assert 1 == len(again["itemList"])


async def test_a_deleted_cart_is_gone(shop: Shop) -> None:
    cart = await shop.usual_cart()
    path = f"/api/shopping-cart/{cart['id']}"

    removed = await shop.call("DELETE", path)

    assert (cart["id"], True) == (removed["id"], removed["success"])
    for method, where, body in (
        ("GET", path, None),
        ("DELETE", path, None),
        ("PATCH", path, shop.item(await shop.room())),
        ("POST", "/api/checkout", shop.order(cart["id"])),
    ):
        assert (404, "cart_not_found") == (await shop.refused(method, where, body))[:2]


async def test_deleting_a_cart_closes_its_checkout(shop: Shop) -> None:
    cart = await shop.usual_cart()
    checkout = await shop.checkout(cart["id"])

    await shop.call("DELETE", f"/api/shopping-cart/{cart['id']}")

    assert "canceled" == await shop.payment_status(checkout)


async def test_a_paid_cart_can_neither_be_edited_nor_deleted(shop: Shop) -> None:
    cart, _ = await shop.booked()
    path = f"/api/shopping-cart/{cart['id']}"

    for method, where, body in (
        ("DELETE", path, None),
        ("DELETE", f"{path}/empty", None),
        ("DELETE", f"{path}/item/{cart['itemList'][0]['identifier']}", None),
        ("PATCH", path, shop.item(await shop.room(2))),
    ):
        assert (409, "already_checked_out") == (await shop.refused(method, where, body))[:2]
    assert (await shop.call("GET", path))["expiresAt"] is None


async def test_carts_are_listed_and_deleted_by_the_key_that_made_them(own_shop: Shop) -> None:
    first, second = await own_shop.usual_cart(), await own_shop.usual_cart()
    paid, _ = await own_shop.booked()
    other = await own_shop.ask("GET", "/api/shopping-cart/list", key=own_shop.world.other_key)
    assert (200, []) == (other.status, other.body)

    listed = await own_shop.call("GET", "/api/shopping-cart/list")
    deleted = await own_shop.call("DELETE", "/api/shopping-cart")

    assert [second, first] == listed
    assert deleted["success"] is True
    assert deleted["message"]
    assert [] == await own_shop.call("GET", "/api/shopping-cart/list")
    assert 200 == (await own_shop.ask("GET", f"/api/shopping-cart/{paid['id']}")).status


async def test_a_cart_left_alone_for_an_hour_has_expired(own_shop: Shop) -> None:
    cart = await own_shop.usual_cart()
    expires_at = datetime.fromisoformat(cart["expiresAt"])
    now = own_shop.world.service.clock.now()
    assert timedelta(minutes=59) < expires_at - now <= timedelta(hours=1)
    path = f"/api/shopping-cart/{cart['id']}"

    await own_shop.world.advance(3_590)
    assert cart["expiresAt"] == (await own_shop.call("GET", path))["expiresAt"]
    await own_shop.world.advance(20)

    for method, where, body in (
        ("GET", path, None),
        ("PATCH", path, own_shop.item(await own_shop.room())),
        ("DELETE", path, None),
        ("POST", "/api/checkout", own_shop.order(cart["id"])),
    ):
        assert (410, "cart_expired") == (await own_shop.refused(method, where, body))[:2]
    assert [] == await own_shop.call("GET", "/api/shopping-cart/list")


async def test_rooms_whose_offers_expired_in_a_living_cart_are_asked_for_anew(
    own_shop: Shop,
) -> None:
    """A supplier's offer lives half an hour, a cart a whole one."""
    cart = await own_shop.usual_cart()
    await own_shop.world.advance(2_400)

    answers = [await own_shop.checkout(cart["id"]) for _ in range(2)]

    assert answers[0]["groupIdentifier"] == answers[1]["groupIdentifier"]
    after = await own_shop.call("GET", f"/api/shopping-cart/{cart['id']}")
    (before, now) = (cart["itemList"][0], after["itemList"][0])
    assert before["identifier"] == now["identifier"]
    assert before["user"] == now["user"]
    assert cart["sourceTotal"] == after["sourceTotal"]
    assert now["expiresAt"] > before["expiresAt"]


async def test_nothing_personal_stands_in_the_log(shop: Shop) -> None:
    item = shop.item(await shop.room(), specialRequests="Rose petals for our anniversary")
    cart = await shop.cart(item)
    await shop.checkout(cart["id"])

    recorded = await shop.world.service.log.read_trip(cart["id"])

    assert len(recorded) > 3
    text = "".join(str(each.event) for each in recorded)
    for secret in ("Alexandra", "Beaumont", "2125551212", "212 555", "Rose petals"):
        assert secret not in text
