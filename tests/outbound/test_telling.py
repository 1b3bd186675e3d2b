"""A tenant is told of everything that happens in its trips: signed, in order if it likes, and
again until it has taken it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from standardwebhooks.webhooks import WebhookVerificationError

from tests.outbound.receiving import Receiver, closing, status, verified
from tests.scenarios.world import World

ENDPOINTS = "/v1/webhook-endpoints"


async def registered(world: World, receiver: Receiver, **how: Any) -> Any:
    return await world.call("POST", ENDPOINTS, {"url": receiver.url, **how})


async def fed(world: World, after: int = 0) -> list[Any]:
    return list((await world.call("GET", f"/v1/events?after={after}&limit=500"))["events"])


async def deliveries(world: World, endpoint: Any, **query: Any) -> list[Any]:
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    path = f"{ENDPOINTS}/{endpoint['endpoint_id']}/deliveries?{asked}"
    return list((await world.call("GET", path))["deliveries"])


async def until_states(world: World, endpoint: Any, *states: str) -> list[Any]:
    """The deliveries, the oldest first, as soon as they stand so; time does not wait."""
    async with asyncio.timeout(60):
        while True:
            found = (await deliveries(world, endpoint))[::-1]
            if [each["state"] for each in found] == list(states):
                return found
            await world.service.log.changed(0.05)


async def test_everything_that_happens_is_told_and_signed(world: World, receiver: Receiver) -> None:
    endpoint = await registered(world, receiver)

    trip_id = await world.build_usual()
    trip = await world.pay_and_settle(trip_id)
    await world.at_rest()
    told = await fed(world)
    positions = {e["event_id"]: e["position"] for e in told}
    await receiver.until_ids(positions)

    assert trip["status"] == "completed"
    assert positions == {g.message_id: g.body["data"]["position"] for g in receiver.got}
    for got in receiver.got:
        assert got.body == verified(got, endpoint["secret"])
        assert set(got.body) == {"type", "timestamp", "data"}
        assert set(got.body["data"]) == {"event_id", "position", "trip_id", "url"}
        assert got.body["data"]["trip_id"] == trip_id


async def test_only_what_is_asked_for_is_told_and_in_full_where_that_is_asked(
    world: World, receiver: Receiver
) -> None:
    await registered(
        world, receiver, events=["trip.item-added.*", "trip.started.v1"], payload="full"
    )

    await world.build(await world.find_flight())
    await receiver.until(2)
    feed = {e["event_id"]: e for e in await fed(world)}

    assert {"trip.started.v1", "trip.item-added.v1"} == set(receiver.topics)
    for got in receiver.got:
        assert got.body["data"]["event"] == feed[got.message_id]
    assert b"sealed" not in b"".join(got.raw for got in receiver.got)


async def test_an_endpoint_can_begin_at_any_position(world: World, receiver: Receiver) -> None:
    await world.build(await world.find_flight())
    events = await fed(world)

    await registered(world, receiver, after=events[0]["position"], ordered=True)
    await receiver.until(len(events) - 1)

    assert [e["position"] for e in events[1:]] == receiver.positions


async def test_in_order_none_passes_one_that_has_not_arrived(
    world: World, receiver: Receiver
) -> None:
    receiver.answers = [status(500), closing]
    endpoint = await registered(world, receiver, ordered=True)

    await world.build(await world.find_flight())
    events = await fed(world)
    for count, pause_s in ((1, 10), (2, 40)):
        await attempted(world, endpoint, count)
        await world.advance(pause_s)
    await receiver.until(len(events) + 2)

    first = events[0]["position"]
    assert [first, first] + [e["position"] for e in events] == receiver.positions
    assert len({got.message_id for got in receiver.got}) == len(events)
    arrived = await until_states(world, endpoint, *["delivered"] * len(events))
    assert [
        (500, None),
        (None, "no_answer"),
        (204, None),
    ] == [(a["status"], a["error"]) for a in arrived[0]["attempts"]]


async def test_what_fails_is_tried_again_under_the_same_id(
    world: World, receiver: Receiver
) -> None:
    receiver.answers = [
        status(503, "come back, or write to jane@acme.example"),
        status(302, Location="/x"),
    ]
    endpoint = await registered(world, receiver, events=["trip.started.v1"])

    await world.call("POST", "/v1/trips")
    for count, pause_s in ((1, 10), (2, 40)):
        await attempted(world, endpoint, count)
        await world.advance(pause_s)
    await receiver.until(3)

    assert len({got.message_id for got in receiver.got}) == 1
    assert ["/hooks"] * 3 == [got.path for got in receiver.got]
    [delivery] = await until_states(world, endpoint, "delivered")
    assert [503, 302, 204] == [a["status"] for a in delivery["attempts"]]
    assert "come back, or write to …" == delivery["attempts"][0]["answer"]
    assert delivery["due"] is None


async def attempted(world: World, endpoint: Any, count: int) -> Any:
    """The oldest delivery, as soon as so many attempts of it are kept: time must not be moved a
    lease's length while one is under way."""
    async with asyncio.timeout(60):
        while True:
            found = await deliveries(world, endpoint)
            if found and len(found[-1]["attempts"]) >= count:
                return found[-1]
            await world.service.log.changed(0.05)


