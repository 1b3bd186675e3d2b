"""Reconciling as the running service and as people do it, and what it found."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from typing import Any

from domain.suppliers import (
    Contact,
    FlightSearch,
    OrderConfirmed,
    OrderRequest,
    SearchPassenger,
    Slice,
    Traveler,
)
from service.reconciling.run import Report, Scope
from tests.forking import command
from tests.scenarios.processes import environment
from tests.scenarios.stillness import nothing_is_on_its_way
from tests.scenarios.world import AMELIA, CONTACT, DEPARTURE, World

# Longer than anything that has moved still counts as moving.
SETTLED_S = 61


async def everything(world: World, *, dry_run: bool = False) -> Report:
    """All that has moved in the last day is compared, when it has come to rest."""
    await nothing_is_on_its_way(world)
    await world.advance(SETTLED_S)
    since = world.service.clock.now() - timedelta(days=1)
    return await world.service.reconciler.reconcile(Scope(since=since, dry_run=dry_run))


async def one(world: World, trip_id: str, *, dry_run: bool = False) -> Report:
    now = world.service.clock.now()
    return await world.service.reconciler.reconcile(
        Scope(since=now, trip_id=trip_id, dry_run=dry_run)
    )


def found(report: Report) -> Counter[tuple[str, str]]:
    """What differed and what was done about it, without notifications that came too late."""
    told = ((drift.code, drift.done) for drift in report.drifts)
    return Counter(each for each in told if each[0] != "notification_missed")


async def reconciled(world: World, *words: str) -> tuple[int, Any]:
    """`tripledger reconcile` with the world's settings: its exit code and its JSON."""
    done = await command(environment(world), "reconcile", *words, "--json")
    assert done.answer, done.complaints
    return done.code, json.loads(done.answer)


async def order_elsewhere(world: World, metadata: dict[str, str]) -> OrderConfirmed:
    """Somebody orders a flight with our account, and not through us."""
    supplier = world.service.suppliers["duffel"]
    search = FlightSearch(
        slices=(Slice(origin="LHR", destination="JFK", departure_date=DEPARTURE),),
        passengers=(SearchPassenger(type="adult"),),
    )
    offer = next(iter(await supplier.search_flights(search)))
    traveler = Traveler(
        traveler_id="1",
        passenger_type="ADULT",
        first_name=AMELIA["first_name"],
        last_name=AMELIA["last_name"],
        date_of_birth=DEPARTURE.replace(year=1987),
        gender="f",
    )
    request = OrderRequest(
        attempt_id="elsewhere",
        trip_id="",
        booking_id="",
        offer=offer,
        price=offer.price,
        supplier_quote_id=None,
        selections=(),
        travelers=(traveler,),
        contact=Contact(**CONTACT),
        metadata=metadata,
    )
    answer = await supplier.order(request)
    assert isinstance(answer, OrderConfirmed), answer
    return answer
