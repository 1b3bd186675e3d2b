"""Several edits of a trip as one: a new trip with its content, or a swap of one item for another.
All of them happen, or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.dossier import Dossier
from domain.errors import Refused
from domain.log import Cause
from domain.process import Command, advance
from domain.suppliers import Contact, Offer, Selection, Traveler
from domain.trip import commands as c
from domain.trip.events import SealedContact, SealedTraveler
from domain.trip.state import Trip
from service.desk import Desk, WantedExtra
from service.editing import edit_all
from service.handle import Handled


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrangement:
    """What is to change, carried out in the order of the fields. Travelers and contact: None
    leaves them as they are. `added` are (item id, offer) pairs; the ids are the caller's to make,
    so that a repeated request adds nothing twice."""

    starts: bool = False
    removed: str | None = None
    added: tuple[tuple[str, Offer], ...] = ()
    travelers: tuple[Traveler, ...] | None = None
    contact: Contact | None = None
    extras: tuple[str, tuple[WantedExtra, ...]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What had to be asked of others (suppliers, the vault) before the edits can be decided."""

    removes: bool
    people: tuple[tuple[SealedTraveler, ...], SealedContact | None] | None
    selections: tuple[Selection, ...]


async def arrange(desk: Desk, trip_id: str, wanted: Arrangement, cause: Cause) -> Handled:
    """Everything of the arrangement in one decision on the newest facts; raises Refused."""
    dossier = await standing(desk, trip_id, wanted, cause)
    trip = dossier.trip
    assert trip is not None, "there is a trip, or one is being started"
    ready = Prepared(
        removes=removes(wanted, trip),
        people=await sealed(desk, wanted, trip),
        selections=await priced(desk, wanted, trip),
    )
    if not commands(trip_id, wanted, ready, desk.clock.now(), cause):
        return Handled(dossier=dossier, events=(), position=0)
    return await edit_all(
        desk, trip_id, lambda now: commands(trip_id, wanted, ready, now, cause), cause
    )


async def standing(desk: Desk, trip_id: str, wanted: Arrangement, cause: Cause) -> Dossier:
    """The trip as it is (a repeated start finds it there), or as it will be once it is started."""
    try:
        dossier, _ = await desk.road.read(trip_id, cause.tenant)
    except Refused:
        if not wanted.starts:
            raise
        return advance(start(trip_id, desk.clock.now(), cause), Dossier()).dossier
    return dossier


def start(trip_id: str, now: datetime, cause: Cause) -> c.StartTrip:
    assert cause.tenant is not None, "a trip belongs to the tenant that starts it"
    return c.StartTrip(trip_id=trip_id, tenant=cause.tenant, now=now)


def removes(wanted: Arrangement, trip: Trip) -> bool:
    """Whether there is something to remove: a swap that is told again has been done before."""
    if wanted.removed is None:
        return False
    added = [trip.item(item_id) is not None for item_id, _ in wanted.added]
    return trip.item(wanted.removed) is not None or not (added and all(added))


async def sealed(
    desk: Desk, wanted: Arrangement, trip: Trip
) -> tuple[tuple[SealedTraveler, ...], SealedContact | None] | None:
    if wanted.travelers is None and wanted.contact is None:
        return None
    travelers, contact = await desk.people.seal(trip, wanted.travelers or (), wanted.contact)
    return (
        travelers if wanted.travelers is not None else trip.travelers,
        contact if wanted.contact is not None else trip.contact,
    )


async def priced(desk: Desk, wanted: Arrangement, trip: Trip) -> tuple[Selection, ...]:
    if wanted.extras is None:
        return ()
    item_id, extras = wanted.extras
    item = trip.item(item_id)
    if item is None:
        raise Refused("item_not_found", "The trip has no such item.", item_id=item_id)
    return await desk.priced(item.offer, extras) if extras else ()


def commands(
    trip_id: str, wanted: Arrangement, ready: Prepared, now: datetime, cause: Cause
) -> Sequence[Command]:
    todo: list[Command] = []
    if wanted.starts:
        todo.append(start(trip_id, now, cause))
    if ready.removes and wanted.removed is not None:
        todo.append(c.RemoveItem(item_id=wanted.removed, now=now))
    todo += [c.AddItem(item_id=item_id, offer=offer, now=now) for item_id, offer in wanted.added]
    if ready.people is not None:
        travelers, contact = ready.people
        todo.append(c.SetTravelers(travelers=travelers, contact=contact, now=now))
    if wanted.extras is not None:
        todo.append(
            c.SelectAncillaries(item_id=wanted.extras[0], selections=ready.selections, now=now)
        )
    return todo