async def test_gone_disables_at_once_and_enabling_goes_on_where_it_stood(
    world: World, receiver: Receiver, other_receiver: Receiver
) -> None:
    receiver.answers = [status(410)]
    endpoint = await registered(world, receiver, ordered=True)
    await registered(world, other_receiver, events=["trip.incident-opened.v1"])
    path = f"{ENDPOINTS}/{endpoint['endpoint_id']}"

    await world.build(await world.find_flight())
    async with asyncio.timeout(60):
        while (shown := await world.call("GET", path))["status"] == "enabled":
            await world.service.log.changed(0.05)
    await other_receiver.until(1)
    asked = [await world.refused("POST", f"{path}/{what}", body) for what, body in NEEDS_ENABLED]
    events = await fed(world)
    before = len(receiver.got)
    enabled = await world.call("POST", f"{path}/enable")
    await receiver.until(before + len(events))

    assert shown["disabled_because"] == "it answered 410 Gone"
    assert 1 == before
    assert [(409, "webhook_endpoint_disabled")] * 2 == [told[:2] for told in asked]
    assert "enabled" == enabled["status"]
    assert [e["position"] for e in events] == receiver.positions[before:]
    [incident] = [e for e in events if e["topic"] == "trip.incident-opened.v1"]
    assert "webhook_endpoint_disabled" == incident["data"]["code"]
    assert endpoint["endpoint_id"] == incident["data"]["subject"]


NEEDS_ENABLED: list[tuple[str, Any]] = [("test", None), ("replay", {"after": 0})]


async def test_what_takes_nothing_for_three_days_is_disabled(
    world: World, receiver: Receiver
) -> None:
    receiver.always = status(500)
    endpoint = await registered(world, receiver, events=["trip.started.v1"])
    path = f"{ENDPOINTS}/{endpoint['endpoint_id']}"

    await world.call("POST", "/v1/trips")
    await attempted(world, endpoint, 1)
    await world.advance(3_600)
    await attempted(world, endpoint, 2)
    still = await world.call("GET", path)
    await world.advance(3 * 86_400)
    await attempted(world, endpoint, 3)

    assert "enabled" == still["status"]
    disabled = await world.call("GET", path)
    assert "every attempt of three days failed" == disabled["disabled_because"]


async def test_a_replay_sends_everything_again_under_the_same_ids(
    world: World, receiver: Receiver
) -> None:
    endpoint = await registered(world, receiver, ordered=True)
    await world.build(await world.find_flight())
    events = await fed(world)
    await receiver.until(len(events))
    await until_states(world, endpoint, *["delivered"] * len(events))

    path = f"{ENDPOINTS}/{endpoint['endpoint_id']}/replay"
    await world.call("POST", path, {"after": events[1]["position"]})
    await receiver.until(2 * len(events) - 2)

    again = receiver.got[len(events) :]
    assert [e["event_id"] for e in events[2:]] == [got.message_id for got in again]


async def test_one_delivery_can_be_sent_again_and_a_test_tells_of_nothing(
    world: World, receiver: Receiver
) -> None:
    endpoint = await registered(world, receiver, events=["trip.started.v1"])
    path = f"{ENDPOINTS}/{endpoint['endpoint_id']}"
    await world.call("POST", "/v1/trips")
    [delivery] = await until_states(world, endpoint, "delivered")

    await world.call("POST", f"{path}/deliveries/{delivery['delivery_id']}/resend")
    await receiver.until(2)
    test = await world.call("POST", f"{path}/test")
    await receiver.until(3)

    assert receiver.got[0].message_id == receiver.got[1].message_id
    assert "webhook.test.v1" == receiver.topics[2]
    assert test["event_id"] == receiver.got[2].message_id
    assert verified(receiver.got[2], endpoint["secret"]) == receiver.got[2].body


