"""The composition root: settings and a database in, the parts of the running service out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pydantic import SecretStr

from adapters.api_keys import ApiKeys, PostgresApiKeyRows
from adapters.database import Database
from adapters.event_log.codec import EventCodec
from adapters.event_log.postgres import PostgresEventLog
from adapters.idempotency import PostgresIdempotency
from adapters.inbox import PostgresInbox
from adapters.offers import PostgresOffers
from adapters.outbox import PostgresOutbox
from adapters.read_models import PostgresReadModels
from adapters.sandbox_clock import SandboxClock
from adapters.stripe_payments import StripePayments
from adapters.suppliers.duffel import DuffelSupplier
from adapters.vault import MasterKeys, PostgresPersonKeys, Vault
from domain.ports import Clock, Supplier
from service.clock import SystemClock
from service.codec import codec_of
from service.desk import Desk
from service.handle import Road, new_id
from service.people import People
from service.settings import Settings
from service.workers.housekeeping import Housekeeper
from service.workers.loop import Worker
from service.workers.notices import NoticeWork
from service.workers.orders import OrderWork
from service.workers.payments import PaymentWork
from service.workers.polling import EventPoller
from service.workers.projector import Projector


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Everything a role of the service may need; nothing runs yet."""

    settings: Settings
    database: Database
    clock: Clock
    codec: EventCodec
    log: PostgresEventLog
    outbox: PostgresOutbox
    inbox: PostgresInbox
    models: PostgresReadModels
    keys: ApiKeys
    idempotency: PostgresIdempotency
    vault: Vault
    people: People
    payments: StripePayments
    suppliers: Mapping[str, Supplier]
    road: Road
    desk: Desk
    worker: Worker
    poller: EventPoller
    housekeeper: Housekeeper
    projectors: tuple[Projector, ...]


@asynccontextmanager
async def assembled(settings: Settings, database: Database) -> AsyncIterator[Service]:
    """The parts, wired; closed when the block ends."""
    clock = await clock_of(settings, database)
    codec = codec_of(settings)
    key_file = settings.master_key_file or settings.data_dir / "master.key"
    vault = Vault(PostgresPersonKeys(database), MasterKeys.read_or_create(key_file))
    payments = StripePayments(
        api_key=plain(settings.stripe_api_key),
        webhook_secrets=secrets(settings.stripe_webhook_secret),
        api_base=settings.stripe_api_base,
        api_version=settings.stripe_api_version,
        mobile_api_version=settings.stripe_mobile_api_version,
    )
    duffel = DuffelSupplier(
        token=plain(settings.duffel_token),
        clock=clock,
        webhook_secrets=secrets(settings.duffel_webhook_secret),
        base_url=settings.duffel_api_base,
    )
    try:
        async with PostgresEventLog.opened(database, codec, clock) as log:
            yield wired(settings, database, clock, codec, log, vault, payments, duffel)
    finally:
        await duffel.close()
        await payments.aclose()


def wired(
    settings: Settings,
    database: Database,
    clock: Clock,
    codec: EventCodec,
    log: PostgresEventLog,
    vault: Vault,
    payments: StripePayments,
    duffel: DuffelSupplier,
) -> Service:
    suppliers: dict[str, Supplier] = {duffel.name: duffel}
    road = Road(log)
    people = People(vault, new_id)
    outbox = PostgresOutbox(database)
    inbox = PostgresInbox(database)
    offers = PostgresOffers(database)
    idempotency = PostgresIdempotency(database)
    models = PostgresReadModels(database, codec)
    payment_work = PaymentWork(road, payments, clock, settings.base_url)
    order_work = OrderWork(road, suppliers, people, outbox, clock)
    return Service(
        settings=settings,
        database=database,
        clock=clock,
        codec=codec,
        log=log,
        outbox=outbox,
        inbox=inbox,
        models=models,
        keys=ApiKeys(PostgresApiKeyRows(database)),
        idempotency=idempotency,
        vault=vault,
        people=people,
        payments=payments,
        suppliers=suppliers,
        road=road,
        desk=Desk(
            road,
            suppliers,
            payments,
            offers,
            people,
            clock,
            settings.book_wait_s,
        ),
        worker=Worker(
            road,
            outbox,
            payment_work,
            order_work,
            NoticeWork(inbox, payment_work, order_work),
            clock,
            hands=settings.task_workers,
            lease_s=settings.task_lease_s,
            poll_s=settings.task_poll_s,
        ),
        housekeeper=Housekeeper(offers, idempotency, clock),
        poller=EventPoller(payments, inbox, clock, settings.reconcile_every_s),
        projectors=tuple(
            Projector(log, models, name, settings.projection_poll_s)
            for name in ("trip_details", "bookings")
        ),
    )


async def clock_of(settings: Settings, database: Database) -> Clock:
    if not settings.sandbox:
        return SystemClock()
    clock = SandboxClock(database)
    await clock.read()
    return clock


def plain(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""


def secrets(setting: SecretStr | None) -> tuple[str, ...]:
    """Several secrets are separated by commas: while one is replaced, both are good."""
    return tuple(part.strip() for part in plain(setting).split(",") if part.strip())
