"""What providers tell us: verified on the raw bytes, stored, answered; looked into later."""

from __future__ import annotations

import msgspec

from adapters.inbox import Inbox
from domain.ports import Clock, Payments, Supplier
from service.http.api import Answer, Call, Route
from service.http.decoding import NoQuery
from service.workers.notices import order_facts
from service.workers.polling import store

BYTES_MAX = 512 * 1024


class Received(msgspec.Struct, kw_only=True):
    """`first` is false when the same notification had come before."""

    received: bool = True
    first: bool


def webhook_routes(payments: Payments, duffel: Supplier, inbox: Inbox, clock: Clock) -> list[Route]:
    async def from_stripe(call: Call[bytes, NoQuery]) -> Answer:
        now = clock.now()
        event = payments.parse_event(call.body, call.headers.get("Stripe-Signature", ""), now)
        return Answer(body=Received(first=await store(inbox, event, now)))

    async def from_duffel(call: Call[bytes, NoQuery]) -> Answer:
        now = clock.now()
        event = duffel.parse_event(call.body, call.headers, now)
        first = await inbox.store(
            duffel.name, event.event_id, event.dedupe_key, event.type, order_facts(event), now
        )
        return Answer(body=Received(first=first))

    def door(path: str, handler: object, sender: str) -> Route:
        return Route(
            method="POST",
            path=path,
            handler=handler,  # type: ignore[arg-type]
            summary=f"{sender} tells us that something happened",
            description="Verified by its signature, stored once, worked off afterwards.",
            tag="webhooks",
            body=bytes,
            answer=Received,
            public=True,
            problems=("webhook_rejected",),
            body_bytes_max=BYTES_MAX,
        )

    return [
        door("/v1/webhooks/stripe", from_stripe, "Stripe"),
        door("/v1/webhooks/duffel", from_duffel, "Duffel"),
    ]
