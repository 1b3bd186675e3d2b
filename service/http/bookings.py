"""Bookings by the code a traveller reads out, and by the checkout that made them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from adapters.read_models import BookingRow, ReadModels
from service.clock import elapsed_s
from service.desk import Desk
from service.http.answers import BookingReply, BookingsReply
from service.http.api import Answer, Call, Route
from service.http.decoding import NoQuery
from service.http.problems import CATALOGUE, Problem
from service.http.views import booking_reply

# A booking made a moment ago may not have reached the index yet.
CATCH_UP_S = 2.0
LOOK_AGAIN_S = 0.1

Look = Callable[[], Awaitable[Sequence[BookingRow]]]


class Bookings:
    """The handlers: the index tells which trip, the log how the booking stands."""

    def __init__(self, desk: Desk, models: ReadModels) -> None:
        self.desk = desk
        self.models = models

    async def by_code(self, call: Call[None, NoQuery]) -> Answer:
        code = call.path["code"].upper()

        async def look() -> Sequence[BookingRow]:
            row = await self.models.booking_by_code(code)
            return [row] if row is not None else []

        row = await self.found(look, call.caller.tenant, "booking_not_found")
        dossier, _ = await self.desk.road.read(row.trip_id, call.caller.tenant)
        booking = dossier.booking(row.booking_id)
        assert booking is not None, "an indexed booking is in its trip"
        return Answer(body=booking_reply(booking))

    async def by_group(self, call: Call[None, NoQuery]) -> Answer:
        group_id = call.path["group_id"]

        async def look() -> Sequence[BookingRow]:
            return await self.models.bookings_of_group(group_id)

        row = await self.found(look, call.caller.tenant, "group_not_found")
        dossier, _ = await self.desk.road.read(row.trip_id, call.caller.tenant)
        group = [each for each in dossier.bookings if each.group_id == row.group_id]
        return Answer(
            body=BookingsReply(
                group_id=row.group_id,
                trip_id=row.trip_id,
                bookings=[booking_reply(booking) for booking in group],
            )
        )

    async def found(self, look: Look, tenant: str, absent: str) -> BookingRow:
        """A row of the tenant's; looks again until the index has seen what was there before."""
        log = self.desk.road.log
        newest = await log.last_position()
        until = elapsed_s() + CATCH_UP_S
        while True:
            seen = await self.models.checkpoint("bookings")
            rows = await look()
            if rows and rows[0].tenant == tenant:
                return rows[0]
            if rows or seen >= newest or elapsed_s() >= until:
                raise Problem(absent, f"{CATALOGUE[absent].title}.")
            await log.changed(LOOK_AGAIN_S)


def booking_routes(desk: Desk, models: ReadModels) -> list[Route]:
    bookings = Bookings(desk, models)
    return [
        Route(
            method="GET",
            path="/v1/bookings/{code}",
            handler=bookings.by_code,
            summary="A booking by its code",
            tag="bookings",
            answer=BookingReply,
            scopes=("trips:read",),
        ),
        Route(
            method="GET",
            path="/v1/groups/{group_id}",
            handler=bookings.by_group,
            summary="All bookings of one checkout",
            tag="bookings",
            answer=BookingsReply,
            scopes=("trips:read",),
        ),
    ]
