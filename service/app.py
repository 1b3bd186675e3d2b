"""The composition root: settings and a database in, the parts of the running service out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from pydantic import SecretStr

from adapters.api_keys import ApiKeys, PostgresApiKeyRows, RecentKeys
from adapters.carts import CartStore, PostgresCarts
from adapters.console.sessions import OperatorSessions
from adapters.database import Database
from adapters.doors.rate_limits import Buckets, PostgresBuckets, Rate
from adapters.doors.signing_keys import SigningKeys
from adapters.doors.tenants import PostgresTenants, Tenants
from adapters.doors.tokens import ClaimNames, Tokens
from adapters.doors.velocity import Velocity
from adapters.event_log.codec import EventCodec
from adapters.event_log.postgres import PostgresEventLog
from adapters.idempotency import Idempotency, PostgresIdempotency
from adapters.inbox import Inbox, PostgresInbox
from adapters.offers import Offers, PostgresOffers
from adapters.operators.acts import Acts, PostgresActs
from adapters.operators.reconciliations import PostgresReconciliations, Reconciliations
from adapters.outbox import PostgresOutbox, TaskBoard
from adapters.payments.stripe import StripePayments
from adapters.read_models import PostgresReadModels, ReadModels
from adapters.read_tables import PROJECTIONS
from adapters.sandbox_clock import SandboxClock
from adapters.signing import Signer
from adapters.suppliers.duffel import DuffelSupplier
from adapters.vault import Vault
from domain.ports import Clock, EventLog, Payments, Supplier
from service.clock import SystemClock
from service.codec import codec_of
from service.desk import Desk
from service.handle import Road, new_id
from service.http.guards.limits import Meter, RateLimits
from service.http.guards.strangers import Strangers
from service.observability.metrics import Metrics
from service.observability.provider_calls import watched
from service.observability.spans import Tracer, tracer_of_environment
from service.operating.book import Book
from service.operating.desk import OperatorDesk
from service.outbound.parts import Outbound, outbound_of
from service.people.forgetting import Forgetting
from service.people.key_files import signer_of, vault_of
from service.people.retention import Retention
from service.people.sealing import People
from service.reconciling.run import Reconciler
from service.settings import Settings
from service.workers.housekeeping import Housekeeper, Purge
from service.workers.loop import Worker
from service.workers.notices import NoticeWork
from service.workers.orders import OrderWork
from service.workers.pages import Pages
from service.workers.payments import PaymentWork
from service.workers.polling import EventPoller
from service.workers.projector import Projector


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """Where the service keeps things: all in Postgres, or all in memory (`adapters.memory`)."""

    log: EventLog
    outbox: TaskBoard
    inbox: Inbox
    models: ReadModels
    keys: ApiKeys
    idempotency: Idempotency
    offers: Offers
    carts: CartStore
    buckets: Buckets
    tenants: Tenants
    reconciliations: Reconciliations
    acts: Acts
    vault: Vault
    signer: Signer


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Everything a role of the service may need; nothing runs yet. Without a `database` the
    stores are in memory."""

    settings: Settings
    metrics: Metrics
    tracer: Tracer
    database: Database | None
    clock: Clock
    codec: EventCodec
    log: EventLog
    outbox: TaskBoard
    inbox: Inbox
    models: ReadModels
    keys: ApiKeys
    tokens: Tokens | None
    limits: RateLimits
    strangers: Strangers
    tenants: Tenants
    idempotency: Idempotency
    carts: CartStore
    vault: Vault
    people: People
    signer: Signer
    forgetting: Forgetting
    payments: Payments
    suppliers: Mapping[str, Supplier]
    road: Road
    desk: Desk
    operating: OperatorDesk
    worker: Worker
    poller: EventPoller
    reconciler: Reconciler
    housekeeper: Housekeeper
    outbound: Outbound | None
    projectors: tuple[Projector, ...]


