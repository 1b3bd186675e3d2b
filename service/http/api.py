"""Typed routes: one definition decodes and validates the request, guards it, runs the handler,
encodes the answer, and is what the OpenAPI document is made of."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

import msgspec
from aiohttp import web

from adapters.idempotency import Idempotency, RequestKey
from domain.ids import derived_id, ordered_id
from service.handle import new_id
from service.http.decoding import NoQuery, decode_body, decode_query, read_body
from service.http.guards.cards import refuse_card_data
from service.http.guards.limits import RateLimits, Verdict, too_many
from service.http.guards.strangers import Strangers
from service.http.guards.turns import Turns
from service.http.guards.waiting import WaitingRoom
from service.http.idempotency import Rendered, answered_once, key_of, request_hash
from service.http.identity import (
    ANONYMOUS,
    Caller,
    KeyRing,
    TokenVerifier,
    authorize,
    identify,
    presented,
)
from service.http.paths import PATH_PARAMETERS, UUID_TEXT
from service.http.problems import CATALOGUE, NATIVE, Dialect, Problem, answer, problem_of

BodyT = TypeVar("BodyT")
QueryT = TypeVar("QueryT")
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]

JSON = "application/json"
BODY_BYTES_MAX = 65_536
READ_TIMEOUT_S = 10.0

REQUEST_ID = web.RequestKey("request_id", str)
CALLER = web.RequestKey("caller", Caller)
VERDICT = web.RequestKey("verdict", Verdict)
DIALECT = web.RequestKey("dialect", Dialect)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[BodyT, QueryT]):
    """A request that has passed every check at the door."""

    body: BodyT
    query: QueryT
    path: Mapping[str, str]
    headers: Mapping[str, str]
    caller: Caller
    request_id: str
    operation: str

    def new_id(self, name: str) -> str:
        """An id for something this call makes: repeated with its Idempotency-Key, also after a
        crash, the same call makes the same ids."""
        return derived_id(self.operation, name)

    def expected_version(self) -> int | None:
        """The version in If-Match: `3`, `"3"` or `W/"3"`; None when there is none, or `*`."""
        header = self.headers.get("If-Match")
        if header is None or header.strip() == "*":
            return None
        match = re.fullmatch(r'(?:W/)?"(\d{1,9})"|(\d{1,9})', header.strip())
        if match is None:
            raise Problem("invalid_request", "If-Match must be one ETag of this service, or `*`.")
        return int(match[1] or match[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`body` is encoded as JSON, bytes go out as they are, an iterator of bytes goes out piece by
    piece at the pace of its reader; `status` unset: the route's."""

    body: Any = None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[Call[Any, Any]], Awaitable[Answer]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One call of the API. `body` is a Struct type or a list of one, or `bytes` for a raw body of
    any type. `headers`: request headers that mean something here, and what.

    `secret`: the answer carries secrets and must not be kept for repeats; the handler is
    idempotent by itself. `public` routes know no caller. `edits`: honours If-Match. `also` names
    further statuses that are no problems. `dialect`: how problems are put here. `streams`: the
    type of the answer when it is asked for as a stream; `closing` is told when the service stops.
    """

    method: Method
    path: str
    handler: Handler
    summary: str
    tag: str
    description: str = ""
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    query: type[msgspec.Struct] = NoQuery
    answer: Any = None
    media_type: str = JSON
    status: int = 200
    scopes: tuple[str, ...] = ()
    public: bool = False
    secret: bool = False
    edits: bool = False
    x_api_key: bool = False
    also: Mapping[int, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    dialect: Dialect = NATIVE
    body_example: Any = None
    answer_example: Any = None
    body_bytes_max: int = BODY_BYTES_MAX
    streams: str | None = None
    closing: Callable[[], None] | None = None

    @property
    def keyed(self) -> bool:
        """Whether an Idempotency-Key means something here."""
        return self.method == "POST" and not self.public

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(slots=True, kw_only=True)
class Door:
    """What guarding a route needs from the rest of the program."""

    api_keys: KeyRing
    tokens: TokenVerifier | None = None
    idempotency: Idempotency
    now: Callable[[], datetime]
    limits: RateLimits | None = None
    strangers: Strangers | None = None
    turns: Turns = field(default_factory=Turns)
    waiting: WaitingRoom = field(default_factory=WaitingRoom)
    read_timeout_s: float = READ_TIMEOUT_S


def register(app: web.Application, routes: Iterable[Route], door: Door) -> None:
    """Add the routes; raises at start when one names a code or a path parameter unknown here."""
    for route in routes:
        unknown = set(route.problems) - CATALOGUE.keys()
        assert not unknown, f"{route.name} answers with unknown codes: {unknown}"
        names = re.findall(r"{(\w+)}", route.path)
        assert set(names) <= PATH_PARAMETERS.keys(), f"{route.name}: unknown path parameter"
        serve = served(route, door)
        if route.closing is not None:
            app.on_shutdown.append(telling(route.closing))
        if route.method == "GET":
            app.router.add_get(route.path, serve, allow_head=True)
        else:
            app.router.add_route(route.method, route.path, serve)


def telling(closing: Callable[[], None]) -> Callable[[web.Application], Awaitable[None]]:
    async def tell(_app: web.Application) -> None:
        closing()

    return tell


def served(route: Route, door: Door) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def serve(request: web.Request) -> web.Response:
        request[DIALECT] = route.dialect
        caller = await admitted(request, route, door)
        path = checked_path(request)
        query = decode_query(list(request.query.items()), route.query)
        raw = await body_bytes(request, route, door)
        body = decoded(request, route, raw)
        text = key_of(request.headers.get("Idempotency-Key")) if route.keyed else None
        if text is None:
            call = call_of(request, caller, path, query, body, new_id())
            given = await in_turn(route, call, door)
            if isinstance(given.body, AsyncIterator):
                return web.Response(body=given.body, headers=given.headers)
            return response_of(rendered(route, given))
        key = RequestKey(tenant=caller.tenant, caller=caller.actor, route=route.name, key=text)
        canonical = msgspec.json.encode(body, order="deterministic")
        hashed = request_hash(request.path_qs, canonical)

        async def run(first_at: datetime) -> Rendered:
            operation = operation_of(key, hashed, first_at)
            call = call_of(request, caller, path, query, body, operation)
            return await refusals_rendered(request, route, call)

        once = await answered_once(
            door.idempotency,
            key,
            hashed,
            run,
            now=door.now(),
            secret=route.secret,
        )
        return response_of(once)

    return serve


async def in_turn(route: Route, call: Call[Any, Any], door: Door) -> Answer:
    """What reads takes its turn; what changes or waits for something does not hold up others."""
    if route.method != "GET" or route.public or getattr(call.query, "wait_s", None):
        return await route.handler(call)
    async with door.turns.of(call.caller.tenant):
        return await route.handler(call)


def operation_of(key: RequestKey, hashed: str, first_at: datetime) -> str:
    """What the ids of a repeated request are derived of: the same each time."""
    named = "\n".join([key.tenant, key.caller, key.route, key.key, hashed])
    at_ms = int(first_at.timestamp() * 1000)
    return ordered_id(at_ms, hashlib.sha256(named.encode()).digest())


async def admitted(request: web.Request, route: Route, door: Door) -> Caller:
    """Before anything of the body is read: refusing has to cost less than asking."""
    if route.public:
        return ANONYMOUS
    caller = await recognised(request, route, door)
    request[CALLER] = caller
    verdict = await door.limits.admit(caller) if door.limits is not None else None
    if verdict is not None:
        request[VERDICT] = verdict
        if not verdict.allowed:
            await door.waiting.refuse(f"{caller.tenant} {caller.actor}")
            raise too_many(verdict)
    authorize(caller, route.scopes)
    return caller


async def recognised(request: web.Request, route: Route, door: Door) -> Caller:
    credential = presented(request, x_api_key=route.x_api_key)
    if door.strangers is None:
        return await identify(credential, door.api_keys, door.now(), door.tokens)
    try:
        door.strangers.ensure(request, credential)
    except Problem:
        await door.waiting.refuse(door.strangers.address_of(request))
        raise
    try:
        caller = await identify(credential, door.api_keys, door.now(), door.tokens)
    except Problem:
        await door.strangers.failed(request)
        raise
    door.strangers.opened(credential)
    return caller


def checked_path(request: web.Request) -> dict[str, str]:
    path = dict(request.match_info)
    for name, value in path.items():
        parameter = PATH_PARAMETERS[name]
        if not parameter.pattern.fullmatch(value):
            raise Problem(parameter.absent, f"{CATALOGUE[parameter.absent].title}.")
        if parameter.pattern is UUID_TEXT:
            path[name] = value.lower()
    return path


async def body_bytes(request: web.Request, route: Route, door: Door) -> bytes:
    return await read_body(request, bytes_max=route.body_bytes_max, timeout_s=door.read_timeout_s)


def decoded(request: web.Request, route: Route, raw: bytes) -> Any:
    if route.body is bytes:
        return raw
    if route.body is None:
        if raw and raw.strip() not in {b"{}", b"null"}:
            raise Problem("validation_failed", "This request takes no body: leave it out.")
        return None
    refuse_card_data(raw)
    return decode_body(request, raw, route.body)


def call_of(
    request: web.Request,
    caller: Caller,
    path: dict[str, str],
    query: Any,
    body: Any,
    operation: str,
) -> Call[Any, Any]:
    return Call(
        body=body,
        query=query,
        path=path,
        headers=request.headers,
        caller=caller,
        request_id=request[REQUEST_ID],
        operation=operation,
    )


async def refusals_rendered(request: web.Request, route: Route, call: Call[Any, Any]) -> Rendered:
    """The handler's answer or its refusal, both as they go over the wire."""
    try:
        return rendered(route, await route.handler(call))
    except Exception as error:
        problem = problem_of(error)
        if problem is None:
            raise
        refusal = answer(
            problem, instance=request.path, request_id=call.request_id, dialect=route.dialect
        )
        assert isinstance(refusal.body, bytes)
        return Rendered(
            status=refusal.status,
            body=refusal.body,
            headers=dict(refusal.headers),
            retryable=problem.kind.retryable,
        )


def rendered(route: Route, given: Answer) -> Rendered:
    status = given.status if given.status is not None else route.status
    if given.body is None:
        return Rendered(status=status, body=b"", headers=given.headers)
    body = given.body if isinstance(given.body, bytes) else msgspec.json.encode(given.body)
    headers = {"Content-Type": route.media_type, **given.headers}
    return Rendered(status=status, body=body, headers=headers)


def response_of(given: Rendered) -> web.Response:
    return web.Response(status=given.status, body=given.body or None, headers=given.headers)


def etag(version: int) -> str:
    return f'"{version}"'
