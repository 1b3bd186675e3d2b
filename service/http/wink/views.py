"""Carts and bookings in the shapes of Wink's contract."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from typing import Any

from adapters.wink_ids import hotel_identifier, room_rate_identifier
from domain.money import Money
from domain.suppliers import Offer, Selection
from domain.trip.state import Item
from service.http.answers import moment
from service.http.wink.answers import (
    AddressReply,
    CartItemReply,
    ChildReply,
    ExtraChargesReply,
    HotelReply,
    LocationReply,
    PriceReply,
    RoomConfigurationReply,
    StayReply,
    UserReply,
    WinkAncillaryReply,
    totals,
)
from service.http.wink.guests import NOBODY, Guest, ItemFacts, facts_of
from service.http.wink.policies import cancellation_policy, rate_plan

NO_COMMISSION = Money(0, "USD").to_decimal()


def cart_item(item: Item, guest: Guest | None, now: datetime) -> CartItemReply:
    offer, facts = item.offer, facts_of(item.offer)
    arrival, departure = dates_of(offer)
    extras = [ancillary(each) for each in item.selections]
    return CartItemReply(
        identifier=item.item_id,
        hotel_identifier=hotel_of(offer),
        room_rate_identifier=rate_of(offer),
        room_configuration=room_configuration(offer, facts),
        start_date=arrival.isoformat(),
        end_date=departure.isoformat(),
        nights=(departure - arrival).days,
        currency=item.price.currency,
        language=facts.language if facts else "en",
        user=user(guest or NOBODY),
        hotel=hotel(offer),
        stay=stay(item, None, available=offer.expires_at > now),
        ancillaries=extras,
        promotional_codes=list(facts.promotional_codes) if facts else [],
        special_requests=guest.special_requests if guest else None,
        lifestyle=facts.lifestyle if facts else None,
        customization_identifier=facts.customization_identifier if facts else None,
        bedroom_configuration_identifier=(
            facts.bedroom_configuration_identifier if facts else None
        ),
        commission=NO_COMMISSION,
        commissionable=False,
        expires_at=moment(offer.expires_at),
        **totals(item.price),  # type: ignore[arg-type]
    )


def hotel_of(offer: Offer) -> str:
    """What is no room has an identifier too, which names no property."""
    known = offer.details.get("hotel_identifier")
    return str(known) if known else hotel_identifier(offer.supplier, offer.offer_id)


def rate_of(offer: Offer) -> str:
    known = offer.details.get("room_rate_identifier")
    return str(known) if known else room_rate_identifier(offer.supplier, offer.offer_id)


def dates_of(offer: Offer) -> tuple[date, date]:
    """Arrival and departure; of a flight the day it leaves and the day it lands."""
    details = offer.details
    if "check_in_date" in details:
        return (
            date.fromisoformat(details["check_in_date"]),
            date.fromisoformat(details["check_out_date"]),
        )
    segments = [segment for part in details.get("slices", ()) for segment in part["segments"]]
    first, last = segments[0]["departing_at"], segments[-1]["arriving_at"]
    return date.fromisoformat(first[:10]), date.fromisoformat(last[:10])


def room_configuration(offer: Offer, facts: ItemFacts | None) -> RoomConfigurationReply:
    if facts is None:
        adults = sum(slot.passenger_type == "ADULT" for slot in offer.passengers)
        return RoomConfigurationReply(adults=max(adults, 1), children=[], quantity=1)
    ages = Counter(facts.children)
    return RoomConfigurationReply(
        adults=facts.adults,
        children=[ChildReply(age=age, quantity=count) for age, count in sorted(ages.items())],
        quantity=facts.quantity,
    )


def user(guest: Guest) -> UserReply:
    return UserReply(
        first_name=guest.first_name,
        last_name=guest.last_name,
        full_name=f"{guest.first_name} {guest.last_name}".strip(),
        email=guest.email,
        telephone=guest.telephone,
        valid=bool(guest.first_name and guest.last_name and guest.email),
    )


def hotel(offer: Offer) -> HotelReply:
    details = offer.details
    where = details.get("coordinates")
    point = [float(where["longitude"]), float(where["latitude"])] if where else None
    return HotelReply(
        identifier=hotel_of(offer),
        name=str(details.get("property") or offer.title),
        stars=float(details["rating"]) if details.get("rating") is not None else None,
        address=address(details.get("address") or {}),
        location=LocationReply(type="Point", coordinates=point) if point else None,
    )


def address(known: dict[str, Any]) -> AddressReply:
    names = ("line_one", "postal_code", "city_name", "region", "country_code")
    return AddressReply(
        address1=known.get("line_one"),
        city=known.get("city_name"),
        state=known.get("region"),
        postal_code=known.get("postal_code"),
        country_code=known.get("country_code"),
        full_address=", ".join(str(known[name]) for name in names if known.get(name)),
    )


def price(money: Money, quantity: int = 1) -> PriceReply:
    return PriceReply(quantity=quantity, **totals(money))  # type: ignore[arg-type]


def stay(item: Item, guest: Guest | None, *, available: bool) -> StayReply:
    """`guest` is known only of what has been checked out."""
    offer, facts = item.offer, facts_of(item.offer)
    conditions = item.conditions or offer.details.get("conditions") or {}
    return StayReply(
        room_rate_identifier=rate_of(offer),
        name=str(offer.details.get("room") or offer.title),
        price=price(item.price, facts.quantity if facts else 1),
        rate_plan=rate_plan(offer),
        active_cancellation_policy=cancellation_policy(
            offer, conditions, item.price, hotel_of(offer)
        ),
        extra_charges=extra_charges(conditions),
        guest_user=user(guest) if guest else None,
        ancillary_list=[ancillary(each) for each in item.selections],
        available=available,
    )


def extra_charges(conditions: dict[str, Any]) -> ExtraChargesReply:
    due = conditions.get("due_at_accommodation")
    money = Money(due["amount"], due["currency"]) if due else None
    return ExtraChargesReply(items=[price(money)] if money else [], **totals(money))


def ancillary(selection: Selection) -> WinkAncillaryReply:
    each = selection.price
    return WinkAncillaryReply(
        identifier=selection.offer_id,
        type="ADD_ON",
        name=selection.name,
        quantity=selection.quantity,
        price=price(Money(each.amount * selection.quantity, each.currency), selection.quantity),
    )
