"""What users of other checkouts complained of and no other story tells; `docs/COMPLAINTS.md` says
which test answers which thread."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

from sandbox.stripe.app import sign
from service.settings_rules import SANDBOX_STRIPE_WEBHOOK_SECRET
from tests.scenarios.world import World

ANOTHER_VERSION = "2016-07-06"
HALF_AN_HOUR = 30 * 60


async def tell(world: World, thing: dict[str, Any], type: str, **event: Any) -> int:
    """The status that a freshly signed notification about `thing` is answered with."""
    told = {"id": f"evt_{uuid4().hex}", "object": "event", "type": type, "created": 1, **event}
    body = json.dumps(told | {"data": {"object": thing}}).encode()
    headers = sign(body, SANDBOX_STRIPE_WEBHOOK_SECRET, int(world.service.clock.now().timestamp()))
    url = f"{world.url}/v1/webhooks/stripe"
    async with world.session.post(url, data=body, headers=headers) as answer:
        return answer.status


async def outcomes(world: World) -> list[str | None]:
    """What came of what was taken in."""
    rows = await world.service.database.pool.fetch(
        "SELECT outcome FROM tripledger.inbox ORDER BY received_at"
    )
    return [row["outcome"] for row in rows]


async def test_an_old_decline_told_again_leaves_a_paid_trip_paid(world: World) -> None:
    trip_id = await world.build_usual()
    session_id = (await world.book(trip_id))["session_id"]
    await world.pay(session_id, "declined")
    await world.until_recorded(trip_id, "trip.payment-failed.v1")
    await world.pay(session_id)
    await world.until_status(trip_id, "completed", "failed")
    [held] = [
        e for e in await world.journal("stripe", trip_id) if e["kind"] == "payment.authorized"
    ]
    before = await world.topics(trip_id)

    payment = {
        "id": held["payment_intent"],
        "object": "payment_intent",
        "status": "requires_payment_method",
        "last_payment_error": {"code": "card_declined"},
        "metadata": held["metadata"],
    }
    status = await tell(world, payment, "payment_intent.payment_failed")
    await world.at_rest()

    assert 200 == status
    assert before == await world.topics(trip_id)
    assert "completed" == (await world.trip(trip_id))["status"]


async def test_news_that_are_none_of_ours_are_taken_and_put_aside(world: World) -> None:
    trip_id = await world.build_usual()
    await world.book(trip_id)
    before = await world.topics(trip_id)
    customer = {"id": "cus_somebody", "object": "customer", "metadata": {}}
    nowhere = {"trip_id": str(uuid4()), "checkout_id": str(uuid4()), "attempt": "1"}
    foreign = {"id": "pi_elsewhere", "object": "payment_intent", "metadata": nowhere}
    ours = {
        "id": "pi_unheard",
        "object": "payment_intent",
        "metadata": nowhere | {"trip_id": trip_id},
    }

    told = [
        await tell(world, customer, "customer.created"),
        await tell(world, foreign, "payment_intent.succeeded"),
        await tell(world, ours, "payment_intent.a_kind_that_comes_next_year"),
    ]
    await world.at_rest()

    assert [200, 200, 200] == told
    assert all(await outcomes(world))
    assert before == await world.topics(trip_id)


async def test_news_in_another_versions_shape_are_as_good(world: World) -> None:
    await world.webhooks("stripe", drop=True)
    trip_id = await world.build_usual()
    session_id = (await world.book(trip_id))["session_id"]
    [opened] = await world.journal("stripe", trip_id)
    await world.pay(session_id)

    session = {"id": session_id, "object": "checkout.session", "metadata": opened["metadata"]}
    status = await tell(world, session, "checkout.session.completed", api_version=ANOTHER_VERSION)
    trip = await world.until_status(trip_id, "completed", "failed")

    assert (200, "completed") == (status, trip["status"])


async def test_paid_in_time_and_told_after_the_deadline_is_seen_and_given_back_whole(
    world: World,
) -> None:
    """Who comes to close the page sees the payment; the offers are gone, so nothing is kept."""
    await world.webhooks("stripe", drop=True)
    trip_id = await world.build_usual()
    booked = await world.book(trip_id)
    await world.pay(booked["session_id"])

    await world.advance(HALF_AN_HOUR + 1)
    trip = await world.until_status(trip_id, "completed", "failed", "draft")

    assert ("failed", "paid") == (trip["status"], trip["checkout"]["status"])
    assert [booked["total"]["amount"]] == await world.amounts("payment.released", trip_id)
    assert [] == await world.amounts("payment.captured", trip_id)
    assert {} == await world.kinds("duffel", trip_id)
