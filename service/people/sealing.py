"""Travelers and contacts: plain only between the door and the vault, sealed everywhere else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from adapters.vault import FORGOTTEN, Place, Vault
from adapters.vault import Forgotten as ForgottenMark
from domain.suppliers import Contact, Traveler
from domain.trip.events import SealedContact, SealedTraveler
from domain.trip.state import Trip

TRAVELER = "traveler"
CONTACT = "contact"
# Known of everybody and not personal by themselves, so they stand beside the seal.
OPEN_FIELDS = {"traveler_id", "passenger_type"}

# A traveler of a trip as the log has them, and in plain; None once they are forgotten.
Known = tuple[SealedTraveler, Traveler | None]


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
        known, known_contact = await self.open_known(trip)
        sealed = []
        for traveler in travelers:
            kept = taken(known, traveler)
            sealed.append(kept or await self.seal_traveler(trip, traveler))
        return tuple(sealed), await self.seal_contact(trip, contact, known_contact)

    async def seal_traveler(self, trip: Trip, traveler: Traveler) -> SealedTraveler:
        person_id = await self.vault.new_person(trip.tenant, trip.trip_id)
        value = content(traveler)
        return SealedTraveler(
            traveler_id=self.new_id(),
            person_id=person_id,
            passenger_type=traveler.passenger_type,
            fields=tuple(sorted(value)),
            sealed=await self.vault.seal(person_id, trip.trip_id, TRAVELER, value),
        )

    async def seal_contact(
        self, trip: Trip, contact: Contact | None, known: Contact | None
    ) -> SealedContact | None:
        if contact is None:
            return None
        if contact == known:
            return trip.contact
        person_id = await self.vault.new_person(trip.tenant, trip.trip_id, contact.email)
        value = msgspec.to_builtins(contact)
        sealed = await self.vault.seal(person_id, trip.trip_id, CONTACT, value)
        return SealedContact(person_id=person_id, sealed=sealed)

    async def open(self, trip: Trip) -> tuple[tuple[Traveler, ...], Contact | None]:
        """Everyone in plain; raises Forgotten if anyone's data has been erased."""
        people, contact = await self.open_known(trip)
        travelers = tuple(traveler for _, traveler in people if traveler is not None)
        if len(travelers) < len(trip.travelers) or (trip.contact is not None and not contact):
            raise Forgotten(trip.trip_id)
        return travelers, contact

    async def open_known(self, trip: Trip) -> tuple[list[Known], Contact | None]:
        """Everyone, with None in place of who was forgotten: from the moment it is recorded,
        whatever became of the key."""
        sealed = [place_of(trip, traveler) for traveler in trip.travelers]
        if trip.contact is not None:
            sealed.append(place_of_contact(trip, trip.contact))
        kept = [(place, text) for place, text in sealed if place.person_id not in trip.forgotten]
        opened = await self.vault.open_all(kept)
        values = {place: value for (place, _), value in zip(kept, opened, strict=True)}
        told = [values.get(place, FORGOTTEN) for place, _ in sealed]
        travelers = [(t, plain(t, value)) for t, value in zip(trip.travelers, told, strict=False)]
        return travelers, plain_contact(told[-1]) if trip.contact is not None else None


def place_of(trip: Trip, sealed: SealedTraveler) -> tuple[Place, str]:
    place = Place(person_id=sealed.person_id, trip_id=trip.trip_id, field=TRAVELER)
    return place, sealed.sealed


def place_of_contact(trip: Trip, sealed: SealedContact) -> tuple[Place, str]:
    return Place(person_id=sealed.person_id, trip_id=trip.trip_id, field=CONTACT), sealed.sealed


def content(traveler: Traveler) -> dict[str, Any]:
    """What is personal about a traveler and known: what is not said is left out."""
    value: dict[str, Any] = msgspec.to_builtins(traveler)
    return {k: v for k, v in value.items() if k not in OPEN_FIELDS and v not in (None, [], ())}


def plain(sealed: SealedTraveler, value: Any) -> Traveler | None:
    if isinstance(value, ForgottenMark):
        return None
    known = {"traveler_id": sealed.traveler_id, "passenger_type": sealed.passenger_type}
    return msgspec.convert({**known, **value}, Traveler)


def plain_contact(value: Any) -> Contact | None:
    return None if isinstance(value, ForgottenMark) else msgspec.convert(value, Contact)


def taken(known: list[Known], wanted: Traveler) -> SealedTraveler | None:
    """The same person among the known ones, taken out so that twins stay two."""
    for index, (sealed, traveler) in enumerate(known):
        if traveler is None or traveler.passenger_type != wanted.passenger_type:
            continue
        if content(traveler) == content(wanted):
            del known[index]
            return sealed
    return None
