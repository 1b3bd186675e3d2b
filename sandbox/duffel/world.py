"""Everything the sandbox remembers: offers, orders, stays, and the events it tells of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

from aiohttp import web

from sandbox.clock import SandboxClock
from sandbox.duffel.errors import DuffelError, Json
from sandbox.duffel.offers import Offer
from sandbox.duffel.orders import Order
from sandbox.duffel.stays import Booking, Hotel, Quote, Rate, StaySearch
from sandbox.duffel.wire import instant, new_id
from sandbox.faults import Faults
from sandbox.journal import Journal
from sandbox.webhooks import Webhooks

SEARCHES_MAX = 5_000
EVENTS_MAX = 10_000
ORGANISATION_ID = new_id("org")

# Decide how a creation is answered. Options: `delay_s` (async_202, ok_200_late), `outcome`
# "ok" or "fail" (async_202), `by` (price_changed: how much dearer).
ORDER_MODES = ("async_202", "ok_200_late", "price_changed", "sold_out", "webhook_first")
# Given for a creation they show in later calls on what was created, given for such a call at once.
LATER_MODES = ("hold_lapsed", "schedule_changed", "cancel_stale", "cancel_null_refund")
# duplicate_detect: the creation answers duplicate_booking, though one was made (now or before).
# sells_twice: a creation that was attempted before is attempted again, as if it were the first.
DUFFEL_MODES = (*ORDER_MODES, "duplicate_detect", "sells_twice", *LATER_MODES)
DELAY_S_DEFAULT = 1.0
PRICE_RISE_DEFAULT = "10.00"

Marks = dict[str, tuple[str, ...]]


@dataclass
class OfferRequest:
    wire: Json
    offer_ids: list[str]


@dataclass
class World:
    """The sandbox's state and the means by which things happen in it."""

    currency: str
    clock: SandboxClock
    journal: Journal
    faults: Faults
    webhooks: Webhooks
    offer_requests: dict[str, OfferRequest] = field(default_factory=dict)
    offers: dict[str, Offer] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    cancellations: dict[str, Json] = field(default_factory=dict)
    hotels: dict[str, Hotel] = field(default_factory=dict)
    stay_searches: dict[str, StaySearch] = field(default_factory=dict)
    rates: dict[str, Rate] = field(default_factory=dict)
    quotes: dict[str, Quote] = field(default_factory=dict)
    bookings: dict[str, Booking] = field(default_factory=dict)
    endpoints: dict[str, Json] = field(default_factory=dict)
    events: dict[str, Json] = field(default_factory=dict)
    marks: Marks = field(default_factory=dict)

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def offer(self, offer_id: str) -> Offer:
        return found(self.offers.get(offer_id))

    def order(self, order_id: str) -> Order:
        """An order that Duffel can already show."""
        order = found(self.orders.get(order_id))
        if order.visible_from is not None and self.now < order.visible_from:
            raise DuffelError("not_found")
        return order

    def visible_orders(self) -> list[Order]:
        """Newest first."""
        now = self.now
        orders = reversed(self.orders.values())
        return [o for o in orders if o.visible_from is None or o.visible_from <= now]

    def mark(self, request: web.Request, thing_id: str) -> None:
        """Take the faults on a creation that only show in later calls on what was created."""
        taken = tuple(mode for mode in LATER_MODES if self.faults.take(request, mode))
        if taken:
            self.marks[thing_id] = taken

    def suffers(self, request: web.Request, thing_id: str, mode: str) -> bool:
        """Whether this call goes wrong: by a rule of its own, or since the creation (once)."""
        if self.faults.take(request, mode) is not None:
            return True
        marks = self.marks.get(thing_id, ())
        if mode not in marks:
            return False
        self.marks[thing_id] = tuple(each for each in marks if each != mode)
        return True

    def announce(self, event_type: str, key: str, thing: Json) -> None:
        """Tell every endpoint that wants it. The key names the fact, as Duffel's does."""
        event_id = new_id("wev")
        event = {
            "id": event_id,
            "api_version": "v2",
            "type": event_type,
            "data": {"object": thing},
            "live_mode": False,
            "idempotency_key": key,
            "created_at": instant(self.now),
            "identity_organisation_id": ORGANISATION_ID,
        }
        self.events[event_id] = event
        if len(self.events) > EVENTS_MAX:
            self.events.pop(next(iter(self.events)))
        self.webhooks.send(event_id, event_type, json.dumps(event).encode())

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        self.clock.after(seconds, action)

    def forget_old_searches(self) -> None:
        """Bounds memory: the oldest searches go, except for offers that were ordered."""
        while len(self.offer_requests) > SEARCHES_MAX:
            oldest = self.offer_requests.pop(next(iter(self.offer_requests)))
            for offer_id in oldest.offer_ids:
                if not self.offers[offer_id].attempted:
                    del self.offers[offer_id]
        while len(self.stay_searches) > SEARCHES_MAX:
            search = self.stay_searches.pop(next(iter(self.stay_searches)))
            for rate_id in search.rate_ids:
                self.rates.pop(rate_id, None)


T = TypeVar("T")


def found(thing: T | None) -> T:
    if thing is None:
        raise DuffelError("not_found")
    return thing


def price_rise(options: Json) -> Decimal:
    return Decimal(str(options.get("by", PRICE_RISE_DEFAULT)))
