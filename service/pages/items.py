"""What a checkout buys, item by item: times, price, extras, rules, and how far its booking is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain.booking.state import Booking
from domain.dossier import Dossier
from domain.money import Money
from domain.trip.state import Checkout, Item
from service.pages import wording
from service.pages.money import shown
from service.pages.wording import When

FAILED_BECAUSE = {
    "sold_out": "It was sold out.",
    "offer_expired": "The offer ended before it could be booked.",
    "price_changed": "The supplier raised the price.",
    "invalid_travelers": "The supplier did not accept the travellers' details.",
}
BADGES = {
    "ordering": ("busy", "Being booked now"),
    "unknown": ("busy", "Waiting for the supplier's answer"),
    "confirmed": ("good", "Booked"),
    "failed": ("bad", "Not booked"),
    "cancelling": ("busy", "Being cancelled"),
    "cancelled": ("mixed", "Cancelled"),
    "cancellation_refused": ("mixed", "Not wanted: you do not pay for it"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One flight of a journey, or one night's edge of a stay."""

    label: str
    where: str
    at: When


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One direction of a flight, or one stay."""

    heading: str
    note: str
    hops: tuple[Hop, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemShown:
    kind: str
    title: str
    price: str
    legs: tuple[Leg, ...]
    facts: tuple[str, ...]
    extras: tuple[tuple[str, str], ...]
    rules: tuple[str, ...]
    badge: tuple[str, str] | None
    why: str | None
    code: str | None
    reference: str | None


def items_of(dossier: Dossier, checkout: Checkout, *, paid: bool) -> list[ItemShown]:
    """The items as this checkout quoted them, each with its booking."""
    trip = dossier.trip
    assert trip is not None, "a checkout belongs to a trip"
    bookings = {b.item_id: b for b in dossier.group(checkout.checkout_id)}
    found = []
    for line in checkout.lines:
        item, booking = trip.item(line.item_id), bookings.get(line.item_id)
        shown_item = item_shown(item, booking, line.price, line.conditions, paid=paid)
        if shown_item is not None:
            found.append(shown_item)
    return found


def items_now(dossier: Dossier) -> list[ItemShown]:
    """The items at their newest prices, for asking again."""
    trip = dossier.trip
    assert trip is not None, "a checkout belongs to a trip"
    found = (item_shown(i, None, i.price, i.conditions, paid=False) for i in trip.items)
    return [each for each in found if each is not None]


def item_shown(
    item: Item | None,
    booking: Booking | None,
    price: Money,
    conditions: Mapping[str, Any],
    *,
    paid: bool,
) -> ItemShown | None:
    if item is None and booking is None:
        return None
    confirmed = booking is not None and booking.supplier_reference is not None
    return ItemShown(
        kind=item.offer.kind if item else "item",
        title=item.offer.title if item else booking.title if booking else "",
        price=shown(price),
        legs=legs_of(item),
        facts=facts_of(item),
        extras=extras_of(item),
        rules=() if booking and booking.status == "failed" else rules_of(item, conditions, price),
        badge=badge_of(booking) if paid else None,
        why=why_not(booking),
        code=booking.code if booking and confirmed else None,
        reference=booking.supplier_reference if booking else None,
    )


def badge_of(booking: Booking | None) -> tuple[str, str] | None:
    if booking is None:
        return None
    return BADGES.get(booking.status, ("calm", "Waiting for its turn"))


def why_not(booking: Booking | None) -> str | None:
    """In our words: what a supplier writes about an order may hold people's data."""
    if booking is None or booking.status != "failed" or booking.problem_code is None:
        return None
    return FAILED_BECAUSE.get(booking.problem_code)


def extras_of(item: Item | None) -> tuple[tuple[str, str], ...]:
    if item is None:
        return ()
    return tuple(
        (
            f"{each.quantity} × {each.name}" if each.quantity > 1 else each.name,
            shown(Money(each.price.amount * each.quantity, each.price.currency)),
        )
        for each in item.selections
    )


def rules_of(item: Item | None, conditions: Mapping[str, Any], price: Money) -> tuple[str, ...]:
    if item is None:
        return ()
    told = conditions or item.offer.details.get("conditions") or {}
    if item.offer.kind == "flight":
        return tuple(wording.flight_rules(told))
    return tuple(wording.stay_rules(told, price))


def facts_of(item: Item | None) -> tuple[str, ...]:
    if item is None:
        return ()
    details = item.offer.details
    if item.offer.kind == "flight":
        cabin = details.get("cabin_class")
        return (f"{str(cabin).replace('_', ' ').capitalize()} class",) if cabin else ()
    rooms, guests = details.get("rooms"), details.get("guests")
    known = [
        counted(rooms, "room") if isinstance(rooms, int) else "",
        counted(guests, "guest") if isinstance(guests, int) else "",
        wording.address(details.get("address")),
    ]
    return tuple(each for each in known if each)


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


# --- when and where


def legs_of(item: Item | None) -> tuple[Leg, ...]:
    if item is None:
        return ()
    details = item.offer.details
    if item.offer.kind == "stay":
        return (stay_leg(details),)
    return tuple(flight_leg(part) for part in details.get("slices") or ())


def flight_leg(part: Mapping[str, Any]) -> Leg:
    segments: Sequence[Mapping[str, Any]] = part.get("segments") or ()
    origin, destination = part.get("origin") or {}, part.get("destination") or {}
    stops = len(segments) - 1 + sum(int(s.get("stops") or 0) for s in segments)
    about = [
        wording.duration(part.get("duration")),
        "nonstop" if stops == 0 else counted(stops, "stop"),
        str(part.get("fare_brand") or ""),
    ]
    return Leg(
        heading=f"{wording.city_of(origin)} to {wording.city_of(destination)}",
        note=", ".join(each for each in about if each),
        hops=tuple(hop for segment in segments for hop in segment_hops(segment)),
    )


def segment_hops(segment: Mapping[str, Any]) -> tuple[Hop, Hop]:
    origin, destination = segment.get("origin") or {}, segment.get("destination") or {}
    flight = f"{segment.get('carrier') or ''} {segment.get('flight_number') or ''}".strip()
    operator = segment.get("operated_by")
    if operator and operator != segment.get("carrier"):
        flight += f", operated by {operator}"
    return (
        Hop(
            label=f"Departs with {flight}" if flight else "Departs",
            where=wording.place_name(origin, segment.get("origin_terminal")),
            at=wording.local(segment.get("departing_at"), origin),
        ),
        Hop(
            label="Arrives",
            where=wording.place_name(destination, segment.get("destination_terminal")),
            at=wording.local(segment.get("arriving_at"), destination),
        ),
    )


def stay_leg(details: Mapping[str, Any]) -> Leg:
    times = details.get("check_in") if isinstance(details.get("check_in"), Mapping) else None
    opens = (times or {}).get("check_in_after_time")
    closes = (times or {}).get("check_out_before_time")
    return Leg(
        heading=str(details.get("property") or "Stay"),
        note=", ".join(str(details[n]) for n in ("room", "rate") if details.get(n)),
        hops=(
            Hop(
                label="Check-in",
                where=f"from {opens}, local time" if opens else "",
                at=wording.day(details.get("check_in_date")),
            ),
            Hop(
                label="Check-out",
                where=f"until {closes}, local time" if closes else "",
                at=wording.day(details.get("check_out_date")),
            ),
        ),
    )
