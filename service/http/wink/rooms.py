"""From Wink's identifiers to an offer: what the tenant was shown last of this room, at these terms,
for these nights and guests; else the supplier is asked anew, at this one property."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from adapters.carts import CartStore
from domain import suppliers
from domain.errors import Refused
from domain.suppliers import Offer
from service.desk import Desk
from service.http.offers import check_dates
from service.http.wink.guests import facts_of
from service.http.wink.shapes import ItemBody

# An offer that is about to expire would be gone before it can be paid.
LIFE_MIN = timedelta(minutes=2)

Guest = tuple[str, int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A room at its terms, or `quantity` alike, for some nights; guests are those of one room."""

    hotel_identifier: str
    room_rate_identifier: str
    check_in: date
    check_out: date
    adults: int
    ages: tuple[int, ...]
    quantity: int

    @property
    def guests(self) -> list[Guest]:
        adults: list[Guest] = [("adult", None)] * self.adults
        children: list[Guest] = [("child", age) for age in self.ages]
        return [*adults, *children] * self.quantity


def room_in(body: ItemBody) -> Room:
    """What a request asks for."""
    configuration = body.room_configuration
    return Room(
        hotel_identifier=body.hotel_identifier.lower(),
        room_rate_identifier=body.room_rate_identifier.lower(),
        check_in=body.start_date,
        check_out=body.check_out,
        adults=configuration.adults,
        ages=configuration.ages,
        quantity=configuration.quantity,
    )


def room_of(offer: Offer) -> Room | None:
    """What was asked for when this offer was put into a cart; None for what is no such room."""
    facts = facts_of(offer)
    if facts is None:
        return None
    details = offer.details
    return Room(
        hotel_identifier=details["hotel_identifier"],
        room_rate_identifier=details["room_rate_identifier"],
        check_in=date.fromisoformat(details["check_in_date"]),
        check_out=date.fromisoformat(details["check_out_date"]),
        adults=facts.adults,
        ages=facts.children,
        quantity=facts.quantity,
    )


class Rooms:
    """Finds offers for rooms."""

    def __init__(self, desk: Desk, carts: CartStore) -> None:
        self.desk = desk
        self.carts = carts

    async def find(self, wanted: Room, tenant: str, taken: Sequence[str]) -> Offer:
        """An offer that is not among those `taken`; raises Refused("sold_out")."""
        now = self.desk.clock.now()
        check_dates({"/startDate": wanted.check_in}, now)
        shown = await self.carts.room_offers(tenant, wanted.room_rate_identifier)
        if (offer := best(shown, wanted, taken, now)) is not None:
            return offer
        found = await self.ask(wanted, tenant)
        if (offer := best(found, wanted, taken, now)) is not None:
            return offer
        raise not_to_be_had(wanted, "This room is not to be had for these nights and guests.")

    async def ask(self, wanted: Room, tenant: str) -> Sequence[Offer]:
        place = await self.carts.property_of(wanted.hotel_identifier)
        if place is None:
            raise not_to_be_had(wanted, "This property is not known; search stays first.")
        search = suppliers.StaySearch(
            latitude=place.latitude,
            longitude=place.longitude,
            radius_km=1,
            check_in_date=wanted.check_in,
            check_out_date=wanted.check_out,
            rooms=wanted.quantity,
            guests=tuple(searched(guest) for guest in wanted.guests),
            property_id=place.property_id,
        )
        return await self.desk.search_stays(search, tenant)


def searched(guest: Guest) -> suppliers.SearchPassenger:
    _, age = guest
    if age is None:
        return suppliers.SearchPassenger(type="adult")
    return suppliers.SearchPassenger(age=age)


def not_to_be_had(wanted: Room, detail: str) -> Refused:
    return Refused(
        "sold_out",
        detail,
        items=[
            {
                "hotelIdentifier": wanted.hotel_identifier,
                "roomRateIdentifier": wanted.room_rate_identifier,
                "startDate": wanted.check_in.isoformat(),
                "endDate": wanted.check_out.isoformat(),
                "code": "sold_out",
                "detail": detail,
            }
        ],
    )


def best(
    offers: Sequence[Offer], wanted: Room, taken: Sequence[str], now: datetime
) -> Offer | None:
    """What is wanted, as it was seen last; of what was seen together, the cheapest."""
    fitting = [
        offer
        for offer in offers
        if offer.offer_id not in taken and offer.expires_at > now + LIFE_MIN and fits(offer, wanted)
    ]
    return min(fitting, key=newest_then_cheapest) if fitting else None


def newest_then_cheapest(offer: Offer) -> tuple[float, int]:
    return -offer.expires_at.timestamp(), offer.price.amount


def fits(offer: Offer, wanted: Room) -> bool:
    asked = {
        "hotel_identifier": wanted.hotel_identifier,
        "room_rate_identifier": wanted.room_rate_identifier,
        "check_in_date": wanted.check_in.isoformat(),
        "check_out_date": wanted.check_out.isoformat(),
        "rooms": wanted.quantity,
    }
    same = all(offer.details.get(name) == value for name, value in asked.items())
    guests = offer.supplier_facts.get("guests") or []
    priced_for = Counter((each.get("type", "adult"), each.get("age")) for each in guests)
    return same and priced_for == Counter(wanted.guests)
