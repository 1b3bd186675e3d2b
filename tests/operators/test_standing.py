"""What monitoring is told of money at risk, incidents and work, in figures to alarm on."""

from __future__ import annotations

from datetime import timedelta

from adapters.database import Database
from adapters.outbox import PostgresOutbox
from service.observability.metrics import Metrics
from service.observability.standing import Standing
from tests.contracts.events import NOON
from tests.operators.conftest import Office
from tests.operators.test_finding import WHOLE, began


async def test_money_incidents_and_work_are_told_in_figures(office: Office) -> None:
    await began(office, WHOLE["late-money-returned-by-the-bank"], 0)
    await office.project()
    await PostgresOutbox(office.database).add("quote_trip", "k", "s", NOON)
    office.clock.time = NOON + timedelta(hours=1)

    told = await text(office.database, office)

    for line in (
        "standing_up 1.0",
        "unfulfilled_trips 1.0",
        "unfulfilled_oldest_seconds 3600.0",
        'unfulfilled_amount{currency="EUR"} 35000.0',
        'incidents_open{owned="no"} 1.0',
        'incidents_open{owned="yes"} 0.0',
        'incidents_at_stake{currency="EUR"} 35000.0',
        "outbox_open 1.0",
        "outbox_overdue_seconds 3600.0",
        'projection_lag_seconds{projection="bookings"} 0.0',
    ):
        assert f"tripledger_{line}" in told


async def test_without_a_database_metrics_say_so_and_the_rest(office: Office) -> None:
    await office.database.pool.close()

    told = await text(office.database, office)

    assert "tripledger_standing_up 0.0" in told
    assert not [line for line in told if line.startswith("tripledger_unfulfilled")]
    assert "tripledger_version_conflicts_total 0.0" in told


async def text(database: Database, office: Office) -> list[str]:
    families = await Standing(database, office.clock).families()
    return Metrics().text(families).decode().splitlines()
