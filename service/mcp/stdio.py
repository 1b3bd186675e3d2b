"""`tripledger mcp`: the tools over stdin and stdout, for agents on this machine. It only hands on
to the `/mcp` of a running service, so it needs its address and a key, and no database."""

from __future__ import annotations

from typing import Any

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.server import Server
from mcp.server.context import ServerRequestContext
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError
from mcp_types import (
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
)

from service.mcp.descriptions import INSTRUCTIONS
from service.mcp.door import PATH
from service.mcp.server import NAME, result
from service.version import VERSION

Context = ServerRequestContext[Any, Any]

CONNECT_S = 10.0
# Longer than the longest `book`.
READ_S = 330.0


class ServiceUnreachable(Exception):
    """Nothing answers at the address, or it does not take the key."""


async def hand_on(base_url: str, api_key: str) -> None:
    """Serve until stdin ends; raises ServiceUnreachable when there is nobody to hand on to."""
    timeout = httpx2.Timeout(READ_S, connect=CONNECT_S)
    headers = {"Authorization": f"Bearer {api_key}"}
    async with httpx2.AsyncClient(headers=headers, timeout=timeout) as http:
        await ensure_welcome(http, base_url)
        transport = streamable_http_client(base_url + PATH, http_client=http)
        async with Client(transport) as service, stdio_server() as (read, write):
            server = relay(service)
            await server.run(read, write, server.create_initialization_options())


async def ensure_welcome(http: httpx2.AsyncClient, base_url: str) -> None:
    """Says at the start what would otherwise only show when the first tool is called."""
    ping = {"jsonrpc": "2.0", "id": 0, "method": "ping"}
    accept = {"Accept": "application/json, text/event-stream"}
    try:
        told = await http.post(base_url + PATH, json=ping, headers=accept)
    except httpx2.HTTPError as error:
        raise ServiceUnreachable(f"No service answers at {base_url}: {error}") from error
    if told.status_code == httpx2.codes.UNAUTHORIZED:
        raise ServiceUnreachable(f"The service at {base_url} does not know this API key.")
    if told.is_error:
        raise ServiceUnreachable(f"{base_url}{PATH} answers {told.status_code}: {told.text[:300]}")


def relay(service: Client) -> Server[Any]:
    """A server with the service's own tools."""

    async def list_tools(_: Context, __: PaginatedRequestParams | None) -> ListToolsResult:
        return await service.list_tools()

    async def call_tool(_: Context, params: CallToolRequestParams) -> CallToolResult:
        try:
            return await service.call_tool(params.name, params.arguments)
        except MCPError:
            raise
        except (httpx2.HTTPError, OSError) as error:
            return unreachable(error)

    return Server(
        NAME,
        version=VERSION,
        title="Tripledger",
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


def unreachable(error: Exception) -> CallToolResult:
    refusal = {
        "code": "service_unreachable",
        "message": f"The booking service does not answer ({type(error).__name__}).",
        "retryable": True,
        "happened": "unknown",
        "who_must_act": "operator",
        "next": "Wait ten seconds, then call get_trip to see what has happened before you repeat.",
        "retry_after_s": 10,
        "details": {},
    }
    return result({"error": refusal}, failed=True)
