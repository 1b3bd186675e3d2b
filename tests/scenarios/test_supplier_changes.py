"""An airline moves a flight that is booked: it is recorded once, and a person is asked to look."""

from __future__ import annotations

import asyncio
import json

from sandbox.duffel.webhook_handlers import signed_headers
from service.settings_rules import SANDBOX_DUFFEL_WEBHOOK_SECRET
from tests.scenarios.world import World


async def test_a_change_by_the_airline_is_an_incident_and_told_twice_is_one(world: World) -> None:
    trip_id = await world.build(await world.find_flight())
    before = await world.pay_and_settle(trip_id)
    [order] = [e for e in await world.journal("duffel", trip_id) if e["kind"] == "order.created"]
    notice = {
        "id": "wev_moved",
        "type": "order.airline_initiated_change_detected",
        "idempotency_key": "aic_1",
        "live_mode": False,
        "data": {"object": {"order_id": order["order_id"], "metadata": order["metadata"]}},
    }
    body = json.dumps(notice).encode()
    now = int(world.service.clock.now().timestamp())
    headers = signed_headers(body, SANDBOX_DUFFEL_WEBHOOK_SECRET, now)

    async def tell() -> int:
        url = f"{world.url}/v1/webhooks/duffel"
        async with world.session.post(url, data=body, headers=headers) as answer:
            return answer.status

    assert [200, 200] == await asyncio.gather(tell(), tell())
    await world.at_rest()

    topics = await world.topics(trip_id)
    assert 1 == topics.count("booking.changed.v1")
    assert ["booking_changed"] == [incident["code"] for incident in await world.incidents(trip_id)]
    after = await world.trip(trip_id)
    assert [b["status"] for b in before["bookings"]] == [b["status"] for b in after["bookings"]]
    assert "completed" == after["status"]
