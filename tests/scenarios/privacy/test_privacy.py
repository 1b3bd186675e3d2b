"""Who travels is nobody else's business: not in any table, not in any log, not in the feed."""

from __future__ import annotations

import json
from io import StringIO

from tests.scenarios.audit import PERSONAL, nobody_is_named
from tests.scenarios.world import AMELIA, CONTACT, World

PASSPORT = "XK4417702Z"
ADDRESSED = AMELIA | {
    "documents": [
        {"number": PASSPORT, "issuing_country": "US", "expires_on": "2041-05-05"},
    ]
}


async def test_after_a_whole_story_nobody_is_named_anywhere(logs: StringIO, world: World) -> None:
    trip_id = await world.build_usual()
    people = {"travelers": [ADDRESSED], "contact": CONTACT}
    await world.call("PUT", f"/v1/trips/{trip_id}/travelers", people)
    await world.fault("duffel", "POST", "/air/orders", "commit_then_reset")
    await world.refused("PUT", f"/v1/trips/{trip_id}/travelers", {"travelers": [AMELIA, 7]})
    await world.refused("GET", f"/v1/trips/{AMELIA['last_name']}")

    trip = await world.pay_and_settle(trip_id)
    await world.at_rest()

    assert "completed" == trip["status"]
    await nobody_is_named(world)
    events = json.dumps(await world.events(trip_id))
    feed = json.dumps(await world.call("GET", "/v1/events?after=0&limit=500"))
    told = logs.getvalue()
    assert 1 == told.count('"route": "/v1/trips/{trip_id}/book"')
    for word in (*PERSONAL, PASSPORT):
        assert (word, 0, 0, 0) == (
            word,
            events.count(word),
            feed.count(word),
            told.count(word),
        )


async def test_the_supplier_gets_what_the_trip_only_shows_masked(world: World) -> None:
    trip_id = await world.build_usual()
    trip = await world.pay_and_settle(trip_id)

    [traveler] = trip["travelers"]
    assert ("A•••", "E•••") == (traveler["first_name"], traveler["last_name"])
    assert ["date_of_birth", "first_name", "gender", "last_name"] == traveler["provided"]
    shown_contact = {name: trip["contact"][name] for name in ("email", "phone")}
    assert {"email": "a•••@t•••.dev", "phone": "+44•••"} == shown_contact
    shown = json.dumps(trip)
    assert [] == [word for word in PERSONAL if word in shown]


async def test_a_repeated_request_is_answered_without_keeping_whom_it_named(
    world: World,
) -> None:
    """What is kept for repeats is the answer, and answers name nobody."""
    offer = await world.find_flight()
    body = {
        "items": [{"offer_id": offer["offer_id"]}],
        "travelers": [AMELIA],
        "contact": CONTACT,
    }
    headers = {"Idempotency-Key": "one-and-the-same"}

    first = await world.ask("POST", "/v1/trips", body, headers=headers)
    second = await world.ask("POST", "/v1/trips", body, headers=headers)
    world.trips.append(first.body["trip_id"])

    assert (201, first.body) == (second.status, second.body)
    assert "true" == second.headers["Idempotent-Replayed"]
    await nobody_is_named(world)
