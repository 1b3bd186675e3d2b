"""Postgres stops without warning and comes back while trips are booked: every process goes on, and
everything has happened once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from adapters.database import CONNECTION_LOST, connect_database
from adapters.idempotency import Fresh, InFlight, PostgresIdempotency, RequestKey
from tests.contracts.events import NOON
from tests.crash import stories
from tests.crash.stage import PatientWorld, Stage, staged
from tests.postgres import own_server, start_again, stop_immediately
from tests.scenarios.audit import audit

pytestmark = pytest.mark.timeout(300)

STOPS = 3
TRAVELLERS = 2
EVENTS_BETWEEN = 10


@pytest_asyncio.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[tuple[Path, Stage]]:
    """A server that keeps its word, with the whole service at work on it."""
    async with own_server() as (directory, url), staged(url, tmp_path) as stage:
        for role in ("api", "work", "project"):
            stage.start(role)
        await stage.world.advance(0.001)
        yield directory, stage


async def test_a_request_cut_off_by_the_database_may_be_repeated_as_soon_as_it_is_back() -> None:
    key = RequestKey(tenant="ours", caller="key:1", route="POST /v1/trips", key="once")
    async with own_server() as (directory, url), connect_database(url, pool_size=2) as database:
        store = PostgresIdempotency(database)
        first = await store.begin(key, "hash", NOON)
        assert isinstance(first, Fresh)

        await stop_immediately(directory)
        with pytest.raises(CONNECTION_LOST):
            await store.abandon(first)
        with pytest.raises(CONNECTION_LOST):
            await store.begin(replace(key, key="another"), "hash", NOON)
        await start_again(directory)
        again = await store.begin(key, "hash", NOON + timedelta(seconds=1))

        assert isinstance(again, Fresh)
        assert first.first_at == again.first_at
        assert isinstance(await store.begin(key, "hash", NOON), InFlight)
        assert await store.complete(again, 201, {}, b"made")


async def ready(world: PatientWorld) -> int:
    async with world.session.get(f"{world.url}/readyz") as answer:
        return answer.status


async def test_no_process_minds_that_the_database_was_away(cluster: tuple[Path, Stage]) -> None:
    directory, stage = cluster
    await stories.usual(stage.world)

    await stop_immediately(directory)
    away = await ready(stage.world)
    await start_again(directory)
    await stories.usual(stage.world)

    assert 503 == away
    assert 200 == await ready(stage.world)
    assert all(player.alive for player in stage.players)
    await audit(stage.world)


async def test_trips_are_booked_once_while_the_database_comes_and_goes(
    cluster: tuple[Path, Stage],
) -> None:
    directory, stage = cluster
    enough = asyncio.Event()

    async def travel() -> None:
        while not enough.is_set():
            await stories.usual(stage.world)

    async with asyncio.TaskGroup() as travelling:
        for _ in range(TRAVELLERS):
            travelling.create_task(travel())
        for _ in range(STOPS):
            await stage.grown(EVENTS_BETWEEN)
            await stop_immediately(directory)
            await start_again(directory)
        enough.set()

    assert all(player.alive for player in stage.players)
    await audit(stage.world)
    assert len(stage.world.trips) == await stage.trips_begun()
