"""Cancelling what was booked: first the terms, then exactly those terms."""

from __future__ import annotations

from typing import Annotated

import msgspec

from domain.booking.state import Booking
from domain.dossier import Dossier
from domain.trip.state import Cancellation
from service.desk import Desk
from service.http.answers import MoneyReply, Reply, TripReply, moment, money
from service.http.api import Answer, Call, Route, etag
from service.http.decoding import NoQuery
from service.http.problems import Problem
from service.http.shapes import CancelBody, Request
from service.http.trips import Trips, cause_of
from service.http.views import maybe

Code = Annotated[str, msgspec.Meta(min_length=1, max_length=20)]


class CancellationQuoteBody(Request, kw_only=True):
    """Which bookings to cancel, by code; left out: all that are confirmed."""

    booking_codes: Annotated[list[Code], msgspec.Meta(min_length=1, max_length=50)] | None = None


class CancellationLineReply(Reply, kw_only=True):
    """`refund` is null where the supplier does not say: unknown, not nothing."""

    booking_code: str
    price: MoneyReply
    refund: MoneyReply | None


class CancellationQuoteReply(Reply, kw_only=True):
    """What cancelling gives back, until `expires_at`. `refund` sums what is known."""

    cancellation_quote_id: str
    trip_id: str
    lines: list[CancellationLineReply]
    refund: MoneyReply
    expires_at: str


def cancelling_routes(desk: Desk, trips: Trips) -> list[Route]:
    async def quote(call: Call[CancellationQuoteBody, NoQuery]) -> Answer:
        trip_id, cause = call.path["trip_id"], cause_of(call)
        dossier, _ = await desk.road.read(trip_id, cause.tenant)
        chosen = chosen_bookings(dossier, call.body.booking_codes)
        terms = await desk.cancellation_quote(trip_id, chosen, cause)
        dossier, _ = await desk.road.read(trip_id, cause.tenant)
        return Answer(body=quote_reply(dossier, terms), headers={"ETag": etag(dossier.version)})

    async def cancel(call: Call[CancelBody, NoQuery]) -> Answer:
        trip_id, cause = call.path["trip_id"], cause_of(call)
        dossier = await desk.cancel(trip_id, call.body.cancellation_quote_id, cause)
        return await trips.told(dossier)

    path = "/v1/trips/{trip_id}"
    return [
        Route(
            method="POST",
            path=f"{path}/cancellation-quote",
            handler=quote,
            summary="What would cancelling give back?",
            description="Asks each supplier; the answer binds until it expires or is replaced by "
            "a newer one. Nothing is cancelled yet.",
            tag="trips",
            body=CancellationQuoteBody,
            answer=CancellationQuoteReply,
            scopes=("payments:write",),
            problems=(
                "trip_not_found",
                "booking_not_found",
                "not_cancellable",
                "already_cancelled",
                "supplier_unavailable",
                "supplier_rejected",
            ),
        ),
        Route(
            method="POST",
            path=f"{path}/cancel",
            handler=cancel,
            summary="Cancel on quoted terms",
            description="Cancels at the suppliers on exactly the quoted terms and refunds the "
            "customer what was quoted. Called again with the same quote, nothing more happens.",
            tag="trips",
            body=CancelBody,
            answer=TripReply,
            scopes=("payments:write",),
            problems=(
                "trip_not_found",
                "cancellation_quote_required",
                "cancellation_quote_stale",
                "not_cancellable",
                "supplier_rejected",
                "outcome_unknown",
            ),
            body_example={"cancellation_quote_id": "5c6f0a52-5a1e-4c7e-9b9a-2f0c6a3d7b11"},
        ),
    ]


def chosen_bookings(dossier: Dossier, codes: list[str] | None) -> list[str] | None:
    if codes is None:
        return None
    known = {booking.code: booking.booking_id for booking in dossier.bookings}
    if missing := sorted({code.upper() for code in codes} - known.keys()):
        raise Problem("booking_not_found", f"The trip has no booking {', '.join(missing)}.")
    return [known[code.upper()] for code in codes]


def quote_reply(dossier: Dossier, terms: Cancellation) -> CancellationQuoteReply:
    bookings: dict[str, Booking] = {b.booking_id: b for b in dossier.bookings}
    return CancellationQuoteReply(
        cancellation_quote_id=terms.cancellation_quote_id,
        trip_id=bookings[terms.lines[0].booking_id].trip_id,
        lines=[
            CancellationLineReply(
                booking_code=bookings[line.booking_id].code,
                price=money(bookings[line.booking_id].price),
                refund=maybe(line.refund),
            )
            for line in terms.lines
        ],
        refund=money(terms.refund),
        expires_at=moment(terms.expires_at),
    )
