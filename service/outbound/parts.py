"""The parts that tell tenants, wired."""

from __future__ import annotations

from dataclasses import dataclass

from adapters.database import Database
from adapters.outbound.addresses import Reach
from adapters.outbound.deliveries import PostgresDeliveries
from adapters.outbound.endpoints import PostgresEndpoints
from adapters.outbound.posting import Poster
from adapters.outbound.retelling import Retelling
from adapters.outbound.signing import SealedSecrets
from adapters.vault import Vault
from domain.ports import Clock, EventLog
from service.handle import Road
from service.observability.metrics import Metrics
from service.operating.book import Book
from service.outbound.courier import Courier
from service.outbound.desk import WebhookDesk
from service.outbound.follower import Follower
from service.outbound.payload import Payloads
from service.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbound:
    desk: WebhookDesk
    deliveries: PostgresDeliveries
    retelling: Retelling
    follower: Follower
    courier: Courier


def outbound_of(
    settings: Settings,
    database: Database | None,
    road: Road,
    log: EventLog,
    vault: Vault,
    clock: Clock,
    metrics: Metrics,
    book: Book,
) -> Outbound | None:
    """None without a database: who is told what is kept there."""
    if database is None:
        return None
    deliveries, secrets = PostgresDeliveries(database), SealedSecrets(vault)
    poster = Poster(Reach(loopback=settings.webhooks_loopback))
    return Outbound(
        desk=WebhookDesk(
            PostgresEndpoints(database), deliveries, secrets, poster.resolver, log, clock, book
        ),
        deliveries=deliveries,
        retelling=Retelling(database),
        follower=Follower(log, deliveries, clock, settings.projection_poll_s),
        courier=Courier(
            deliveries,
            secrets,
            Payloads(log, settings.base_url),
            poster,
            road,
            clock,
            metrics,
            hands=settings.webhook_workers,
            poll_s=settings.task_poll_s,
        ),
    )
