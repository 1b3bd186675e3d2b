"""The MCP server over the tools: lists them, checks arguments and scopes, answers and refuses."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec
import structlog
from mcp.server import Server
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    Tool,
    ToolAnnotations,
)

from service.http.decoding import invalid
from service.http.guards.cards import refuse_card_data
from service.http.identity import authorize
from service.http.problems import Problem, problem_of
from service.mcp.descriptions import INSTRUCTIONS
from service.mcp.refusals import refusal
from service.mcp.schemas import schema_of
from service.mcp.tools import Asked, ToolDefinition
from service.version import VERSION

NAME = "tripledger"

StructT = TypeVar("StructT", bound=msgspec.Struct)
Context = ServerRequestContext[Any, Any]

log = structlog.get_logger("service.mcp")
# The library tells of every request at INFO; the doorkeeper tells of it already.
logging.getLogger("mcp").setLevel(logging.WARNING)


def serving(tools: list[ToolDefinition], asked_of: Callable[[Context], Asked]) -> Server[Any]:
    """`asked_of` tells who is behind a request: the door has found it out before."""
    by_name = {tool.name: tool for tool in tools}
    listed = ListToolsResult(tools=[shown(tool) for tool in tools])

    async def list_tools(_: Context, __: PaginatedRequestParams | None) -> ListToolsResult:
        return listed

    async def call_tool(context: Context, params: CallToolRequestParams) -> CallToolResult:
        tool = by_name.get(params.name)
        if tool is None:
            raise MCPError(code=INVALID_PARAMS, message=f"There is no tool {params.name[:64]!r}")
        return await called(tool, params.arguments or {}, asked_of(context))

    return Server(
        NAME,
        version=VERSION,
        title="Tripledger",
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


def shown(tool: ToolDefinition) -> Tool:
    return Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=schema_of(tool.arguments),
        output_schema=schema_of(tool.answer),
        annotations=ToolAnnotations(
            title=tool.title,
            read_only_hint=not tool.changes,
            destructive_hint=tool.removes,
            idempotent_hint=tool.repeatable,
            open_world_hint=tool.outside,
        ),
    )


async def called(tool: ToolDefinition, given: Mapping[str, Any], asked: Asked) -> CallToolResult:
    try:
        authorize(asked.caller, (tool.scope,))
        answer = await tool.run(arguments_of(given, tool.arguments), asked)
    except Exception as error:
        problem = problem_of(error)
        if problem is None:
            log.exception("tool_failed", route=f"mcp:{tool.name}", request_id=asked.request_id)
            detail = "The call failed; its request_id tells the operator more."
            problem = Problem("internal_error", detail)
        return result(refusal(problem, asked.request_id), failed=True)
    return result(answer, failed=False)


def arguments_of(given: Mapping[str, Any], kind: type[StructT]) -> StructT:
    """As strict as the HTTP door: unknown fields are refused, every error names its field."""
    try:
        raw = msgspec.json.encode(given)
    except (UnicodeEncodeError, TypeError, ValueError):
        raise Problem("malformed_json", "The arguments hold what JSON cannot carry.") from None
    if b"\\u0000" in raw:
        raise Problem("validation_failed", "Text must not contain the character U+0000.")
    refuse_card_data(raw)
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        raise invalid(str(error), "body") from None


def result(answer: Any, *, failed: bool) -> CallToolResult:
    """The answer twice, as the protocol wants it: as text and as data."""
    text = msgspec.json.encode(answer).decode()
    return CallToolResult(
        content=[TextContent(type="text", text=text)],
        structured_content=json.loads(text),
        is_error=failed,
    )
