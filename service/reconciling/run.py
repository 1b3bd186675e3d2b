"""Comparing everything that has moved since a time, or one trip, with the world; regularly, and
whenever somebody asks. Doing it twice, side by side or after being killed does no harm: each step
is a fact recorded once."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from adapters.operators.reconciliations import Done, Drift, Reconciliations, Run
from domain.log import Cause, Recorded, UnreadableEvent
from domain.payments import PaymentSighting
from domain.ports import Clock, Supplier
from domain.reconciling import NOTHING, spoken, told_of
from domain.suppliers import SupplierOrder
from service.handle import Road
from service.reconciling.trips import Comparison, World
from service.workers.polling import EventPoller

log = structlog.get_logger()

ACTOR = "worker:reconcile"
# A run takes in what the one before may have seen half of; the first looks back so far.
OVERLAP = timedelta(minutes=10)
FIRST_LOOK = timedelta(days=2)
# What has moved so lately is still moving: the next run compares it.
SETTLED_AFTER = timedelta(minutes=1)
# Seconds of real time between looks whether a run is due.
LOOK_S = 300.0
# Signs of life, and what is counted, are written down after so many trips.
BATCH = 20
IN_HAND = {"authorized", "captured"}

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is compared: one trip, or all that have moved since a time. A dry run changes nothing
    and leaves no report."""

    since: datetime
    trip_id: str | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    run: Run
    drifts: Sequence[Drift]

    @property
    def staying(self) -> Sequence[Drift]:
        """What is not settled by the end of the run."""
        return [drift for drift in self.drifts if drift.stays]


class Reconciler:
    """Any number of processes may have one: the regular run is one process's at a time."""

    def __init__(
        self,
        road: Road,
        poller: EventPoller,
        suppliers: Mapping[str, Supplier],
        reports: Reconciliations,
        every_s: float,
    ) -> None:
        self.road = road
        self.poller = poller
        self.payments = poller.payments
        self.suppliers = suppliers
        self.reports = reports
        self.clock = poller.clock
        self.every_s = every_s

    async def run(self) -> None:
        """Reconcile whenever it is due; for ever."""
        if not self.every_s:
            return
        while True:
            await asyncio.sleep(min(self.every_s, LOOK_S))
            try:
                await self.look()
            except Exception as error:  # the run has no end: when it counts as dead it is due again
                log.warning("not_reconciled", reason=type(error).__name__, exc_info=True)

    async def look(self) -> Report | None:
        """Do the run that is due; None: none is, or somebody else does it."""
        run = await self.reports.claim(
            self.clock.now(),
            every=timedelta(seconds=self.every_s),
            overlap=OVERLAP,
            first_look=FIRST_LOOK,
        )
        if run is None:
            return None
        report = await self.compared(run, Scope(since=run.since), lambda done, total: None)
        if report.staying:
            log.warning("drift_stays", count=len(report.staying))
        return report

    async def reconcile(
        self, scope: Scope, progress: Progress = lambda done, total: None
    ) -> Report:
        """Compare now. Raises Refused where there is no such trip, and what the providers raise
        where one of them does not even list what it has."""
        now = self.clock.now()
        if scope.trip_id is not None:
            dossier, _ = await self.road.read(scope.trip_id)
            assert dossier.trip is not None, "read answers trips"
            scope = replace(scope, since=dossier.trip.started_at)
        if scope.dry_run:
            run = Run(run_id="", started_at=now, since=scope.since, trip_id=scope.trip_id)
        else:
            run = await self.reports.begin(now, scope.since, scope.trip_id)
        return await self.compared(run, scope, progress)

    async def compared(self, run: Run, scope: Scope, progress: Progress) -> Report:
        notes = Notes(self.reports, run, scope, self.clock)
        for drift in await self.missed_news(scope):
            await notes.take(drift)
        open_before = await self.open_before(scope)
        sightings, orders = await self.listed(scope, open_before)
        trips = await self.trips(scope, open_before, sightings, orders)
        for number, trip_id in enumerate(trips):
            progress(number, len(trips))
            if number % BATCH == 0:
                await notes.alive(number)
            for drift in await self.of_trip(trip_id, scope, sightings, orders):
                await notes.take(drift)
        progress(len(trips), len(trips))
        for drift in await self.nobodys(sightings, orders):
            await notes.take(drift)
        return await notes.finish(len(trips))

    async def missed_news(self, scope: Scope) -> list[Drift]:
        """Notifications that never came: taken in now, for the workers to look."""
        look = self.poller.missed if scope.dry_run else self.poller.replay
        done: Done = "would_replay" if scope.dry_run else "replayed"
        return [
            Drift(
                key=f"notification_missed:{event.event_id}",
                code="notification_missed",
                subject=event.event_id,
                ours=NOTHING,
                theirs=f"{event.type} of {event.object_id}",
                at_stake=None,
                done=done,
                trip_id=event.references.get("trip_id"),
                happened_at=event.created_at,
            )
            for event in await look(scope.since, scope.trip_id)
        ]

    async def open_before(self, scope: Scope) -> Sequence[Drift]:
        """What the last run left open is looked at again, however old it is."""
        last = await self.reports.last() if scope.trip_id is None else None
        return [drift for drift in await self.reports.drifts(last) if drift.stays] if last else []

    async def listed(
        self, scope: Scope, open_before: Sequence[Drift]
    ) -> tuple[dict[str, list[PaymentSighting]], dict[str, list[SupplierOrder]]]:
        """The providers' own lists, by the trip that each row names ("": none)."""
        since = min([scope.since, *(d.happened_at for d in open_before if d.happened_at)])
        sightings: dict[str, list[PaymentSighting]] = defaultdict(list)
        orders: dict[str, list[SupplierOrder]] = defaultdict(list)
        for sighting in await self.payments.payments_since(since):
            if sighting.status in IN_HAND:
                sightings[sighting.references.get("trip_id", "")].append(sighting)
        for supplier in self.suppliers.values():
            for order in await supplier.orders_since(since):
                if order.stands:
                    orders[order.metadata.get("trip_id", "")].append(order)
        if scope.trip_id is None:
            return sightings, orders
        only = scope.trip_id
        return {only: sightings[only]}, {only: orders[only]}

    async def trips(
        self,
        scope: Scope,
        open_before: Sequence[Drift],
        sightings: Mapping[str, Sequence[PaymentSighting]],
        orders: Mapping[str, Sequence[SupplierOrder]],
    ) -> list[str]:
        if scope.trip_id is not None:
            return [scope.trip_id]
        named = {drift.trip_id for drift in open_before if drift.trip_id}
        moved = await self.reports.trips_since(scope.since)
        return sorted({*moved, *named, *sightings, *orders} - {""})

    async def of_trip(
        self,
        trip_id: str,
        scope: Scope,
        sightings: Mapping[str, Sequence[PaymentSighting]],
        orders: Mapping[str, Sequence[SupplierOrder]],
    ) -> list[Drift]:
        recorded = await self.read(trip_id)
        now = self.clock.now()
        if not recorded:
            return []
        if scope.trip_id is None and recorded[-1].recorded_at > now - SETTLED_AFTER:
            return []
        world = World(
            road=self.road,
            payments=self.payments,
            suppliers=self.suppliers,
            cause=Cause(tenant=None, actor=ACTOR),
            dry_run=scope.dry_run,
        )
        seen = frozenset(s.payment_id for s in sightings.get(trip_id, ()))
        comparison = Comparison(world, recorded, now, orders.get(trip_id, ()), seen)
        newest = recorded[-1]
        with structlog.contextvars.bound_contextvars(
            tenant=newest.cause.tenant, trip_id=trip_id, position=newest.position
        ):
            return await comparison.compare()

    async def read(self, trip_id: str) -> Sequence[Recorded]:
        try:
            return await self.road.log.read_trip(trip_id)
        except (ValueError, UnreadableEvent) as error:
            # A made-up id, or a log that `log verify` complains of.
            log.warning("trip_unreadable", reason=type(error).__name__)
            return ()

    async def nobodys(
        self,
        sightings: Mapping[str, Sequence[PaymentSighting]],
        orders: Mapping[str, Sequence[SupplierOrder]],
    ) -> list[Drift]:
        """Money and orders that name no trip of ours. There is no trip to put it before people
        with; what they have accepted is settled."""
        found = []
        for trip_id in {*sightings, *orders}:
            if not trip_id or not await self.read(trip_id):
                found += [nobodys_payment(s) for s in sightings.get(trip_id, ())]
                found += [nobodys_order(o) for o in orders.get(trip_id, ())]
        accepted = await self.reports.accepted([drift.key for drift in found])
        return [replace(d, done="settled") if d.key in accepted else d for d in found]


