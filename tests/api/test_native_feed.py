"""The feed gives every event once and in order; webhooks count only when they are genuine."""

from __future__ import annotations

import asyncio
import json
import time

import pytest

from sandbox.stripe.app import sign
from service.http.routes import document
from service.settings import Settings
from service.settings_rules import SANDBOX_STRIPE_WEBHOOK_SECRET
from tests.api.native import Native


async def test_the_feed_gives_every_event_once_in_order(native: Native) -> None:
    trip_ids = [(await native.call("POST", "/v1/trips"))["trip_id"] for _ in range(3)]

    seen, after = [], 0
    while (page := await native.call("GET", f"/v1/events?after={after}&limit=2"))["events"]:
        seen += page["events"]
        after = page["next"]

    positions = [event["position"] for event in seen]
    assert positions == sorted(set(positions))
    started = [event["trip_id"] for event in seen if event["topic"] == "trip.started.v1"]
    assert started[-3:] == trip_ids
    of_trip = (await native.call("GET", f"/v1/trips/{trip_ids[0]}/events"))["events"]
    assert [event for event in seen if event["trip_id"] == trip_ids[0]] == of_trip


async def test_a_waiting_reader_is_told_at_once(native: Native) -> None:
    after = await native.world.service.log.last_position()
    waiting = asyncio.create_task(native.call("GET", f"/v1/events?after={after}&wait_s=20"))
    await native.world.service.log.changed(0.2)

    trip = await native.call("POST", "/v1/trips")
    page = await asyncio.wait_for(waiting, 5.0)

    assert [event["trip_id"] for event in page["events"]] == [trip["trip_id"]]


async def test_a_reader_who_has_seen_all_is_told_where_to_go_on(native: Native) -> None:
    after = await native.world.service.log.last_position()

    page = await native.call("GET", f"/v1/events?after={after}")

    assert page == {"events": [], "next": after}


def stripe_event(event_id: str) -> bytes:
    return json.dumps(
        {
            "id": event_id,
            "object": "event",
            "type": "checkout.session.completed",
            "created": int(time.time()),
            "livemode": False,
            "data": {"object": {"id": "cs_test_x", "object": "checkout.session", "metadata": {}}},
        }
    ).encode()


async def told_stripe(native: Native, raw: bytes, signature: str | None) -> tuple[int, dict]:  # type: ignore[type-arg]
    headers = {"Stripe-Signature": signature} if signature is not None else {}
    async with native.world.session.post(
        f"{native.world.url}/v1/webhooks/stripe", data=raw, headers=headers
    ) as answer:
        return answer.status, await answer.json()


async def test_a_genuine_notification_is_stored_once(native: Native) -> None:
    raw = stripe_event("evt_genuine")
    signature = sign(raw, SANDBOX_STRIPE_WEBHOOK_SECRET, int(time.time()))["Stripe-Signature"]

    first = await told_stripe(native, raw, signature)
    second = await told_stripe(native, raw, signature)

    assert first == (200, {"received": True, "first": True})
    assert second == (200, {"received": True, "first": False})


@pytest.mark.parametrize(
    "forgery", ["unsigned", "foreign", "stale", "future", "changed", "garbage"]
)
async def test_a_notification_that_is_not_genuine_changes_nothing(
    native: Native, forgery: str
) -> None:
    raw = stripe_event(f"evt_{forgery}")
    secret = "whsec_foreign" if forgery == "foreign" else SANDBOX_STRIPE_WEBHOOK_SECRET
    shift = {"stale": -3_600, "future": 3_600}.get(forgery, 0)
    signature: str | None = sign(raw, secret, int(time.time()) + shift)["Stripe-Signature"]
    if forgery == "unsigned":
        signature = None
    if forgery == "garbage":
        signature = "t=abc,v1=xyz"
    if forgery == "changed":
        raw += b" "

    status, problem = await told_stripe(native, raw, signature)

    assert (status, problem["code"]) == (400, "webhook_rejected")
    assert await native.world.service.inbox.find("stripe", f"evt_{forgery}") is None


async def test_an_unsigned_notification_of_the_supplier_is_refused_too(native: Native) -> None:
    assert await native.code("POST", "/v1/webhooks/duffel", {"id": "wev_1"}) == (
        "400 webhook_rejected"
    )


def test_only_the_sandbox_lets_time_be_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STRIPE_API_BASE", "DUFFEL_API_BASE"):
        monkeypatch.delenv(f"TRIPLEDGER_{name}", raising=False)
    real = document(Settings.load())
    pretended = document(
        Settings(stripe_api_base="http://127.0.0.1:9001", duffel_api_base="http://127.0.0.1:9002")
    )

    assert set(pretended["paths"]) - set(real["paths"]) == {"/v1/sandbox/clock"}
