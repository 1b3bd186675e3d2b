"""The tools: what a model reads about each, and what each does. No tool moves money."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any
from uuid import UUID, uuid5

import msgspec
from msgspec import Meta

from domain.ids import derived_id
from domain.log import Cause
from domain.ports import Clock
from service.desk import Desk
from service.handle import new_id
from service.http.answers import Reply
from service.http.identity import Caller
from service.http.jinko.calls import JinkoCalls
from service.http.jinko.shapes import Ident, JinkoTripBody
from service.http.offers import flight_search, stay_search
from service.http.shapes import END, FlightSearchBody, Request, StaySearchBody
from service.mcp import descriptions, views
from service.mcp.answers import BookAnswer, SearchAnswer, ToolTrip

OFFERS_SHOWN = 5
OFFERS_SHOWN_MAX = 20
REQUESTS = UUID("3a9f6d52-8c1e-4b7a-b0d4-5e2f7c9a1b36")

Limit = Annotated[int, Meta(ge=1, le=OFFERS_SHOWN_MAX, description="Show at most so many offers.")]
RequestId = Annotated[
    str,
    Meta(
        min_length=8,
        max_length=100,
        pattern=rf"^[!-~]+{END}",
        description="A random text of yours for this one request. If the answer got lost, call "
        "again with the same one and the same arguments: nothing is made twice.",
    ),
]


class SearchFlights(FlightSearchBody, kw_only=True):
    limit: Limit = OFFERS_SHOWN


class SearchStays(StaySearchBody, kw_only=True):
    limit: Limit = OFFERS_SHOWN


class ChangeTrip(JinkoTripBody, kw_only=True):
    request_id: RequestId | None = None


class NamedTrip(Request, kw_only=True):
    trip_id: Ident


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Who asks, and what the request is called in the logs."""

    caller: Caller
    request_id: str

    @property
    def cause(self) -> Cause:
        return Cause(tenant=self.caller.tenant, actor=self.caller.actor, request_id=self.request_id)


Run = Callable[[Any, Asked], Awaitable[Reply]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolDefinition:
    """`changes`: it is not only reading; `removes`: it may take away what was there; `repeatable`:
    the same call again has no further effect; `outside`: it asks suppliers."""

    name: str
    title: str
    description: str
    arguments: type[msgspec.Struct]
    answer: type[Reply]
    scope: str
    run: Run
    changes: bool
    removes: bool
    repeatable: bool
    outside: bool


class Tools:
    """The tools' work, on the same desk as every other door's."""

    def __init__(self, desk: Desk, clock: Clock, calls: JinkoCalls) -> None:
        self.desk = desk
        self.clock = clock
        self.calls = calls

    async def search_flights(self, wanted: SearchFlights, asked: Asked) -> SearchAnswer:
        search = flight_search(wanted, self.clock.now())
        offers = await self.desk.search_flights(search, asked.caller.tenant)
        return views.search_answer(offers, wanted.limit)

    async def search_stays(self, wanted: SearchStays, asked: Asked) -> SearchAnswer:
        search = stay_search(wanted, self.clock.now())
        offers = await self.desk.search_stays(search, asked.caller.tenant)
        return views.search_answer(offers, wanted.limit)

    async def trip(self, wanted: ChangeTrip, asked: Asked) -> ToolTrip:
        seen = await self.calls.trip(wanted, names_of(wanted, asked), asked.cause)
        return views.trip_answer(seen, self.calls.public_url)

    async def book(self, wanted: NamedTrip, asked: Asked) -> BookAnswer:
        booked = await self.calls.book(wanted.trip_id, asked.cause)
        return views.book_answer(booked.dossier, booked.checkout, self.calls.public_url)

    async def get_trip(self, wanted: NamedTrip, asked: Asked) -> ToolTrip:
        seen = await self.calls.get(wanted.trip_id, asked.cause)
        return views.trip_answer(seen, self.calls.public_url)


def names_of(wanted: ChangeTrip, asked: Asked) -> Callable[[str], str]:
    """Ids for what the call makes: the same again for the same `request_id` and arguments."""
    if wanted.request_id is None:
        operation = new_id()
    else:
        content = msgspec.json.encode(wanted, order="deterministic").decode()
        parts = (asked.caller.tenant, asked.caller.actor, content)
        operation = str(uuid5(REQUESTS, "\n".join(parts)))
    return lambda name: derived_id(operation, name)


def all_tools(tools: Tools) -> list[ToolDefinition]:
    return [
        *searching_tools(tools),
        changing_tool(tools),
        *booking_tools(tools),
        reading_tool(tools),
    ]


def searching_tools(tools: Tools) -> list[ToolDefinition]:
    flights = ToolDefinition(
        name="search_flights",
        title="Search flights",
        description=descriptions.SEARCH_FLIGHTS,
        arguments=SearchFlights,
        answer=SearchAnswer,
        scope="trips:write",
        run=tools.search_flights,
        changes=False,
        removes=False,
        repeatable=True,
        outside=True,
    )
    stays = replace(
        flights,
        name="search_stays",
        title="Search hotels",
        description=descriptions.SEARCH_STAYS,
        arguments=SearchStays,
        run=tools.search_stays,
    )
    return [flights, stays]


def changing_tool(tools: Tools) -> ToolDefinition:
    return ToolDefinition(
        name="trip",
        title="Start or change a trip",
        description=descriptions.TRIP,
        arguments=ChangeTrip,
        answer=ToolTrip,
        scope="trips:write",
        run=tools.trip,
        changes=True,
        removes=True,
        repeatable=False,
        outside=True,
    )


def booking_tools(tools: Tools) -> list[ToolDefinition]:
    book = ToolDefinition(
        name="book",
        title="Open the checkout",
        description=descriptions.BOOK,
        arguments=NamedTrip,
        answer=BookAnswer,
        scope="payments:propose",
        run=tools.book,
        changes=True,
        removes=False,
        repeatable=True,
        outside=True,
    )
    other_name = replace(
        book,
        name="checkout",
        title="Open the checkout (the same as book)",
        description=descriptions.CHECKOUT,
    )
    return [book, other_name]


def reading_tool(tools: Tools) -> ToolDefinition:
    return ToolDefinition(
        name="get_trip",
        title="Read a trip",
        description=descriptions.GET_TRIP,
        arguments=NamedTrip,
        answer=ToolTrip,
        scope="trips:read",
        run=tools.get_trip,
        changes=False,
        removes=False,
        repeatable=True,
        outside=False,
    )
