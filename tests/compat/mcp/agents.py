"""Agents: the protocol's official client, over HTTP or over the command's stdin and stdout."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx2
import jsonschema
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp_types import TextContent

from tests.scenarios.world import AMELIA, CONTACT, DEPARTURE, World

PEOPLE = {"travelers": [AMELIA], "contact": CONTACT}
FLIGHTS = {
    "slices": [{"origin": "LHR", "destination": "JFK", "departure_date": DEPARTURE.isoformat()}],
    "passengers": [{"type": "adult"}],
}
STAYS = {
    "latitude": 40.7549,
    "longitude": -73.984,
    "check_in_date": DEPARTURE.isoformat(),
    "check_out_date": (DEPARTURE + timedelta(days=3)).isoformat(),
    "guests": [{"type": "adult"}],
}


@dataclass
class Agent:
    """Uses the tools; every answer is held against the schema its tool was listed with."""

    client: Client
    world: World
    schemas: dict[str, Any]

    async def call(self, tool: str, **arguments: Any) -> Any:
        """The data of an answer that must not be an error."""
        told = await self.client.call_tool(tool, arguments)
        data = both_alike(told)
        assert not told.is_error, f"{tool}: {data}"
        jsonschema.validate(data, self.schemas[tool])
        if "created" in data.get("actions_performed", ()):
            self.world.trips.append(data["trip_id"])
        return data

    async def refused(self, tool: str, **arguments: Any) -> Any:
        """The error of an answer that must be one."""
        told = await self.client.call_tool(tool, arguments)
        data = both_alike(told)
        assert told.is_error, f"{tool}: {data}"
        assert list(data) == ["error"]
        return data["error"]

    async def usual(self) -> Any:
        """A flight and a hotel, with Amelia travelling."""
        flight = (await self.call("search_flights", **FLIGHTS))["offers"][0]
        stay = (await self.call("search_stays", **STAYS))["offers"][0]
        trip = await self.call("trip", add_item=added(flight), upsert_travelers=PEOPLE)
        return await self.call("trip", trip_id=trip["trip_id"], add_item=added(stay))

    async def pay(self, trip_id: str, outcome: str = "paid") -> None:
        """What the traveler does on the page."""
        trip = await self.world.trip(trip_id)
        await self.world.pay(trip["checkout"]["session_id"], outcome)


def added(offer: Any) -> dict[str, str]:
    return {"trip_item_token": offer["trip_item_token"]}


def both_alike(told: Any) -> Any:
    (content,) = told.content
    assert isinstance(content, TextContent)
    assert json.loads(content.text) == told.structured_content
    return told.structured_content


@asynccontextmanager
async def over_http(
    world: World, *, key: str | None = None, mode: str = "auto"
) -> AsyncIterator[Agent]:
    headers = {"Authorization": f"Bearer {key or world.key}"}
    async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
        transport = streamable_http_client(f"{world.url}/mcp", http_client=http)
        async with Client(transport, mode=mode) as client:
            yield Agent(client, world, await listed(client))


@asynccontextmanager
async def over_stdio(world: World) -> AsyncIterator[Agent]:
    command = StdioServerParameters(
        command=sys.executable,
        args=["-m", "service.cli", "mcp", "--url", world.url],
        env={"TRIPLEDGER_API_KEY": world.key},
    )
    async with Client(command) as client:
        yield Agent(client, world, await listed(client))


async def listed(client: Client) -> dict[str, Any]:
    return {tool.name: tool.output_schema for tool in (await client.list_tools()).tools}
