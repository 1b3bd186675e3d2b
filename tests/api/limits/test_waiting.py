"""Who asks on and on though it is refused waits for each answer; nobody else does."""

from __future__ import annotations

import asyncio

import pytest

from adapters.database import Database
from adapters.doors.rate_limits import PostgresBuckets, Rate
from service.http.guards import waiting
from service.http.guards.limits import Meter, RateLimits
from service.http.guards.waiting import AT_ONCE, PAUSE_S, WaitingRoom
from tests.api.conftest import Client
from tests.api.limits.test_turns import Hands


class Door:
    """Pauses that end when it is opened, and are counted."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()
        self.waited: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.waited.append(seconds)
        await self.opened.wait()


async def test_the_first_refusals_go_out_at_once_and_each_further_one_after_a_pause() -> None:
    door, hands = Door(), Hands()
    room = WaitingRoom(door, hands)
    for _ in range(AT_ONCE):
        await room.refuse("flooding")
    held = [asyncio.create_task(room.refuse("flooding")) for _ in range(3)]
    while len(door.waited) < 3:  # noqa: ASYNC110
        await asyncio.sleep(0)
    await room.refuse("somebody else")
    hands.seconds += PAUSE_S
    await room.refuse("flooding")

    assert [False] * 3 == [each.done() for each in held]
    door.opened.set()
    await asyncio.gather(*held)
    assert [True] * 3 == [PAUSE_S / 2 <= pause <= PAUSE_S for pause in door.waited]
    assert 0 == room.held


async def test_only_so_many_answers_are_held_back_and_only_so_many_are_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(waiting, "HELD_MAX", 2)
    monkeypatch.setattr(waiting, "REMEMBERED_MAX", 3)
    door = Door()
    room = WaitingRoom(door, Hands())
    for _ in range(AT_ONCE):
        await room.refuse("flooding")
    held = [asyncio.create_task(room.refuse("flooding")) for _ in range(2)]
    while room.held < 2:  # noqa: ASYNC110
        await asyncio.sleep(0)

    await room.refuse("flooding")
    for number in range(9):
        await room.refuse(f"stranger {number}")

    assert 3 == len(room.refused)
    door.opened.set()
    await asyncio.gather(*held)
    assert 2 == len(door.waited)


async def test_a_flood_is_refused_unread_and_at_the_pace_of_the_door(
    client: Client, door_database: Database
) -> None:
    limits = RateLimits(
        Meter(PostgresBuckets(door_database)), caller=Rate(1 / 3_600, 1), tenant=None
    )
    door = Door()
    client.door.limits, client.door.waiting = limits, WaitingRoom(door, Hands())
    while (await client.ask("POST", "/v1/things", json={})).status == 201:
        pass
    made = len(client.service.made)
    at_once = [await client.ask("POST", "/v1/things", data=b"no JSON") for _ in range(AT_ONCE - 1)]
    late = asyncio.create_task(client.ask("POST", "/v1/things", json={}))
    while not door.waited:  # noqa: ASYNC110
        await asyncio.sleep(0.001)
    before = late.done()
    door.opened.set()

    assert [429] * (AT_ONCE - 1) == [told.status for told in at_once]
    assert (False, 429) == (before, (await late).status)
    assert made == len(client.service.made)
