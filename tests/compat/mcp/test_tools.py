"""What a model reads about the tools: names, hints, schemas, what comes next. A change here is a
change of the contract."""

from __future__ import annotations

import re

import jsonschema

from service.http.problems import CATALOGUE
from service.mcp.refusals import NEXT
from tests.compat.mcp.agents import over_http
from tests.scenarios.world import World

# name: (read only, destructive, idempotent, open world, required arguments, all arguments)
LISTED = {
    "search_flights": (
        True,
        False,
        True,
        True,
        ["passengers", "slices"],
        ["cabin_class", "limit", "max_connections", "passengers", "slices"],
    ),
    "search_stays": (
        True,
        False,
        True,
        True,
        ["check_in_date", "check_out_date", "guests", "latitude", "longitude"],
        [
            *("check_in_date", "check_out_date", "guests", "latitude", "limit", "longitude"),
            *("radius_km", "rooms"),
        ],
    ),
    "trip": (
        False,
        True,
        False,
        True,
        [],
        [
            *("add_item", "remove_item", "request_id", "select_ancillaries", "trip_id"),
            "upsert_travelers",
        ],
    ),
    "book": (False, False, True, True, ["trip_id"], ["trip_id"]),
    "checkout": (False, False, True, True, ["trip_id"], ["trip_id"]),
    "get_trip": (True, False, True, False, ["trip_id"], ["trip_id"]),
}


async def test_these_are_the_tools(world: World) -> None:
    async with over_http(world) as agent:
        tools = (await agent.client.list_tools()).tools

    told = {}
    for tool in tools:
        hints = tool.annotations
        assert hints is not None
        told[tool.name] = (
            hints.read_only_hint,
            hints.destructive_hint,
            hints.idempotent_hint,
            hints.open_world_hint,
            sorted(tool.input_schema["required"]),
            sorted(tool.input_schema["properties"]),
        )
    assert LISTED == told


async def test_each_tool_tells_what_a_model_must_know(world: World) -> None:
    async with over_http(world) as agent:
        tools = (await agent.client.list_tools()).tools
        instructions = agent.client.instructions

    assert "Never invent" in (instructions or "")
    assert "verbatim" in (instructions or "")
    for tool in tools:
        assert tool.title
        assert tool.description
        if tool.name != "checkout":
            assert len(tool.description) > 300
            assert re.search(r"Next: |Poll every", tool.description), tool.name


async def test_schemas_refer_to_nothing_outside_themselves(world: World) -> None:
    async with over_http(world) as agent:
        tools = (await agent.client.list_tools()).tools

    for tool in tools:
        for schema in (tool.input_schema, tool.output_schema):
            assert schema is not None
            jsonschema.Draft202012Validator.check_schema(schema)
            assert "object" == schema["type"]
            assert "$ref" not in str(schema)
            assert "(?!" not in str(schema)


def test_every_hint_after_a_refusal_is_for_a_known_code() -> None:
    assert set(NEXT) <= set(CATALOGUE)
    assert all(kind.advice for kind in CATALOGUE.values())
