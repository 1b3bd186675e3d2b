"""What both stores of API keys promise."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import get_args

from adapters.api_keys import ApiKeys, Mode
from tests.contracts.conftest import Stores
from tests.contracts.events import NOON

SCOPES = frozenset({"trips:read", "trips:write"})


async def test_a_key_is_found_by_its_text(stores: Stores) -> None:
    text, key = await stores.api_keys.create("acme", "test", SCOPES, NOON, name="shop")

    found = await stores.api_keys.find(text, NOON)

    assert found is not None
    assert (key.key_id, "test", "acme") == (found.key_id, found.mode, found.tenant)
    assert (found.name, found.scopes) == ("shop", SCOPES)
    assert re.fullmatch(rf"tl_test_{key.key_id}_[0-9a-f]{{64}}", text)


async def test_a_key_of_live_mode_says_so(stores: Stores) -> None:
    text, key = await stores.api_keys.create("acme", "live", SCOPES, NOON)

    assert text.startswith("tl_live_")
    assert await stores.api_keys.find(text.replace("tl_live_", "tl_test_"), NOON) is None


async def test_a_key_opens_nothing_in_the_other_mode(stores: Stores) -> None:
    test, _ = await stores.api_keys.create("acme", "test", SCOPES, NOON)
    live, _ = await stores.api_keys.create("acme", "live", SCOPES, NOON)
    doors = {mode: ApiKeys(stores.api_keys.rows, mode) for mode in get_args(Mode)}

    opened = {
        (mode, text[:8])
        for mode, keys in doors.items()
        for text in (test, live)
        if await keys.find(text, NOON)
    }

    assert {("test", "tl_test_"), ("live", "tl_live_")} == opened


async def test_anything_but_the_exact_text_opens_nothing(stores: Stores) -> None:
    text, key = await stores.api_keys.create("acme", "test", SCOPES, NOON)
    other_end = "0" if text[-1] != "0" else "1"
    wrong = [
        "",
        "nonsense",
        text[:-1],
        text[:-1] + other_end,
        text + "0",
        text.upper(),
        f" {text}",
        f"tl_test_{'0' * 16}_{text[-64:]}",
        f"tl_test_{key.key_id}_{'0' * 64}",
    ]

    assert [None] * len(wrong) == [await stores.api_keys.find(w, NOON) for w in wrong]


async def test_a_key_expires(stores: Stores) -> None:
    ends = NOON + timedelta(hours=1)
    text, _ = await stores.api_keys.create("acme", "test", SCOPES, NOON, expires_at=ends)

    assert await stores.api_keys.find(text, ends - timedelta(seconds=1)) is not None
    assert await stores.api_keys.find(text, ends) is None


async def test_a_revoked_key_opens_nothing(stores: Stores) -> None:
    text, key = await stores.api_keys.create("acme", "test", SCOPES, NOON)

    assert await stores.api_keys.revoke(key.key_id, NOON)
    assert not await stores.api_keys.revoke(key.key_id, NOON)
    assert not await stores.api_keys.revoke("0" * 16, NOON)
    assert await stores.api_keys.find(text, NOON) is None
    [listed] = await stores.api_keys.listed("acme")
    assert listed.revoked_at == NOON


async def test_keys_are_listed_by_tenant_oldest_first(stores: Stores) -> None:
    keys = [
        (await stores.api_keys.create(tenant, "test", SCOPES, NOON + timedelta(seconds=n)))[1]
        for n, tenant in enumerate(["acme", "globex", "acme"])
    ]

    assert [keys[0], keys[2]] == list(await stores.api_keys.listed("acme"))
    assert keys == list(await stores.api_keys.listed())


async def test_the_last_use_is_known_to_the_minute(stores: Stores) -> None:
    text, key = await stores.api_keys.create("acme", "test", SCOPES, NOON)
    assert key.last_used_at is None

    async def used_at(seconds: int) -> object:
        await stores.api_keys.find(text, NOON + timedelta(seconds=seconds))
        [listed] = await stores.api_keys.listed("acme")
        return listed.last_used_at

    assert await used_at(0) == NOON
    assert await used_at(59) == NOON
    assert await used_at(60) == NOON + timedelta(seconds=60)


async def test_the_secret_is_stored_nowhere(stores: Stores) -> None:
    text, key = await stores.api_keys.create("acme", "test", SCOPES, NOON)
    stored = await stores.api_keys.rows.get(key.key_id)

    assert stored is not None
    assert text[-64:] not in repr(stored)
    assert bytes.fromhex(text[-64:]) != stored.secret_hash


async def test_while_a_key_is_replaced_both_are_good_and_then_only_the_new_one(
    stores: Stores,
) -> None:
    old_text, old = await stores.api_keys.create("acme", "live", SCOPES, NOON, name="shop")
    made = await stores.api_keys.rotate(old.key_id, NOON, timedelta(hours=1))
    assert made is not None
    text, key = made
    before, after = NOON + timedelta(minutes=59), NOON + timedelta(hours=1)

    assert (key.tenant, key.mode, key.scopes, key.name) == ("acme", "live", SCOPES, "shop")
    assert [True, True] == [
        await stores.api_keys.find(each, before) is not None for each in (old_text, text)
    ]
    assert [False, True] == [
        await stores.api_keys.find(each, after) is not None for each in (old_text, text)
    ]


async def test_a_replaced_key_never_lives_longer_for_it(stores: Stores) -> None:
    ends = NOON + timedelta(hours=2)
    old_text, old = await stores.api_keys.create("acme", "test", SCOPES, NOON, expires_at=ends)
    late = NOON + timedelta(hours=1)

    made = await stores.api_keys.rotate(old.key_id, late, timedelta(days=1))

    assert made is not None
    assert made[1].expires_at == late + timedelta(hours=2)
    assert await stores.api_keys.find(old_text, ends) is None
    assert await stores.api_keys.rotate(old.key_id, ends, timedelta(days=1)) is None
    assert await stores.api_keys.rotate("0" * 16, NOON, timedelta(days=1)) is None
