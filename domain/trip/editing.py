"""Deciding edits: what goes into a trip, who travels, which extras.

Whether the trip may be edited at all is asked last: an edit that is wrong in itself must not
cost the customer an open checkout.
"""

from __future__ import annotations

from domain.errors import Refused
from domain.trip import commands as c
from domain.trip import events as e
from domain.trip.lifecycle import ensure_may
from domain.trip.state import Trip

ITEMS_MAX = 20
TRAVELERS_MAX = 9


def start(command: c.StartTrip, trip: Trip | None) -> list[e.TripEvent]:
    if trip is not None:
        return []
    return [e.TripStarted(trip_id=command.trip_id, tenant=command.tenant, started_at=command.now)]


def add_item(command: c.AddItem, trip: Trip) -> list[e.TripEvent]:
    if trip.item(command.item_id) is not None:
        return []
    offer = command.offer
    if len(trip.items) >= ITEMS_MAX:
        raise Refused("too_many_items", f"A trip holds at most {ITEMS_MAX} items.")
    if offer.expires_at <= command.now:
        raise Refused("offer_expired", "This offer has expired; search again.")
    if offer.price.amount <= 0:
        raise Refused("item_unpriced", "This offer has no price; search again.")
    if trip.currency is not None and offer.price.currency != trip.currency:
        raise Refused(
            "currency_mismatch",
            f"The trip is in {trip.currency}, the offer in {offer.price.currency}; "
            "one trip is paid in one currency.",
            trip_currency=trip.currency,
            offer_currency=offer.price.currency,
        )
    if any(item.offer.offer_id == offer.offer_id for item in trip.items):
        raise Refused(
            "duplicate_item",
            "This offer is in the trip already; search again for a second one.",
            offer_id=offer.offer_id,
        )
    ensure_may("edit", trip)
    return [e.ItemAdded(item_id=command.item_id, offer=offer, added_at=command.now)]


def remove_item(command: c.RemoveItem, trip: Trip) -> list[e.TripEvent]:
    if trip.item(command.item_id) is None:
        raise Refused("item_not_found", "The trip has no such item.", item_id=command.item_id)
    ensure_may("edit", trip)
    return [e.ItemRemoved(item_id=command.item_id, removed_at=command.now)]


def set_travelers(command: c.SetTravelers, trip: Trip) -> list[e.TripEvent]:
    if command.travelers == trip.travelers and command.contact == trip.contact:
        return []
    if len(command.travelers) > TRAVELERS_MAX:
        raise Refused("too_many_travelers", f"A trip holds at most {TRAVELERS_MAX} travelers.")
    ensure_may("edit", trip)
    return [
        e.TravelersSet(travelers=command.travelers, contact=command.contact, set_at=command.now)
    ]


def select_ancillaries(command: c.SelectAncillaries, trip: Trip) -> list[e.TripEvent]:
    item = trip.item(command.item_id)
    if item is None:
        raise Refused("item_not_found", "The trip has no such item.", item_id=command.item_id)
    if command.selections == item.selections:
        return []
    known = {traveler.traveler_id for traveler in trip.travelers}
    for selection in command.selections:
        if selection.traveler_id is not None and selection.traveler_id not in known:
            raise Refused(
                "traveler_not_found",
                "An extra names a traveler the trip does not have.",
                traveler_id=selection.traveler_id,
            )
        if selection.price.currency != item.price.currency:
            raise Refused("currency_mismatch", "The extra is priced in another currency.")
    ensure_may("edit", trip)
    return [
        e.AncillariesSelected(
            item_id=command.item_id, selections=command.selections, selected_at=command.now
        )
    ]
