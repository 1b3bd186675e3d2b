"""What makes no sense is refused with a code and the field, nothing is recorded, nobody called."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from tests.scenarios.conftest import Raise
from tests.scenarios.world import AMELIA, CONTACT, DEPARTURE, World

SLICE = {"origin": "LHR", "destination": "JFK", "departure_date": DEPARTURE.isoformat()}
FLIGHTS = {"slices": [SLICE], "passengers": [{"type": "adult"}]}
STAYS = {
    "latitude": 40.7549,
    "longitude": -73.984,
    "check_in_date": DEPARTURE.isoformat(),
    "check_out_date": (DEPARTURE + timedelta(days=3)).isoformat(),
    "guests": [{"type": "adult"}],
}
CHILD = {
    "first_name": "Orville",
    "last_name": "Wright",
    "passenger_type": "CHILD",
    "date_of_birth": (DEPARTURE - timedelta(days=9 * 366)).isoformat(),
    "gender": "m",
}
Refusal = tuple[int, str, tuple[str, ...]]


async def refusal(world: World, method: str, path: str, body: Any = None) -> Refusal:
    """Status, code, and the fields that are named."""
    status, code, problem = await world.refused(method, path, body)
    assert problem["detail"], problem
    assert "nothing" == problem["properties"]["happened"] or status == 409, problem
    return status, code, tuple(sorted(error["pointer"] for error in problem["errors"]))


@asynccontextmanager
async def nothing_happens(world: World) -> AsyncIterator[None]:
    """In between no event is recorded anywhere, and no provider does anything."""

    async def all_there_is() -> tuple[int, int, int]:
        stripe, duffel = [await world.everything(each) for each in ("stripe", "duffel")]
        return await world.service.log.last_position(), len(stripe), len(duffel)

    before = await all_there_is()
    yield
    await world.at_rest()
    assert before == await all_there_is()


async def test_searches_that_make_no_sense_are_refused_by_field(world: World) -> None:
    yesterday = (DEPARTURE - timedelta(days=90)).isoformat()

    def flights(**changed: Any) -> tuple[str, Any]:
        return "/v1/offers/flights", FLIGHTS | {"slices": [SLICE | changed]}

    asked = {
        "past": flights(departure_date=yesterday),
        "no date": flights(departure_date="2027-02-30"),
        "small letters": flights(origin="lhr"),
        "going nowhere": flights(destination="LHR"),
        "unknown field": ("/v1/offers/flights", FLIGHTS | {"cabin": "economy"}),
        "nobody": ("/v1/offers/flights", FLIGHTS | {"passengers": []}),
        "no nights": ("/v1/offers/stays", STAYS | {"check_out_date": STAYS["check_in_date"]}),
        "off the globe": ("/v1/offers/stays", STAYS | {"latitude": 91}),
    }
    async with nothing_happens(world):
        told = {name: await refusal(world, "POST", *call) for name, call in asked.items()}

    day = "/slices/0/departure_date"
    assert {
        "past": (422, "dates_in_past", ("/slices/0/departure_date",)),
        "no date": (422, "validation_failed", (day,)),
        "small letters": (422, "validation_failed", ("/slices/0/origin",)),
        "going nowhere": (422, "validation_failed", ("/slices/0",)),
        "unknown field": (422, "validation_failed", ("/cabin",)),
        "nobody": (422, "validation_failed", ("/passengers",)),
        "no nights": (422, "validation_failed", ("",)),
        "off the globe": (422, "validation_failed", ("/latitude",)),
    } == told


async def test_invented_and_impossible_travelers_are_refused_by_field(world: World) -> None:
    trip_id = await world.build_usual()

    def people(contact: Any = CONTACT, **changed: Any) -> Any:
        return {"travelers": [AMELIA | changed], "contact": contact}

    asked = {
        "placeholder": people(first_name="TBA", last_name="Unknown"),
        "digits": people(last_name="Earhart2"),
        "unborn": people(date_of_birth=(DEPARTURE + timedelta(days=1)).isoformat()),
        "no day": people(date_of_birth="1987-02-30"),
        "no type": people(passenger_type="SENIOR"),
        "unknown field": people(nationality="US"),
        "too young": people(date_of_birth=CHILD["date_of_birth"]),
        "no mail": people(contact=CONTACT | {"email": "amelia"}),
        "no phone": people(contact=CONTACT | {"phone": "020 8016 0509"}),
    }
    path = f"/v1/trips/{trip_id}/travelers"
    async with nothing_happens(world):
        told = {name: await refusal(world, "PUT", path, body) for name, body in asked.items()}

    first, last, born = (
        f"/travelers/0/{name}" for name in ("first_name", "last_name", "date_of_birth")
    )
    assert {
        "placeholder": (422, "placeholder_traveler", (first, last)),
        "digits": (422, "placeholder_traveler", (last,)),
        "unborn": (422, "validation_failed", (born,)),
        "no day": (422, "validation_failed", (born,)),
        "no type": (422, "validation_failed", ("/travelers/0/passenger_type",)),
        "unknown field": (422, "validation_failed", ("/travelers/0/nationality",)),
        "too young": (422, "validation_failed", (born,)),
        "no mail": (422, "validation_failed", ("/contact/email",)),
        "no phone": (422, "validation_failed", ("/contact/phone",)),
    } == told


async def test_a_trip_that_could_not_be_booked_is_refused_before_anything_is_asked(
    world: World,
) -> None:
    flight = await world.find_flight()
    passport = await world.find_flight(title=await title_of_passport_fare(world))
    empty = await world.build()
    bare = await started_with(world, flight)
    silent = await started_with(world, flight, travelers=[AMELIA])
    crowded = await started_with(world, flight, travelers=[AMELIA, CHILD], contact=CONTACT)
    ageless = await started_with(
        world, flight, travelers=[without(AMELIA, "date_of_birth")], contact=CONTACT
    )
    undocumented = await world.build(passport)
    async with nothing_happens(world):
        told = [
            await refusal(world, "POST", f"/v1/trips/{trip_id}/book", {})
            for trip_id in (empty, bare, silent, crowded, ageless)
        ]

    assert [
        (422, "trip_empty", ()),
        (422, "travelers_missing", ()),
        (422, "contact_required", ()),
        (422, "travelers_mismatch", ()),
        (422, "traveler_field_required", ()),
    ] == told
    status, code, _ = await world.not_booked(undocumented)
    assert (422, "invalid_travelers") == (status, code)
    assert {} == await world.kinds("stripe", undocumented)


async def title_of_passport_fare(world: World) -> str:
    path = "/v1/offers/flights"
    offers = (await world.call("POST", path, FLIGHTS))["offers"]
    return str(next(o["title"] for o in offers if o["details"]["documents_required"]))


async def started_with(world: World, offer: Any, **content: Any) -> str:
    body = {"items": [{"offer_id": offer["offer_id"]}], **content}
    trip_id = str((await world.call("POST", "/v1/trips", body))["trip_id"])
    world.trips.append(trip_id)
    return trip_id


def without(whole: dict[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in whole.items() if key != name}


async def test_edits_and_bookings_that_make_no_sense_change_nothing(raise_world: Raise) -> None:
    world = await raise_world(redirect_origins=("https://shop.acme.travel",))
    flight = await world.find_flight()
    trip_id = await world.build(flight)
    trip = f"/v1/trips/{trip_id}"
    asked: dict[str, tuple[str, str, Any]] = {
        "unknown offer": ("POST", f"{trip}/items", {"offer_id": "off_nobody_has"}),
        "twice the same": ("POST", f"{trip}/items", {"offer_id": flight["offer_id"]}),
        "a price": ("POST", f"{trip}/items", {"offer_id": "off_1", "price": 1}),
        "unknown item": ("DELETE", f"{trip}/items/none", None),
        "unknown mode": ("POST", f"{trip}/book", {"mode": "cash"}),
        "negative": ("POST", f"{trip}/book", {"expected_total": -1}),
        "a wish": ("POST", f"{trip}/book", {"price": 1}),
        "other money": ("POST", f"{trip}/book", {"tolerance": {"amount": 1, "currency": "USD"}}),
        "script": ("POST", f"{trip}/book", {"redirect_url": "javascript:alert(1)"}),
        "away": ("POST", f"{trip}/book", {"redirect_url": "https://elsewhere.dev/thanks"}),
        "no such trip": ("POST", "/v1/trips/7d0c2a9e-4b2f-4f0e-9d51-3c6a1f0b8e24/book", {}),
        "no id": ("GET", "/v1/trips/none", None),
    }
    async with nothing_happens(world):
        told = {name: await refusal(world, *call) for name, call in asked.items()}

    assert {
        "unknown offer": (404, "offer_not_found", ()),
        "twice the same": (422, "duplicate_item", ()),
        "a price": (422, "validation_failed", ("/price",)),
        "unknown item": (404, "item_not_found", ()),
        "unknown mode": (422, "validation_failed", ("/mode",)),
        "negative": (422, "validation_failed", ("/expected_total",)),
        "a wish": (422, "validation_failed", ("/price",)),
        "other money": (422, "currency_mismatch", ("/tolerance",)),
        "script": (422, "validation_failed", ("/redirect_url",)),
        "away": (422, "redirect_not_allowed", ()),
        "no such trip": (404, "trip_not_found", ()),
        "no id": (404, "trip_not_found", ()),
    } == told


async def test_another_tenants_trip_is_as_absent_as_none(world: World) -> None:
    trip_id = await world.build_usual()
    booked = await world.book(trip_id)
    item_id = (await world.trip(trip_id))["items"][0]["item_id"]
    offer = await world.find_flight()
    trip = f"/v1/trips/{trip_id}"
    asked: list[tuple[str, str, Any]] = [
        ("GET", trip, None),
        ("GET", f"{trip}?as_of=1", None),
        ("GET", f"{trip}/events", None),
        ("POST", f"{trip}/items", {"offer_id": offer["offer_id"]}),
        ("DELETE", f"{trip}/items/{item_id}", None),
        ("PUT", f"{trip}/items/{item_id}/ancillaries", {"selections": []}),
        ("PUT", f"{trip}/travelers", {"travelers": [AMELIA], "contact": CONTACT}),
        ("POST", f"{trip}/book", {}),
        ("GET", f"/v1/bookings/{booked['booking_codes'][0]}", None),
        ("GET", f"/v1/groups/{booked['group_id']}", None),
    ]
    async with nothing_happens(world):
        told = [(await world.refused(*call, key=world.other_key))[:2] for call in asked]
        theirs = await world.ask("GET", "/v1/events?after=0", key=world.other_key)

    assert [(404, "trip_not_found")] * 8 == told[:8]
    assert [(404, "booking_not_found"), (404, "group_not_found")] == told[8:]
    assert [] == theirs.body["events"]


async def test_without_the_right_key_nothing_is_seen_or_done(world: World) -> None:
    trip_id = await world.build_usual()
    keys, now = world.service.keys, world.service.clock.now()
    reading, _ = await keys.create("ours", "test", frozenset(["trips:read"]), now)
    writing, _ = await keys.create("ours", "test", frozenset(["trips:write"]), now)
    revoked, row = await keys.create("ours", "test", frozenset(["trips:read"]), now)
    await keys.revoke(row.key_id, now)
    trip = f"/v1/trips/{trip_id}"

    async with nothing_happens(world):
        told = [
            (await world.refused("GET", trip, key="tl_test_guessed"))[:2],
            (await world.refused("GET", trip, key=revoked))[:2],
            (await world.refused("POST", f"{trip}/book", {}, key=reading))[:2],
            (await world.refused("POST", f"{trip}/book", {}, key=writing))[:2],
            (await world.refused("POST", "/v1/trips", {}, key=reading))[:2],
            (await world.refused("GET", trip, key=writing))[:2],
        ]
        async with world.session.get(world.url + trip) as answer:
            bare = (answer.status, (await answer.json())["code"])

    assert [(401, "unauthenticated")] * 2 + [(403, "insufficient_scope")] * 4 == told
    assert (401, "unauthenticated") == bare
