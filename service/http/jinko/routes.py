"""`POST /v1/trip`, `POST /v1/book`, `GET /v1/trip/{trip_id}`: Jinko's contract over REST."""

from __future__ import annotations

import re
from typing import Any

from service.http.api import Answer, Call, Route
from service.http.booking import BOOK_PROBLEMS
from service.http.decoding import NoQuery
from service.http.jinko.answers import JinkoBook, JinkoTrip, JinkoTripChanged
from service.http.jinko.calls import JinkoCalls, Seen
from service.http.jinko.problems import JINKO
from service.http.jinko.shapes import JinkoBookBody, JinkoTripBody
from service.http.jinko.views import book_reply, trip_fields
from service.http.trips import EDIT_PROBLEMS, ITEM_PROBLEMS, TRAVELER_PROBLEMS, cause_of

SANE_SESSION_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")

TRIP_EXAMPLE: dict[str, Any] = {
    "add_item": {"trip_item_token": "offer__off_0000AV2HfKdWqeBWVJHk4e"},
    "upsert_travelers": {
        "travelers": [
            {
                "first_name": "Amelia",
                "last_name": "Earhart",
                "passenger_type": "ADULT",
                "date_of_birth": "1987-07-24",
                "gender": "f",
            }
        ],
        "contact": {"email": "amelia@aviators.org", "phone": "+44 20 8016 0509"},
    },
}


class JinkoTrips:
    """The handlers."""

    def __init__(self, calls: JinkoCalls) -> None:
        self.calls = calls

    async def change(self, call: Call[JinkoTripBody, NoQuery]) -> Answer:
        seen = await self.calls.trip(call.body, call.new_id, cause_of(call))
        body = JinkoTripChanged(actions_performed=list(seen.actions), **self.fields(seen))
        return Answer(body=body, headers=echoed(call))

    async def book(self, call: Call[JinkoBookBody, NoQuery]) -> Answer:
        booked = await self.calls.book(call.body.trip_id, cause_of(call))
        body = book_reply(booked.dossier, booked.checkout, self.calls.public_url)
        return Answer(body=body, headers=echoed(call))

    async def get(self, call: Call[None, NoQuery]) -> Answer:
        seen = await self.calls.get(call.path["trip_id"], cause_of(call))
        return Answer(body=JinkoTrip(**self.fields(seen)), headers=echoed(call))

    def fields(self, seen: Seen) -> dict[str, Any]:
        return trip_fields(seen.dossier, seen.people, seen.scheduled_at, self.calls.public_url)


def echoed(call: Call[Any, Any]) -> dict[str, str]:
    """The caller's own name for its session; the request's id is echoed everywhere."""
    session_id = call.headers.get("X-Session-ID", "")
    return {"X-Session-ID": session_id} if SANE_SESSION_ID.fullmatch(session_id) else {}


def jinko_routes(calls: JinkoCalls) -> list[Route]:
    trips = JinkoTrips(calls)
    return [
        Route(
            method="POST",
            path="/v1/trip",
            handler=trips.change,
            summary="Start or change a trip, several verbs in one call",
            description="All verbs happen or none. Without `trip_id` a trip is started. "
            "`remove_item` runs before `add_item`: together they swap. `trip_item_token` is the "
            "`offer_id` of a search, with or without `offer__` (flights) or `htl_` (hotels) before "
            "it. `upsert_travelers` replaces the list of travelers, the contact, or both. "
            "`select_ancillaries` replaces the whole selection of an item. Any change drops the "
            "quote and closes an open checkout first.",
            tag="compatible",
            body=JinkoTripBody,
            answer=JinkoTripChanged,
            scopes=("trips:write",),
            x_api_key=True,
            dialect=JINKO,
            problems=(
                "trip_not_found",
                "item_not_found",
                "traveler_not_found",
                "ancillary_unavailable",
                "sold_out",
                "supplier_rejected",
                "supplier_unavailable",
                *EDIT_PROBLEMS,
                *ITEM_PROBLEMS,
                *TRAVELER_PROBLEMS,
            ),
            body_example=TRIP_EXAMPLE,
        ),
        Route(
            method="POST",
            path="/v1/book",
            handler=trips.book,
            summary="Price everything, open one checkout",
            description="Nothing is booked yet: bookings follow the payment. Asked again, it "
            "answers the same `session_id` and `checkout_url` until the session expires; after "
            "that every price is asked anew and a fresh session opened.",
            tag="compatible",
            body=JinkoBookBody,
            answer=JinkoBook,
            scopes=("payments:propose",),
            x_api_key=True,
            dialect=JINKO,
            problems=("trip_not_found", *BOOK_PROBLEMS),
            body_example={"trip_id": "7d0c2a9e-4b2f-4f0e-9d51-3c6a1f0b8e24"},
        ),
        Route(
            method="GET",
            path="/v1/trip/{trip_id}",
            handler=trips.get,
            summary="The whole trip",
            description="Never older than your own writes. `fulfillment.status` goes from "
            "`pending` over `fulfilling` to `completed` or `failed`.",
            tag="compatible",
            answer=JinkoTrip,
            scopes=("trips:read",),
            x_api_key=True,
            dialect=JINKO,
        ),
    ]
