"""The shopping cart: what is put in, taken out and shown, and when it is gone."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

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


async def test_a_version_in_a_header_is_not_asked_of_carts(shop: Shop) -> None:
    """Answers tell a version; no call on carts or bookings takes one back."""
    cart = await shop.usual_cart()

    told = await shop.ask(
        "PATCH",
        f"/api/shopping-cart/{cart['id']}",
        shop.item(await shop.room(2)),
        headers={"If-Match": '"1"'},
    )

    assert (200, 2) == (told.status, len(told.body["itemList"]))


async def test_a_cart_holds_no_more_guests_than_a_trip_has_travelers(shop: Shop) -> None:
    rooms = [*await shop.rooms(), *await shop.rooms(latitude=-24.38, longitude=-128.32)]
    names = ["Ada", "Bea", "Cleo", "Dora", "Edna", "Fay", "Gala", "Hera", "Ida", "Joy"]
    guests = [ALEXANDRA | {"firstName": name} for name in names]
    items = [shop.item(room, user=guest) for room, guest in zip(rooms, guests, strict=False)]
    assert len(names) == len(items)

    told = await shop.refused("POST", "/api/shopping-cart", items)
    nine = await shop.cart(*items[:9])

    assert (422, "too_many_travelers") == told[:2]
    assert 9 == len(nine["itemList"])
