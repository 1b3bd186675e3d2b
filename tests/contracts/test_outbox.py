"""What both outboxes promise."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from domain.log import Task
from tests.contracts.conftest import Stores
from tests.contracts.events import NOON, append, effect, event, first, new_id

LEASE_S = 30.0


def later(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


async def added(stores: Stores, *keys: str) -> None:
    for key in keys:
        await stores.outbox.add("quote_trip", key, "quote-1", NOON)


async def only(stores: Stores, *, at_s: float = 0) -> Task:
    [task] = await stores.outbox.claim(NOON + later(at_s), 10, LEASE_S)
    return task


async def test_a_task_is_claimed_with_everything_it_was_asked_with(stores: Stores) -> None:
    trip = new_id()
    await stores.log.append(first(trip, effects=[effect("quote:1")]))

    task = await only(stores)

    assert ("quote_trip", "quote:1", trip) == (task.kind, task.key, task.trip_id)
    assert (task.subject, task.due) == ("quote-1", NOON)
    assert (task.attempts, task.sent_before) == (1, False)


async def test_a_task_is_not_claimed_before_it_is_due(stores: Stores) -> None:
    await stores.log.append(first(new_id(), effects=[effect("late", after_s=60)]))

    assert list(await stores.outbox.claim(NOON + later(59.9), 10, LEASE_S)) == []
    assert NOON + later(60) == await stores.outbox.next_due()
    assert (await only(stores, at_s=60)).key == "late"


async def test_the_longest_due_are_claimed_first(stores: Stores) -> None:
    wishes = [effect(f"k{s}", after_s=s) for s in (30, 10, 20, 0)]
    await stores.log.append(first(new_id(), effects=wishes))

    tasks = await stores.outbox.claim(NOON + later(60), 3, LEASE_S)
    rest = await stores.outbox.claim(NOON + later(60), 3, LEASE_S)

    assert [task.key for task in tasks] == ["k0", "k10", "k20"]
    assert [task.key for task in rest] == ["k30"]


async def test_four_claimers_never_get_the_same_task(stores: Stores) -> None:
    await added(stores, *(f"k{n}" for n in range(200)))

    async def work() -> list[str]:
        done = []
        while tasks := await stores.outbox.claim(NOON, 7, LEASE_S):
            for task in tasks:
                done.append(task.key)
                await stores.outbox.finish(task)
        return done

    done = [key for keys in await asyncio.gather(*(work() for _ in range(4))) for key in keys]

    assert len(done) == 200
    assert {f"k{n}" for n in range(200)} == set(done)
    assert await stores.outbox.next_due() is None
    assert await stores.outbox.counted() == {"done": 200}


async def test_a_lease_that_ran_out_is_claimed_again(stores: Stores) -> None:
    await added(stores, "k")
    one = await only(stores)

    assert list(await stores.outbox.claim(NOON + later(29), 10, LEASE_S)) == []
    assert NOON + later(30) == await stores.outbox.next_due()
    two = await only(stores, at_s=30)

    assert (one.task_id, 2) == (two.task_id, two.attempts)
    assert one.lease != two.lease


async def test_whoever_lost_the_lease_changes_nothing(stores: Stores) -> None:
    await added(stores, "k")
    lost = await only(stores)
    held = await only(stores, at_s=30)

    assert not await stores.outbox.announce(lost, NOON + later(31))
    await stores.outbox.finish(lost)
    await stores.outbox.park(lost, "I was asleep")
    await stores.outbox.retry(lost, NOON, "I was asleep", sent=False)

    [row] = await stores.outbox.listed()
    assert (row.state, row.sent, row.reason) == ("leased", False, None)
    assert await stores.outbox.announce(held, NOON + later(31))
    await stores.outbox.finish(held)
    assert await stores.outbox.counted() == {"done": 1}


async def test_nothing_is_announced_under_a_lease_that_ran_out(stores: Stores) -> None:
    await added(stores, "k")
    task = await only(stores)

    assert not await stores.outbox.announce(task, NOON + later(30))
    assert not (await only(stores, at_s=30)).sent_before


async def test_an_announced_effect_is_known_to_the_next_claim(stores: Stores) -> None:
    await added(stores, "k")
    assert await stores.outbox.announce(await only(stores), NOON)

    assert (await only(stores, at_s=30)).sent_before


async def test_a_retry_says_whether_the_effect_was_sent(stores: Stores) -> None:
    await added(stores, "k")
    one = await only(stores)
    assert await stores.outbox.announce(one, NOON)
    await stores.outbox.retry(one, NOON + later(5), "no answer", sent=True)

    assert list(await stores.outbox.claim(NOON + later(4), 10, LEASE_S)) == []
    two = await only(stores, at_s=5)
    assert (2, True, NOON + later(5)) == (two.attempts, two.sent_before, two.due)
    await stores.outbox.retry(two, NOON + later(6), "refused at the door", sent=False)
    three = await only(stores, at_s=6)
    assert (three.attempts, three.sent_before) == (3, False)


async def test_a_parked_task_waits_for_a_person(stores: Stores) -> None:
    await added(stores, "k")
    task = await only(stores)
    await stores.outbox.park(task, "twelve attempts failed")

    assert list(await stores.outbox.claim(NOON + later(3600), 10, LEASE_S)) == []
    assert await stores.outbox.next_due() is None
    [row] = await stores.outbox.listed("parked")
    assert (row.state, row.reason) == ("parked", "twelve attempts failed")
    assert await stores.outbox.requeue(row.task_id, NOON)
    assert not await stores.outbox.requeue(row.task_id, NOON)
    assert (await only(stores)).attempts == 2


async def test_a_key_that_was_ever_used_asks_for_nothing(stores: Stores) -> None:
    trip = new_id()
    one = await stores.log.append(first(trip, effects=[effect("k")]))
    await stores.outbox.finish(await only(stores))
    await stores.outbox.add("quote_trip", "k", "again", NOON)
    again = append(trip, one.last_position, [event(trip, 2)], effects=[effect("k"), effect("l")])
    await stores.log.append(again)

    assert [t.key for t in await stores.outbox.claim(NOON, 10, LEASE_S)] == ["l"]
    assert await stores.outbox.counted() == {"done": 1, "leased": 1}


async def test_a_task_may_be_hastened_but_never_delayed(stores: Stores) -> None:
    await stores.outbox.add("quote_trip", "k", "quote-1", NOON + later(60))

    await stores.outbox.hasten("k", NOON + later(90))
    assert NOON + later(60) == await stores.outbox.next_due()
    await stores.outbox.hasten("k", NOON + later(10))
    assert NOON + later(10) == await stores.outbox.next_due()
    await stores.outbox.hasten("unknown", NOON)
    task = await only(stores, at_s=10)
    await stores.outbox.hasten("k", NOON)
    await stores.outbox.finish(task)
    await stores.outbox.hasten("k", NOON)
    assert await stores.outbox.counted() == {"done": 1}


async def test_a_waiting_worker_is_woken_by_new_work(stores: Stores) -> None:
    async def work() -> str:
        while True:
            for task in await stores.outbox.claim(NOON, 1, LEASE_S):
                return task.key
            await stores.outbox.changed(30)

    # The first wait may end at once; so that the second one is what is tested.
    await stores.outbox.changed(0.01)
    worker = asyncio.create_task(work())
    await stores.log.append(first(new_id(), effects=[effect("k")]))
    async with asyncio.timeout(5):
        assert await worker == "k"


async def test_tasks_are_listed_newest_first_and_by_trip(stores: Stores) -> None:
    trip = new_id()
    await added(stores, "a")
    await stores.log.append(first(trip, effects=[effect("b"), effect("c")]))

    assert [row.key for row in await stores.outbox.listed()] == ["c", "b", "a"]
    assert [row.key for row in await stores.outbox.listed(limit=1)] == ["c"]
    assert [row.key for row in await stores.outbox.listed(trip_id=trip)] == ["c", "b"]
    assert list(await stores.outbox.listed("done")) == []
    assert list(await stores.outbox.listed(trip_id="no id of ours")) == []