async def test_while_a_secret_is_replaced_both_verify_and_then_only_the_new_one(
    world: World, receiver: Receiver
) -> None:
    endpoint = await registered(world, receiver)
    path = f"{ENDPOINTS}/{endpoint['endpoint_id']}"

    rotated = await world.call("POST", f"{path}/rotate-secret", {"overlap_s": 600})
    await world.call("POST", f"{path}/test")
    [both] = await receiver.until(1)
    await until_states(world, endpoint, "delivered")
    await world.advance(601)
    await world.call("POST", f"{path}/test")
    [_, new_only] = await receiver.until(2)

    assert verified(both, endpoint["secret"]) == verified(both, rotated["secret"])
    assert 2 == len(both.headers["webhook-signature"].split(" "))
    assert verified(new_only, rotated["secret"]) == new_only.body
    with pytest.raises(WebhookVerificationError):
        verified(new_only, endpoint["secret"])


async def test_the_secret_is_shown_once(world: World, receiver: Receiver) -> None:
    key = {"Idempotency-Key": "one-endpoint"}
    made = await world.ask("POST", ENDPOINTS, {"url": receiver.url}, headers=key)
    again = await world.ask("POST", ENDPOINTS, {"url": receiver.url}, headers=key)
    listed = await world.ask("GET", ENDPOINTS)
    shown = await world.ask("GET", f"{ENDPOINTS}/{made.body['endpoint_id']}")

    assert (201, 201) == (made.status, again.status)
    assert made.body == again.body
    assert made.body["secret"].startswith("whsec_")
    assert [{k: v for k, v in made.body.items() if k != "secret"}] == listed.body["endpoints"]
    assert shown.body == listed.body["endpoints"][0]
    rows = await world.service.database.pool.fetch(  # type: ignore[union-attr]
        "SELECT (e.*)::text AS row FROM tripledger.webhook_endpoints e"
    )
    kept = "".join(row["row"] for row in rows)
    assert len(rows) == 1
    assert made.body["secret"].removeprefix("whsec_") not in kept


async def test_two_tenants_never_receive_each_others_events(
    world: World, receiver: Receiver, other_receiver: Receiver
) -> None:
    ours = await registered(world, receiver, payload="full", after=0)
    told = await world.ask(
        "POST",
        ENDPOINTS,
        {"url": other_receiver.url, "payload": "full", "after": 0},
        key=world.other_key,
    )
    theirs = told.body

    our_trip = await world.build(await world.find_flight())
    started = await world.ask("POST", "/v1/trips", key=world.other_key)
    their_trip = started.body["trip_id"]
    events = await fed(world)
    await receiver.until(len(events))
    await other_receiver.until(1)
    seen_by_them = await world.ask("GET", ENDPOINTS, key=world.other_key)

    assert {our_trip} == {got.body["data"]["trip_id"] for got in receiver.got}
    assert {their_trip} == {got.body["data"]["trip_id"] for got in other_receiver.got}
    assert [theirs["endpoint_id"]] == [e["endpoint_id"] for e in seen_by_them.body["endpoints"]]
    for canary in (our_trip, ours["endpoint_id"], ours["secret"], receiver.url):
        assert canary.encode() not in b"".join(got.raw for got in other_receiver.got)


async def test_a_deleted_endpoint_is_told_nothing(
    world: World, receiver: Receiver, other_receiver: Receiver
) -> None:
    endpoint = await registered(world, receiver, events=["trip.started.v1"])
    await registered(world, other_receiver, events=["trip.started.v1"])

    await world.call("DELETE", f"{ENDPOINTS}/{endpoint['endpoint_id']}")
    await world.call("POST", "/v1/trips")
    await other_receiver.until(1)

    assert [] == receiver.got
    missing = await world.refused("GET", f"{ENDPOINTS}/{endpoint['endpoint_id']}")
    assert (404, "webhook_endpoint_not_found") == missing[:2]
