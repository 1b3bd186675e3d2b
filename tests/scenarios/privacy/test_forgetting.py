"""Who asks to be forgotten is: in every table and answer, while the money and the story stay."""

from __future__ import annotations

import base64
import json
from typing import Any

from adapters.signing import Signature, verified
from domain.dossier import fold
from domain.log import Cause
from tests.scenarios.audit import PERSONAL, nobody_is_named
from tests.scenarios.conftest import Raise
from tests.scenarios.world import AMELIA, CONTACT, World

SECRET_LETTERS = ("A•••", "E•••", "a•••@", "+44•••")


async def forget_all(world: World, trip_id: str) -> list[Any]:
    people = (await world.call("GET", f"/v1/trips/{trip_id}/people"))["people"]
    return [await world.call("POST", f"/v1/people/{p['person_id']}/forget") for p in people]


async def test_a_traveller_is_forgotten_and_the_trip_stays_paid_and_booked(world: World) -> None:
    trip_id = await world.build_usual()
    before = await world.pay_and_settle(trip_id)

    certificates = await forget_all(world, trip_id)
    await world.at_rest()

    after = await world.trip(trip_id)
    [traveler] = after["travelers"]
    assert (None, None, True) == tuple(
        traveler[name] for name in ("first_name", "last_name", "forgotten")
    )
    assert after["contact"] == {
        "person_id": before["contact"]["person_id"],
        "email": None,
        "phone": None,
        "forgotten": True,
    }
    for name in ("status", "payment", "fulfillment", "bookings", "total"):
        assert (name, before[name]) == (name, after[name])
    assert 2 == (await world.topics(trip_id)).count("trip.person-forgotten.v1")
    for each in certificates:
        document = base64.b64decode(each["document"])
        assert verified(document, Signature(each["public_key"], each["signature"]))
        assert each["fields"] == json.loads(document)["fields"] != []
        assert any(record.startswith("payment pi_") for record in each["elsewhere"])


async def test_nothing_readable_is_left_of_a_forgotten_person(world: World) -> None:
    trip_id = await world.build_usual()
    await world.pay_and_settle(trip_id)
    recorded = await world.service.log.read_trip(trip_id)

    await forget_all(world, trip_id)

    await nobody_is_named(world)
    shown = json.dumps([await world.trip(trip_id), await world.events(trip_id)])
    assert [] == [word for word in (*PERSONAL, *SECRET_LETTERS) if word in shown]
    trip = fold(r.event for r in recorded).trip
    assert trip is not None
    people, contact = await world.service.people.open_known(trip)
    assert ([None], None) == ([plain for _, plain in people], contact)
    rows = await world.service.database.pool.fetch(
        "SELECT wrapped_key FROM tripledger.persons WHERE trip_id = $1", trip_id
    )
    assert [None, None] == [row["wrapped_key"] for row in rows]


async def test_asking_again_gives_the_same_certificate(world: World) -> None:
    trip_id = await world.build_usual()

    first, second = await forget_all(world, trip_id), await forget_all(world, trip_id)

    assert first == second
    assert 2 == (await world.topics(trip_id)).count("trip.person-forgotten.v1")


async def test_whom_an_open_checkout_needs_is_not_forgotten(world: World) -> None:
    trip_id = await world.build_usual()
    await world.book(trip_id)
    version = (await world.trip(trip_id))["version"]
    person_id = (await world.trip(trip_id))["contact"]["person_id"]

    status, code, _ = await world.refused("POST", f"/v1/people/{person_id}/forget")

    assert (409, "person_needed") == (status, code)
    trip = await world.trip(trip_id)
    assert (version, False) == (trip["version"], trip["contact"]["forgotten"])


async def test_another_tenants_people_are_as_absent_as_nobody(world: World) -> None:
    trip_id = await world.build_usual()
    person_id = (await world.trip(trip_id))["contact"]["person_id"]
    absent = [
        ("GET", f"/v1/people/{person_id}", "person_not_found"),
        ("POST", f"/v1/people/{person_id}/forget", "person_not_found"),
        ("GET", f"/v1/trips/{trip_id}/people", "trip_not_found"),
    ]

    for method, path, expected in absent:
        status, code, _ = await world.refused(method, path, key=world.other_key)
        assert (404, expected) == (status, code)
    assert (404, "person_not_found") == (await world.refused("GET", "/v1/people/nobody"))[:2]
    assert not (await world.trip(trip_id))["contact"]["forgotten"]


async def test_the_worker_destroys_the_key_when_whoever_asked_is_gone(
    raise_world: Raise,
) -> None:
    world = await raise_world(("api", "project", "work"))
    trip_id = await world.build_usual()
    person_id = (await world.trip(trip_id))["contact"]["person_id"]
    fact = await world.service.forgetting.record(person_id, Cause(tenant="ours", actor="key:gone"))

    await world.at_rest()

    assert fact.events
    [key] = (await world.service.vault.keys.get([person_id])).values()
    assert key.wrapped is None


async def test_a_forgotten_traveller_cannot_be_booked_and_can_be_replaced(world: World) -> None:
    trip_id = await world.build_usual()
    await forget_all(world, trip_id)

    status, code, _ = await world.not_booked(trip_id)
    assert (422, "invalid_travelers") == (status, code)

    await world.call(
        "PUT", f"/v1/trips/{trip_id}/travelers", {"travelers": [AMELIA], "contact": CONTACT}
    )
    assert "completed" == (await world.pay_and_settle(trip_id))["status"]
