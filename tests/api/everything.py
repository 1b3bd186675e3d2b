"""Everything the service answers, and a request for each that is whole but for who asks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from service.http.wink.routes import ITEM_EXAMPLE
from service.mcp.tools import all_tools
from service.serving import Readiness, doors
from tests.scenarios.world import AMELIA, Told, World

ABSENT = "00000000-0000-4000-8000-000000000000"
REASON = {"cancellationType": "CANCELLATION", "reason": "plans changed"}
# Whole requests, so that nothing but the tenant stands between them and what they name.
BODIES: dict[str, Any] = {
    "POST /v1/offers/flights": {
        "slices": [{"origin": "LHR", "destination": "JFK", "departure_date": "2030-01-01"}],
        "passengers": [{"type": "adult"}],
    },
    "POST /v1/offers/stays": {
        "latitude": 1.0,
        "longitude": 1.0,
        "check_in_date": "2030-01-01",
        "check_out_date": "2030-01-02",
        "guests": [{"type": "adult"}],
    },
    "POST /v1/trips/{trip_id}/items": {"offer_id": "off_1"},
    "PUT /v1/trips/{trip_id}/items/{item_id}/ancillaries": {"selections": []},
    "PUT /v1/trips/{trip_id}/travelers": {"travelers": [AMELIA]},
    "POST /v1/trips/{trip_id}/cancel": {"cancellation_quote_id": "cq_1"},
    "POST /v1/webhook-endpoints/{endpoint_id}/rotate-secret": {},
    "POST /v1/webhook-endpoints/{endpoint_id}/replay": {"after": 0},
    "POST /v1/trip": {"trip_id": "{trip_id}"},
    "POST /v1/book": {"trip_id": "{trip_id}"},
    "POST /api/checkout": {
        "shoppingCartIdentifier": "{trip_id}",
        "redirectUrl": "http://127.0.0.1/thanks",
    },
    "PATCH /api/shopping-cart/{shoppingCartIdentifier}": ITEM_EXAMPLE,
    "PATCH /api/shopping-cart/{shoppingCartIdentifier}/item/{itemIdentifier}": ITEM_EXAMPLE,
    "PATCH /api/booking/group/{groupIdentifier}": REASON,
    "PATCH /api/booking/{bookingIdentifier}": REASON,
}
ARGUMENTS: dict[str, Any] = {
    "tool trip": {"trip_id": "{trip_id}"},
    "tool book": {"trip_id": "{trip_id}"},
    "tool checkout": {"trip_id": "{trip_id}"},
    "tool get_trip": {"trip_id": "{trip_id}"},
}
NAMES_OURS = "{"


def ids_of(trip: Any, booked: Any) -> dict[str, str]:
    """What a trip and its checkout put into the parts of paths that stand for them."""
    item_id, code = trip["items"][0]["item_id"], booked["booking_codes"][0]
    return {
        "trip_id": trip["trip_id"],
        "item_id": item_id,
        "person_id": trip["contact"]["person_id"],
        "code": code,
        "group_id": booked["group_id"],
        "shoppingCartIdentifier": trip["trip_id"],
        "itemIdentifier": item_id,
        "ancillaryIdentifier": "bag",
        "bookingIdentifier": code,
        "groupIdentifier": booked["group_id"],
        "paymentIdentifier": booked["session_id"],
        "problem_code": "sold_out",
    }


@dataclass
class Ours:
    """What our tenant has, for each part of a path and each body that names it."""

    world: World
    ids: dict[str, str]

    def filled(self, shape: Any) -> Any:
        text = json.dumps(shape)
        for name, value in self.ids.items():
            text = text.replace(f"{{{name}}}", value)
        return json.loads(text)

    async def ask(self, name: str, key: str, *, whole: bool) -> Told:
        """The request by its name; not `whole`: with a flaw that is seen after who asks and before
        anything is done, so that asking changes nothing."""
        method, _, path = name.partition(" ")
        if method == "tool":
            arguments = self.filled(ARGUMENTS.get(name, {})) if whole else {"flaw": 1}
            return await self.use(path, arguments, key)
        body = self.filled(BODIES.get(name)) if whole else None
        flaw = "" if whole else "?flaw=1"
        headers = {"Authorization": f"Bearer {key}"}
        url = self.world.url + self.filled(path) + flaw
        async with self.world.session.request(
            method, url, json=body, headers=headers, allow_redirects=False
        ) as answer:
            is_json = "json" in answer.content_type
            return Told(answer.status, await answer.json() if is_json else None, {})

    async def use(self, tool: str, arguments: Any, key: str) -> Told:
        call = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {"name": tool, "arguments": arguments},
        }
        headers = {"Accept": "application/json, text/event-stream"}
        told = await self.world.ask("POST", "/mcp", call, key=key, headers=headers)
        if told.status != 200:
            return told
        error = told.body["result"]["structuredContent"].get("error", {})
        status = STATUS_OF_CODE.get(error.get("code"), 422 if error else 200)
        return Told(status, told.body["result"]["structuredContent"], told.headers)


STATUS_OF_CODE = {"insufficient_scope": 403, "trip_not_found": 404}


class Unused:
    """The tools' work, where only their names matter."""

    search_flights = search_stays = trip = book = get_trip = None


def everything(world: World) -> list[str]:
    """Every route and page the service really answers, and every tool."""
    parts: Any = Unused()
    routes = {
        f"{route.method} {route.resource.canonical}"
        for route in doors(world.service, Readiness()).router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    tools = {f"tool {tool.name}" for tool in all_tools(parts)}
    return sorted(routes | tools)
