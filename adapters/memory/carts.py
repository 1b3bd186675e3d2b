"""Carts, rooms and payment references in memory, found as in Postgres."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from adapters.carts import (
    CARTS_MAX,
    ROOM_OFFERS_MAX,
    BookingPlace,
    CancellationNote,
    Cart,
    Property,
)
from adapters.memory.doors import MemoryOffers
from adapters.memory.read_models import MemoryReadModels
from adapters.offers import decode_offer
from domain.suppliers import Offer


@dataclass(slots=True)
class KeptCart:
    cart: Cart
    created_at: datetime


class MemoryCarts:
    """Implements `adapters.carts.CartStore`; offers and bookings come from the other twins."""

    def __init__(self, offers: MemoryOffers, models: MemoryReadModels) -> None:
        self.offers = offers
        self.models = models
        self.carts: dict[str, KeptCart] = {}
        self.payments: dict[str, tuple[str, str]] = {}
        self.notes: dict[str, tuple[str, CancellationNote]] = {}

    async def begin(self, cart_id: str, tenant: str, key_id: str, now: datetime) -> None:
        await asyncio.sleep(0)
        cart = Cart(cart_id=cart_id, tenant=tenant, key_id=key_id, deleted_at=None)
        self.carts.setdefault(cart_id, KeptCart(cart, now))

    async def find(self, cart_id: str) -> Cart | None:
        await asyncio.sleep(0)
        kept = self.carts.get(cart_id.lower())
        return kept.cart if kept else None

    async def listed(self, tenant: str, key_id: str) -> Sequence[str]:
        await asyncio.sleep(0)
        wanted = (tenant, key_id, None)
        mine = [
            kept
            for kept in self.carts.values()
            if (kept.cart.tenant, kept.cart.key_id, kept.cart.deleted_at) == wanted
        ]
        newest = sorted(mine, key=lambda kept: kept.created_at, reverse=True)
        return [kept.cart.cart_id for kept in newest[:CARTS_MAX]]

    async def delete(self, cart_id: str, tenant: str, key_id: str, now: datetime) -> bool:
        await self.begin(cart_id, tenant, key_id, now)
        kept = self.carts[cart_id]
        if kept.cart.deleted_at is not None:
            return False
        kept.cart = replace(kept.cart, deleted_at=now)
        return True

    async def room_offers(self, tenant: str, room_rate_identifier: str) -> Sequence[Offer]:
        await asyncio.sleep(0)
        shown = [
            decode_offer(doc)
            for (whose, _), (_, doc) in self.offers.shelf.items()
            if whose == tenant
        ]
        wanted = room_rate_identifier.lower()
        rooms = [o for o in shown if o.details.get("room_rate_identifier") == wanted]
        return sorted(rooms, key=lambda o: o.expires_at, reverse=True)[:ROOM_OFFERS_MAX]

    async def property_of(self, hotel_identifier: str) -> Property | None:
        await asyncio.sleep(0)
        found = self.offers.properties.get(hotel_identifier.lower())
        if found is None:
            return None
        supplier, property_id, latitude, longitude = found
        return Property(
            supplier=supplier, property_id=property_id, latitude=latitude, longitude=longitude
        )

    async def remember_payment(self, reference: str, tenant: str, trip_id: str) -> None:
        await asyncio.sleep(0)
        self.payments.setdefault(reference, (tenant, trip_id))

    async def trip_of_payment(self, reference: str, tenant: str) -> str | None:
        await asyncio.sleep(0)
        whose, trip_id = self.payments.get(reference, (None, None))
        return trip_id if whose == tenant else None

    async def note_cancellation(self, trip_id: str, note: CancellationNote) -> None:
        await asyncio.sleep(0)
        self.notes.setdefault(note.booking_id, (trip_id, note))

    async def cancellation_notes(self, trip_id: str) -> Sequence[CancellationNote]:
        await asyncio.sleep(0)
        return [note for whose, note in self.notes.values() if whose == trip_id]

    async def bookings_page(
        self, tenant: str, limit: int, offset: int
    ) -> tuple[Sequence[BookingPlace], int]:
        rows = await self.models.live_bookings(lambda row: row.tenant == tenant)
        streams = self.models.log.by_stream
        rows.sort(key=lambda row: streams[row.booking_id][0].notification.id, reverse=True)
        places = [BookingPlace(booking_id=r.booking_id, trip_id=r.trip_id) for r in rows]
        return places[offset : offset + limit], len(rows)