class Notes:
    """What a run finds, written down as it is found; a dry run only keeps it in mind."""

    def __init__(self, reports: Reconciliations, run: Run, scope: Scope, clock: Clock) -> None:
        self.reports = reports
        self.run = run
        self.scope = scope
        self.clock = clock
        self.drifts: list[Drift] = []

    async def take(self, drift: Drift) -> None:
        self.drifts.append(drift)
        if not self.scope.dry_run:
            await self.reports.add(self.run, drift, self.clock.now())

    async def alive(self, compared: int) -> None:
        if not self.scope.dry_run:
            await self.reports.alive(self.run, self.clock.now(), compared)

    async def finish(self, compared: int) -> Report:
        now = self.clock.now()
        run = replace(self.run, finished_at=now, compared=compared)
        if self.scope.dry_run:
            return Report(run=run, drifts=self.drifts)
        await self.reports.finish(run, now, compared)
        return Report(run=run, drifts=await self.reports.drifts(run))


def nobodys_payment(seen: PaymentSighting) -> Drift:
    return Drift(
        key=f"payment_of_nobody:{seen.payment_id}",
        code="payment_of_nobody",
        subject=seen.payment_id,
        ours=NOTHING,
        theirs=spoken(seen.status, seen.amount, seen.captured),
        at_stake=seen.captured if seen.captured.amount else seen.amount,
        done="reported",
        happened_at=seen.created_at,
    )


def nobodys_order(order: SupplierOrder) -> Drift:
    return Drift(
        key=f"order_of_nobody:{order.supplier_order_id}",
        code="order_of_nobody",
        subject=order.supplier_order_id,
        ours=NOTHING,
        theirs=f"{told_of(order)}: {order.title}",
        at_stake=order.price,
        done="reported",
        happened_at=order.made_at,
    )
