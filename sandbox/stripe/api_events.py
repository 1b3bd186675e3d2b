"""Events and webhook endpoints as Stripe's API offers them."""

from __future__ import annotations

import secrets

from sandbox.stripe.account import EVENTS_KEPT_SECONDS, found, new_id, page
from sandbox.stripe.errors import Json, StripeError
from sandbox.stripe.exchange import ApiRoute, Exchange
from sandbox.stripe.parameters import (
    created_filter,
    flag,
    metadata,
    paging,
    required,
    text,
    texts,
    unsimulated,
    url,
)

TYPES_MAX = 20


def read_event(exchange: Exchange) -> Json:
    return found(exchange.account.events, exchange.named("event"), "event", "id")


def list_events(exchange: Exchange) -> Json:
    asked = exchange.asked
    types = asked.get("types", [])
    if len(types) > TYPES_MAX:
        raise StripeError(f"types can hold at most {TYPES_MAX} names.", param="types")
    if types and asked.get("type"):
        raise StripeError("You may only specify one of these parameters: type, types.")
    wanted = set(types) | ({asked["type"]} if asked.get("type") else set())
    oldest = exchange.account.clock.epoch() - EVENTS_KEPT_SECONDS
    return page(
        exchange.account.events.values(),
        "/v1/events",
        asked,
        lambda event: event["created"] >= oldest and (not wanted or event["type"] in wanted),
    )


def create_endpoint(exchange: Exchange) -> Json:
    account, asked = exchange.account, exchange.asked
    endpoint: Json = {
        "id": new_id("we_"),
        "object": "webhook_endpoint",
        "api_version": asked.get("api_version"),
        "application": None,
        "created": account.clock.epoch(),
        "description": asked.get("description"),
        "enabled_events": asked["enabled_events"],
        "livemode": False,
        "metadata": asked.get("metadata", {}),
        "status": "enabled",
        "url": asked["url"],
    }
    secret = f"whsec_{secrets.token_urlsafe(24)}"
    account.webhook_endpoints[endpoint["id"]] = endpoint
    account.webhooks.register(asked["url"], secret, event_types=frozenset(asked["enabled_events"]))
    # Told once, at creation, and never again.
    return {**endpoint, "secret": secret}


def list_endpoints(exchange: Exchange) -> Json:
    return page(
        exchange.account.webhook_endpoints.values(), "/v1/webhook_endpoints", exchange.asked
    )


routes = [
    ApiRoute(
        "GET",
        "/v1/events",
        {
            **paging,
            "created": created_filter,
            "type": text(),
            "types": texts,
            "delivery_success": flag,
        },
        list_events,
    ),
    ApiRoute("GET", "/v1/events/{event}", {}, read_event),
    ApiRoute(
        "POST",
        "/v1/webhook_endpoints",
        {
            "url": required(url),
            "enabled_events": required(texts),
            "api_version": text(),
            "description": text(),
            "metadata": metadata,
            "connect": unsimulated,
        },
        create_endpoint,
    ),
    ApiRoute("GET", "/v1/webhook_endpoints", paging, list_endpoints),
]
