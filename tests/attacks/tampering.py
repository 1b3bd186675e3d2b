"""A provider that answers with whatever it likes, or that changes one thing in a true answer."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from tests.sandbox.duffel.client import listening

Place = tuple[str | int, ...]

JSON = "application/json"
ENDLESS = b'{"data":"' + b"x" * (33 * 1024 * 1024) + b'"}'
# Bodies that say nothing, each with its type.
NONSENSE: dict[str, tuple[str, bytes]] = {
    "a page": ("text/html", b"<html><script>alert(1)</script>"),
    "nothing": (JSON, b""),
    "half of it": (JSON, b'{"data": {"id": "ord_'),
    "null": (JSON, b"null"),
    "a list": (JSON, b"[1, 2, 3]"),
    "no text": (JSON, b"\xff\xfe\x00"),
    "a deep well": (JSON, b"[" * 200_000),
    "a deep object": (JSON, b'{"data":' * 100_000),
    "many digits": (JSON, b'{"data": ' + b"9" * 5_000 + b"}"),
    "no number": (JSON, b'{"data": NaN}'),
    "no data": (JSON, b"{}"),
    "data of null": (JSON, b'{"data": null}'),
    "data of text": (JSON, b'{"data": "ord_1"}'),
    "data of numbers": (JSON, b'{"data": [1, null, [], {}]}'),
    "empty data": (JSON, b'{"data": {}}'),
    "odd errors": (JSON, b'{"errors": [{"source": 7, "code": {}, "title": []}]}'),
}
# What stands where something else should.
HOSTILE: tuple[Any, ...] = (
    None,
    True,
    -1,
    1e308,
    10**30,
    "",
    "-5.00",
    "1E+999999",
    "NaN",
    "9" * 5_000,
    "<script>alert(1)</script>",
    "nul\x00",
    "2027-01-01T00:00:00",
    [],
    {},
    [[[[]]]],
    {"id": {"id": []}},
)


@dataclass
class Liar:
    """Answers everything alike."""

    status: int = 200
    media_type: str = JSON
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        headers = {"Content-Type": self.media_type, **self.headers}
        return web.Response(status=self.status, body=self.body, headers=headers)

    def says(self, status: int, media_type: str, body: bytes, **headers: str) -> None:
        self.status, self.media_type, self.body, self.headers = status, media_type, body, headers


@asynccontextmanager
async def lying() -> AsyncIterator[tuple[Liar, str]]:
    liar = Liar()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", liar.answer)
    async with listening(app) as url:
        yield liar, url


@dataclass
class Middleman:
    """Passes requests on, and changes one place of the next answer to them when it is told to."""

    target: str
    session: aiohttp.ClientSession
    change: tuple[Place, Any] | None = None
    last: Any = None

    async def pass_on(self, request: web.Request) -> web.Response:
        kept = {k: v for k, v in request.headers.items() if k not in {"Host", "Content-Length"}}
        async with self.session.request(
            request.method,
            self.target + request.path_qs,
            data=await request.read(),
            headers=kept,
            allow_redirects=False,
        ) as answer:
            raw = await answer.read()
            body = json.loads(raw)
            self.last = body
            if self.change is not None:
                raw = json.dumps(changed(body, *self.change)).encode()
            return web.Response(status=answer.status, body=raw, content_type=JSON)


@asynccontextmanager
async def between(target: str) -> AsyncIterator[tuple[Middleman, str]]:
    async with aiohttp.ClientSession() as session:
        middleman = Middleman(target, session)
        app = web.Application(client_max_size=2**20)
        app.router.add_route("*", "/{path:.*}", middleman.pass_on)
        async with listening(app) as url:
            yield middleman, url


def places(value: Any, here: Place = ()) -> Iterator[Place]:
    """Every place in a JSON document; of a list only its first member's."""
    yield here
    if isinstance(value, dict):
        for name, each in value.items():
            yield from places(each, (*here, name))
    elif isinstance(value, list) and value:
        yield from places(value[0], (*here, 0))


def changed(document: Any, place: Place, value: Any) -> Any:
    """The document with `value` at the place; itself where there is no such place."""
    if not place:
        return value
    made = copy.deepcopy(document)
    found = made
    try:
        for step in place[:-1]:
            found = found[step]
        if place[-1] in found or isinstance(found, list):
            found[place[-1]] = value
    except (LookupError, TypeError):
        return document
    return made


def lies_about(document: Any, count: int, seed: int) -> list[tuple[Place, Any]]:
    """So many changes of one place each: every place once, then at random."""
    chance = random.Random(seed)
    everywhere = list(places(document))
    some = [(place, chance.choice(HOSTILE)) for place in everywhere]
    some += [(chance.choice(everywhere), chance.choice(HOSTILE)) for _ in range(count)]
    chance.shuffle(some)
    return some[:count]
