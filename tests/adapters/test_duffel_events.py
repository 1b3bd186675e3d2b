"""Duffel's webhooks are believed only when freshly signed with one of our secrets."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.suppliers.duffel import DuffelSupplier
from adapters.suppliers.duffel_events import CREATION_FAILED, EVENT_BYTES_MAX
from domain.suppliers import SupplierEvent, WebhookRejected
from sandbox.clock import SandboxClock
from sandbox.duffel.webhook_handlers import signed_headers
from tests.adapters.duffel_trips import Running
from tests.sandbox.duffel.client import TOKEN, Inbox, listening, running_duffel

SIGNED_AT = datetime.fromtimestamp(1641667496, UTC)
VECTOR = (
    b'{"created_at":"2022-01-08T18:44:56.129339Z","data":{"changes":{},"object":{}},'
    b'"id":"eve_0000AFEsrBKZAcKgGtZCnQ","live_mode":false,"object":"order","type":'
    b'"order.updated"}'
)
VECTOR_SIGNATURE = (
    "t=1641667496,v1=691f25ffb1f206c0fda5bb7b1a9d60fafe42c5f42819d44a06a7cfe09486f102"
)


def supplier(*secrets: str, token: str = TOKEN) -> DuffelSupplier:
    return DuffelSupplier(token=token, clock=SandboxClock(), webhook_secrets=secrets)


def test_the_published_vector_is_accepted() -> None:
    event = supplier("a_secret").parse_event(
        VECTOR, {"X-Duffel-Signature": VECTOR_SIGNATURE}, SIGNED_AT
    )
    assert event == SupplierEvent(
        event_id="eve_0000AFEsrBKZAcKgGtZCnQ",
        dedupe_key="order.updated:eve_0000AFEsrBKZAcKgGtZCnQ",
        type="order.updated",
    )


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "",
        "nah",
        "t=1641667496",
        "v1=691f25",
        "t=x,v1=691f25",
        "t=1641667496,t=1641667497,v1=691f25",
        "t=1=2," + VECTOR_SIGNATURE,
        "t=99999999999999999999,v1=691f25",
        VECTOR_SIGNATURE[:-1] + "3",
        VECTOR_SIGNATURE.replace("1641667496", "1641667497"),
        VECTOR_SIGNATURE.replace("v1=", "v0="),
        VECTOR_SIGNATURE + "é",
    ],
)
def test_any_other_signature_is_rejected(signature: str | None) -> None:
    headers = {} if signature is None else {"x-duffel-signature": signature}
    with pytest.raises(WebhookRejected):
        supplier("a_secret").parse_event(VECTOR, headers, SIGNED_AT)


@pytest.mark.parametrize(("seconds", "fresh"), [(-301, 0), (-300, 1), (300, 1), (301, 0)])
def test_a_signature_is_fresh_for_300_seconds_either_way(seconds: int, fresh: int) -> None:
    now = SIGNED_AT + timedelta(seconds=seconds)
    headers = {"X-DUFFEL-SIGNATURE": VECTOR_SIGNATURE}
    if fresh:
        assert supplier("a_secret").parse_event(VECTOR, headers, now).type == "order.updated"
        return
    with pytest.raises(WebhookRejected):
        supplier("a_secret").parse_event(VECTOR, headers, now)


def test_during_a_change_of_secrets_both_are_accepted_and_without_any_none() -> None:
    headers = {"X-Duffel-Signature": VECTOR_SIGNATURE}
    event = supplier("new_secret", "a_secret").parse_event(VECTOR, headers, SIGNED_AT)
    assert event.type == "order.updated"
    for secrets in ((), ("new_secret",)):
        with pytest.raises(WebhookRejected):
            supplier(*secrets).parse_event(VECTOR, headers, SIGNED_AT)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b'{"id": "wev_1", "live_mode": false}',
        b'{"type": "order.created", "live_mode": false}',
        b'{"id": "wev_1", "type": "order.created", "live_mode": true}',
        b'{"id": "wev_1", "type": "order.created"}',
    ],
)
def test_a_signed_body_that_makes_no_sense_is_rejected(body: bytes) -> None:
    headers = signed_headers(body, "s", int(SIGNED_AT.timestamp()))
    with pytest.raises(WebhookRejected):
        supplier("s").parse_event(body, headers, SIGNED_AT)


def parsed(event: dict[str, Any], token: str = TOKEN) -> SupplierEvent:
    body = json.dumps(event).encode()
    headers = signed_headers(body, "s", int(SIGNED_AT.timestamp()))
    return supplier("s", token=token).parse_event(body, headers, SIGNED_AT)


def test_a_live_service_takes_live_events_only() -> None:
    event = {"id": "wev_1", "type": "order.created", "live_mode": True}
    assert parsed(event, token="duffel_live_x").event_id == "wev_1"
    with pytest.raises(WebhookRejected):
        parsed({**event, "live_mode": False}, token="duffel_live_x")


def test_one_creation_told_by_two_events_is_one_fact_but_two_updates_are_two() -> None:
    def key(event_id: str, kind: str) -> str:
        told = {"id": event_id, "type": kind, "live_mode": False, "idempotency_key": "ord_1"}
        return parsed(told).dedupe_key

    assert key("wev_1", "order.created") == key("wev_2", "order.created")
    assert key("wev_1", "order.updated") != key("wev_2", "order.updated")


def told(data: Any, kind: str = "order.updated") -> SupplierEvent:
    return parsed({"id": "wev_1", "type": kind, "live_mode": False, "data": data})


@pytest.mark.parametrize(
    ("thing", "order_id", "offer_id"),
    [
        ({"order_id": "o1", "id": "ord_2"}, "o1", None),
        ({"booking_id": "b1", "id": "ord_2"}, "b1", None),
        ({"order_id": "", "booking_id": 7, "id": "ord_2"}, "ord_2", None),
        ({"id": "bok_2", "offer_id": "off_1", "quote_id": "quo_1"}, "bok_2", "off_1"),
        ({"id": "pay_2", "quote_id": "quo_1"}, None, "quo_1"),
        ({}, None, None),
        ([], None, None),
        ("ord_1", None, None),
    ],
)
def test_an_event_names_the_order_and_the_offer_it_is_about(
    thing: Any, order_id: str | None, offer_id: str | None
) -> None:
    for data in ({"object": thing}, thing):
        event = told(data)
        assert (order_id, offer_id) == (event.order_id, event.offer_id)


@pytest.mark.parametrize(
    ("kind", "failed", "changed"),
    [
        ("order.updated", False, False),
        ("order.creation_failed", True, False),
        ("stays.booking_creation_failed", True, False),
        ("order.airline_initiated_change_detected", False, True),
    ],
)
def test_an_event_says_whether_an_order_will_never_be_or_has_changed(
    kind: str, failed: bool, changed: bool
) -> None:
    event = told({"object": {"metadata": {"trip_id": "t1", "n": 1}}}, kind)
    assert (kind, failed, changed) == (event.type, event.creation_failed, event.changed)
    assert {"trip_id": "t1", "n": "1"} == event.metadata


def test_an_event_with_text_that_is_none_is_rejected() -> None:
    with pytest.raises(WebhookRejected, match="text that is none"):
        told({"object": {"order_id": "ord\0"}})


@pytest.mark.parametrize(("more", "taken"), [(0, True), (1, False)])
def test_an_event_may_be_so_long_and_no_longer(more: int, taken: bool) -> None:
    raw = VECTOR + b" " * (EVENT_BYTES_MAX - len(VECTOR) + more)
    headers = signed_headers(raw, "s", int(SIGNED_AT.timestamp()))
    if taken:
        assert supplier("s").parse_event(raw, headers, SIGNED_AT).type == "order.updated"
        return
    with pytest.raises(WebhookRejected, match="too long"):
        supplier("s").parse_event(raw, headers, SIGNED_AT)


async def test_what_the_sandbox_tells_is_understood() -> None:
    inbox = Inbox()
    async with (
        listening(inbox.app()) as url,
        running_duffel(webhook_url=f"{url}/hook", webhook_secret="s") as duffel,
        DuffelSupplier(
            token=TOKEN, clock=duffel.clock, base_url=duffel.url, webhook_secrets=("s",)
        ) as adapter,
    ):
        at = Running(adapter, duffel)
        flight, stay = await at.order_of("flight"), await at.order_of("stay")
        await adapter.order(flight)
        await inbox.until(1)
        await duffel.fault("async_202", "/stays/bookings", outcome="fail", delay_s=9)
        await adapter.order(stay)
        duffel.clock.advance(9)
        await inbox.until(2)
        created, failed = (
            adapter.parse_event(body, headers, duffel.clock.now())
            for headers, body in inbox.received
        )
        order_id = (await duffel.journal("order.created"))[0]["order_id"]
    assert (created.type, created.order_id) == ("order.created", order_id)
    assert (created.offer_id, created.metadata) == (flight.offer.offer_id, flight.metadata)
    assert failed.type in CREATION_FAILED
    assert (failed.order_id, failed.offer_id) == (None, stay.supplier_quote_id)
    assert failed.metadata == stay.metadata
