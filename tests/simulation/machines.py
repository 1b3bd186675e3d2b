"""The machines of a run: some carry the service, with what it keeps elsewhere; one is Stripe, one
is Duffel. A machine whose process has died starts another after a while."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, cast

from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from adapters.api_keys import ApiKeys, RecentKeys
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
from adapters.payments.stripe import StripePayments
from adapters.signing import Signer
from adapters.suppliers.duffel import DuffelSupplier
from adapters.vault import MasterKeys, Vault
from sandbox.clock import SandboxClock
from sandbox.duffel.app import create_app as duffel_app
from sandbox.stripe.app import create_app as stripe_app
from service.app import Service, Stores, plain, secrets, wired
from service.codec import codec_of
from service.http.api import register
from service.http.listener import Listener
from service.http.middleware import doorkeeper
from service.http.routes import routes_of
from service.observability.metrics import Metrics
from service.observability.spans import NoTraces
from service.serving import background, working
from service.settings import Settings
from service.settings_rules import (
    SANDBOX_DUFFEL_TOKEN,
    SANDBOX_DUFFEL_WEBHOOK_SECRET,
    SANDBOX_STRIPE_KEY,
    SANDBOX_STRIPE_WEBHOOK_SECRET,
)
from tests.simulation.distant import Distant, Wire
from tests.simulation.faults import Faults
from tests.simulation.loop import NOBODY, Host, SimulatedLoop
from tests.simulation.planted import Composition

EPOCH = datetime(2027, 1, 11, 9, tzinfo=UTC)
PORT = 8080
FRONT, STRIPE, DUFFEL = "127.0.0.10", "127.0.0.2", "127.0.0.3"
FRONT_URL, STRIPE_URL, DUFFEL_URL = (f"http://{each}:{PORT}" for each in (FRONT, STRIPE, DUFFEL))
# Work goes on by hints; who hears none looks so often. In days of calm nobody needs to.
POLL_S = 5.0
CALM_POLL_S = 6 * 3_600.0
RECONCILE_S = 12 * 3_600.0


@dataclass(frozen=True, slots=True)
class HostClock:
    """The time of one host, which may go ahead or behind."""

    loop: SimulatedLoop
    skew: timedelta = timedelta()

    def now(self) -> datetime:
        return EPOCH + timedelta(seconds=self.loop.now_s) + self.skew


@cache
def settings() -> Settings:
    return Settings(
        data_dir=Path(".tripledger"),
        port=PORT,
        public_url=FRONT_URL,
        stripe_api_base=STRIPE_URL,
        duffel_api_base=DUFFEL_URL,
        reconcile_every_s=RECONCILE_S,
        reconcile_all_every_s=0.0,
    )


class Storage:
    """What outlives every process: all that was acknowledged, nothing that was not."""

    def __init__(self, clock: HostClock) -> None:
        self.outbox = MemoryOutbox()
        self.log = MemoryEventLog(codec_of(settings()), self.outbox, clock)
        self.inbox = MemoryInbox(self.outbox)
        self.models = MemoryReadModels(self.log)
        self.keys = MemoryApiKeyRows()
        self.idempotency = MemoryIdempotency()
        self.offers = MemoryOffers()
        self.carts = MemoryCarts(self.offers, self.models)
        self.buckets = MemoryBuckets(lambda: clock.loop.now_s)
        self.tenants = MemoryTenants()
        self.reconciliations = MemoryReconciliations(self.log)
        self.acts = MemoryActs()
        self.signer = Signer(Ed25519PrivateKey.from_private_bytes(bytes(32)))
        self.person_keys = MemoryPersonKeys()
        self.master_keys = MasterKeys.generate()

    def seen_from(self, wire: Wire, clock: HostClock, planted: Composition) -> Stores:
        """Each store at the end of the wire; what a host records carries its own time."""
        log = copy.copy(self.log)
        log.clock = clock

        def far(store: Any) -> Any:
            return Distant(planted.store(store), wire)

        return Stores(
            log=far(log),
            outbox=far(self.outbox),
            inbox=far(self.inbox),
            models=far(self.models),
            keys=ApiKeys(RecentKeys(far(self.keys), wire.loop.time), settings().mode),
            idempotency=far(self.idempotency),
            offers=far(self.offers),
            carts=far(self.carts),
            buckets=far(self.buckets),
            tenants=far(self.tenants),
            reconciliations=far(self.reconciliations),
            acts=far(self.acts),
            vault=Vault(far(self.person_keys), self.master_keys),
            signer=self.signer,
        )


class Machine:
    """Runs one process after the other. `roles`: api, work, project."""

    def __init__(
        self,
        loop: SimulatedLoop,
        name: str,
        run: Callable[[Machine], Coroutine[Any, Any, None]],
        faults: Faults,
        *,
        address: str,
        skew_s: float = 0.0,
    ) -> None:
        self.loop = loop
        self.name = name
        self.run = run
        self.faults = faults
        self.address = address
        self.clock = HostClock(loop, timedelta(seconds=skew_s))
        self.poll_s = POLL_S
        self.starts = 0
        self.service: Service | None = None
        self.start()

    def start(self) -> None:
        self.starts += 1
        self.host = Host(self.loop, self.name)
        self.host.spawn(self.run(self), self.name)

    def crash(self) -> None:
        if not self.host.alive:
            return
        self.host.crash()
        down_s = self.faults.chance.choice((0.1, 1.0, 10.0, 60.0, 300.0))
        self.faults.told(f"{self.name} crashes; it is down for {down_s} s")
        self.loop.call_later(down_s, self.restart, context=NOBODY)

    def restart(self) -> None:
        if not self.host.alive:
            self.faults.told(f"{self.name} is started again")
            self.start()

    def replace(self) -> None:
        """Stop it, if it runs, and start it anew, as a new release does."""
        if self.host.alive:
            self.host.crash()
        self.start()


async def serve_service(
    machine: Machine, storage: Storage, planted: Composition, roles: frozenset[str]
) -> None:
    """One process of the service, from its composition root on, until it is killed."""
    wire = Wire(machine.loop, machine.host, machine.faults, machine.crash)
    stores = storage.seen_from(wire, machine.clock, planted)
    polls = {"task_poll_s": machine.poll_s, "projection_poll_s": machine.poll_s}
    known = settings().model_copy(update=polls)
    payments = StripePayments(
        api_key=plain(known.stripe_api_key),
        webhook_secrets=secrets(known.stripe_webhook_secret),
        api_base=known.stripe_api_base,
    )
    duffel = DuffelSupplier(
        token=plain(known.duffel_token),
        clock=machine.clock,
        webhook_secrets=secrets(known.duffel_webhook_secret),
        base_url=known.duffel_api_base,
    )
    codec = codec_of(known)
    service = wired(
        known,
        None,
        machine.clock,
        codec,
        stores,
        planted.payments(payments),
        planted.supplier(duffel),
        Metrics(),
        NoTraces(),
    )
    planted.service(service)
    machine.service = service
    async with AsyncExitStack() as stack:
        if "project" in roles:
            for projector in service.projectors:
                await stack.enter_async_context(background(projector.run(), projector.name))
        if "work" in roles:
            await stack.enter_async_context(working(service))
        if "api" in roles:
            await listen(service, machine.address)
        await asyncio.Event().wait()


async def listen(service: Service, address: str) -> None:
    routes, door = routes_of(service)
    app = web.Application(middlewares=[doorkeeper(service.metrics)])
    register(app, routes, door)
    listener = Listener(app)
    await listener.setup()
    await web.TCPSite(listener, address, PORT).start()


async def serve_stripe(machine: Machine) -> None:
    app = stripe_app(
        api_key=SANDBOX_STRIPE_KEY,
        webhook_secret=SANDBOX_STRIPE_WEBHOOK_SECRET,
        webhook_url=f"{FRONT_URL}/v1/webhooks/stripe",
        public_url=STRIPE_URL,
        clock=SandboxClock(machine.clock.now),
    )
    await serve_app(app, machine.address)


async def serve_duffel(machine: Machine) -> None:
    app = duffel_app(
        token=SANDBOX_DUFFEL_TOKEN,
        webhook_secret=SANDBOX_DUFFEL_WEBHOOK_SECRET,
        webhook_url=f"{FRONT_URL}/v1/webhooks/duffel",
        clock=SandboxClock(machine.clock.now),
    )
    await serve_app(app, machine.address)


async def serve_app(app: web.Application, address: str) -> None:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, address, PORT).start()
    await asyncio.Event().wait()


def service_of(machine: Machine) -> Service:
    return cast(Service, machine.service)
