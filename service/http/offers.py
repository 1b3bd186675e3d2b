"""Searching at suppliers: what is found lies on the tenant's shelf and can be put into a trip."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from domain import suppliers
from domain.ports import Clock
from service.desk import Desk
from service.http.answers import OffersReply
from service.http.api import Answer, Call, Route
from service.http.decoding import NoQuery
from service.http.problems import FieldProblem, Problem
from service.http.shapes import FlightSearchBody, SearchPassenger, StaySearchBody
from service.http.views import offer_reply

DAYS_AHEAD_MAX = 730


SEARCH_PROBLEMS = ("dates_in_past", "supplier_rejected", "supplier_unavailable")


class Search:
    """The handlers."""

    def __init__(self, desk: Desk, clock: Clock) -> None:
        self.desk = desk
        self.clock = clock

    async def flights(self, call: Call[FlightSearchBody, NoQuery]) -> Answer:
        search = flight_search(call.body, self.clock.now())
        offers = await self.desk.search_flights(search, call.caller.tenant)
        return Answer(body=OffersReply(offers=[offer_reply(offer) for offer in offers]))

    async def stays(self, call: Call[StaySearchBody, NoQuery]) -> Answer:
        search = stay_search(call.body, self.clock.now())
        offers = await self.desk.search_stays(search, call.caller.tenant)
        return Answer(body=OffersReply(offers=[offer_reply(offer) for offer in offers]))


def offer_routes(desk: Desk, clock: Clock) -> list[Route]:
    search = Search(desk, clock)
    return [flight_route(search), stay_route(search)]


def flight_route(search: Search) -> Route:
    return Route(
        method="POST",
        path="/v1/offers/flights",
        handler=search.flights,
        summary="Search flights",
        description="Offers of all suppliers, cheapest first.",
        tag="offers",
        body=FlightSearchBody,
        answer=OffersReply,
        scopes=("trips:write",),
        problems=SEARCH_PROBLEMS,
        body_example={
            "slices": [{"origin": "LHR", "destination": "JFK", "departure_date": "2027-03-01"}],
            "passengers": [{"type": "adult"}, {"age": 9}],
            "cabin_class": "economy",
        },
    )


def stay_route(search: Search) -> Route:
    return Route(
        method="POST",
        path="/v1/offers/stays",
        handler=search.stays,
        summary="Search stays",
        description="Rooms around a place, cheapest first.",
        tag="offers",
        body=StaySearchBody,
        answer=OffersReply,
        scopes=("trips:write",),
        problems=SEARCH_PROBLEMS,
        body_example={
            "latitude": 40.7549,
            "longitude": -73.984,
            "radius_km": 5,
            "check_in_date": "2027-03-01",
            "check_out_date": "2027-03-04",
            "rooms": 1,
            "guests": [{"type": "adult"}],
        },
    )


def flight_search(body: FlightSearchBody, now: datetime) -> suppliers.FlightSearch:
    days = {f"/slices/{n}/departure_date": s.departure_date for n, s in enumerate(body.slices)}
    check_dates(days, now)
    return suppliers.FlightSearch(
        slices=tuple(
            suppliers.Slice(
                origin=each.origin,
                destination=each.destination,
                departure_date=each.departure_date,
            )
            for each in body.slices
        ),
        passengers=passengers(body.passengers),
        cabin_class=body.cabin_class,
        max_connections=body.max_connections,
    )


def stay_search(body: StaySearchBody, now: datetime) -> suppliers.StaySearch:
    check_dates({"/check_in_date": body.check_in_date}, now)
    return suppliers.StaySearch(
        latitude=body.latitude,
        longitude=body.longitude,
        radius_km=body.radius_km,
        check_in_date=body.check_in_date,
        check_out_date=body.check_out_date,
        rooms=body.rooms,
        guests=passengers(body.guests),
    )


def passengers(given: list[SearchPassenger]) -> tuple[suppliers.SearchPassenger, ...]:
    return tuple(suppliers.SearchPassenger(type=each.type, age=each.age) for each in given)


def check_dates(days: Mapping[str, date], now: datetime) -> None:
    """`days` by where they stand in the body. Dates are local to a place: somewhere on earth it
    may still be yesterday."""
    today = now.date()
    for pointer, day in days.items():
        if day < today - timedelta(days=1):
            past = f"{day} has passed."
            raise Problem("dates_in_past", past, errors=[out_of_range(pointer, past)])
        if day > today + timedelta(days=DAYS_AHEAD_MAX):
            late = f"Dates are searched up to {DAYS_AHEAD_MAX} days ahead."
            raise Problem("validation_failed", late, errors=[out_of_range(pointer, late)])


def out_of_range(pointer: str, detail: str) -> FieldProblem:
    return FieldProblem(pointer=pointer, code="out_of_range", detail=detail)
