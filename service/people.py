"""Travelers and contacts: plain only between the door and the vault, sealed everywhere else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from adapters.vault import Forgotten as ForgottenMark
from adapters.vault import Place, Vault
from domain.suppliers import Contact, Traveler
from domain.trip.events import SealedContact, SealedTraveler
from domain.trip.state import Trip

TRAVELER = "traveler"
CONTACT = "contact"
# Known of everybody and not personal by themselves, so they stand beside the seal.
OPEN_FIELDS = {"traveler_id", "passenger_type"}


class Forgotten(Exception):
    """Someone's data has been erased; what needs it cannot be done any more."""


class People:
    """Seals what comes in and opens what a supplier or the owner of the trip must see."""

    def __init__(self, vault: Vault, new_id: Callable[[], str]) -> None:
        self.vault = vault
        self.new_id = new_id

    async def seal(
        self, trip: Trip, travelers: Sequence[Traveler], contact: Contact | None
    ) -> tuple[tuple[SealedTraveler, ...], SealedContact | None]:
        """Everyone sealed. Who is in the trip already, unchanged, keeps id and seal, so that
        saying the same again changes nothing."""
        known = await self.known(trip)
        sealed = []
        for traveler in travelers:
            kept = taken(known, traveler)
            sealed.append(kept or await self.seal_traveler(trip, traveler))
        return tuple(sealed), await self.seal_contact(trip, contact)

    async def known(self, trip: Trip) -> list[tuple[Traveler | None, SealedTraveler]]:
        values = await self.vault.open_all([place_of(trip, t) for t in trip.travelers])
        return [(plain(t, value), t) for t, value in zip(trip.travelers, values, strict=True)]

    async def seal_traveler(self, trip: Trip, traveler: Traveler) -> SealedTraveler:
        person_id = await self.vault.new_person(trip.tenant)
        value = content(traveler)
        return SealedTraveler(
            traveler_id=self.new_id(),
            person_id=person_id,
            passenger_type=traveler.passenger_type,
            fields=tuple(sorted(value)),
            sealed=await self.vault.seal(person_id, trip.trip_id, TRAVELER, value),
        )

    async def seal_contact(self, trip: Trip, contact: Contact | None) -> SealedContact | None:
        if contact is None:
            return None
        if trip.contact is not None and await self.open_contact(trip) == contact:
            return trip.contact
        person_id = await self.vault.new_person(trip.tenant)
        value = msgspec.to_builtins(contact)
        sealed = await self.vault.seal(person_id, trip.trip_id, CONTACT, value)
        return SealedContact(person_id=person_id, sealed=sealed)

    async def open(self, trip: Trip) -> tuple[tuple[Traveler, ...], Contact | None]:
        """Everyone in plain; raises Forgotten if anyone's data has been erased."""
        travelers = tuple(traveler for traveler, _ in await self.known(trip) if traveler)
        contact = await self.open_contact(trip)
        if len(travelers) < len(trip.travelers) or (trip.contact is not None and not contact):
            raise Forgotten(trip.trip_id)
        return travelers, contact

    async def open_known(
        self, trip: Trip
    ) -> tuple[Sequence[tuple[SealedTraveler, Traveler | None]], Contact | None]:
        """Everyone, with None in place of who was forgotten."""
        people = [(sealed, traveler) for traveler, sealed in await self.known(trip)]
        return people, await self.open_contact(trip)

    async def open_contact(self, trip: Trip) -> Contact | None:
        if trip.contact is None:
            return None
        value = await self.vault.open(
            trip.contact.person_id, trip.trip_id, CONTACT, trip.contact.sealed
        )
        return None if isinstance(value, ForgottenMark) else msgspec.convert(value, Contact)


def place_of(trip: Trip, sealed: SealedTraveler) -> tuple[Place, str]:
    place = Place(person_id=sealed.person_id, trip_id=trip.trip_id, field=TRAVELER)
    return place, sealed.sealed


def content(traveler: Traveler) -> dict[str, Any]:
    """What is personal about a traveler and known: what is not said is left out."""
    value: dict[str, Any] = msgspec.to_builtins(traveler)
    return {k: v for k, v in value.items() if k not in OPEN_FIELDS and v not in (None, [], ())}


def plain(sealed: SealedTraveler, value: Any) -> Traveler | None:
    if isinstance(value, ForgottenMark):
        return None
    known = {"traveler_id": sealed.traveler_id, "passenger_type": sealed.passenger_type}
    return msgspec.convert({**known, **value}, Traveler)


def taken(
    known: list[tuple[Traveler | None, SealedTraveler]], wanted: Traveler
) -> SealedTraveler | None:
    """The same person among the known ones, taken out so that twins stay two."""
    for index, (traveler, sealed) in enumerate(known):
        if traveler is None or traveler.passenger_type != wanted.passenger_type:
            continue
        if content(traveler) == content(wanted):
            del known[index]
            return sealed
    return None
