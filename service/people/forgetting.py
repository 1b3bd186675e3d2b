"""Forgetting a person: the one thing that takes something away, and the proof that it did.

The fact is recorded first, and from then on nobody is shown the person; then the data key is
destroyed, by the worker if whoever asked is gone. What was sealed stays in the log, unreadable,
so that every replay still works and no sum of money changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from adapters.signing import Signature, Signer, canonical
from adapters.vault import Owner, Vault
from domain.dossier import Dossier, DossierEvent
from domain.errors import Refused
from domain.log import Cause, Recorded, Task
from domain.ports import Clock
from domain.trip.commands import ForgetPerson
from domain.trip.events import PersonForgotten, TravelersSet
from domain.trip.lifecycle import status
from domain.trip.state import Trip
from service.handle import Handled, Road
from service.operating.book import Book
from service.workers.outcomes import Done

CONTACT_FIELDS = ("email", "phone")


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What is kept of one person, by the names of the fields. `in_trip` is false for somebody who
    was replaced by others or spoke only in a cart or a cancellation."""

    person_id: str
    trip_id: str
    trip_status: str
    in_trip: bool
    fields: tuple[str, ...]
    forgotten: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """The certificate: what was erased, when and by whom, with its place in the log.

    `elsewhere` names the payment provider's and suppliers' own records of the trip, which this
    service cannot erase.
    """

    person_id: str
    trip_id: str
    tenant: str
    fields: tuple[str, ...]
    forgotten_at: datetime
    asked_by: str
    event_id: str
    position: int
    elsewhere: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """`document` is JSON of an `Erasure` in its canonical spelling: exactly what was signed."""

    erasure: Erasure
    document: bytes
    signature: Signature


class Forgetting:
    """Whoever may ask is decided at the door; nobody sees another tenant's people."""

    def __init__(self, road: Road, vault: Vault, signer: Signer, clock: Clock, book: Book) -> None:
        self.road = road
        self.vault = vault
        self.signer = signer
        self.clock = clock
        self.book = book

    async def held(self, person_id: str, tenant: str | None) -> Held:
        """Raises Refused("person_not_found"), also for another tenant's people."""
        owner = await self.owner(person_id, tenant)
        recorded = await self.road.log.read_trip(owner.trip_id)
        dossier, _ = await self.road.read(owner.trip_id, owner.tenant)
        assert dossier.trip is not None, "the road answers trips that exist"
        return Held(
            person_id=person_id,
            trip_id=owner.trip_id,
            trip_status=status(dossier.trip),
            in_trip=person_id in dossier.trip.person_ids,
            fields=fields_of(person_id, [r.event for r in recorded]),
            forgotten=person_id in dossier.trip.forgotten,
        )

    async def people_of(self, trip_id: str, tenant: str | None) -> Sequence[Held]:
        """Everyone who was ever sealed for the trip."""
        await self.road.read(trip_id, tenant)
        return [await self.held(each, tenant) for each in await self.vault.keys.of_trip(trip_id)]

    async def forget(self, person_id: str, cause: Cause) -> Certificate:
        """Erase and certify because somebody asks; asked again, the same certificate. Raises
        Refused: person_not_found, or person_needed while bookings are being made for them."""
        owner = await self.owner(person_id, cause.tenant)
        await self.book.write(
            "forgot a person",
            cause,
            tenant=owner.tenant,
            trip_id=owner.trip_id,
            subject=f"person {person_id}",
        )
        return await self.forgotten(person_id, cause)

    async def forgotten(self, person_id: str, cause: Cause) -> Certificate:
        handled = await self.record(person_id, cause)
        await self.vault.forget(person_id)
        return await self.certificate(person_id, handled.dossier)

    async def record(self, person_id: str, cause: Cause) -> Handled:
        """The fact alone; a worker destroys the key."""
        owner = await self.owner(person_id, cause.tenant)
        command = ForgetPerson(person_id=person_id, now=self.clock.now())
        return await self.road.handle(owner.trip_id, command, cause)

    async def certificate(self, person_id: str, dossier: Dossier) -> Certificate:
        assert dossier.trip is not None, "people belong to trips"
        trip = dossier.trip
        recorded = await self.road.log.read_trip(trip.trip_id)
        fact = next(r for r in recorded if forgets(r, person_id))
        assert isinstance(fact.event, PersonForgotten)
        erasure = Erasure(
            person_id=person_id,
            trip_id=trip.trip_id,
            tenant=trip.tenant,
            fields=fields_of(person_id, [r.event for r in recorded]),
            forgotten_at=fact.event.forgotten_at,
            asked_by=fact.cause.actor,
            event_id=fact.event_id,
            position=fact.position,
            elsewhere=elsewhere(trip, dossier),
        )
        document = canonical(msgspec.to_builtins(erasure))
        return Certificate(erasure=erasure, document=document, signature=self.signer.sign(document))

    async def owner(self, person_id: str, tenant: str | None) -> Owner:
        owner = await self.vault.keys.whose(person_id)
        if owner is None or (tenant is not None and owner.tenant != tenant):
            raise Refused("person_not_found", "There is no such person.")
        return owner

    async def erase(self, task: Task, dossier: Dossier, cause: Cause) -> Done:
        """The worker's part: the key is destroyed, whatever became of whoever asked."""
        await self.vault.forget(task.subject)
        return Done()


def forgets(recorded: Recorded, person_id: str) -> bool:
    event = recorded.event
    return isinstance(event, PersonForgotten) and event.person_id == person_id


def fields_of(person_id: str, events: Sequence[DossierEvent]) -> tuple[str, ...]:
    """The names of everything that was ever sealed for the person in the trip's own events."""
    found: set[str] = set()
    for event in events:
        if not isinstance(event, TravelersSet):
            continue
        for traveler in event.travelers:
            if traveler.person_id == person_id:
                found.update(traveler.fields)
        if event.contact is not None and event.contact.person_id == person_id:
            found.update(CONTACT_FIELDS)
    return tuple(sorted(found))


def elsewhere(trip: Trip, dossier: Dossier) -> tuple[str, ...]:
    """The others' records that were made of this trip, by the others' own ids."""
    payments = [f"payment {payment.payment_id}" for payment in trip.payments]
    customers = [f"customer {c.customer_id}" for c in trip.checkouts if c.customer_id]
    orders = [f"order {b.supplier_order_id}" for b in dossier.bookings if b.supplier_order_id]
    return tuple(sorted({*payments, *customers, *orders}))
