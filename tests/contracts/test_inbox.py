"""What both inboxes promise."""

from __future__ import annotations

import asyncio

from tests.contracts.conftest import Stores
from tests.contracts.events import NOON, new_id

FACTS = {"object_id": "pi_1", "trip_id": "t-1"}


async def stored(stores: Stores, event_id: str, fact: str, provider: str = "stripe") -> bool:
    return await stores.inbox.store(provider, event_id, fact, "payment.changed", FACTS, NOON)


async def test_a_notification_is_kept_with_its_one_task(stores: Stores) -> None:
    assert await stored(stores, "evt_1", "pi_1:paid")

    [task] = await stores.outbox.claim(NOON, 10, 30)
    assert (task.kind, task.key) == ("webhook", "webhook:stripe:evt_1")
    assert task.trip_id is None
    notice = await stores.inbox.get(task.subject)
    assert notice is not None
    assert (notice.provider, notice.event_id, notice.dedupe_key) == ("stripe", "evt_1", "pi_1:paid")
    assert (notice.facts, notice.received_at, notice.outcome) == (FACTS, NOON, None)
    assert notice == await stores.inbox.find("stripe", "evt_1")


async def test_a_notification_told_twice_is_kept_once(stores: Stores) -> None:
    assert await stored(stores, "evt_1", "pi_1:paid")
    assert not await stored(stores, "evt_1", "pi_1:paid")
    assert not await stored(stores, "evt_1", "another fact")

    assert await stores.outbox.counted() == {"ready": 1}


async def test_the_same_fact_under_another_id_is_recorded_but_asks_for_nothing(
    stores: Stores,
) -> None:
    assert await stored(stores, "evt_1", "pi_1:paid")
    assert not await stored(stores, "evt_2", "pi_1:paid")
    assert not await stored(stores, "evt_3", "pi_1:paid")

    one = await stores.inbox.find("stripe", "evt_1")
    two = await stores.inbox.find("stripe", "evt_2")
    three = await stores.inbox.find("stripe", "evt_3")
    assert one is not None
    assert two is not None
    assert three is not None
    expected = [None, one.inbox_id, one.inbox_id]
    assert expected == [one.duplicate_of, two.duplicate_of, three.duplicate_of]
    assert await stores.outbox.counted() == {"ready": 1}


async def test_two_providers_may_use_the_same_id(stores: Stores) -> None:
    assert await stored(stores, "evt_1", "fact")
    assert await stored(stores, "evt_1", "fact", provider="duffel")

    assert await stores.outbox.counted() == {"ready": 2}


async def test_of_many_tellings_at_once_one_asks_for_work(stores: Stores) -> None:
    ids = [f"evt_{n % 5}" for n in range(20)]

    answers = await asyncio.gather(*(stored(stores, event_id, "fact") for event_id in ids))

    assert sum(answers) == 1
    assert await stores.outbox.counted() == {"ready": 1}
    notices = [await stores.inbox.find("stripe", f"evt_{n}") for n in range(5)]
    assert sum(n is not None and n.duplicate_of is not None for n in notices) == 4


async def test_a_notice_says_what_came_of_it(stores: Stores) -> None:
    assert await stored(stores, "evt_1", "fact")
    notice = await stores.inbox.find("stripe", "evt_1")
    assert notice is not None
    await stores.inbox.mark(notice.inbox_id, "applied")

    marked = await stores.inbox.get(notice.inbox_id)
    assert marked is not None
    assert marked.outcome == "applied"
    assert await stores.inbox.get(new_id()) is None
    assert await stores.inbox.get("no id of ours") is None
    assert await stores.inbox.find("stripe", "evt_9") is None
