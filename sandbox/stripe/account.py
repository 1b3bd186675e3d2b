"""One Stripe account in memory: its objects, the events they make, the call being worked on."""

from __future__ import annotations

import copy
import json
import secrets
import string
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from sandbox.clock import SandboxClock
from sandbox.journal import Journal
from sandbox.stripe.errors import Json, no_such
from sandbox.webhooks import Webhooks

API_VERSION = "2026-05-27.dahlia"
EVENTS_KEPT_SECONDS = 30 * 24 * 3600
PAGE_OBJECTS_DEFAULT = 10
ID_ALPHABET = string.ascii_letters + string.digits


@dataclass(frozen=True)
class Call:
    """The API call that is the cause of what happens now; empty when the clock is."""

    request_id: str | None = None
    idempotency_key: str | None = None


NO_CALL = Call()
current_call: ContextVar[Call] = ContextVar("current_call", default=NO_CALL)


def new_id(prefix: str, length: int = 24) -> str:
    return prefix + "".join(secrets.choice(ID_ALPHABET) for _ in range(length))


Store = dict[str, Json]


@dataclass(kw_only=True)
class Account:
    clock: SandboxClock
    journal: Journal
    webhooks: Webhooks
    customers: Store = field(default_factory=dict)
    payment_methods: Store = field(default_factory=dict)
    payment_intents: Store = field(default_factory=dict)
    charges: Store = field(default_factory=dict)
    refunds: Store = field(default_factory=dict)
    disputes: Store = field(default_factory=dict)
    sessions: Store = field(default_factory=dict)
    line_items: dict[str, list[Json]] = field(default_factory=dict)
    session_intents: dict[str, Json] = field(default_factory=dict)
    """What a session's PaymentIntent is to be made of once the customer confirms."""
    owners: dict[str, str] = field(default_factory=dict)
    """Which session a PaymentIntent belongs to."""
    charge_refunds: dict[str, list[Json]] = field(default_factory=dict)
    test_methods: dict[str, str] = field(default_factory=dict)
    """Which test method a payment method was made of: payment method id to its name."""
    events: Store = field(default_factory=dict)
    webhook_endpoints: Store = field(default_factory=dict)

    def record(self, kind: str, **details: Any) -> None:
        key = current_call.get().idempotency_key
        self.journal.record(kind, **details, idempotency_key=key)

    def emit(self, event_type: str, subject: Json, previous: Json | None = None) -> None:
        """Make an event of the subject as it is now, and send it to those who asked for it."""
        call = current_call.get()
        data: Json = {"object": copy.deepcopy(subject)}
        if previous is not None:
            data["previous_attributes"] = previous
        event_id = new_id("evt_")
        event = {
            "id": event_id,
            "object": "event",
            "api_version": API_VERSION,
            "created": self.clock.epoch(),
            "data": data,
            "livemode": False,
            "pending_webhooks": self.webhooks.wanted_by(event_type),
            "request": {"id": call.request_id, "idempotency_key": call.idempotency_key},
            "type": event_type,
        }
        self.events[event_id] = event
        self.webhooks.send(event_id, event_type, json.dumps(event, indent=2).encode())

    def session_of(self, intent_id: str) -> Json | None:
        """The Checkout Session that owns a PaymentIntent."""
        return self.sessions.get(self.owners.get(intent_id, ""))


def found(store: Store, wanted: str, noun: str, param: str) -> Json:
    if wanted not in store:
        raise no_such(noun, wanted, param)
    return store[wanted]


Keep = Callable[[Json], bool]


def page(objects: Iterable[Json], url: str, asked: Json, keep: Keep = lambda _: True) -> Json:
    """A page of a list, newest first, as Stripe cuts it."""
    created: dict[str, int] = asked.get("created", {})
    rows = [each for each in objects if keep(each) and created_within(each, created)][::-1]
    ids = [each["id"] for each in rows]
    limit = min(asked.get("limit", PAGE_OBJECTS_DEFAULT), 100)
    start, end = 0, len(rows)
    if (after := asked.get("starting_after")) is not None:
        start = position(ids, after, "starting_after") + 1
    if (before := asked.get("ending_before")) is not None:
        end = position(ids, before, "ending_before")
        start = max(0, end - limit)
        return listing(rows[start:end], url, has_more=start > 0)
    return listing(rows[start : start + limit], url, has_more=start + limit < end)


def created_within(subject: Json, bounds: dict[str, int]) -> bool:
    at: int = subject["created"]
    return (
        at > bounds.get("gt", at - 1)
        and at >= bounds.get("gte", at)
        and at < bounds.get("lt", at + 1)
        and at <= bounds.get("lte", at)
    )


def position(ids: list[str], wanted: str, param: str) -> int:
    if wanted not in ids:
        raise no_such("object", wanted, param)
    return ids.index(wanted)


def listing(rows: list[Json], url: str, *, has_more: bool) -> Json:
    return {"object": "list", "url": url, "has_more": has_more, "data": rows}
