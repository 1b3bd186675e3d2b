"""The route `/mcp`. The MCP package is loaded when the first agent comes, so that a process without
agents does not carry it; where it is not installed, the route says so."""

from __future__ import annotations

import asyncio
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from domain.ports import Clock
from service.desk import Desk
from service.http.answers import Reply
from service.http.api import Answer, Call, Route
from service.http.decoding import NoQuery
from service.http.jinko.calls import JinkoCalls
from service.http.problems import Problem
from service.mcp.tools import Tools, all_tools
from service.settings import Settings

if TYPE_CHECKING:
    from service.mcp.door import McpDoor

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
            handler=Entrance(settings, Tools(desk, clock, calls)).post if INSTALLED else absent,
            summary="The Model Context Protocol, streamable HTTP",
            description="Tools for agents: `search_flights`, `search_stays`, `trip`, `book` "
            "(also as `checkout`), `get_trip`. Only `Authorization: Bearer`. No sessions are kept: "
            "each request stands alone. Notifications answer 202, a foreign `Host` 421.",
            tag="compatible",
            body=bytes,
            answer=JsonRpcReply,
            also={
                202: "A notification was taken.",
                403: "The page that asks (`Origin`) is not of this service.",
                406: "The answer is JSON, which `Accept` does not take.",
                421: "The service is not called so (`Host`).",
            },
            problems=("mcp_not_installed",),
        )
    ]


class Entrance:
    """Opens the door when somebody comes."""

    def __init__(self, settings: Settings, tools: Tools) -> None:
        self.settings = settings
        self.tools = tools
        self.door: McpDoor | None = None

    async def post(self, call: Call[bytes, NoQuery]) -> Answer:
        if self.door is None:
            # Loading takes about a second, which others must not wait for.
            self.door = await asyncio.to_thread(self.built)
        return await self.door.post(call)

    def built(self) -> McpDoor:
        from service.mcp.door import McpDoor

        return McpDoor(all_tools(self.tools), self.settings)


async def absent(_: Call[bytes, NoQuery]) -> Answer:
    raise Problem("mcp_not_installed", "MCP needs the package's extra `mcp`.")
