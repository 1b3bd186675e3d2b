"""A world in which what goes wrong has gone wrong: one trip for each kind of trouble, and some that
are well."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sandbox.duffel.webhook_handlers import signed_headers
from service.settings_rules import SANDBOX_DUFFEL_WEBHOOK_SECRET
from tests.reconciling.comparing import everything
from tests.scenarios.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Each trip by what is the matter with it."""

    done: str
    declined: str
    partly: str
    never_found: str
    not_taken_back: str
    moved: str
    refund_failed: str


async def prepare(world: World) -> Prepared:
    """All of them, settled, and seen by the read models; and a shop that is told and not there."""
    endpoint = {"url": "http://127.0.0.1:9/hooks", "events": ["trip.fulfilled.v1"]}
    await world.call("POST", "/v1/webhook-endpoints", endpoint)
    prepared = Prepared(
        done=await done(world),
        declined=await declined(world),
        partly=await partly(world),
        never_found=await never_found(world),
        not_taken_back=await not_taken_back(world),
        moved=await moved(world),
        refund_failed=await refund_failed(world),
    )
    await everything(world)
    await seen(world)
    return prepared


async def seen(world: World) -> None:
    """Until the read models have seen everything there is."""
    last = await world.service.log.last_position()
    while any(p.position < last for p in await world.service.models.checkpoints() if p.live):
        await world.service.log.changed(0.05)


async def done(world: World) -> str:
    trip_id = await world.build_usual()
    await world.pay_and_settle(trip_id)
    return trip_id


async def declined(world: World) -> str:
    trip_id = await world.build_usual()
    booked = await world.book(trip_id)
    await world.pay(booked["session_id"], "declined")
    await world.until(trip_id, lambda trip: trip["payment"]["status"] == "failed")
    return trip_id


async def partly(world: World) -> str:
    """The room is gone, the flight is kept."""
    trip_id = await world.build_usual()
    await world.fault("duffel", "POST", "/stays/bookings", "sold_out")
    await world.pay_and_settle(trip_id)
    return trip_id


async def never_found(world: World) -> str:
    """An order that got no answer and never showed up."""
    trip_id = await world.build(await world.find_flight())
    await world.fault("duffel", "POST", "/air/orders", "html_502")
    await world.pay_and_settle(trip_id)
    return trip_id


async def not_taken_back(world: World) -> str:
    """A room that nobody wants any more and the supplier will not cancel."""
    stay = await world.find_test_stay("Cancellation Not Supported", "Flexible Rate")
    trip_id = await world.build(stay, await world.find_flight(refundable=False))
    await world.fault("duffel", "POST", "/air/orders", "sold_out")
    await world.pay_and_settle(trip_id, fulfillment_policy="all_or_nothing")
    return trip_id


async def moved(world: World) -> str:
    """The airline has changed the flight."""
    trip_id = await world.build(await world.find_flight())
    await world.pay_and_settle(trip_id)
    [order] = [e for e in await world.journal("duffel", trip_id) if e["kind"] == "order.created"]
    notice = {
        "id": f"wev_{trip_id}",
        "type": "order.airline_initiated_change_detected",
        "idempotency_key": f"aic_{trip_id}",
        "live_mode": False,
        "data": {"object": {"order_id": order["order_id"], "metadata": order["metadata"]}},
    }
    body = json.dumps(notice).encode()
    now = int(world.service.clock.now().timestamp())
    headers = signed_headers(body, SANDBOX_DUFFEL_WEBHOOK_SECRET, now)
    url = f"{world.url}/v1/webhooks/duffel"
    async with world.session.post(url, data=body, headers=headers) as answer:
        assert 200 == answer.status
    await world.until_recorded(trip_id, "trip.incident-opened.v1")
    return trip_id


async def refund_failed(world: World) -> str:
    """The bank sends a refund back, so the money is still owed."""
    trip_id = await world.build(await world.find_flight(), await world.find_stay())
    booked = await world.book(trip_id)
    await world.fault("duffel", "POST", "/air/orders", "sold_out")
    session = await world.pay(booked["session_id"], "processing")
    await world.settle(session["payment_intent"], "succeeded")
    await world.until(trip_id, lambda t: t["payment"]["status"] == "partially_refunded")
    [refund] = [e for e in await world.journal("stripe", trip_id) if e["kind"] == "refund.created"]
    await world.steer("stripe", "POST", f"/_sandbox/refunds/{refund['refund']}/fail", {})
    await world.until(trip_id, lambda t: t["payment"]["status"] == "refund_failed")
    return trip_id
