"""A webhook is believed only when one of our secrets signed its very bytes, about now."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from adapters.payments.stripe import StripePayments
from domain.payments import ProviderEvent
from domain.suppliers import WebhookRejected
from tests.adapters.stripe_checkouts import REFERENCES, order_of
from tests.sandbox.stripe.running import API_KEY, SECRET, running_sandbox

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
NEW_SECRET = "whsec_next"
EVENT: dict[str, Any] = {
    "id": "evt_1",
    "object": "event",
    "created": 1_795_000_000,
    "livemode": False,
    "type": "refund.updated",
    "data": {
        "object": {
            "id": "re_1",
            "object": "refund",
            "payment_intent": "pi_1",
            "metadata": {"trip_id": "trip-1", "refund_id": "r-1"},
        }
    },
}
RAW = json.dumps(EVENT, indent=2).encode()


@pytest_asyncio.fixture
async def payments() -> AsyncIterator[StripePayments]:
    made = StripePayments(api_key=API_KEY, webhook_secrets=[SECRET, NEW_SECRET])
    yield made
    await made.aclose()


def signed(raw: bytes, secret: str = SECRET, at: datetime = NOW, scheme: str = "v1") -> str:
    epoch = int(at.timestamp())
    digest = hmac.new(secret.encode(), f"{epoch}.".encode() + raw, hashlib.sha256).hexdigest()
    return f"t={epoch},{scheme}={digest}"


@pytest.mark.parametrize("secret", [SECRET, NEW_SECRET])
async def test_any_of_the_current_secrets_may_have_signed(
    payments: StripePayments, secret: str
) -> None:
    event = payments.parse_event(RAW, signed(RAW, secret), NOW)

    assert event == ProviderEvent(
        event_id="evt_1",
        type="refund.updated",
        created_at=datetime.fromtimestamp(1_795_000_000, UTC),
        object_id="re_1",
        payment_id="pi_1",
        references={"trip_id": "trip-1", "refund_id": "r-1"},
    )


async def test_an_event_names_its_payment_whether_whole_or_by_its_id_and_is_of_our_mode(
    payments: StripePayments,
) -> None:
    def raw(**changed: Any) -> bytes:
        thing = {**EVENT["data"]["object"], "payment_intent": {"id": "pi_1", "status": "x"}}
        event = {**EVENT, "data": {"object": thing}, **changed}
        return json.dumps({k: v for k, v in event.items() if v is not None}).encode()

    for told in (raw(), raw(livemode=None)):
        assert "pi_1" == payments.parse_event(told, signed(told), NOW).payment_id
    live = raw(livemode=True)
    with pytest.raises(WebhookRejected):
        payments.parse_event(live, signed(live), NOW)


@pytest.mark.parametrize("seconds", [-300, -299, 299, 300])
async def test_a_small_difference_of_clocks_is_tolerated(
    payments: StripePayments, seconds: int
) -> None:
    at = NOW + timedelta(seconds=seconds)

    assert payments.parse_event(RAW, signed(RAW, at=at), NOW).event_id == "evt_1"


THIN = json.dumps({"id": "evt_2", "object": "v2.core.event", "type": "v1.charge"}).encode()
NAMELESS, KINDLESS = (json.dumps({**EVENT, gone: ""}).encode() for gone in ("id", "type"))
REJECTED = {
    "stale": (RAW, signed(RAW, at=NOW - timedelta(seconds=301))),
    "from the future": (RAW, signed(RAW, at=NOW + timedelta(seconds=301))),
    "a strange secret": (RAW, signed(RAW, "whsec_strange")),
    "another scheme": (RAW, signed(RAW, scheme="v0")),
    "no signature": (RAW, ""),
    "nonsense": (RAW, "t=now,v1=zz"),
    "other bytes of the same JSON": (json.dumps(EVENT).encode(), signed(RAW)),
    "a thin event": (THIN, signed(THIN)),
    "without an id": (NAMELESS, signed(NAMELESS)),
    "of no type": (KINDLESS, signed(KINDLESS)),
    "not JSON": (b"hello", signed(b"hello")),
    "a list": (b"[]", signed(b"[]")),
    "no object": (b'{"object":"event"}', signed(b'{"object":"event"}')),
    "not UTF-8": (b"\xff\xfe", signed(b"\xff\xfe")),
}


@pytest.mark.parametrize("name", REJECTED)
async def test_what_is_not_surely_stripes_is_rejected(payments: StripePayments, name: str) -> None:
    raw, signature = REJECTED[name]

    with pytest.raises(WebhookRejected):
        payments.parse_event(raw, signature, NOW)


async def test_without_a_secret_nothing_is_believed() -> None:
    bare = StripePayments(api_key=API_KEY, webhook_secrets=[])

    with pytest.raises(WebhookRejected):
        bare.parse_event(RAW, signed(RAW, ""), NOW)
    await bare.aclose()


async def test_the_sandboxs_webhooks_name_the_trip_and_the_payment() -> None:
    async with running_sandbox() as sandbox:
        payments = StripePayments(api_key=API_KEY, webhook_secrets=[SECRET], api_base=sandbox.url)
        opened = await payments.open_hosted(order_of(sandbox.clock.now()))
        assert opened.session_id is not None
        intent_id = (await sandbox.pay(opened.session_id))["payment_intent"]
        await sandbox.receiver.until(4)
        now = sandbox.clock.now()
        events = [
            payments.parse_event(raw, signature, now)
            for raw, signature in sandbox.receiver.deliveries
        ]
        listed = await payments.events_since(now - timedelta(minutes=1))
        await payments.aclose()

    assert {event.payment_id for event in events} == {intent_id}
    assert {tuple(event.references.items()) for event in events} == {tuple(REFERENCES.items())}
    assert {event.object_id[:3] for event in events} == {"pi_", "ch_", "cs_"}
    told = {event.event_id: event for event in events}
    assert [told[event.event_id] for event in listed] == list(listed)
