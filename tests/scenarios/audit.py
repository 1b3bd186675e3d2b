"""What must be true after every story, whatever happened in it: the promises, checked against the
providers' own journals and the log, for every trip of the world."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec

from domain.dossier import fold
from projections import trip_details
from service.workers.projector import Projector
from tests.scenarios.world import World

ORDERED = {"order.created", "stay_booking.created"}
UNDONE = {"order.cancelled", "stay_booking.cancelled"}


async def audit(world: World) -> None:
    await world.at_rest()
    for trip_id in world.trips:
        await money_is_matched(world, trip_id)
        await items_are_ordered_once(world, trip_id)
    await read_models_are_what_the_log_says(world)


async def money_is_matched(world: World, trip_id: str) -> None:
    """Captured at most once; what is kept is exactly what the confirmed bookings cost."""
    entries = await world.journal("stripe", trip_id)
    captured = [e["amount"] for e in entries if e["kind"] == "payment.captured"]
    kept = sum(captured) - sum(
        e["amount"] for e in entries if e["kind"] == "refund.created"
    ) + sum(e["amount"] for e in entries if e["kind"] == "refund.failed")
    trip = await world.trip(trip_id)
    booked = [b["price"]["amount"] for b in trip["bookings"] if b["status"] == "confirmed"]
    if trip["status"] in {"completed", "failed"}:
        assert sum(booked) == kept, f"{kept} kept for bookings worth {booked}: {entries}"
    else:
        assert kept == 0, f"{kept} kept while the trip is {trip['status']}: {entries}"


async def items_are_ordered_once(world: World, trip_id: str) -> None:
    """At most one order per booking ever, and none that stands without being wanted."""
    made: Counter[str] = Counter()
    standing: Counter[str] = Counter()
    owner: dict[Any, str] = {}
    for entry in await world.journal("duffel", trip_id):
        booking_id = entry["metadata"]["booking_id"]
        if entry["kind"] in ORDERED:
            made[booking_id] += 1
            standing[booking_id] += 1
            owner[entry.get("order_id") or entry.get("booking_id")] = booking_id
        elif entry["kind"] in UNDONE:
            standing[booking_id] -= 1
    assert all(count == 1 for count in made.values()), f"ordered more than once: {made}"
    trip = await world.trip(trip_id)
    confirmed = sorted(b["booking_id"] for b in trip["bookings"] if b["status"] == "confirmed")
    assert confirmed == sorted(b for b, count in standing.items() if count)


async def read_models_are_what_the_log_says(world: World) -> None:
    """Each row, after the projections have caught up, is the fold of its trip's events."""
    service = world.service
    for name in ("trip_details", "bookings"):
        projector = Projector(service.log, service.models, name, poll_s=1.0)
        while await projector.catch_up():
            pass
    for row in await service.models.trips(world.trips):
        recorded = await service.log.read_trip(row.trip_id)
        told = fold(r.event for r in recorded)
        assert msgspec.json.encode(told) == row.state
        again = None
        for r in recorded:
            again = trip_details.project(again, r.event)
        assert again == told
