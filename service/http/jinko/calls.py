"""The three calls of Jinko's contract on the desk: REST and MCP put their answers differently and
mean the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec

from domain.dossier import Dossier, fold
from domain.errors import Refused
from domain.log import Cause, Recorded
from domain.ports import Clock
from domain.suppliers import Contact, Offer, Traveler
from domain.trip.events import (
    AncillariesSelected,
    BookRequest,
    FulfillmentPolicy,
    FulfillmentScheduled,
    ItemAdded,
    ItemRemoved,
    TravelersSet,
    TripStarted,
)
from service.arranging import Arrangement, arrange
from service.desk import BookAnswer, Desk, WantedExtra
from service.http.jinko.shapes import (
    FLIGHT_PREFIX,
    HOTEL_PREFIX,
    JinkoSelectAncillariesBody,
    JinkoTripBody,
    JinkoUpsertTravelersBody,
)
from service.http.paths import UUID_TEXT
from service.http.problems import Problem
from service.http.travelers import check_people
from service.http.trips import contact_of, travelers_of
from service.http.views import People

# What a call did, in the contract's words and order.
ACTIONS = {
    TripStarted: "created",
    ItemRemoved: "item_removed",
    ItemAdded: "item_added",
    TravelersSet: "travelers_updated",
    AncillariesSelected: "ancillaries_selected",
}


# Jinko's contract has no word for it: what could be booked is kept, the rest is given back.
POLICY: FulfillmentPolicy = "keep_confirmed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A trip as its owner may see it; `actions` is what the call did to it."""

    dossier: Dossier
    people: People
    scheduled_at: datetime | None
    actions: tuple[str, ...] = ()


class JinkoCalls:
    """Who asks, and under which ids new things are made, comes with each call."""

    def __init__(self, desk: Desk, clock: Clock, public_url: str, *, sandbox: bool) -> None:
        self.desk = desk
        self.clock = clock
        self.public_url = public_url
        self.sandbox = sandbox

    async def trip(self, body: JinkoTripBody, new_id: Callable[[str], str], cause: Cause) -> Seen:
        """Everything the call asks for, or nothing of it. `new_id` names what is made: called
        again with the same names, the same is not made twice."""
        self.check(body.upsert_travelers)
        trip_id = new_id("trip") if body.trip_id is None else known_form(body.trip_id)
        if body.trip_id is not None:
            await self.desk.road.read(trip_id, cause.tenant)
        wanted = Arrangement(
            starts=body.trip_id is None,
            removed=str(body.remove_item.item_id) if body.remove_item is not None else None,
            added=await self.added(body, new_id, cause),
            travelers=travelers_in(body.upsert_travelers),
            contact=contact_in(body.upsert_travelers),
            extras=extras_of(body.select_ancillaries),
        )
        handled = await arrange(self.desk, trip_id, wanted, cause)
        done = {ACTIONS[type(event)] for event in handled.events if type(event) in ACTIONS}
        seen = await self.get(trip_id, cause)
        actions = tuple(action for action in ACTIONS.values() if action in done)
        return replace(seen, actions=actions)

    async def added(
        self, body: JinkoTripBody, new_id: Callable[[str], str], cause: Cause
    ) -> tuple[tuple[str, Offer], ...]:
        tokens = body.add_item.tokens() if body.add_item is not None else []
        return tuple(
            [
                (new_id(f"item:{number}"), await self.offer(token, cause))
                for number, token in enumerate(tokens)
            ]
        )

    async def offer(self, token: str, cause: Cause) -> Offer:
        """By its own id, or by that behind the prefix of its kind."""
        for prefix in (FLIGHT_PREFIX, HOTEL_PREFIX):
            if token.startswith(prefix):
                try:
                    return await self.desk.offer(token.removeprefix(prefix), cause)
                except Refused:
                    break
        return await self.desk.offer(token, cause)

    async def book(self, trip_id: str | int, cause: Cause) -> BookAnswer:
        """The trip's one open checkout, after asking every price anew where none is open."""
        return await self.desk.book(
            known_form(trip_id), BookRequest(mode="hosted", policy=POLICY), cause
        )

    async def get(self, trip_id: str | int, cause: Cause) -> Seen:
        """The trip as the log has it now."""
        recorded = await self.desk.events(known_form(trip_id), cause)
        dossier = fold(each.event for each in recorded)
        assert dossier.trip is not None, "events answers trips"
        return Seen(
            dossier=dossier,
            people=await self.desk.people.open_known(dossier.trip),
            scheduled_at=scheduled_at(recorded),
        )

    def check(self, people: JinkoUpsertTravelersBody | None) -> None:
        """Invented people are refused, under the names the fields have here."""
        if people is None:
            return
        travelers = [each.native() for each in people.travelers or []]
        contact = people.contact.native() if people.contact is not None else None
        try:
            check_people(travelers, contact, today=self.clock.now().date(), sandbox=self.sandbox)
        except Problem as problem:
            errors = [
                msgspec.structs.replace(each, pointer=f"/upsert_travelers{each.pointer}")
                for each in problem.errors
            ]
            detail = " ".join(f"`{each.pointer}`: {each.detail}" for each in errors)
            raise Problem(problem.kind.code, detail, errors=errors) from None


def known_form(trip_id: str | int) -> str:
    """A trip's id; what cannot be one is as absent as any unknown id."""
    text = str(trip_id)
    if not UUID_TEXT.fullmatch(text):
        raise Refused("trip_not_found", "There is no such trip.")
    return text.lower()


def travelers_in(body: JinkoUpsertTravelersBody | None) -> tuple[Traveler, ...] | None:
    if body is None or body.travelers is None:
        return None
    return travelers_of([each.native() for each in body.travelers])


def contact_in(body: JinkoUpsertTravelersBody | None) -> Contact | None:
    if body is None or body.contact is None:
        return None
    return contact_of(body.contact.native())


def extras_of(
    body: JinkoSelectAncillariesBody | None,
) -> tuple[str, tuple[WantedExtra, ...]] | None:
    if body is None:
        return None
    wanted = []
    for each in body.selections:
        whom = each.pax_ref_id if each.pax_ref_id is not None else each.traveler_id
        wanted.append(
            WantedExtra(
                offer_id=str(each.offer_id),
                quantity=each.quantity,
                traveler_id=str(whom) if whom is not None else None,
            )
        )
    return str(body.item_id), tuple(wanted)


def scheduled_at(recorded: Sequence[Recorded]) -> datetime | None:
    """When the fulfilment was scheduled, the last time if there were several."""
    moments = [
        each.event.scheduled_at for each in recorded if isinstance(each.event, FulfillmentScheduled)
    ]
    return moments[-1] if moments else None
