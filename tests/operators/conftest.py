"""A log with what operators read of it, in a database of the test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest_asyncio

from adapters.database import Database
from adapters.event_log.postgres import PostgresEventLog
from adapters.operators.gauges import PostgresGauges
from adapters.operators.incidents import PostgresIncidents
from adapters.operators.trip_list import PostgresTripList
from adapters.operators.webhooks import PostgresWebhooks
from adapters.read_models import PostgresReadModels
from adapters.read_tables import PROJECTIONS
from service.workers.pages import Pages
from service.workers.projector import Projector
from tests.contracts.conftest import SetClock
from tests.replay.trips_at_scale import CODEC


@dataclass(frozen=True, slots=True)
class Office:
    """Where operators look."""

    database: Database
    log: PostgresEventLog
    models: PostgresReadModels
    clock: SetClock
    trips: PostgresTripList
    incidents: PostgresIncidents
    webhooks: PostgresWebhooks
    gauges: PostgresGauges

    async def project(self) -> None:
        """Everything recorded is seen by every read model."""
        for name in PROJECTIONS:
            while await Projector(Pages(self.log), self.models, name, 0.05).catch_up():
                pass


@pytest_asyncio.fixture
async def office(database: Database) -> AsyncIterator[Office]:
    clock = SetClock()
    async with PostgresEventLog.opened(database, CODEC, clock) as log:
        yield Office(
            database=database,
            log=log,
            models=PostgresReadModels(database, CODEC),
            clock=clock,
            trips=PostgresTripList(database),
            incidents=PostgresIncidents(database),
            webhooks=PostgresWebhooks(database),
            gauges=PostgresGauges(database),
        )
