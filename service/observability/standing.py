"""How things stand when somebody looks: money at risk, incidents, work, read models, database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

import structlog
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from adapters.database import Database
from adapters.operators.gauges import Gauges, Lag, PostgresGauges, Work
from domain.money import Money
from domain.ports import Clock

log = structlog.get_logger("service.observability")

READ_S_MAX = 5.0

# How long the oldest transaction holds back what readers of the log and VACUUM may pass.
HORIZON = """
SELECT coalesce(max(greatest(age(backend_xmin), age(backend_xid))), 0) AS transactions,
    coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0)::float AS seconds
FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


class Standing:
    """Read when it is asked for, of all tenants together, from indexes of what is open."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.pool = database.pool
        self.gauges = PostgresGauges(database)
        self.clock = clock

    async def families(self) -> list[Metric]:
        """Without a database only that it could not be read, and what this process knows."""
        up = gauge("tripledger_standing_up", "1: the gauges of the database could be read.")
        found = [up, *self.pool_sizes()]
        try:
            async with asyncio.timeout(READ_S_MAX):
                now = self.clock.now()
                found += shown(await self.gauges.read(now), now)
                found += horizon(await self.pool.fetchrow(HORIZON))
        except Exception as error:
            log.warning("gauges_unreadable", reason=type(error).__name__)
            up.add_metric([], 0)
        else:
            up.add_metric([], 1)
        return found

    def pool_sizes(self) -> Iterator[Metric]:
        size, idle = self.pool.get_size(), self.pool.get_idle_size()
        used = gauge("tripledger_pool_connections", "Connections to Postgres.", ["state"])
        used.add_metric(["in_use"], size - idle)
        used.add_metric(["idle"], idle)
        yield used
        yield plain(
            "tripledger_pool_connections_max",
            "Connections this process may open.",
            self.pool.get_max_size(),
        )


def gauge(name: str, text: str, labels: Iterable[str] = ()) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, labels=list(labels))


def plain(name: str, text: str, value: float) -> Metric:
    family = gauge(name, text)
    family.add_metric([], value)
    return family


def age_s(since: datetime | None, now: datetime) -> float:
    return max((now - since).total_seconds(), 0.0) if since is not None else 0.0


def by_currency(name: str, text: str, amounts: Iterable[Money]) -> Metric:
    family = gauge(name, text, ["currency"])
    for money in amounts:
        family.add_metric([money.currency], money.amount)
    return family


def shown(standing: Gauges, now: datetime) -> Iterator[Metric]:
    money, incidents, work = standing.money, standing.incidents, standing.work
    yield plain(
        "tripledger_unfulfilled_trips",
        "Trips with money captured that is neither fulfilled nor given back.",
        money.trips,
    )
    yield plain(
        "tripledger_unfulfilled_oldest_seconds",
        "How long the oldest of them has been so.",
        age_s(money.oldest, now),
    )
    yield by_currency(
        "tripledger_unfulfilled_amount",
        "That money, in the currency's smallest unit.",
        money.amounts,
    )
    open_ones = gauge("tripledger_incidents_open", "Incidents nobody has closed.", ["owned"])
    open_ones.add_metric(["no"], incidents.unowned)
    open_ones.add_metric(["yes"], incidents.count - incidents.unowned)
    yield open_ones
    yield plain(
        "tripledger_incidents_oldest_seconds",
        "Age of the oldest open incident.",
        age_s(incidents.oldest, now),
    )
    yield by_currency(
        "tripledger_incidents_at_stake",
        "Money at stake in them, in the currency's smallest unit.",
        incidents.at_stake,
    )
    yield from work_shown(work, now)
    yield from lags_shown(standing.projections, now)


def work_shown(work: Work, now: datetime) -> Iterator[Metric]:
    yield plain("tripledger_outbox_open", "Tasks waiting or under way.", work.open)
    yield plain(
        "tripledger_outbox_overdue_seconds",
        "How long the most overdue task has waited for a worker.",
        age_s(work.overdue_since, now),
    )
    yield plain("tripledger_outbox_parked", "Tasks put aside for a person.", work.parked)
    yield plain(
        "tripledger_inbox_failures",
        "Notifications that could not be worked off, put aside.",
        work.parked_webhooks,
    )


def lags_shown(projections: Mapping[str, Lag], now: datetime) -> Iterator[Metric]:
    events = gauge("tripledger_projection_lag_events", "Events still to be read.", ["projection"])
    seconds = gauge(
        "tripledger_projection_lag_seconds", "Age of the oldest of them.", ["projection"]
    )
    for name, lag in sorted(projections.items()):
        events.add_metric([name], lag.behind)
        seconds.add_metric([name], age_s(lag.waiting_since, now))
    yield from (events, seconds)


def horizon(row: dict[str, float]) -> Iterator[Metric]:
    yield plain(
        "tripledger_database_xmin_age",
        "Transactions since the oldest one still open began.",
        row["transactions"],
    )
    yield plain(
        "tripledger_database_oldest_transaction_seconds",
        "How long the oldest transaction has been open.",
        row["seconds"],
    )
