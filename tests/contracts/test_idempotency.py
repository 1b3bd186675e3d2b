"""What both keepers of idempotent answers promise."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from adapters.idempotency import Fresh, InFlight, OtherBody, Replay, RequestKey
from tests.contracts.conftest import Stores
from tests.contracts.events import NOON

KEY = RequestKey(tenant="acme", caller="key:1", route="POST /v1/trips", key="abc")
HEADERS = {"Content-Type": "application/json", "ETag": '"7"'}


async def begun(stores: Stores, *, at: timedelta = timedelta()) -> Fresh:
    fresh = await stores.idempotency.begin(KEY, "hash", NOON + at)
    assert isinstance(fresh, Fresh)
    return fresh


async def test_a_completed_request_is_answered_byte_for_byte_again(stores: Stores) -> None:
    assert await stores.idempotency.complete(await begun(stores), 201, HEADERS, b'{"a": 1}\n\xff')

    again = await stores.idempotency.begin(KEY, "hash", NOON + timedelta(days=6))

    assert Replay(201, HEADERS, b'{"a": 1}\n\xff', NOON) == again


async def test_an_empty_answer_is_an_answer(stores: Stores) -> None:
    assert await stores.idempotency.complete(await begun(stores), 204, {}, b"")

    assert Replay(204, {}, b"", NOON) == await stores.idempotency.begin(KEY, "hash", NOON)


async def test_another_body_under_the_key_is_refused(stores: Stores) -> None:
    fresh = await begun(stores)
    assert OtherBody() == await stores.idempotency.begin(KEY, "other", NOON)
    await stores.idempotency.complete(fresh, 200, {}, b"x")

    assert OtherBody() == await stores.idempotency.begin(KEY, "other", NOON)


async def test_a_request_in_flight_is_not_begun_again(stores: Stores) -> None:
    await begun(stores)

    again = await stores.idempotency.begin(KEY, "hash", NOON + timedelta(seconds=59))

    assert InFlight() == again


async def test_of_many_requests_at_once_one_is_carried_out(stores: Stores) -> None:
    answers = await asyncio.gather(
        *(stores.idempotency.begin(KEY, "hash", NOON) for _ in range(12))
    )

    assert sum(isinstance(answer, Fresh) for answer in answers) == 1
    assert sum(isinstance(answer, InFlight) for answer in answers) == 11


async def test_a_request_that_died_is_taken_over_and_its_ghost_is_not_heard(
    stores: Stores,
) -> None:
    ghost = await begun(stores)
    heir = await begun(stores, at=timedelta(seconds=60))

    assert not await stores.idempotency.complete(ghost, 200, {}, b"ghost")
    await stores.idempotency.abandon(ghost)
    assert await stores.idempotency.complete(heir, 200, {}, b"heir")
    assert not await stores.idempotency.complete(heir, 500, {}, b"twice")

    again = await stores.idempotency.begin(KEY, "hash", NOON + timedelta(seconds=61))
    assert Replay(200, {}, b"heir", NOON) == again


async def test_an_abandoned_key_is_free_again(stores: Stores) -> None:
    await stores.idempotency.abandon(await begun(stores))

    other = await stores.idempotency.begin(KEY, "other", NOON + timedelta(seconds=1))
    assert isinstance(other, Fresh)
    assert NOON + timedelta(seconds=1) == other.first_at


async def test_however_often_it_is_abandoned_a_request_was_first_begun_once(
    stores: Stores,
) -> None:
    await stores.idempotency.abandon(await begun(stores))
    await begun(stores, at=timedelta(seconds=5))
    taken_over = await begun(stores, at=timedelta(seconds=65))
    await stores.idempotency.abandon(taken_over)

    assert NOON == taken_over.first_at
    assert NOON == (await begun(stores, at=timedelta(days=7))).first_at
    week_later = await begun(stores, at=timedelta(days=14, seconds=1))
    assert NOON + timedelta(days=14, seconds=1) == week_later.first_at


async def test_a_request_that_is_begun_again_after_it_was_abandoned_is_in_flight(
    stores: Stores,
) -> None:
    await stores.idempotency.abandon(await begun(stores))
    await begun(stores)

    assert InFlight() == await stores.idempotency.begin(KEY, "hash", NOON)
    assert OtherBody() == await stores.idempotency.begin(KEY, "other", NOON)


async def test_an_answer_is_kept_for_seven_days(stores: Stores) -> None:
    await stores.idempotency.complete(await begun(stores), 200, {}, b"x")

    assert await stores.idempotency.purge(NOON + timedelta(days=6, hours=23)) == 0
    assert isinstance(await stores.idempotency.begin(KEY, "other", NOON + timedelta(days=7)), Fresh)


async def test_old_answers_are_purged(stores: Stores) -> None:
    await stores.idempotency.complete(await begun(stores), 200, {}, b"x")

    assert await stores.idempotency.purge(NOON + timedelta(days=7)) == 1
    assert await stores.idempotency.purge(NOON + timedelta(days=7)) == 0


@pytest.mark.parametrize(
    "other",
    [
        RequestKey(tenant="globex", caller="key:1", route="POST /v1/trips", key="abc"),
        RequestKey(tenant="acme", caller="key:2", route="POST /v1/trips", key="abc"),
        RequestKey(tenant="acme", caller="key:1", route="POST /v1/trips/{id}/book", key="abc"),
        RequestKey(tenant="acme", caller="key:1", route="POST /v1/trips", key="abd"),
    ],
)
async def test_a_key_belongs_to_its_tenant_caller_and_route(
    stores: Stores, other: RequestKey
) -> None:
    await stores.idempotency.complete(await begun(stores), 200, {}, b"x")

    assert isinstance(await stores.idempotency.begin(other, "hash", NOON), Fresh)
