"""The route `/mcp`, also where the MCP package is not installed: then it says so."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from domain.ports import Clock
from service.desk import Desk
from service.http.answers import Reply
from service.http.api import Answer, Call, Handler, Route
from service.http.decoding import NoQuery
from service.http.jinko.calls import JinkoCalls
from service.http.problems import Problem
from service.mcp.tools import Tools, all_tools
from service.settings import Settings

INSTALLED = find_spec("mcp") is not None


class JsonRpcReply(Reply, kw_only=True, omit_defaults=True):
    """One JSON-RPC answer: `result` or `error`."""

    jsonrpc: str
    id: str | int | None = None
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = None


def mcp_routes(settings: Settings, *, desk: Desk, clock: Clock, calls: JinkoCalls) -> list[Route]:
    return [
        Route(
            method="POST",
            path="/mcp",
            handler=handler(settings, Tools(desk, clock, calls)),
            summary="The Model Context Protocol, streamable HTTP",
            description="Tools for agents: `search_flights`, `search_stays`, `trip`, `book` "
            "(also as `checkout`), `get_trip`. Only `Authorization: Bearer`. No sessions are kept: "
            "each request stands alone. Notifications answer 202, a foreign `Host` 421.",
            tag="compatible",
            body=bytes,
            answer=JsonRpcReply,
            also={202: "A notification was taken."},
            problems=("mcp_not_installed",),
        )
    ]


def handler(settings: Settings, tools: Tools) -> Handler:
    if not INSTALLED:
        return absent
    from service.mcp.door import McpDoor

    return McpDoor(all_tools(tools), settings).post


async def absent(_: Call[bytes, NoQuery]) -> Answer:
    raise Problem("mcp_not_installed", "MCP needs the package's extra `mcp`.")
