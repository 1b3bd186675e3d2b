"""Keys that are kept for a moment: looked up once, and never good for longer than promised."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from adapters.api_keys import KEPT_MAX, KEPT_S, ApiKeys, RecentKeys, StoredKey
from adapters.memory.doors import MemoryApiKeyRows

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
SCOPES = frozenset(["trips:read"])


class CountedRows(MemoryApiKeyRows):
    """Rows that count how often they are asked; `slow` holds one answer back."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.slow: SlowAnswer | None = None

    async def get(self, key_id: str) -> StoredKey | None:
        self.asked += 1
        found = await super().get(key_id)
        slow, self.slow = self.slow, None
        if slow is not None:
            slow.read.set()
            await slow.let_go.wait()
        return found


class SlowAnswer:
    def __init__(self) -> None:
        self.read = asyncio.Event()
        self.let_go = asyncio.Event()


class World:
    """Two processes with one store of keys, and a watch to turn."""

    def __init__(self) -> None:
        self.rows = CountedRows()
        self.second = 0.0
        self.recent = RecentKeys(self.rows, lambda: self.second)
        self.here = ApiKeys(self.recent)
        self.elsewhere = ApiKeys(self.rows)

    async def used_key(self) -> tuple[str, str]:
        """A key's text and id; it has been used and is kept."""
        text, key = await self.here.create("acme", "test", SCOPES, NOON)
        assert await self.here.find(text, NOON) is not None
        assert await self.here.find(text, NOON) is not None
        return text, key.key_id


async def test_a_kept_key_is_not_looked_up_again() -> None:
    world = World()
    text, _ = await world.used_key()
    asked = world.rows.asked

    found = [await world.here.find(text, NOON) for _ in range(5)]

    assert ["acme"] * 5 == [key.tenant for key in found if key is not None]
    assert asked == world.rows.asked


async def test_a_key_revoked_here_opens_nothing_at_once() -> None:
    world = World()
    text, key_id = await world.used_key()

    await world.here.revoke(key_id, NOON)

    assert await world.here.find(text, NOON) is None


async def test_a_key_revoked_elsewhere_opens_nothing_once_the_moment_is_over() -> None:
    world = World()
    text, key_id = await world.used_key()

    await world.elsewhere.revoke(key_id, NOON)
    world.second = KEPT_S

    assert await world.here.find(text, NOON) is None


async def test_using_a_key_all_the_time_does_not_keep_it_longer() -> None:
    world = World()
    text, key_id = await world.used_key()
    await world.elsewhere.revoke(key_id, NOON)

    for step in range(10):
        world.second = KEPT_S * step / 10
        await world.here.find(text, NOON)
    world.second = KEPT_S

    assert await world.here.find(text, NOON) is None


async def test_a_key_revoked_while_it_is_looked_up_is_not_kept() -> None:
    world = World()
    text, key_id = await world.used_key()
    world.second = KEPT_S
    world.rows.slow = slow = SlowAnswer()
    looking = asyncio.create_task(world.here.find(text, NOON))
    await slow.read.wait()

    await world.here.revoke(key_id, NOON)
    slow.let_go.set()
    await looking

    assert await world.here.find(text, NOON) is None


async def test_a_kept_key_expires_on_time() -> None:
    world = World()
    ends = NOON + timedelta(minutes=1)
    text, _ = await world.here.create("acme", "test", SCOPES, NOON, expires_at=ends)

    assert await world.here.find(text, ends - timedelta(microseconds=1)) is not None
    assert await world.here.find(text, ends) is None


async def test_a_wrong_secret_opens_nothing_whatever_is_kept() -> None:
    world = World()
    text, _ = await world.used_key()
    other_end = "0" if text[-1] != "0" else "1"

    assert await world.here.find(text[:-1] + other_end, NOON) is None


async def test_no_more_keys_are_kept_than_fit() -> None:
    world = World()
    await world.used_key()
    kept = next(iter(world.recent.kept.values()))[1]
    for number in range(KEPT_MAX + 5):
        world.recent.keep(f"{number:016x}", kept, KEPT_S)

    assert KEPT_MAX == len(world.recent.kept)
    assert f"{KEPT_MAX + 4:016x}" in world.recent.kept
