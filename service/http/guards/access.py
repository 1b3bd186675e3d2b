"""Who may do what: every route, page and tool, by name. What is not listed here fails the tests,
and so does what lets in anybody else."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Literal

# Without a scope: everybody; whoever proves to be the provider by a signature; whoever has the
# unguessable link of one checkout; whoever is a known caller. `session`: operators who have signed
# in to the console and have the scope that `CONSOLE` says.
Rule = Literal[
    "anyone",
    "provider",
    "link",
    "caller",
    "session",
    "trips:read",
    "trips:write",
    "payments:propose",
    "payments:write",
    "ops:read",
    "ops:write",
    "ops:all",
]

NATIVE: dict[str, Rule] = {
    "POST /v1/offers/flights": "trips:write",
    "POST /v1/offers/stays": "trips:write",
    "POST /v1/trips": "trips:write",
    "GET /v1/trips/{trip_id}": "trips:read",
    "GET /v1/trips/{trip_id}/events": "trips:read",
    "POST /v1/trips/{trip_id}/items": "trips:write",
    "DELETE /v1/trips/{trip_id}/items/{item_id}": "trips:write",
    "PUT /v1/trips/{trip_id}/items/{item_id}/ancillaries": "trips:write",
    "PUT /v1/trips/{trip_id}/travelers": "trips:write",
    "POST /v1/trips/{trip_id}/book": "payments:propose",
    "POST /v1/trips/{trip_id}/cancellation-quote": "payments:write",
    "POST /v1/trips/{trip_id}/cancel": "payments:write",
    "GET /v1/trips/{trip_id}/people": "ops:read",
    "GET /v1/people/{person_id}": "ops:read",
    "POST /v1/people/{person_id}/forget": "ops:write",
    "GET /v1/bookings/{code}": "trips:read",
    "GET /v1/groups/{group_id}": "trips:read",
    "GET /v1/events": "trips:read",
    "POST /v1/webhook-endpoints": "ops:write",
    "GET /v1/webhook-endpoints": "ops:read",
    "GET /v1/webhook-endpoints/{endpoint_id}": "ops:read",
    "DELETE /v1/webhook-endpoints/{endpoint_id}": "ops:write",
    "POST /v1/webhook-endpoints/{endpoint_id}/rotate-secret": "ops:write",
    "POST /v1/webhook-endpoints/{endpoint_id}/enable": "ops:write",
    "POST /v1/webhook-endpoints/{endpoint_id}/replay": "ops:write",
    "POST /v1/webhook-endpoints/{endpoint_id}/test": "ops:write",
    "GET /v1/webhook-endpoints/{endpoint_id}/deliveries": "ops:read",
    "POST /v1/webhook-endpoints/{endpoint_id}/deliveries/{delivery_id}/resend": "ops:write",
    "POST /v1/webhooks/stripe": "provider",
    "POST /v1/webhooks/duffel": "provider",
    # There only where both providers are pretended ones.
    "POST /v1/sandbox/clock": "caller",
}

COMPATIBLE: dict[str, Rule] = {
    "POST /v1/trip": "trips:write",
    "POST /v1/book": "payments:propose",
    "GET /v1/trip/{trip_id}": "trips:read",
    # Each tool behind it has a rule of its own.
    "POST /mcp": "caller",
    "POST /api/checkout": "payments:write",
    "POST /api/shopping-cart": "trips:write",
    "GET /api/shopping-cart/list": "trips:read",
    "GET /api/shopping-cart/{shoppingCartIdentifier}": "trips:read",
    "DELETE /api/shopping-cart/{shoppingCartIdentifier}": "trips:write",
    "DELETE /api/shopping-cart": "trips:write",
    "DELETE /api/shopping-cart/{shoppingCartIdentifier}/empty": "trips:write",
    "PATCH /api/shopping-cart/{shoppingCartIdentifier}": "trips:write",
    "PATCH /api/shopping-cart/{shoppingCartIdentifier}/item/{itemIdentifier}": "trips:write",
    "DELETE /api/shopping-cart/{shoppingCartIdentifier}/item/{itemIdentifier}": "trips:write",
    "DELETE /api/shopping-cart/{shoppingCartIdentifier}/item/{itemIdentifier}"
    "/ancillary/{ancillaryIdentifier}": "trips:write",
    "GET /api/booking/list": "trips:read",
    "GET /api/booking/state": "trips:read",
    "GET /api/booking/group/{groupIdentifier}": "trips:read",
    "GET /api/booking/tx/{paymentIdentifier}": "trips:read",
    "GET /api/booking/{bookingIdentifier}": "trips:read",
    "GET /api/booking/group/{groupIdentifier}/refund-preview": "trips:read",
    "GET /api/booking/{bookingIdentifier}/refund-preview": "trips:read",
    "PATCH /api/booking/group/{groupIdentifier}": "payments:write",
    "PATCH /api/booking/{bookingIdentifier}": "payments:write",
}

TOOLS: dict[str, Rule] = {
    "tool search_flights": "trips:write",
    "tool search_stays": "trips:write",
    "tool trip": "trips:write",
    "tool book": "payments:propose",
    "tool checkout": "payments:propose",
    "tool get_trip": "trips:read",
}

PAGES: dict[str, Rule] = {
    "GET /checkout": "link",
    "POST /checkout": "link",
    "GET /checkout/pay": "link",
    "GET /checkout/*": "anyone",
    "GET /console/sign-in": "anyone",
    "POST /console/sign-in": "anyone",
    # There only where people may sign in at an issuer.
    "GET /console/sign-in/issuer": "anyone",
    "GET /console/sign-in/issuer/answer": "anyone",
    "GET /console/static/*": "anyone",
}

# By the scope that the session must have.
CONSOLE: dict[str, Rule] = {
    "GET /console": "ops:read",
    "GET /console/changes": "ops:read",
    "POST /console/sign-out": "ops:read",
    "POST /console/search": "ops:read",
    "GET /console/trips": "ops:read",
    "POST /console/trips/views": "ops:read",
    "POST /console/trips/views/forget": "ops:read",
    "GET /console/trips/{trip_id}": "ops:read",
    "GET /console/trips/{trip_id}/evidence": "ops:read",
    "GET /console/trips/{trip_id}/act": "ops:write",
    "POST /console/trips/{trip_id}/act": "ops:write",
    "GET /console/trips/{trip_id}/reveal": "ops:write",
    "POST /console/trips/{trip_id}/reveal": "ops:write",
    "GET /console/incidents": "ops:read",
    "GET /console/money": "ops:read",
    "GET /console/money/ledger": "ops:read",
    "GET /console/money/ledger.csv": "ops:read",
    "GET /console/money/drift.csv": "ops:read",
    "POST /console/money/accept": "ops:all",
    "GET /console/webhooks": "ops:all",
    "POST /console/webhooks/tasks/{task_id}/retry": "ops:all",
    "GET /console/deliveries": "ops:read",
    "POST /console/deliveries/{endpoint_id}/{delivery_id}": "ops:write",
    "GET /console/projections": "ops:read",
    "POST /console/projections/{name}": "ops:all",
    "GET /console/log": "ops:read",
    "POST /console/log/verify": "ops:all",
    "GET /console/audit": "ops:read",
}

OPERATIONS: dict[str, Rule] = {
    "GET /healthz": "anyone",
    "GET /readyz": "anyone",
    # Outside the sandbox only with the metrics token.
    "GET /metrics": "anyone",
    "GET /problems": "anyone",
    "GET /problems/{problem_code}": "anyone",
    "GET /openapi.json": "anyone",
    "GET /docs": "anyone",
    "GET /docs/*": "anyone",
}

SIGNED_IN: dict[str, Rule] = dict.fromkeys(CONSOLE, "session")

ACCESS: dict[str, Rule] = NATIVE | COMPATIBLE | TOOLS | PAGES | SIGNED_IN | OPERATIONS


def rule_of(name: str) -> Rule | None:
    """Who may: by the exact name, or by the one pattern (`*`) that fits it. None: not listed."""
    if name in ACCESS:
        return ACCESS[name]
    fitting = [rule for pattern, rule in ACCESS.items() if fnmatchcase(name, pattern)]
    return fitting[0] if len(fitting) == 1 else None
