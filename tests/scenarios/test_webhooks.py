"""Notifications lost, doubled, early, late, out of order, badly signed or made up: what is believed
is only what the provider says when asked."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest

from sandbox.duffel.webhook_handlers import signed_headers as signed_by_duffel
from sandbox.stripe.app import sign as signed_by_stripe
from service.settings_rules import (
    SANDBOX_DUFFEL_WEBHOOK_SECRET,
    SANDBOX_STRIPE_WEBHOOK_SECRET,
)
from tests.scenarios.conftest import Raise
from tests.scenarios.world import World

TOLERATED_S = 300
ANOTHER_VERSION = "2016-07-06"


async def inbox_rows(world: World) -> list[Any]:
    """What was taken in, in the order it came."""
    return list(
        await world.service.database.pool.fetch(
            "SELECT provider, event_id, type, outcome FROM tripledger.inbox"
            " ORDER BY received_at, event_id"
        )
    )


async def deliveries(world: World, provider: str) -> list[Any]:
    """All that were made, none still on its way."""
    return list((await world.steer(provider, "GET", "/_sandbox/webhooks?settled"))["deliveries"])


async def test_lost_notifications_are_found_by_asking(raise_world: Raise) -> None:
    world = await raise_world(reconcile_every_s=1)
    await world.webhooks("stripe", drop=True)
    trip_id = await world.build_usual()

    trip = await world.pay_and_settle(trip_id)

    assert "completed" == trip["status"]
    assert {"dropped"} == {each["outcome"] for each in await deliveries(world, "stripe")}
    assert 1 == (await world.topics(trip_id)).count("trip.payment-succeeded.v1")
    assert 1 == (await world.kinds("stripe", trip_id))["payment.captured"]


async def test_a_lost_decline_is_found_by_asking(raise_world: Raise) -> None:
    world = await raise_world(reconcile_every_s=1)
    await world.webhooks("stripe", drop=True)
    trip_id = await world.build_usual()
    session_id = (await world.book(trip_id))["session_id"]

    await world.pay(session_id, "declined")
    trip = await world.until(trip_id, lambda t: t["payment"]["status"] == "failed")

    assert "awaiting_payment" == trip["status"]
    assert 1 == (await world.topics(trip_id)).count("trip.payment-failed.v1")


async def test_what_notifications_and_asking_both_tell_is_taken_once(raise_world: Raise) -> None:
    world = await raise_world(reconcile_every_s=1)
    trip_id = await world.build_usual()

    await world.pay_and_settle(trip_id)
    await world.at_rest()
    assert await deliveries(world, "stripe")
    found_by_asking = await world.service.poller.look()

    assert 0 == found_by_asking
    rows = [row["event_id"] for row in await inbox_rows(world) if row["provider"] == "stripe"]
    assert sorted(set(rows)) == sorted(rows)


async def test_a_notification_told_many_times_is_taken_once(world: World) -> None:
    for provider in ("stripe", "duffel"):
        await world.webhooks(provider, duplicate=3)
    trip_id = await world.build_usual()

    trip = await world.pay_and_settle(trip_id)
    await world.at_rest()

    assert "completed" == trip["status"]
    told = await deliveries(world, "stripe")
    assert {200} == {each["http_status"] for each in told}
    rows = [row["event_id"] for row in await inbox_rows(world) if row["provider"] == "stripe"]
    assert sorted({each["event_id"] for each in told}) == sorted(rows)
    assert 4 * len(rows) == len(told)
    topics = await world.topics(trip_id)
    assert (1, 1, 2) == (
        topics.count("trip.payment-succeeded.v1"),
        topics.count("trip.payment-captured.v1"),
        topics.count("booking.confirmed.v1"),
    )


async def test_news_before_the_answer_that_caused_them_are_recorded_once(world: World) -> None:
    for provider in ("stripe", "duffel"):
        await world.webhooks(provider, early=True)
    trip_id = await world.build_usual()

    trip = await world.pay_and_settle(trip_id)

    assert "completed" == trip["status"]
    topics = await world.topics(trip_id)
    assert (1, 1, 2) == (
        topics.count("trip.payment-succeeded.v1"),
        topics.count("trip.payment-captured.v1"),
        topics.count("booking.confirmed.v1"),
    )


async def test_late_notifications_are_as_good(world: World) -> None:
    await world.webhooks("stripe", delay_s=600)
    trip_id = await world.build_usual()
    booked = await world.book(trip_id)

    await world.pay(booked["session_id"])
    await world.at_rest()
    before = await world.trip(trip_id)
    await world.advance(601)
    trip = await world.until_status(trip_id, "completed", "failed")

    assert "awaiting_payment" == before["status"]
    assert "completed" == trip["status"]
    assert [booked["total"]["amount"]] == await world.amounts("payment.captured", trip_id)


async def test_notifications_in_the_wrong_order_end_in_the_same_place(world: World) -> None:
    await world.webhooks("stripe", reorder=True)
    trip_id = await world.build_usual()
    session_id = (await world.book(trip_id))["session_id"]

    await world.pay(session_id, "declined")
    await world.pay(session_id)
    trip = await world.until_status(trip_id, "completed", "failed")
    await world.at_rest()

    told = [each["event_type"] for each in await deliveries(world, "stripe")]
    authorized, declined = (
        "payment_intent.amount_capturable_updated",
        "payment_intent.payment_failed",
    )
    assert told.index(authorized) < told.index(declined)
    assert ("completed", "captured") == (trip["status"], trip["payment"]["status"])
    assert 1 == (await world.topics(trip_id)).count("trip.payment-succeeded.v1")


async def test_a_retired_secret_is_refused_and_asking_makes_up_for_it(raise_world: Raise) -> None:
    world = await raise_world(reconcile_every_s=1)
    await world.webhooks("stripe", old_secret=True)
    trip_id = await world.build_usual()

    trip = await world.pay_and_settle(trip_id)

    assert "completed" == trip["status"]
    assert {400} == {each["http_status"] for each in await deliveries(world, "stripe")}
    assert 1 == (await world.topics(trip_id)).count("trip.payment-succeeded.v1")


def about(trip: Any, booked: Any, provider: str) -> bytes:
    """The best of news about a trip, as its provider would tell them."""
    facts = {"trip_id": trip["trip_id"], "booking_id": "none", "checkout_id": "none"}
    if provider == "duffel":
        thing: dict[str, Any] = {"id": "ord_madeup", "order_id": "ord_madeup", "metadata": facts}
        event = {"type": "order.created", "idempotency_key": "k", "live_mode": False}
        return json.dumps({"id": "wev_1", "data": {"object": thing}, **event}).encode()
    thing = {"id": booked["session_id"], "object": "checkout.session", "metadata": facts}
    event = {"object": "event", "type": "checkout.session.completed", "created": 1}
    return json.dumps({"id": "evt_1", "data": {"object": thing}, **event}).encode()


SIGNERS = {
    "stripe": (signed_by_stripe, SANDBOX_STRIPE_WEBHOOK_SECRET),
    "duffel": (signed_by_duffel, SANDBOX_DUFFEL_WEBHOOK_SECRET),
}


@pytest.mark.parametrize("provider", SIGNERS)
async def test_what_is_not_freshly_signed_by_the_provider_is_refused(
    world: World, provider: str
) -> None:
    trip_id = await world.build_usual()
    booked = await world.book(trip_id)
    body = about(await world.trip(trip_id), booked, provider)
    before = await world.topics(trip_id), await inbox_rows(world)
    sign, secret = SIGNERS[provider]
    now = int(world.service.clock.now().timestamp())
    tries = {
        "unsigned": {},
        "made up": sign(body, "whsec_guessed", now),
        "of another body": sign(body + b" ", secret, now),
        "stale": sign(body, secret, now - TOLERATED_S - 5),
        "from the future": sign(body, secret, now + TOLERATED_S + 5),
        "garbled": {name: "t=,v1=" for name in sign(body, secret, now)},
    }

    told = {}
    for name, headers in tries.items():
        url = f"{world.url}/v1/webhooks/{provider}"
        async with world.session.post(url, data=body, headers=headers) as answer:
            told[name] = (answer.status, (await answer.json(content_type=None))["code"])
    await world.at_rest()

    assert dict.fromkeys(tries, (400, "webhook_rejected")) == told
    assert before == (await world.topics(trip_id), await inbox_rows(world))


async def test_a_signed_notification_is_looked_into_and_never_believed(world: World) -> None:
    """Somebody holds the secret and says that it has been paid; nobody has paid."""
    trip_id = await world.build_usual()
    booked = await world.book(trip_id)
    [session] = await world.journal("stripe", trip_id)
    lie = {
        "id": "evt_lie",
        "object": "event",
        "type": "checkout.session.completed",
        "created": 1,
        "data": {
            "object": {
                "id": booked["session_id"],
                "object": "checkout.session",
                "status": "complete",
                "payment_status": "paid",
                "metadata": session["metadata"],
            }
        },
    }
    body = json.dumps(lie).encode()
    now = int(world.service.clock.now().timestamp())
    headers = signed_by_stripe(body, SANDBOX_STRIPE_WEBHOOK_SECRET, now)
    before = await world.topics(trip_id)

    url = f"{world.url}/v1/webhooks/stripe"
    async with world.session.post(url, data=body, headers=headers) as answer:
        assert 200 == answer.status
    await world.at_rest()

    assert ["looked"] == [row["outcome"] for row in await inbox_rows(world)]
    assert before == await world.topics(trip_id)
    assert "awaiting_payment" == (await world.trip(trip_id))["status"]


async def tell(world: World, thing: dict[str, Any], type: str, **event: Any) -> int:
    """The status that a freshly signed notification about `thing` is answered with."""
    told = {"id": f"evt_{uuid4().hex}", "object": "event", "type": type, "created": 1, **event}
    body = json.dumps(told | {"data": {"object": thing}}).encode()
    headers = signed_by_stripe(
        body, SANDBOX_STRIPE_WEBHOOK_SECRET, int(world.service.clock.now().timestamp())
    )
    url = f"{world.url}/v1/webhooks/stripe"
    async with world.session.post(url, data=body, headers=headers) as answer:
        return answer.status


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
    assert all(row["outcome"] for row in await inbox_rows(world))
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
