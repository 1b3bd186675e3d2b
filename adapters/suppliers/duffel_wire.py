"""Calls to Duffel over HTTP: one attempt each, answers as they are, and never a body in a log."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp

from adapters.answers import read_whole

JsonObject = dict[str, Any]

API_BASE = "https://api.duffel.com"
API_VERSION = "v2"
CONNECT_TIMEOUT_S = 10.0
QUESTION_TIMEOUT_S = 60.0
# Duffel demands at least 130 s for whatever books.
ORDER_TIMEOUT_S = 130.0
RETRY_AFTER_S_DEFAULT = 30.0
RETRY_AFTER_S_MAX = 300.0
# The largest answers there are, fifty offers with all their segments, have some 1 MB.
ANSWER_BYTES_MAX = 32 * 1024 * 1024


class NotSent(Exception):
    """No connection came about, so Duffel cannot have done anything."""


class NoAnswer(Exception):
    """The request may have been executed, but its answer was lost or makes no sense."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why Duffel refused, without the words it may have taken from the request."""

    code: str = ""
    title: str = ""
    pointer: str = ""
    request_id: str = ""

    def __str__(self) -> str:
        where = f" at {self.pointer}" if self.pointer else ""
        request = f", request {self.request_id}" if self.request_id else ""
        return f"Duffel says {self.code or 'nothing'} ({self.title}){where}{request}"


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. `body` is None unless it is a JSON object."""

    status: int
    body: JsonObject | None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def data(self) -> Any:
        return None if self.body is None else self.body.get("data")

    @property
    def problem(self) -> Problem:
        errors = self.body.get("errors") if self.body is not None else None
        first = errors[0] if isinstance(errors, list) and errors else None
        if not isinstance(first, dict):
            return Problem(title=f"HTTP {self.status}")
        source = first.get("source")
        return Problem(
            code=str(first.get("code", "")),
            title=str(first.get("title", "")),
            pointer=str(source.get("pointer", "")) if isinstance(source, dict) else "",
            request_id=self.headers.get("x-request-id", ""),
        )

    @property
    def retry_after_s(self) -> float:
        """Seconds until the rate limit is reset, by Duffel's own clock where it tells it."""
        try:
            reset = parsedate_to_datetime(self.headers["ratelimit-reset"])
            wait_s = seconds_between(parsedate_to_datetime(self.headers["date"]), reset)
        except (KeyError, ValueError, TypeError, OverflowError):
            return RETRY_AFTER_S_DEFAULT
        return min(max(wait_s, 1.0), RETRY_AFTER_S_MAX)


def seconds_between(start: datetime, end: datetime) -> float:
    return (end - start).total_seconds()


def read_json(raw: bytes) -> JsonObject | None:
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


class DuffelWire:
    """Duffel's HTTP API. Orders get a connection of their own, so that a pooled connection which
    the other side has just closed is never mistaken for an order of unknown outcome."""

    def __init__(
        self,
        *,
        token: str,
        base_url: str = API_BASE,
        question_timeout_s: float = QUESTION_TIMEOUT_S,
        order_timeout_s: float = ORDER_TIMEOUT_S,
        watched: aiohttp.TraceConfig | None = None,
    ) -> None:
        if urlsplit(base_url).scheme not in ("http", "https"):
            raise ValueError("the base URL of Duffel must be http:// or https://")
        self.base_url = base_url.rstrip("/")
        self.question_timeout = timeout_of(question_timeout_s)
        self.order_timeout = timeout_of(order_timeout_s)
        self.headers = {
            "Authorization": f"Bearer {token}",
            "Duffel-Version": API_VERSION,
            "Accept": "application/json",
            "Content-Type": "application/json",
        }
        self.watched = [watched] if watched else []
        self.questions: aiohttp.ClientSession | None = None
        self.orders: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        for session in (self.questions, self.orders):
            if session is not None:
                await session.close()
        self.questions = self.orders = None

    async def ask(
        self,
        method: str,
        path: str,
        *,
        data: JsonObject | None = None,
        query: dict[str, str] | None = None,
    ) -> Answer:
        """A question, or a step that may be repeated without harm."""
        if self.questions is None:
            self.questions = aiohttp.ClientSession(headers=self.headers, trace_configs=self.watched)
        return await self.send(self.questions, self.question_timeout, method, path, data, query)

    async def commit(self, path: str, data: JsonObject) -> Answer:
        """Something that binds: one attempt, as long as Duffel may need for it."""
        if self.orders is None:
            connector = aiohttp.TCPConnector(force_close=True)
            self.orders = aiohttp.ClientSession(
                headers=self.headers, connector=connector, trace_configs=self.watched
            )
        return await self.send(self.orders, self.order_timeout, "POST", path, data, None)

    async def send(
        self,
        session: aiohttp.ClientSession,
        timeout: aiohttp.ClientTimeout,
        method: str,
        path: str,
        data: JsonObject | None,
        query: dict[str, str] | None,
    ) -> Answer:
        try:
            async with session.request(
                method,
                self.base_url + path,
                data=None if data is None else json.dumps({"data": data}).encode(),
                params=query,
                timeout=timeout,
                allow_redirects=False,
            ) as answer:
                raw = await read_whole(answer, ANSWER_BYTES_MAX)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise NotSent(type(error).__name__) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise NoAnswer(type(error).__name__) from error
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Answer(answer.status, read_json(raw), headers)


def timeout_of(total_s: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=total_s, sock_connect=min(CONNECT_TIMEOUT_S, total_s))
