"""Whoever asks too often is told so, and when to come back; nobody else notices."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from adapters.database import Database
from adapters.doors.rate_limits import PostgresBuckets, Rate, Taken
from adapters.doors.velocity import Velocity
from adapters.memory.rate_limits import MemoryBuckets
from service.http.guards.limits import Meter, RateLimits, handful_of
from tests.api.conftest import Client
from tests.scenarios.world import World

TRIP = "7d0c2a9e-4b2f-4f0e-9d51-3c6a1f0b8e24"
# So slow that nothing comes back while a test runs.
FEW = Rate(1 / 3_600, 3)


class Hands:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


async def settled(meter: Meter) -> None:
    await asyncio.gather(*(s.taking for s in meter.shares.values() if s.taking is not None))


async def admitted(meter: Meter, rate: Rate, count: int) -> int:
    """How many of so many requests in a row get in."""
    allowed = 0
    for _ in range(count):
        allowed += (await meter.admit("shop", rate)).allowed
        await settled(meter)
    return allowed


async def test_a_process_admits_the_burst_and_then_the_rate() -> None:
    hands, rate = Hands(), Rate(10.0, 100)
    meter = Meter(MemoryBuckets(hands), hands)

    assert 100 == await admitted(meter, rate, 300)
    hands.seconds += 3.0
    assert 30 == await admitted(meter, rate, 300)
    hands.seconds += 3_600.0
    assert 100 == await admitted(meter, rate, 300)


async def test_a_refusal_says_when_to_come_back() -> None:
    hands, rate = Hands(), Rate(0.5, 2)
    meter = Meter(MemoryBuckets(hands), hands)
    await admitted(meter, rate, 2)

    refused = await meter.admit("shop", rate)

    assert refused.retry_after_s == pytest.approx(2.0)
    assert {"RateLimit-Limit": "2", "RateLimit-Remaining": "0", "RateLimit-Reset": "4"} == (
        refused.headers()
    )


async def test_never_is_more_said_to_remain_than_the_limit() -> None:
    """Also after a pause, when the bucket is full again beside what the process holds of it."""
    hands, rate = Hands(), Rate(10.0, 100)
    meter = Meter(MemoryBuckets(hands), hands)
    told = []
    for _ in range(40):
        told.append((await meter.admit("shop", rate)).headers())
        await settled(meter)
        hands.seconds += 3_600.0

    assert {"100"} == {each["RateLimit-Limit"] for each in told}
    assert 100 == max(int(each["RateLimit-Remaining"]) for each in told)
    assert 0 == min(int(each["RateLimit-Reset"]) for each in told)


async def test_a_flood_at_once_gets_no_more_than_one_handful_too_many() -> None:
    hands, rate = Hands(), Rate(1.0, 100)
    meter = Meter(MemoryBuckets(hands), hands)

    verdicts = await asyncio.gather(*(meter.admit("shop", rate) for _ in range(1_000)))

    assert 100 <= sum(v.allowed for v in verdicts) <= 100 + handful_of(rate)


async def test_the_limit_holds_across_processes(database: Database) -> None:
    rate = Rate(1 / 3_600, 100)
    meters = [Meter(PostgresBuckets(database)) for _ in range(4)]

    allowed = await asyncio.gather(*(admitted(meter, rate, 200) for meter in meters))

    assert 100 <= sum(allowed) <= 100 + 4 * handful_of(rate)
    assert [0, 0, 0, 0] == [await admitted(meter, rate, 5) for meter in meters]


async def test_while_the_buckets_are_away_nobody_is_stopped() -> None:
    class Away(MemoryBuckets):
        async def take(self, bucket: str, wanted: int, rate: Rate) -> Taken:
            raise ConnectionResetError

    assert 50 == await admitted(Meter(Away()), FEW, 50)


async def test_who_asks_too_often_is_told_when_to_come_back(
    client: Client, door_database: Database
) -> None:
    client.door.limits = RateLimits(Meter(PostgresBuckets(door_database)), caller=FEW, tenant=None)

    told = [await client.ask("POST", "/v1/things", json={}) for _ in range(10)]

    first, last = told[0], told[-1]
    assert (first.status, first.headers["RateLimit-Limit"]) == (201, "3")
    assert (last.status, last.json["code"], last.json["retryable"]) == (429, "rate_limited", True)
    assert last.json["properties"]["happened"] == "nothing"
    assert int(last.headers["Retry-After"]) > 1_000
    assert last.headers["RateLimit-Remaining"] == "0"
    assert int(last.headers["RateLimit-Reset"]) > 1_000
    assert 3 <= len(client.service.made) <= 4


async def test_a_tenants_keys_share_its_limit_and_another_tenant_has_its_own(
    client: Client, door_database: Database
) -> None:
    client.door.limits = RateLimits(Meter(PostgresBuckets(door_database)), caller=None, tenant=FEW)
    statuses: dict[str, list[int]] = {"flooding": [], "calm": []}
    keys = [
        (await client.keys.create(tenant, "test", frozenset(["trips:read"]), datetime.now(UTC)))[0]
        for tenant in ("flooding", "flooding", "flooding", "calm")
    ]
    for key in keys:
        client.key = key
        name = "calm" if key == keys[-1] else "flooding"
        for _ in range(3):
            statuses[name].append((await client.ask("GET", f"/v1/things/{TRIP}")).status)

    assert 3 <= statuses["flooding"].count(200) <= 4
    assert statuses["calm"] == [200, 200, 200]


async def test_unlimited_answers_carry_no_limits(client: Client) -> None:
    told = await client.ask("GET", f"/v1/things/{TRIP}")

    assert [name for name in told.headers if name.startswith("RateLimit")] == []


async def test_payments_of_a_trip_are_tried_so_often_and_no_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through every door that opens a checkout; what is open stays open."""
    velocity = Velocity(MemoryBuckets(), trip=Rate(1 / 3_600, 2), tenant=None)
    monkeypatch.setattr(world.service.desk, "velocity", velocity)
    trip_id = await world.build(await world.find_flight())
    booked = [await world.book(trip_id) for _ in range(4)]
    extra = (await world.add(trip_id, await world.find_flight(destination="CDG")))["items"][-1]
    await world.remove(trip_id, extra)
    again = await world.book(trip_id)

    native = await world.ask("POST", f"/v1/trips/{trip_id}/book", {})
    jinko = await world.ask("POST", "/v1/book", {"trip_id": trip_id})

    assert {booked[0]["session_id"]} == {each["session_id"] for each in booked}
    assert (native.status, native.body["code"]) == (429, "rate_limited")
    assert jinko.status == 429
    assert int(native.headers["Retry-After"]) > 1_000
    assert (await world.trip(trip_id))["checkout"]["session_id"] == again["session_id"]
    assert 2 == (await world.kinds("stripe", trip_id))["checkout_session.created"]


async def test_payments_of_a_tenant_are_tried_so_often_and_another_has_its_own(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    velocity = Velocity(MemoryBuckets(), trip=None, tenant=Rate(1 / 3_600, 1))
    monkeypatch.setattr(world.service.desk, "velocity", velocity)
    one = await world.build(await world.find_flight())
    other = await world.build(await world.find_flight())
    await world.book(one)

    refused = await world.ask("POST", f"/v1/trips/{other}/book", {})
    theirs = await world.ask("POST", f"/v1/trips/{other}/book", {}, key=world.other_key)

    assert refused.status == 429
    assert theirs.status == 404
    assert (await world.trip(other))["checkout"]["status"] == "none"