@asynccontextmanager
async def assembled(
    settings: Settings, database: Database, tracer: Tracer | None = None
) -> AsyncIterator[Service]:
    """The parts, wired; closed when the block ends. Without a `tracer` the environment says
    whether and where traces go."""
    clock = await clock_of(settings, database)
    codec = codec_of(settings)
    signer = signer_of(settings)
    vault = vault_of(settings, database)
    metrics, tracer = Metrics(), tracer or tracer_of_environment()
    payments = StripePayments(
        api_key=plain(settings.stripe_api_key),
        webhook_secrets=secrets(settings.stripe_webhook_secret),
        api_base=settings.stripe_api_base,
        api_version=settings.stripe_api_version,
        mobile_api_version=settings.stripe_mobile_api_version,
        watched=watched("stripe", metrics, tracer),
    )
    duffel = DuffelSupplier(
        token=plain(settings.duffel_token),
        clock=clock,
        webhook_secrets=secrets(settings.duffel_webhook_secret),
        base_url=settings.duffel_api_base,
        watched=watched("duffel", metrics, tracer),
    )
    try:
        async with PostgresEventLog.opened(database, codec, clock) as log:
            stores = stores_in(settings, database, codec, log, vault, signer)
            yield wired(settings, database, clock, codec, stores, payments, duffel, metrics, tracer)
    finally:
        await duffel.close()
        await payments.aclose()
        await asyncio.to_thread(tracer.close)


def stores_in(
    settings: Settings,
    database: Database,
    codec: EventCodec,
    log: PostgresEventLog,
    vault: Vault,
    signer: Signer,
) -> Stores:
    return Stores(
        log=log,
        outbox=PostgresOutbox(database),
        inbox=PostgresInbox(database),
        models=PostgresReadModels(database, codec),
        keys=ApiKeys(RecentKeys(PostgresApiKeyRows(database)), settings.mode),
        idempotency=PostgresIdempotency(database),
        offers=PostgresOffers(database),
        carts=PostgresCarts(database),
        buckets=PostgresBuckets(database),
        tenants=PostgresTenants(database),
        reconciliations=PostgresReconciliations(database),
        acts=PostgresActs(database),
        vault=vault,
        signer=signer,
    )


def wired(
    settings: Settings,
    database: Database | None,
    clock: Clock,
    codec: EventCodec,
    stores: Stores,
    payments: Payments,
    supplier: Supplier,
    metrics: Metrics,
    tracer: Tracer,
) -> Service:
    suppliers: dict[str, Supplier] = {supplier.name: supplier}
    log, outbox, inbox, models = stores.log, stores.outbox, stores.inbox, stores.models
    road = Road(log, on_conflict=metrics.conflicts.inc, trace_id=tracer.trace_id)
    people = People(stores.vault, new_id)
    paying = PaymentWork(road, payments, clock, settings.base_url)
    book = Book(stores.acts, clock)
    forgetting = Forgetting(road, stores.vault, stores.signer, clock, book)
    ordering = OrderWork(road, suppliers, people, outbox, clock)
    desk = desk_of(settings, stores, road, suppliers, payments, people, clock)
    outbound = outbound_of(settings, database, road, log, stores.vault, clock, metrics, book)
    retelling = outbound.retelling if outbound else None
    poller = EventPoller(payments, inbox, clock, settings.reconcile_every_s)
    return Service(
        settings=settings,
        metrics=metrics,
        tracer=tracer,
        database=database,
        clock=clock,
        codec=codec,
        log=log,
        outbox=outbox,
        inbox=inbox,
        models=models,
        keys=stores.keys,
        tokens=tokens_of(settings),
        tenants=stores.tenants,
        limits=limits_of(settings, stores.buckets),
        strangers=strangers_of(settings, stores.buckets),
        idempotency=stores.idempotency,
        carts=stores.carts,
        vault=stores.vault,
        people=people,
        signer=stores.signer,
        forgetting=forgetting,
        payments=payments,
        suppliers=suppliers,
        road=road,
        desk=desk,
        operating=OperatorDesk(road, desk, outbox, paying, ordering, clock, book, retelling),
        worker=Worker(
            road,
            outbox,
            paying,
            ordering,
            NoticeWork(inbox, paying, ordering),
            forgetting,
            clock,
            metrics,
            tracer,
            hands=settings.task_workers,
            lease_s=settings.task_lease_s,
            poll_s=settings.task_poll_s,
        ),
        housekeeper=housekeeper_of(settings, stores, database, outbound, forgetting, clock),
        outbound=outbound,
        poller=poller,
        reconciler=reconciler_of(settings, stores, road, poller, suppliers),
        projectors=projectors_of(settings, stores),
    )


