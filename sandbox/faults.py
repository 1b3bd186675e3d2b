"""Faults on demand: rules say which request goes wrong, how, and how often.

The middleware applies the modes that any HTTP server can suffer; a provider's own modes are left to
its handlers, which ask `faults.take(request, mode)`.
"""

from __future__ import annotations

import asyncio
import fnmatch
import itertools
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

GENERIC_MODES = (
    "latency",
    "reset_before",
    "commit_then_reset",
    "commit_then_500",
    "commit_then_timeout",
    "cut_body",
    "endless_body",
    "http_500",
    "http_503",
    "rate_limited",
    "html_502",
    "text_403",
)
CONTROL_PREFIX = "/_sandbox"
HOLD_SECONDS = 60.0
ENDLESS_PIECE = b" " * 65_536
RULES_MAX = 1_000

HTML_502 = (
    "<html><head><title>502 Bad Gateway</title></head>"
    "<body><h1>502 Bad Gateway</h1><p>The server returned an invalid response.</p></body></html>"
)

ErrorAnswer = Callable[[web.Request, int], web.Response]
"""The provider's own body for a status: 429, 500, 503."""


class BadFault(ValueError):
    """A rule that cannot be understood; the message says what is possible."""


@dataclass(kw_only=True)
class FaultRule:
    number: int
    mode: str
    method: str
    path: str
    times_left: int | None
    options: dict[str, Any] = field(default_factory=dict)

    def matches(self, request: web.Request) -> bool:
        return (
            self.times_left != 0
            and self.method in ("*", request.method)
            and fnmatch.fnmatchcase(request.path, self.path)
        )

    def seconds(self, option: str, default: float) -> float:
        return float(self.options.get(option, default))

    def described(self) -> dict[str, Any]:
        return {
            "id": self.number,
            "match": {"method": self.method, "path": self.path},
            "mode": self.mode,
            "times_left": self.times_left,
            **self.options,
        }


class Faults:
    """Rules in the order they were given; each is used up by the requests it meets."""

    def __init__(self, *, extra_modes: Iterable[str] = ()) -> None:
        self.modes = (*GENERIC_MODES, *extra_modes)
        self.numbers = itertools.count(1)
        self.rules: list[FaultRule] = []
        self.released = asyncio.Event()

    def add(self, wanted: dict[str, Any]) -> FaultRule:
        """`times` defaults to 1; null means until deleted. `path` may hold `*`."""
        options = dict(wanted)
        match = options.pop("match", None) or {}
        mode = options.pop("mode", None)
        times = options.pop("times", 1)
        if mode not in self.modes:
            raise BadFault(f"unknown mode {mode!r}; modes are: {', '.join(self.modes)}")
        if not isinstance(match, dict) or set(match) - {"method", "path"}:
            raise BadFault('match is {"method": ..., "path": ...}, both optional')
        if times is not None and (not isinstance(times, int) or times < 1):
            raise BadFault("times is a whole number of at least 1, or null for until deleted")
        if len(self.rules) >= RULES_MAX:
            raise BadFault(f"no more than {RULES_MAX} rules; delete some first")
        rule = FaultRule(
            number=next(self.numbers),
            mode=mode,
            method=str(match.get("method", "*")).upper(),
            path=str(match.get("path", "*")),
            times_left=times,
            options=options,
        )
        self.rules.append(rule)
        return rule

    def clear(self) -> None:
        """Forget every rule and let go of the answers that are being held back."""
        self.rules.clear()
        held, self.released = self.released, asyncio.Event()
        held.set()

    def take(self, request: web.Request, *modes: str) -> FaultRule | None:
        for rule in self.rules:
            if rule.mode in modes and rule.matches(request):
                if rule.times_left is not None:
                    rule.times_left -= 1
                return rule
        return None

    async def hold(self, seconds: float) -> None:
        """Real time, because the client that waits counts in real time; ends early on `clear`."""
        try:
            await asyncio.wait_for(self.released.wait(), seconds)
        except TimeoutError:
            return


def drop_connection(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=499)


async def cut_short(request: web.Request, whole: web.StreamResponse) -> web.StreamResponse:
    """Promise the full length, send half of it, close."""
    body = whole.body if isinstance(whole, web.Response) else b""
    content = bytes(body) if isinstance(body, bytes | bytearray) else b""
    part = web.StreamResponse(status=whole.status, headers=whole.headers)
    part.content_length = len(content)
    part.force_close()
    await part.prepare(request)
    await part.write(content[: len(content) // 2])
    if request.transport is not None:
        request.transport.close()
    return part


async def go_on(
    request: web.Request, faults: Faults, whole: web.StreamResponse
) -> web.StreamResponse:
    """Begin the answer and send what says nothing after it, until nobody reads it any more."""
    released = faults.released
    part = web.StreamResponse(status=whole.status, headers=whole.headers)
    part.headers.popall("Content-Length", None)
    part.force_close()
    await part.prepare(request)
    with suppress(ConnectionError):
        while not released.is_set():
            await part.write(ENDLESS_PIECE)
    return part


async def fail_before(
    request: web.Request, faults: Faults, rule: FaultRule, error: ErrorAnswer
) -> web.StreamResponse | None:
    """The answer of a request that is not executed, or nothing when it is to be."""
    match rule.mode:
        case "latency":
            # It has arrived whole: whoever sent it may be gone when it is executed.
            await request.read()
            await faults.hold(rule.seconds("latency_s", 1.0))
            return None
        case "reset_before":
            return drop_connection(request)
        case "http_500":
            return error(request, 500)
        case "http_503":
            return error(request, 503)
        case "rate_limited":
            return error(request, 429)
        case "html_502":
            return web.Response(status=502, text=HTML_502, content_type="text/html")
        case "text_403":
            return web.Response(status=403, text="Forbidden")
        case _:
            return None


async def fail_after(
    request: web.Request,
    faults: Faults,
    rule: FaultRule,
    error: ErrorAnswer,
    answer: web.StreamResponse,
) -> web.StreamResponse:
    """What the client gets to see of a request that was executed."""
    match rule.mode:
        case "commit_then_reset":
            return drop_connection(request)
        case "commit_then_500":
            return error(request, 500)
        case "commit_then_timeout":
            await faults.hold(rule.seconds("hold_s", HOLD_SECONDS))
            return drop_connection(request)
        case "cut_body":
            return await cut_short(request, answer)
        case "endless_body":
            return await go_on(request, faults, answer)
        case _:
            return answer


def fault_middleware(faults: Faults, error: ErrorAnswer) -> Middleware:
    """Outermost of a provider's middlewares, so that what it hides has really been executed."""

    @web.middleware
    async def apply(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith(CONTROL_PREFIX):
            return await handler(request)
        rule = faults.take(request, *GENERIC_MODES)
        if rule is None:
            return await handler(request)
        refused = await fail_before(request, faults, rule, error)
        if refused is not None:
            return refused
        answer = await handler(request)
        return await fail_after(request, faults, rule, error, answer)

    return apply
