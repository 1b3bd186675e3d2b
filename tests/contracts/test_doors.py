"""What both kinds of buckets, of tenants' own settings and of the book of acts promise."""

from __future__ import annotations

import asyncio
from dataclasses import asdict

from adapters.doors.rate_limits import Rate
from adapters.operators.acts import NewAct
from tests.contracts.conftest import Stores
from tests.contracts.events import NOON, new_id

# So slow that nothing comes back while a test runs.
SLOW = Rate(1 / 3_600, 5)


async def test_a_bucket_gives_what_it_holds_and_says_how_long_to_wait(stores: Stores) -> None:
    first = await stores.buckets.take("shop", 3, SLOW)
    second = await stores.buckets.take("shop", 3, SLOW)
    third = await stores.buckets.take("shop", 3, SLOW)

    assert [(3, 2), (2, 0), (0, 0)] == [
        (each.granted, each.remaining) for each in (first, second, third)
    ]
    assert first.wait_s == 0
    assert 3_000 < second.wait_s <= 3_600
    assert 3_000 < third.wait_s <= 3_600


async def test_looking_takes_nothing(stores: Stores) -> None:
    unused = await stores.buckets.take("shop", 0, SLOW)
    await stores.buckets.take("shop", 2, SLOW)
    used = [await stores.buckets.take("shop", 0, SLOW) for _ in range(3)]

    assert [(0, 5)] + [(0, 3)] * 3 == [(each.granted, each.remaining) for each in (unused, *used)]


async def test_buckets_do_not_know_each_other(stores: Stores) -> None:
    await stores.buckets.take("shop", 5, SLOW)

    assert (await stores.buckets.take("agent", 5, SLOW)).granted == 5


async def test_many_at_once_get_no_more_than_there_is(stores: Stores) -> None:
    rate = Rate(1 / 3_600, 20)

    taken = await asyncio.gather(*(stores.buckets.take("shop", 1, rate) for _ in range(50)))

    assert 20 == sum(each.granted for each in taken)


async def test_a_bucket_fills_again_and_never_beyond_its_burst(stores: Stores) -> None:
    quick = Rate(200.0, 2)
    while (await stores.buckets.take("shop", 2, quick)).granted:
        pass
    found = 0
    while not found:
        found = (await stores.buckets.take("shop", 1, quick)).granted
    await asyncio.sleep(0.05)

    assert (await stores.buckets.take("shop", 10, quick)).granted == 2


async def test_only_full_buckets_are_dropped(stores: Stores) -> None:
    await stores.buckets.take("shop", 4, SLOW)
    await stores.buckets.take("agent", 1, Rate(100_000.0, 5))
    await asyncio.sleep(0.01)

    assert await stores.buckets.purge(NOON) == 1
    assert (await stores.buckets.take("shop", 5, SLOW)).granted == 1


async def test_a_tenant_has_set_nothing_until_it_does_and_may_go_back(stores: Stores) -> None:
    tenants, shop = stores.tenants, ["https://shop.example"]
    seen = [await tenants.redirect_origins("acme")]
    for origins in (shop, [], None):
        await tenants.set_redirect_origins("acme", origins, NOON)
        seen.append(await tenants.redirect_origins("acme"))

    assert [None, shop, [], None] == seen


async def test_tenants_do_not_share_what_they_set(stores: Stores) -> None:
    await stores.tenants.set_redirect_origins("acme", ["https://shop.example"], NOON)

    assert await stores.tenants.redirect_origins("globex") is None


def done_by(operator: str, tenant: str, act: str) -> NewAct:
    return NewAct(acted_at=NOON, operator=operator, tenant=tenant, act=act)


async def test_the_newest_act_stands_first_and_pages_neither_skip_nor_repeat(
    stores: Stores,
) -> None:
    for number in range(5):
        await stores.acts.write(done_by("ada", "acme", f"act {number}"))

    first = await stores.acts.page("acme", limit=3)
    second = await stores.acts.page("acme", before=first[-1].act_id, limit=3)

    assert ["act 4", "act 3", "act 2", "act 1", "act 0"] == [a.act for a in (*first, *second)]


async def test_an_act_is_read_as_it_was_written(stores: Stores) -> None:
    trip = new_id()
    written = NewAct(
        acted_at=NOON,
        operator="ada",
        tenant="acme",
        act="refund",
        trip_id=trip,
        subject="12.50 EUR",
        reason="She called",
        request_id="request-1",
    )
    await stores.acts.write(written)

    [act] = await stores.acts.of_trip(trip)

    assert asdict(written) == {k: v for k, v in asdict(act).items() if k != "act_id"}
    assert [act] == await stores.acts.page(None)


async def test_acts_are_found_by_whose_they_are_and_by_who_did_them(stores: Stores) -> None:
    for operator, tenant in (("ada", "acme"), ("bob", "acme"), ("ada", "globex"), ("ada", "")):
        await stores.acts.write(done_by(operator, tenant, "signed in"))

    assert 2 == len(await stores.acts.page("acme"))
    assert [("ada", "acme")] == [
        (act.operator, act.tenant) for act in await stores.acts.page("acme", operator="ada")
    ]
    assert 4 == len(await stores.acts.page(None))
    assert [] == await stores.acts.of_trip(new_id())
