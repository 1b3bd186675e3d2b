"""Whoever wants to see what passes over a sandbox's wire, to judge it: only tests ask."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web
from aiohttp.typedefs import Handler


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A request with the answer that was made for it, before any fault touches the answer; or,
    without a method, a notification (in `answer`) before it is sent."""

    provider: str
    method: str = ""
    path: str = ""
    query: str = ""
    sent: bytes = b""
    status: int = 200
    answer: bytes = b""


witnesses: list[Callable[[Seen], None]] = []


def tell(seen: Seen) -> None:
    for witness in witnesses:
        witness(seen)


@web.middleware
async def witnessed(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Show each request to a provider's API with its answer; control routes are not the API."""
    response = await handler(request)
    if witnesses and isinstance(response, web.Response) and is_api(request.path):
        body = response.body
        tell(
            Seen(
                provider="stripe" if request.path.startswith("/v1/") else "duffel",
                method=request.method,
                path=request.path,
                query=request.query_string,
                sent=await request.read(),
                status=response.status,
                answer=body if isinstance(body, bytes) else b"",
            )
        )
    return response


def is_api(path: str) -> bool:
    return path.startswith(("/v1/", "/air/", "/stays/"))