def desk_of(
    settings: Settings,
    stores: Stores,
    road: Road,
    suppliers: Mapping[str, Supplier],
    payments: Payments,
    people: People,
    clock: Clock,
) -> Desk:
    velocity = velocity_of(settings, stores.buckets)
    return Desk(
        road, suppliers, payments, stores.offers, people, clock, settings.book_wait_s, velocity
    )


def housekeeper_of(
    settings: Settings,
    stores: Stores,
    database: Database | None,
    outbound: Outbound | None,
    forgetting: Forgetting,
    clock: Clock,
) -> Housekeeper:
    offers, deliveries = days(settings.offers_kept_days), days(settings.deliveries_kept_days)
    purges: dict[str, Purge] = {
        "offers": lambda now: stores.offers.purge(now - offers),
        "idempotency": stores.idempotency.purge,
        "rate_limits": stores.buckets.purge,
    }
    if outbound is not None:
        kept = outbound.deliveries
        purges["deliveries"] = lambda now: kept.purge(now - deliveries)
    if database is not None:
        purges["sessions"] = sessions_of(settings, database).forget_ended
    if settings.people_kept_days:
        people = days(settings.people_kept_days)
        purges["people"] = Retention(stores.vault.keys, forgetting, people).purge
    return Housekeeper(purges, clock)


def days(count: float) -> timedelta:
    return timedelta(days=count)


def sessions_of(settings: Settings, database: Database) -> OperatorSessions:
    return OperatorSessions(
        database,
        idle=timedelta(seconds=settings.console_idle_s),
        lasting=timedelta(seconds=settings.console_session_s),
    )


def projectors_of(settings: Settings, stores: Stores) -> tuple[Projector, ...]:
    pages = Pages(stores.log)
    return tuple(
        Projector(pages, stores.models, name, settings.projection_poll_s) for name in PROJECTIONS
    )


def reconciler_of(
    settings: Settings,
    stores: Stores,
    road: Road,
    poller: EventPoller,
    suppliers: Mapping[str, Supplier],
) -> Reconciler:
    every_s = settings.reconcile_all_every_s
    return Reconciler(road, poller, suppliers, stores.reconciliations, every_s)


async def clock_of(settings: Settings, database: Database) -> Clock:
    if not settings.sandbox:
        return SystemClock()
    clock = SandboxClock(database)
    await clock.read()
    return clock


def tokens_of(settings: Settings) -> Tokens | None:
    """Who verifies tokens; None: no issuer is trusted, only API keys are good."""
    if settings.oidc_issuer is None or settings.oidc_audience is None:
        return None
    names = ClaimNames(
        tenant=settings.oidc_tenant_claim,
        scope=settings.oidc_scope_claim,
        roles=settings.oidc_roles_claim,
    )
    keys = SigningKeys(settings.oidc_issuer, settings.oidc_jwks_url)
    return Tokens(settings.oidc_issuer, settings.oidc_audience, keys, names)


def limits_of(settings: Settings, buckets: Buckets) -> RateLimits:
    burst_s = settings.rate_burst_s
    return RateLimits(
        Meter(buckets),
        caller=rate(settings.rate_caller_per_s, 1.0, burst_s),
        tenant=rate(settings.rate_tenant_per_s, 1.0, burst_s),
    )


def strangers_of(settings: Settings, buckets: Buckets) -> Strangers:
    """What a minute allows may come at once."""
    failures = rate(settings.rate_failed_per_min, 60.0, 60.0)
    return Strangers(Meter(buckets), failures, settings.trusted_proxies)


def velocity_of(settings: Settings, buckets: Buckets) -> Velocity:
    """Half of what an hour, or a minute, allows may come at once."""
    return Velocity(
        buckets,
        trip=rate(settings.payments_trip_per_h, 3_600.0, 1_800.0),
        tenant=rate(settings.payments_tenant_per_min, 60.0, 30.0),
    )


def rate(count: float, every_s: float, burst_s: float) -> Rate | None:
    """So many every so many seconds; None when it is nought, which stands for no limit."""
    per_s = count / every_s
    return Rate(per_s, max(1, round(per_s * burst_s))) if count else None


def plain(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""


def secrets(setting: SecretStr | None) -> tuple[str, ...]:
    """Several secrets are separated by commas: while one is replaced, both are good."""
    return tuple(part.strip() for part in plain(setting).split(",") if part.strip())
