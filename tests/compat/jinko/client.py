"""A client of Jinko's REST contract: every answer is held against the published document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jsonschema

from tests.scenarios.world import AMELIA, CONTACT, Told, World

PEOPLE = {"travelers": [AMELIA], "contact": CONTACT}


@dataclass
class Jinko:
    world: World
    document: dict[str, Any]

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Told:
        """With the key in `X-API-Key`, as Jinko's documents show it."""
        sent = {"X-API-Key": key or self.world.key, **(headers or {})}
        async with self.world.session.request(
            method, self.world.url + path, json=body, headers=sent
        ) as answer:
            told = Told(answer.status, await answer.json(content_type=None), dict(answer.headers))
        assert told.headers["Content-Type"] == "application/json"
        jsonschema.validate(told.body, self.schema(method, path, told.status))
        return told

    def schema(self, method: str, path: str, status: int) -> Any:
        template = "/v1/trip/{trip_id}" if path.startswith("/v1/trip/") else path
        responses = self.document["paths"][template][method.lower()]["responses"]
        assert str(status) in responses, f"{method} {path}: {status}"
        schema = responses[str(status)]["content"]["application/json"]["schema"]
        return schema | {"components": self.document["components"]}

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        told = await self.ask(method, path, body)
        assert told.status == 200, f"{method} {path}: {told.status} {told.body}"
        return told.body

    async def refused(self, method: str, path: str, body: Any = None) -> tuple[int, str, Any]:
        """(status, code, details) of an answer that must be a refusal in Jinko's envelope."""
        told = await self.ask(method, path, body)
        assert told.status >= 400, f"{method} {path}: {told.status} {told.body}"
        assert list(told.body) == ["error"]
        error = told.body["error"]
        assert sorted(error) == ["code", "details", "message"]
        return told.status, error["code"], error["details"]

    async def trip(self, **verbs: Any) -> Any:
        trip = await self.call("POST", "/v1/trip", verbs)
        if "created" in trip["actions_performed"]:
            self.world.trips.append(trip["trip_id"])
        return trip

    async def not_changed(self, **verbs: Any) -> tuple[int, str, Any]:
        return await self.refused("POST", "/v1/trip", verbs)

    async def get(self, trip_id: str) -> Any:
        return await self.call("GET", f"/v1/trip/{trip_id}")

    async def book(self, trip_id: str) -> Any:
        return await self.call("POST", "/v1/book", {"trip_id": trip_id})

    async def not_booked(self, trip_id: Any) -> tuple[int, str, Any]:
        return await self.refused("POST", "/v1/book", {"trip_id": trip_id})

    async def usual(self) -> Any:
        """A flight and a hotel, with Amelia travelling, in one call and a second one."""
        flight, stay = await self.world.find_flight(), await self.world.find_stay()
        trip = await self.trip(add_item=added(flight), upsert_travelers=PEOPLE)
        return await self.trip(trip_id=trip["trip_id"], add_item=added(stay))

    async def provider_session(self, trip_id: str) -> str:
        """What the traveller's browser is sent on to."""
        trip = await self.world.trip(trip_id)
        return str(trip["checkout"]["session_id"])

    async def pay(self, trip_id: str, outcome: str = "paid") -> None:
        await self.world.pay(await self.provider_session(trip_id), outcome)


def added(offer: Any) -> dict[str, str]:
    return {"trip_item_token": offer["offer_id"]}
