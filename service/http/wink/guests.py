"""Whom the rooms of a cart are for. Each item carries its guest and what the guest asked for,
sealed; the guests of all items together are the trip's travelers, and the first who can be called
is its contact."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from adapters.vault import Forgotten, Place
from domain.dossier import Dossier
from domain.suppliers import Contact, Offer, Traveler
from domain.trip.state import Item, Trip
from service.http.problems import FieldProblem, Problem
from service.http.shapes import TravelerBody
from service.http.travelers import placeholders
from service.http.wink.shapes import ItemBody
from service.people.sealing import People

GUEST = "guest"
FACTS = "wink"
CALLABLE = re.compile(r"\+[1-9]\d{6,14}")


class Guest(msgspec.Struct, frozen=True, kw_only=True):
    """Personal: plain only here and in the vault."""

    first_name: str
    last_name: str
    email: str
    telephone: str | None = None
    special_requests: str | None = None

    @property
    def person(self) -> tuple[str, str, str]:
        return self.first_name, self.last_name, self.email.casefold()


NOBODY = Guest(first_name="", last_name="", email="")


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFacts:
    """What a client said of an item and nobody else needs to know."""

    person_id: str
    sealed: str
    language: str
    customization_identifier: str | None
    bedroom_configuration_identifier: str | None
    promotional_codes: tuple[str, ...]
    lifestyle: str | None
    adults: int
    children: tuple[int, ...]
    quantity: int


def facts_of(offer: Offer) -> ItemFacts | None:
    """None for an item that came into the trip by another door."""
    facts = offer.supplier_facts.get(FACTS)
    return msgspec.convert(facts, ItemFacts) if facts is not None else None


def guest_of(body: ItemBody, at: str) -> Guest:
    """The item's guest; raises Problem for somebody made up. `at` points to the item."""
    user = body.user
    traveler = TravelerBody(
        first_name=user.first_name, last_name=user.last_name, passenger_type="ADULT"
    )
    invented = [
        FieldProblem(
            pointer=f"{at}/user/{'firstName' if p.pointer.endswith('first_name') else 'lastName'}",
            code=p.code,
            detail=p.detail,
        )
        for p in placeholders(traveler, "")
    ]
    if invented:
        raise Problem("placeholder_traveler", invented[0].detail, errors=invented)
    return Guest(
        first_name=traveler.first_name,
        last_name=traveler.last_name,
        email=user.email,
        telephone=user.telephone or None,
        special_requests=body.special_requests or None,
    )


async def with_guest(
    people: People, trip_id: str, tenant: str, offer: Offer, body: ItemBody, guest: Guest
) -> Offer:
    """The offer as it goes into the cart: with what the client said, personal data sealed."""
    person_id = await people.vault.new_person(tenant, trip_id)
    room = body.room_configuration
    facts = ItemFacts(
        person_id=person_id,
        sealed=await people.vault.seal(person_id, trip_id, GUEST, msgspec.to_builtins(guest)),
        language=body.language or "en",
        customization_identifier=body.customization_identifier,
        bedroom_configuration_identifier=body.bedroom_configuration_identifier or None,
        promotional_codes=tuple(body.promotional_codes or ()),
        lifestyle=body.lifestyle or None,
        adults=room.adults,
        children=room.ages,
        quantity=room.quantity,
    )
    return replace(
        offer, supplier_facts={**offer.supplier_facts, FACTS: msgspec.to_builtins(facts)}
    )


async def guests_of(
    people: People, trip_id: str, offers: Mapping[str, Offer]
) -> dict[str, Guest | None]:
    """Each item's guest, by item id; NOBODY for one who was forgotten, None for an item that came
    by another door."""
    facts = {item_id: facts_of(offer) for item_id, offer in offers.items()}
    known = {item_id: each for item_id, each in facts.items() if each is not None}
    places = [
        (Place(person_id=each.person_id, trip_id=trip_id, field=GUEST), each.sealed)
        for each in known.values()
    ]
    opened = dict(zip(known, await people.vault.open_all(places), strict=True))
    return {item_id: plain(opened[item_id]) if item_id in known else None for item_id in offers}


def plain(value: Any) -> Guest:
    return NOBODY if isinstance(value, Forgotten) else msgspec.convert(value, Guest)


async def guests_in(people: People, dossier: Dossier) -> dict[str, Guest | None]:
    trip = dossier.trip
    assert trip is not None, "guests are in a trip"
    return await guests_of(people, trip.trip_id, {i.item_id: i.offer for i in trip.items})


def travelers_of(guests: Sequence[Guest]) -> tuple[Traveler, ...]:
    """Everybody once, in the order of the items."""
    everybody = {guest.person: guest for guest in guests}
    return tuple(
        Traveler(
            traveler_id="",
            passenger_type="ADULT",
            first_name=guest.first_name,
            last_name=guest.last_name,
        )
        for guest in everybody.values()
    )


def contact_of(guests: Sequence[Guest]) -> Contact | None:
    """The first guest whose number can be called from anywhere, else the first with a number."""
    numbered = [(guest, callable_number(guest.telephone)) for guest in guests if guest.telephone]
    for guest, number in numbered:
        if CALLABLE.fullmatch(number):
            return Contact(email=guest.email, phone=number)
    return Contact(email=numbered[0][0].email, phone=numbered[0][1]) if numbered else None


def callable_number(text: str | None) -> str:
    """As E.164 where people's way of writing tells the country: `+1 212 555 1212`, `0044 20 …`,
    `442080160509`. A number of within a country stays as it is."""
    if text is None:
        return ""
    digits = re.sub(r"[^\d]", "", text)
    if text.strip().startswith("+"):
        return f"+{digits}"
    if digits.startswith("00"):
        return f"+{digits[2:]}"
    return digits if digits.startswith("0") else f"+{digits}"


def ensure_reachable(trip: Trip, guests: Mapping[str, Guest | None]) -> None:
    """Suppliers take no booking without a number that can be called from anywhere: said before
    anything is paid."""
    ours = [guest for guest in guests.values() if guest is not None]
    if not trip.items or len(ours) < len(trip.items):
        return
    contact = contact_of(ours)
    if contact is not None and CALLABLE.fullmatch(contact.phone):
        return
    detail = "A guest's telephone with its country code (+1 212 555 1212) is needed."
    items = [unreachable(item, detail) for item in trip.items]
    raise Problem("contact_required", detail, facts={"items": items})


def unreachable(item: Item, detail: str) -> dict[str, str]:
    return {"item_id": item.item_id, "code": "contact_required", "detail": detail}
