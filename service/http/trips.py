"""Building a trip and looking at it: items, extras, travelers, and the whole trip at any time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from adapters.read_models import ReadModels
from domain import suppliers
from domain.dossier import Dossier, fold
from domain.log import Cause
from domain.ports import Clock
from service.arranging import Arrangement, arrange
from service.desk import Desk, WantedExtra
from service.handle import Handled, ensure_owned
from service.http.answers import EventsReply, ItemAddedReply, TripReply
from service.http.api import Answer, Call, Route, etag
from service.http.decoding import NoQuery
from service.http.problems import FieldProblem, Problem
from service.http.shapes import (
    AddItemBody,
    AncillariesBody,
    ContactBody,
    DocumentBody,
    StartTripBody,
    TravelerBody,
    TravelersBody,
    TripQuery,
)
from service.http.travelers import check_people
from service.http.views import People, event_reply, trip_fields, trip_reply
from service.workers.folds import decode_dossier

VERSION_DIGITS_MAX = 9


def cause_of(call: Call[Any, Any]) -> Cause:
    """Who and what is behind whatever this call makes happen."""
    return Cause(tenant=call.caller.tenant, actor=call.caller.actor, request_id=call.request_id)


class Trips:
    """The handlers; each edit answers the whole trip as it is afterwards."""

    def __init__(self, desk: Desk, models: ReadModels, clock: Clock, *, sandbox: bool) -> None:
        self.desk = desk
        self.models = models
        self.clock = clock
        self.sandbox = sandbox

    async def start(self, call: Call[StartTripBody, NoQuery]) -> Answer:
        body, cause = call.body, cause_of(call)
        self.check(body.travelers, body.contact)
        trip_id = call.new_id("trip")
        wanted = Arrangement(
            starts=True,
            added=tuple(
                [
                    (call.new_id(f"item:{number}"), await self.desk.offer(item.offer_id, cause))
                    for number, item in enumerate(body.items)
                ]
            ),
            travelers=travelers_of(body.travelers) if body.travelers else None,
            contact=contact_of(body.contact),
        )
        handled = await arrange(self.desk, trip_id, wanted, cause)
        return await self.told(handled.dossier, {"Location": f"/v1/trips/{trip_id}"})

    async def get(self, call: Call[None, TripQuery]) -> Answer:
        dossier = await self.as_asked(call)
        tag = etag(dossier.version)
        known = call.headers.get("If-None-Match", "").split(",")
        # What compresses answers on the way makes tags weak (RFC 9110 compares them all as such).
        if tag in {each.strip().removeprefix("W/") for each in known}:
            return Answer(status=304, headers={"ETag": tag})
        return await self.told(dossier)

    async def as_asked(self, call: Call[None, TripQuery]) -> Dossier:
        trip_id, as_of = call.path["trip_id"], call.query.as_of
        if as_of is not None:
            return await self.desk.as_of(trip_id, moment_of(as_of), cause_of(call))
        return await self.present(trip_id, call.caller.tenant)

    async def present(self, trip_id: str, tenant: str) -> Dossier:
        """The stored fold with what came after it: as new as the log itself."""
        row, tail = await self.models.trip_with_tail(trip_id)
        dossier = fold((r.event for r in tail), decode_dossier(row.state) if row else None)
        ensure_owned(dossier, tenant)
        return dossier

    async def add_item(self, call: Call[AddItemBody, NoQuery]) -> Answer:
        trip_id, item_id = call.path["trip_id"], call.new_id("item")
        handled = await self.desk.add_item(
            trip_id, item_id, call.body.offer_id, cause_of(call), call.expected_version()
        )
        fields = trip_fields(handled.dossier, await self.people_of(handled.dossier))
        return Answer(
            body=ItemAddedReply(item_id=item_id, **fields),
            headers={"ETag": etag(handled.dossier.version)},
        )

    async def remove_item(self, call: Call[None, NoQuery]) -> Answer:
        return await self.edited(
            await self.desk.remove_item(
                call.path["trip_id"],
                call.path["item_id"],
                cause_of(call),
                call.expected_version(),
            )
        )

    async def select_ancillaries(self, call: Call[AncillariesBody, NoQuery]) -> Answer:
        wanted = [
            WantedExtra(
                offer_id=each.offer_id, quantity=each.quantity, traveler_id=each.traveler_id
            )
            for each in call.body.selections
        ]
        return await self.edited(
            await self.desk.select_ancillaries(
                call.path["trip_id"],
                call.path["item_id"],
                wanted,
                cause_of(call),
                call.expected_version(),
            )
        )

    async def set_travelers(self, call: Call[TravelersBody, NoQuery]) -> Answer:
        body = call.body
        self.check(body.travelers, body.contact)
        return await self.edited(
            await self.desk.set_travelers(
                call.path["trip_id"],
                travelers_of(body.travelers),
                contact_of(body.contact),
                cause_of(call),
                call.expected_version(),
            )
        )

    async def events(self, call: Call[None, NoQuery]) -> Answer:
        recorded = await self.desk.events(call.path["trip_id"], cause_of(call))
        events = [event_reply(each) for each in recorded]
        return Answer(body=EventsReply(events=events, next=events[-1].position))

    def check(self, travelers: Sequence[TravelerBody], contact: ContactBody | None) -> None:
        today = self.clock.now().date()
        check_people(travelers, contact, today=today, sandbox=self.sandbox)

    async def edited(self, handled: Handled) -> Answer:
        return await self.told(handled.dossier)

    async def told(self, dossier: Dossier, headers: dict[str, str] | None = None) -> Answer:
        body = trip_reply(dossier, await self.people_of(dossier))
        return Answer(body=body, headers={"ETag": etag(dossier.version), **(headers or {})})

    async def people_of(self, dossier: Dossier) -> People:
        assert dossier.trip is not None, "only an existing trip is shown"
        return await self.desk.people.open_known(dossier.trip)


def travelers_of(bodies: Sequence[TravelerBody]) -> tuple[suppliers.Traveler, ...]:
    """As the rules know them; ids are given when they are sealed."""
    return tuple(
        suppliers.Traveler(
            traveler_id="",
            passenger_type=body.passenger_type,
            first_name=body.first_name,
            last_name=body.last_name,
            date_of_birth=body.date_of_birth,
            gender=body.gender,
            title=body.title,
            documents=tuple(document_of(document) for document in body.documents),
        )
        for body in bodies
    )


def document_of(body: DocumentBody) -> suppliers.JsonObject:
    return {
        "type": body.type,
        "number": body.number,
        "issuing_country": body.issuing_country,
        "expires_on": body.expires_on.isoformat(),
    }


def contact_of(body: ContactBody | None) -> suppliers.Contact | None:
    return suppliers.Contact(email=body.email, phone=body.phone) if body is not None else None


def moment_of(text: str) -> int | datetime:
    """A version, or a time with its offset from UTC."""
    if text.isascii() and text.isdigit() and len(text) <= VERSION_DIGITS_MAX:
        return int(text)
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Problem(
            "validation_failed",
            "`as_of` must be a version or an RFC 3339 time.",
            errors=[
                FieldProblem(
                    pointer="as_of",
                    code="invalid_format",
                    detail="Give a version (7) or a time (2027-03-01T12:00:00Z).",
                    location="query",
                )
            ],
        ) from None


EDIT_PROBLEMS = ("checkout_in_progress", "payment_processing", "already_checked_out")
TRAVELER_PROBLEMS = ("placeholder_traveler",)
ITEM_PROBLEMS = (
    "offer_not_found",
    "offer_expired",
    "item_unpriced",
    "duplicate_item",
    "too_many_items",
    "currency_mismatch",
)


def trip_routes(trips: Trips) -> list[Route]:
    return [
        *reading_routes(trips),
        start_route(trips),
        *item_routes(trips),
        ancillaries_route(trips),
        travelers_route(trips),
    ]


def reading_routes(trips: Trips) -> list[Route]:
    return [
        Route(
            method="GET",
            path="/v1/trips/{trip_id}",
            handler=trips.get,
            summary="The whole trip",
            description="Never older than your own writes. `as_of` shows it as it was. With "
            "`If-None-Match` an unchanged trip answers 304.",
            tag="trips",
            query=TripQuery,
            answer=TripReply,
            scopes=("trips:read",),
            also={304: "The trip is still the one of the ETag in If-None-Match."},
        ),
        Route(
            method="GET",
            path="/v1/trips/{trip_id}/events",
            handler=trips.events,
            summary="Everything that ever happened to the trip",
            tag="events",
            answer=EventsReply,
            scopes=("trips:read",),
        ),
    ]


def start_route(trips: Trips) -> Route:
    return Route(
        method="POST",
        path="/v1/trips",
        handler=trips.start,
        summary="Start a trip",
        description="Empty, or with items, travelers and contact.",
        tag="trips",
        body=StartTripBody,
        answer=TripReply,
        status=201,
        scopes=("trips:write",),
        problems=(*ITEM_PROBLEMS, *TRAVELER_PROBLEMS),
        body_example={},
    )


def item_routes(trips: Trips) -> list[Route]:
    return [
        Route(
            method="POST",
            path="/v1/trips/{trip_id}/items",
            handler=trips.add_item,
            summary="Put an offer into the trip",
            description="Drops the quote; an open checkout is closed first.",
            tag="trips",
            body=AddItemBody,
            answer=ItemAddedReply,
            scopes=("trips:write",),
            edits=True,
            problems=(*EDIT_PROBLEMS, *ITEM_PROBLEMS),
            body_example={"offer_id": "off_0000AV2HfKdWqeBWVJHk4e"},
        ),
        Route(
            method="DELETE",
            path="/v1/trips/{trip_id}/items/{item_id}",
            handler=trips.remove_item,
            summary="Take an item out of the trip",
            tag="trips",
            answer=TripReply,
            scopes=("trips:write",),
            edits=True,
            problems=EDIT_PROBLEMS,
        ),
    ]


def ancillaries_route(trips: Trips) -> Route:
    return Route(
        method="PUT",
        path="/v1/trips/{trip_id}/items/{item_id}/ancillaries",
        handler=trips.select_ancillaries,
        summary="Choose an item's extras",
        description="Replaces the whole selection, at the supplier's present prices.",
        tag="trips",
        body=AncillariesBody,
        answer=TripReply,
        scopes=("trips:write",),
        edits=True,
        problems=(
            *EDIT_PROBLEMS,
            "ancillary_unavailable",
            "traveler_not_found",
            "currency_mismatch",
            "offer_expired",
            "sold_out",
            "supplier_rejected",
            "supplier_unavailable",
        ),
        body_example={"selections": [{"offer_id": "ase_00009UhD4ongolulWd9123", "quantity": 1}]},
    )


def travelers_route(trips: Trips) -> Route:
    return Route(
        method="PUT",
        path="/v1/trips/{trip_id}/travelers",
        handler=trips.set_travelers,
        summary="Say who travels and whom to write to",
        description="Replaces both. Personal data is sealed at once and never logged.",
        tag="trips",
        body=TravelersBody,
        answer=TripReply,
        scopes=("trips:write",),
        edits=True,
        problems=(*EDIT_PROBLEMS, *TRAVELER_PROBLEMS),
        body_example={
            "travelers": [
                {
                    "first_name": "Amelia",
                    "last_name": "Earhart",
                    "passenger_type": "ADULT",
                    "date_of_birth": "1987-07-24",
                    "gender": "f",
                    "title": "mrs",
                }
            ],
            "contact": {"email": "amelia@aviators.org", "phone": "+442080160509"},
        },
    )
