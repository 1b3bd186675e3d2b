"""`POST /v1/trip`: one call, several verbs, all or none."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.compat.jinko.client import PEOPLE, Jinko, added
from tests.scenarios.world import AMELIA, CONTACT, DEPARTURE

NOWHERE = "00000000-0000-4000-8000-000000000000"


async def test_a_call_without_trip_id_creates_a_trip_with_everything_in_it(jinko: Jinko) -> None:
    offer = await jinko.world.find_flight()

    trip = await jinko.trip(add_item=added(offer), upsert_travelers=PEOPLE)

    assert ["created", "item_added", "travelers_updated"] == trip["actions_performed"]
    assert "draft" == trip["status"]
    (item,) = trip["items"]
    minor = offer["price"]["amount"]
    assert {
        "amount": minor / 100,
        "value": minor,
        "currency": "EUR",
        "decimal_places": 2,
        "display": f"EUR {minor // 100}.{minor % 100:02}",
    } == item["price"]
    assert ("flight", "flight", "EUR", 1) == (
        item["type"],
        item["kind"],
        item["currency"],
        item["pax_count"],
    )
    assert offer["title"] == item["description"]
    assert f"offer__{offer['offer_id']}" == item["trip_item_token"]
    assert (minor / 100, "EUR") == (trip["totals"]["total"], trip["totals"]["currency"])
    assert (None, None, None, None) == tuple(
        trip[name] for name in ("quote", "checkout", "fulfillment", "booking_ref")
    )
    assert "none" == trip["payment"]["status"]
    assert [] == trip["bookings"]


async def test_creating_a_trip_is_one_entry_in_the_log_or_none(jinko: Jinko) -> None:
    before = await jinko.world.service.log.last_position()

    status, code, details = await jinko.not_changed(
        add_item={"trip_item_token": "off_nobody_has_seen"}, upsert_travelers=PEOPLE
    )

    assert (404, "OFFER_NOT_FOUND") == (status, code)
    assert "off_nobody_has_seen" == details["offer_id"]
    assert before == await jinko.world.service.log.last_position()


async def test_an_empty_call_starts_an_empty_trip(jinko: Jinko) -> None:
    trip = await jinko.trip()

    assert (["created"], [], None) == (trip["actions_performed"], trip["items"], trip["totals"])


async def test_a_call_that_asks_for_nothing_changes_nothing(jinko: Jinko) -> None:
    trip = await jinko.usual()

    again = await jinko.trip(trip_id=trip["trip_id"])

    assert [] == again.pop("actions_performed")
    trip.pop("actions_performed")
    assert trip == again


@pytest.mark.parametrize("prefix", ["", "offer__"])
async def test_a_flight_is_added_by_its_id_with_or_without_prefix(
    jinko: Jinko, prefix: str
) -> None:
    offer = await jinko.world.find_flight()

    trip = await jinko.trip(add_item={"trip_item_token": prefix + offer["offer_id"]})

    assert [offer["title"]] == [item["description"] for item in trip["items"]]


async def test_a_hotel_is_added_by_offer_id_and_called_a_hotel(jinko: Jinko) -> None:
    offer = await jinko.world.find_stay()

    trip = await jinko.trip(add_item={"offer_id": f"htl_{offer['offer_id']}"})

    (item,) = trip["items"]
    assert ("hotel", f"htl_{offer['offer_id']}") == (item["kind"], item["trip_item_token"])


async def test_several_rooms_are_added_in_one_call(jinko: Jinko) -> None:
    search = {
        "latitude": 40.7549,
        "longitude": -73.984,
        "check_in_date": DEPARTURE.isoformat(),
        "check_out_date": (DEPARTURE + timedelta(days=2)).isoformat(),
        "guests": [{"type": "adult"}],
    }
    offers = (await jinko.world.call("POST", "/v1/offers/stays", search))["offers"][:2]

    trip = await jinko.trip(
        add_item={"rooms": [{"trip_item_token": offer["offer_id"]} for offer in offers]}
    )

    assert [offer["title"] for offer in offers] == [item["description"] for item in trip["items"]]
    assert ["created", "item_added"] == trip["actions_performed"]


async def test_rooms_are_added_all_or_none(jinko: Jinko) -> None:
    offer = await jinko.world.find_stay()
    trip = await jinko.trip()

    status, code, _ = await jinko.not_changed(
        trip_id=trip["trip_id"],
        add_item={"rooms": [{"trip_item_token": offer["offer_id"]}, {"trip_item_token": "htl_0"}]},
    )

    assert (404, "OFFER_NOT_FOUND") == (status, code)
    assert [] == (await jinko.get(trip["trip_id"]))["items"]


@pytest.mark.parametrize(
    "add_item",
    [
        {},
        {"trip_item_token": "off_1", "offer_id": "off_1"},
        {"trip_item_token": "off_1", "rooms": [{"trip_item_token": "a"}, {"trip_item_token": "b"}]},
        {"rooms": [{"trip_item_token": "a"}]},
        {"rooms": [{"trip_item_token": str(n)} for n in range(9)]},
        {"trip_item_token": ""},
        {"trip_item_token": "off_1", "price": 1},
    ],
)
async def test_what_is_added_is_named_in_exactly_one_way(jinko: Jinko, add_item: Any) -> None:
    before = await jinko.world.service.log.last_position()

    status, code, details = await jinko.not_changed(add_item=add_item)

    assert (400, "VALIDATION_FAILED") == (status, code)
    assert details["field"].startswith("add_item")
    assert before == await jinko.world.service.log.last_position()


async def test_remove_and_add_in_one_call_swap(jinko: Jinko) -> None:
    trip = await jinko.usual()
    flight, stay = trip["items"]
    other = await jinko.world.find_flight("LHR", "DXB")

    swapped = await jinko.trip(
        trip_id=trip["trip_id"],
        remove_item={"item_id": flight["item_id"]},
        add_item=added(other),
    )

    assert ["item_removed", "item_added"] == swapped["actions_performed"]
    assert [stay["description"], other["title"]] == [i["description"] for i in swapped["items"]]


@pytest.mark.parametrize("token", ["off_nobody_has_seen", "the_hotel_that_is_there"])
async def test_a_swap_whose_add_fails_removes_nothing(jinko: Jinko, token: str) -> None:
    trip = await jinko.usual()
    flight, stay = trip["items"]
    topics = await jinko.world.topics(trip["trip_id"])

    status, code, _ = await jinko.not_changed(
        trip_id=trip["trip_id"],
        remove_item={"item_id": flight["item_id"]},
        add_item={
            "trip_item_token": token.replace("the_hotel_that_is_there", stay["trip_item_token"])
        },
    )

    refusal = (404, "OFFER_NOT_FOUND") if token.startswith("off_") else (409, "DUPLICATE_ITEM")
    assert refusal == (status, code)
    assert topics == await jinko.world.topics(trip["trip_id"])
    assert [flight, stay] == (await jinko.get(trip["trip_id"]))["items"]


async def test_a_swap_that_is_wrong_does_not_cost_the_open_checkout(jinko: Jinko) -> None:
    trip = await jinko.usual()
    booked = await jinko.book(trip["trip_id"])
    flight, stay = trip["items"]

    status, code, _ = await jinko.not_changed(
        trip_id=trip["trip_id"],
        remove_item={"item_id": flight["item_id"]},
        add_item={"trip_item_token": stay["trip_item_token"]},
    )

    assert (409, "DUPLICATE_ITEM") == (status, code)
    assert booked["session_id"] == (await jinko.book(trip["trip_id"]))["session_id"]


@pytest.mark.parametrize(
    "verbs",
    [
        {"remove_item": {"item_id": 7}},
        {"select_ancillaries": {"item_id": "7", "selections": []}},
    ],
)
async def test_what_needs_an_item_needs_a_trip(jinko: Jinko, verbs: Any) -> None:
    status, code, _ = await jinko.not_changed(**verbs)

    assert (400, "VALIDATION_FAILED") == (status, code)


async def test_an_unknown_item_is_not_found(jinko: Jinko) -> None:
    trip = await jinko.trip()

    removed = await jinko.not_changed(trip_id=trip["trip_id"], remove_item={"item_id": 7})
    chosen = await jinko.not_changed(
        trip_id=trip["trip_id"], select_ancillaries={"item_id": 7, "selections": []}
    )

    assert (404, "ITEM_NOT_FOUND") == removed[:2]
    assert (404, "ITEM_NOT_FOUND") == chosen[:2]


@pytest.mark.parametrize("trip_id", [42, "42", "trip_1048576", NOWHERE])
async def test_an_unknown_trip_is_not_found_whatever_its_id_looks_like(
    jinko: Jinko, trip_id: Any
) -> None:
    changed = await jinko.not_changed(trip_id=trip_id, add_item={"trip_item_token": "off_1"})
    booked = await jinko.not_booked(trip_id)
    seen = await jinko.refused("GET", f"/v1/trip/{trip_id}")

    assert [(404, "TRIP_NOT_FOUND")] * 3 == [told[:2] for told in (changed, booked, seen)]


async def test_a_contact_may_come_later_and_leaves_the_travelers_alone(jinko: Jinko) -> None:
    first = await jinko.trip(upsert_travelers={"travelers": [AMELIA]})

    trip = await jinko.trip(
        trip_id=first["trip_id"],
        upsert_travelers={"contact": {"email": CONTACT["email"], "phone": "0044 20 8016-0509"}},
    )

    assert (None, ["travelers_updated"]) == (first["contact"], trip["actions_performed"])
    assert first["travelers"] == trip["travelers"]
    assert {"email": "a•••@t•••.dev", "phone": "+44•••"} == trip["contact"]


async def test_travelers_are_told_again_without_effect_and_shown_masked(jinko: Jinko) -> None:
    first = await jinko.trip(upsert_travelers=PEOPLE)

    again = await jinko.trip(trip_id=first["trip_id"], upsert_travelers=PEOPLE)

    assert ([], first["travelers"]) == (again["actions_performed"], again["travelers"])
    (traveler,) = again["travelers"]
    assert ("ADULT", "A•••", "E•••") == (
        traveler["passenger_type"],
        traveler["first_name"],
        traveler["last_name"],
    )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"first_name": "Passenger"}, "upsert_travelers.travelers.0.first_name"),
        ({"last_name": "TBA"}, "upsert_travelers.travelers.0.last_name"),
        ({"date_of_birth": "2087-07-24"}, "upsert_travelers.travelers.0.date_of_birth"),
        ({"date_of_birth": "24.07.1987"}, "upsert_travelers.travelers.0.date_of_birth"),
        ({"gender": "?"}, "upsert_travelers.travelers.0.gender"),
        ({"passenger_type": "adult"}, "upsert_travelers.travelers.0.passenger_type"),
    ],
)
async def test_invented_or_impossible_travelers_are_refused_by_field(
    jinko: Jinko, change: Any, field: str
) -> None:
    before = await jinko.world.service.log.last_position()

    status, code, details = await jinko.not_changed(
        upsert_travelers={"travelers": [AMELIA | change]}
    )

    placeholder = "first_name" in change or "last_name" in change
    assert (400, "PLACEHOLDER_TRAVELER" if placeholder else "VALIDATION_FAILED") == (status, code)
    assert field == details["field"]
    assert before == await jinko.world.service.log.last_position()


@pytest.mark.parametrize("gender", ["F", "female", "FEMALE", "f"])
async def test_a_gender_is_understood_in_each_spelling(jinko: Jinko, gender: str) -> None:
    first = await jinko.trip(upsert_travelers=PEOPLE)

    again = await jinko.trip(
        trip_id=first["trip_id"],
        upsert_travelers={"travelers": [AMELIA | {"gender": gender}]},
    )

    assert [] == again["actions_performed"]


async def test_a_telephone_number_needs_its_country_code(jinko: Jinko) -> None:
    status, code, details = await jinko.not_changed(
        upsert_travelers={"contact": {"email": CONTACT["email"], "phone": "020 8016 0509"}}
    )

    assert (400, "VALIDATION_FAILED") == (status, code)
    assert "upsert_travelers.contact" == details["field"]


async def test_extras_are_replaced_as_a_whole(jinko: Jinko) -> None:
    trip = await jinko.usual()
    trip_id, flight = trip["trip_id"], trip["items"][0]
    await jinko.book(trip_id)
    bag = (await jinko.get(trip_id))["items"][0]["available_ancillaries"][0]
    wanted = {"offer_id": bag["offer_id"], "quantity": 1}

    chosen = await jinko.trip(
        trip_id=trip_id,
        select_ancillaries={"item_id": flight["item_id"], "selections": [wanted]},
    )
    cleared = await jinko.trip(
        trip_id=trip_id, select_ancillaries={"item_id": flight["item_id"], "selections": []}
    )

    assert ["ancillaries_selected"] == chosen["actions_performed"]
    (selected,) = chosen["items"][0]["selected_ancillaries"]
    assert (bag["offer_id"], "BAGGAGE", 1) == (
        selected["offer_id"],
        selected["type"],
        selected["quantity"],
    )
    assert (
        flight["price"]["value"] + bag["price_per_unit"]["value"]
        == (chosen["items"][0]["price"]["value"])
    )
    assert [] == cleared["items"][0]["selected_ancillaries"]
    assert flight["price"] == cleared["items"][0]["price"]


async def test_an_extra_nobody_offers_is_refused(jinko: Jinko) -> None:
    trip = await jinko.usual()

    status, code, details = await jinko.not_changed(
        trip_id=trip["trip_id"],
        select_ancillaries={
            "item_id": trip["items"][0]["item_id"],
            "selections": [{"offer_id": "ase_nothing"}],
        },
    )

    assert (422, "ANCILLARY_UNAVAILABLE") == (status, code)
    assert "ase_nothing" == details["offer_id"]


async def test_a_repeat_with_an_idempotency_key_creates_one_trip(jinko: Jinko) -> None:
    headers = {"Idempotency-Key": "one-trip-please"}

    first = await jinko.ask("POST", "/v1/trip", {}, headers=headers)
    again = await jinko.ask("POST", "/v1/trip", {}, headers=headers)

    assert first.body == again.body
    assert "true" == again.headers["Idempotent-Replayed"]
