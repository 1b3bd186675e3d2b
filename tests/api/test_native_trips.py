"""Building a trip over HTTP: every edit answers the whole trip, every refusal changes nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.api.native import Native
from tests.scenarios.world import AMELIA, CONTACT, DEPARTURE

PEOPLE = {"travelers": [AMELIA], "contact": CONTACT}


async def started(native: Native) -> str:
    return str((await native.call("POST", "/v1/trips"))["trip_id"])


async def with_flight(native: Native) -> tuple[str, Any]:
    trip_id = await started(native)
    offer = await native.world.find_flight()
    trip = await native.call("POST", f"/v1/trips/{trip_id}/items", {"offer_id": offer["offer_id"]})
    return trip_id, trip


async def test_an_empty_trip_is_started_and_read(native: Native) -> None:
    told = await native.ask("POST", "/v1/trips")

    trip_id = told.body["trip_id"]
    assert told.status == 201
    assert told.headers["Location"] == f"/v1/trips/{trip_id}"
    assert told.headers["Etag"] == '"1"'
    assert told.body["status"] == "draft"
    assert told.body["allowed_actions"] == ["add_item", "set_travelers"]
    assert (await native.call("GET", f"/v1/trips/{trip_id}")) == told.body


async def test_a_trip_may_be_started_with_its_content(native: Native) -> None:
    offer = await native.world.find_flight()
    items = [{"offer_id": offer["offer_id"]}]

    trip = await native.call("POST", "/v1/trips", {"items": items, **PEOPLE})

    assert [item["offer_id"] for item in trip["items"]] == [offer["offer_id"]]
    assert len(trip["travelers"]) == 1
    assert trip["total"] == offer["price"]


async def test_an_unknown_offer_starts_no_trip(native: Native) -> None:
    before = await native.world.service.log.last_position()

    refusal = await native.code("POST", "/v1/trips", {"items": [{"offer_id": "off_unknown"}]})

    assert refusal == "404 offer_not_found"
    assert await native.world.service.log.last_position() == before


async def test_found_offers_carry_prices_for_machines_and_people(native: Native) -> None:
    offer = await native.world.find_flight()

    assert offer["kind"] == "flight"
    assert offer["price"]["display"] == f"€{offer['price']['amount'] / 100:,.2f}"
    assert offer["expires_at"].endswith("Z")


@pytest.mark.parametrize("kind", ["flights", "stays"])
async def test_searching_the_past_is_refused(native: Native, kind: str) -> None:
    flights = {
        "slices": [{"origin": "LHR", "destination": "JFK", "departure_date": "2020-01-01"}],
        "passengers": [{"type": "adult"}],
    }
    stays = {
        "latitude": 40.75,
        "longitude": -73.98,
        "check_in_date": "2020-01-01",
        "check_out_date": "2020-01-02",
        "guests": [{"type": "adult"}],
    }
    body = flights if kind == "flights" else stays

    told = await native.ask("POST", f"/v1/offers/{kind}", body)

    assert (422, "dates_in_past") == (told.status, told.body["code"])
    where = "/slices/0/departure_date" if kind == "flights" else "/check_in_date"
    assert [where] == [error["pointer"] for error in told.body["errors"]]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"passengers": []}, "/passengers"),
        ({"passengers": [{"type": "adult"}] * 10}, "/passengers"),
        ({"passengers": [{}]}, "/passengers/0"),
        ({"passengers": [{"age": 9, "type": "adult"}]}, "/passengers/0"),
        ({"cabin_class": "roof"}, "/cabin_class"),
        ({"slices": []}, "/slices"),
        ({"passengers": [{"type": "infant"}]}, ""),
        ({"passengers": [{"type": "adult"}, {"age": 1}, {"type": "infant"}]}, ""),
    ],
)
async def test_a_search_that_makes_no_sense_is_refused_by_field(
    native: Native, change: dict[str, Any], pointer: str
) -> None:
    search = {
        "slices": [
            {"origin": "LHR", "destination": "JFK", "departure_date": DEPARTURE.isoformat()}
        ],
        "passengers": [{"type": "adult"}],
    }

    told = await native.ask("POST", "/v1/offers/flights", search | change)

    assert told.body["code"] == "validation_failed"
    assert [error["pointer"] for error in told.body["errors"]] == [pointer]


async def test_no_more_rooms_are_searched_than_there_are_guests(native: Native) -> None:
    search = {
        "latitude": 40.75,
        "longitude": -73.98,
        "check_in_date": DEPARTURE.isoformat(),
        "check_out_date": (DEPARTURE + timedelta(days=1)).isoformat(),
        "rooms": 2,
        "guests": [{"type": "adult"}],
    }

    assert await native.code("POST", "/v1/offers/stays", search) == "422 validation_failed"


async def test_a_trip_is_started_with_all_of_its_content_or_not_at_all(native: Native) -> None:
    offer = {"offer_id": (await native.world.find_flight())["offer_id"]}
    before = await native.world.service.log.last_position()

    told = await native.ask("POST", "/v1/trips", {"items": [offer, offer]})

    assert (422, "duplicate_item") == (told.status, told.body["code"])
    assert "nothing" == told.body["properties"]["happened"]
    assert before == await native.world.service.log.last_position()


async def test_the_letters_of_an_id_may_be_large_or_small(native: Native) -> None:
    offer = await native.world.find_flight()
    trip_id = (await native.call("POST", "/v1/trips", {}))["trip_id"]

    path = f"/v1/trips/{trip_id.upper()}/items"
    trip = await native.call("POST", path, {"offer_id": offer["offer_id"]})

    assert (trip_id, 2) == (trip["trip_id"], trip["version"])


async def test_an_item_is_added_and_taken_out(native: Native) -> None:
    trip_id, trip = await with_flight(native)

    assert [item["item_id"] for item in trip["items"]] == [trip["item_id"]]
    assert f"offer:{trip['item_id']}" in trip["clocks"]

    trip = await native.call("DELETE", f"/v1/trips/{trip_id}/items/{trip['item_id']}")

    assert trip["items"] == []
    assert trip["total"] is None


async def test_a_repeated_request_adds_one_item(native: Native) -> None:
    trip_id = await started(native)
    offer = await native.world.find_flight()
    headers = {"Idempotency-Key": str(uuid4())}
    body, path = {"offer_id": offer["offer_id"]}, f"/v1/trips/{trip_id}/items"

    first = await native.ask("POST", path, body, headers=headers)
    second = await native.ask("POST", path, body, headers=headers)

    assert first.body == second.body
    assert second.headers["Idempotent-Replayed"] == "true"
    assert len((await native.call("GET", f"/v1/trips/{trip_id}"))["items"]) == 1


async def test_an_edit_meant_for_an_older_version_is_refused(native: Native) -> None:
    trip_id, trip = await with_flight(native)
    path = f"/v1/trips/{trip_id}/items/{trip['item_id']}"

    stale = await native.code("DELETE", path, headers={"If-Match": '"1"'})
    fresh = await native.ask("DELETE", path, headers={"If-Match": f'"{trip["version"]}"'})

    assert stale == "412 precondition_failed"
    assert fresh.status == 200


async def test_an_unchanged_trip_answers_304(native: Native) -> None:
    trip_id, trip = await with_flight(native)
    path = f"/v1/trips/{trip_id}"
    tag = f'"{trip["version"]}"'

    same = await native.ask("GET", path, headers={"If-None-Match": tag})
    weak = await native.ask("GET", path, headers={"If-None-Match": f"W/{tag}"})
    other = await native.ask("GET", path, headers={"If-None-Match": '"1"'})

    assert (same.status, same.body, same.headers["Etag"]) == (304, None, tag)
    assert 304 == weak.status
    assert other.status == 200


async def test_people_are_shown_masked_and_stand_nowhere_in_the_events(native: Native) -> None:
    trip_id = await started(native)

    trip = await native.call("PUT", f"/v1/trips/{trip_id}/travelers", PEOPLE)

    (traveler,) = trip["travelers"]
    assert (traveler["first_name"], traveler["last_name"]) == ("A•••", "E•••")
    assert traveler["provided"] == ["date_of_birth", "first_name", "gender", "last_name"]
    contact = {name: trip["contact"][name] for name in ("email", "phone")}
    assert contact == {"email": "a•••@t•••.dev", "phone": "+44•••"}
    events = str(await native.call("GET", f"/v1/trips/{trip_id}/events"))
    for secret in ("Amelia", "Earhart", "1987-07", "amelia@", "2080160509", "sealed"):
        assert secret not in events


async def test_saying_the_same_people_again_changes_nothing(native: Native) -> None:
    trip_id = await started(native)
    first = await native.call("PUT", f"/v1/trips/{trip_id}/travelers", PEOPLE)

    second = await native.call("PUT", f"/v1/trips/{trip_id}/travelers", PEOPLE)

    assert second == first


async def test_a_placeholder_is_refused_by_field_and_nothing_recorded(native: Native) -> None:
    trip_id = await started(native)
    invented = {"travelers": [AMELIA, AMELIA | {"last_name": "TBA"}], "contact": CONTACT}

    told = await native.ask("PUT", f"/v1/trips/{trip_id}/travelers", invented)

    assert (told.status, told.body["code"]) == (422, "placeholder_traveler")
    assert [error["pointer"] for error in told.body["errors"]] == ["/travelers/1/last_name"]
    assert (await native.call("GET", f"/v1/trips/{trip_id}"))["version"] == 1


async def test_a_trip_is_shown_as_it_was(native: Native) -> None:
    trip_id, trip = await with_flight(native)
    events = (await native.call("GET", f"/v1/trips/{trip_id}/events"))["events"]
    path = f"/v1/trips/{trip_id}"

    by_version = await native.call("GET", f"{path}?as_of=1")
    by_time = await native.call("GET", f"{path}?as_of={events[0]['recorded_at']}")
    now = await native.call("GET", f"{path}?as_of=99")

    assert (by_version["version"], by_version["items"]) == (1, [])
    assert by_time == by_version
    assert now["items"] == trip["items"]


@pytest.mark.parametrize("moment", ["yesterday", "2026-13-01T00:00:00Z", "-1", "9999999999"])
async def test_a_moment_that_is_none_is_refused(native: Native, moment: str) -> None:
    trip_id = await started(native)

    refusal = await native.code("GET", f"/v1/trips/{trip_id}?as_of={moment}")

    assert refusal == "422 validation_failed"


async def test_before_it_began_there_was_no_trip(native: Native) -> None:
    trip_id = await started(native)

    refusal = await native.code("GET", f"/v1/trips/{trip_id}?as_of=2020-01-01T00:00:00Z")

    assert refusal == "404 trip_not_found"


async def test_an_unknown_extra_is_refused(native: Native) -> None:
    trip_id, trip = await with_flight(native)
    path = f"/v1/trips/{trip_id}/items/{trip['item_id']}/ancillaries"

    refusal = await native.code("PUT", path, {"selections": [{"offer_id": "ase_unknown"}]})

    assert refusal == "422 ancillary_unavailable"


async def test_no_price_and_no_card_is_ever_taken_from_a_client(native: Native) -> None:
    trip_id = await started(native)
    offer = await native.world.find_flight()
    priced = {"offer_id": offer["offer_id"], "price": {"amount": 1, "currency": "EUR"}}
    carded = {"mode": "hosted", "card": {"number": "4242424242424242"}}

    assert await native.code("POST", f"/v1/trips/{trip_id}/items", priced) == (
        "422 validation_failed"
    )
    assert await native.code("POST", f"/v1/trips/{trip_id}/book", carded) == (
        "422 card_data_refused"
    )
