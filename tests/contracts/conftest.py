"""Every store twice: in memory and in Postgres, behind the same names."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime

import pytest
import pytest_asyncio

from adapters.api_keys import ApiKeys, PostgresApiKeyRows
from adapters.carts import CartStore, PostgresCarts
from adapters.database import connect_database
from adapters.doors.rate_limits import Buckets, PostgresBuckets
from adapters.doors.tenants import PostgresTenants, Tenants
from adapters.event_log.postgres import PostgresEventLog
from adapters.idempotency import Idempotency, PostgresIdempotency
from adapters.inbox import Inbox, PostgresInbox
from adapters.memory.acts import MemoryActs
from adapters.memory.carts import MemoryCarts
from adapters.memory.doors import (
    MemoryApiKeyRows,
    MemoryIdempotency,
    MemoryInbox,
    MemoryOffers,
    MemoryPersonKeys,
)
from adapters.memory.event_log import MemoryEventLog
from adapters.memory.outbox import MemoryOutbox
from adapters.memory.rate_limits import MemoryBuckets
from adapters.memory.read_models import MemoryReadModels
from adapters.memory.reconciliations import MemoryReconciliations
from adapters.memory.tenants import MemoryTenants
from adapters.offers import Offers, PostgresOffers
from adapters.operators.acts import Acts, PostgresActs
from adapters.operators.reconciliations import PostgresReconciliations, Reconciliations
from adapters.outbox import PostgresOutbox, TaskBoard
from adapters.read_models import PostgresReadModels, ReadModels
from adapters.vault import PersonKeys, PostgresPersonKeys
from domain.ports import EventLog
from tests.contracts.events import NOON, codec


class SetClock:
    """Stands still until it is set."""

    def __init__(self) -> None:
        self.time = NOON

    def now(self) -> datetime:
        return self.time


@dataclass(frozen=True, slots=True)
class Stores:
    """All stores of one service; `where` is `memory` or `postgres`."""

    where: str
    clock: SetClock
    log: EventLog
    outbox: TaskBoard
    inbox: Inbox
    idempotency: Idempotency
    api_keys: ApiKeys
    offers: Offers
    person_keys: PersonKeys
    read_models: ReadModels
    carts: CartStore
    buckets: Buckets
    tenants: Tenants
    reconciliations: Reconciliations
    acts: Acts


def in_memory() -> Stores:
    clock = SetClock()
    outbox = MemoryOutbox()
    log = MemoryEventLog(codec(), outbox, clock)
    offers = MemoryOffers()
    models = MemoryReadModels(log)
    return Stores(
        where="memory",
        clock=clock,
        log=log,
        outbox=outbox,
        inbox=MemoryInbox(outbox),
        idempotency=MemoryIdempotency(),
        api_keys=ApiKeys(MemoryApiKeyRows()),
        offers=offers,
        person_keys=MemoryPersonKeys(),
        read_models=models,
        carts=MemoryCarts(offers, models),
        buckets=MemoryBuckets(),
        tenants=MemoryTenants(),
        reconciliations=MemoryReconciliations(log),
        acts=MemoryActs(),
    )


async def in_postgres(url: str, stack: AsyncExitStack) -> Stores:
    clock = SetClock()
    database = await stack.enter_async_context(connect_database(url, pool_size=6))
    log = await stack.enter_async_context(PostgresEventLog.opened(database, codec(), clock))
    return Stores(
        where="postgres",
        clock=clock,
        log=log,
        outbox=PostgresOutbox(database),
        inbox=PostgresInbox(database),
        idempotency=PostgresIdempotency(database),
        api_keys=ApiKeys(PostgresApiKeyRows(database)),
        offers=PostgresOffers(database),
        person_keys=PostgresPersonKeys(database),
        read_models=PostgresReadModels(database, codec()),
        carts=PostgresCarts(database),
        buckets=PostgresBuckets(database),
        tenants=PostgresTenants(database),
        reconciliations=PostgresReconciliations(database),
        acts=PostgresActs(database),
    )


@pytest_asyncio.fixture
async def memory_stores() -> Stores:
    return in_memory()


@pytest_asyncio.fixture
async def postgres_stores(database_url: str) -> AsyncIterator[Stores]:
    async with AsyncExitStack() as stack:
        yield await in_postgres(database_url, stack)


@pytest.fixture(params=["memory", "postgres"])
def stores(request: pytest.FixtureRequest) -> Stores:
    found: Stores = request.getfixturevalue(f"{request.param}_stores")
    return found
