"""A few routes made of the typed layer alone: they show what the door does before and after any
handler, without the rest of the service."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any

import msgspec

from adapters.event_log.appending import LogUnreachable
from domain.errors import Refused
from domain.log import TripMoved
from domain.suppliers import SupplierUnavailable
from service.http.api import Answer, Call, Route, etag
from service.http.decoding import NoQuery
from service.http.problems import Problem

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=20)]
Count = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]


class Part(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: Name
    inner: list[Part] = []


class ThingBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: Name = "thing"
    count: Count = 0
    size: float | None = None
    parts: Annotated[list[Part], msgspec.Meta(max_length=3)] = []


class ThingQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 10


class Thing(msgspec.Struct, kw_only=True):
    thing_id: str
    name: str
    version: int = 1


class FailBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    how: str


@dataclass
class SmallService:
    """Counts what was really carried out."""

    made: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    failing: list[str] = field(default_factory=list)
    told: list[bytes] = field(default_factory=list)

    async def make(self, call: Call[ThingBody, NoQuery]) -> Answer:
        self.made.append(call.body.name)
        thing = Thing(thing_id=call.new_id("thing"), name=call.body.name)
        self.ids.append(thing.thing_id)
        if call.body.name == "lost" and len(self.made) == 1:
            raise RuntimeError("the answer is lost")
        return Answer(body=thing, headers={"Location": f"/v1/things/{thing.thing_id}"})

    async def look(self, call: Call[None, ThingQuery]) -> Answer:
        name = f"{call.caller.tenant}:{call.query.limit}"
        thing = Thing(thing_id=call.path["trip_id"], name=name)
        return Answer(body=thing, headers={"ETag": etag(thing.version)})

    async def edit(self, call: Call[ThingBody, NoQuery]) -> Answer:
        expected = call.expected_version()
        if expected not in (None, 1):
            raise Problem("precondition_failed", f"The version is 1, not {expected}.")
        self.made.append(call.body.name)
        return Answer(body=Thing(thing_id=call.path["trip_id"], name=call.body.name))

    async def whisper(self, call: Call[ThingBody, NoQuery]) -> Answer:
        self.made.append(call.body.name)
        return Answer(body=Thing(thing_id=f"secret {len(self.made)}", name=call.body.name))

    async def fail(self, call: Call[FailBody, NoQuery]) -> Answer:
        self.failing.append(call.body.how)
        errors: dict[str, Exception] = {
            "refused": Refused("price_changed", "It costs more now.", old=1, new=2),
            "busy": Refused("checkout_closing", "It is being closed."),
            "unheard": Refused("never_heard_of", "A code nobody listed."),
            "moved": TripMoved("canary"),
            "supplier": SupplierUnavailable("canary"),
            "crash": RuntimeError("canary"),
            "database gone": ConnectionRefusedError("canary"),
            "log gone": LogUnreachable("canary"),
        }
        raise errors[call.body.how]

    async def take(self, call: Call[bytes, NoQuery]) -> Answer:
        self.told.append(call.body)
        return Answer(status=204)


COMMON: dict[str, Any] = {"tag": "trips"}


def small_routes(service: SmallService) -> list[Route]:
    return [*thing_routes(service), *odd_routes(service)]


def thing_routes(service: SmallService) -> list[Route]:
    return [
        Route(
            method="POST",
            path="/v1/things",
            handler=service.make,
            summary="Make a thing",
            body=ThingBody,
            answer=Thing,
            status=201,
            scopes=("trips:write",),
            **COMMON,
        ),
        Route(
            method="GET",
            path="/v1/things/{trip_id}",
            handler=service.look,
            summary="Look at a thing",
            query=ThingQuery,
            answer=Thing,
            scopes=("trips:read",),
            **COMMON,
        ),
        Route(
            method="PUT",
            path="/v1/things/{trip_id}",
            handler=service.edit,
            summary="Edit a thing",
            body=ThingBody,
            answer=Thing,
            scopes=("trips:write",),
            edits=True,
            **COMMON,
        ),
    ]


def odd_routes(service: SmallService) -> list[Route]:
    return [
        Route(
            method="POST",
            path="/v1/whispers",
            handler=service.whisper,
            summary="Answer a secret",
            body=ThingBody,
            answer=Thing,
            secret=True,
            scopes=("payments:write",),
            **COMMON,
        ),
        Route(
            method="POST",
            path="/v1/failures",
            handler=service.fail,
            summary="Fail in some way",
            body=FailBody,
            answer=Thing,
            problems=("price_changed", "checkout_closing", "supplier_unavailable"),
            x_api_key=True,
            **COMMON,
        ),
        Route(
            method="POST",
            path="/v1/raw",
            handler=service.take,
            summary="Take bytes",
            body=bytes,
            status=204,
            public=True,
            body_bytes_max=1_000,
            **COMMON,
        ),
    ]
