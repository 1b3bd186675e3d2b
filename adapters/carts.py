"""What shops that think in carts and room identifiers ask for: which trips are carts, which offers
a room had last, whose payment a reference names, and a tenant's bookings page by page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from adapters.database import Database, as_uuid, rows_touched
from adapters.offers import decode_offer
from domain.suppliers import Offer

CARTS_MAX = 100
ROOM_OFFERS_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Cart:
    """A trip that was made as a shopping cart, or was thrown away as one."""

    cart_id: str
    tenant: str
    key_id: str
    deleted_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """What an identifier of a property stands for at its supplier."""

    supplier: str
    property_id: str
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingPlace:
    """A booking and the trip it is in."""

    booking_id: str
    trip_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CancellationNote:
    """Why a client wanted a booking cancelled; its words are sealed."""

    booking_id: str
    type: str
    person_id: str
    sealed: str


class CartStore(Protocol):
    """One tenant sees nothing of another's, except that carts are found by id alone: whoever
    reads one compares the tenant, as with trips."""

    async def begin(self, cart_id: str, tenant: str, key_id: str, now: datetime) -> None:
        """Remember that this trip is a cart; told again, nothing changes."""
        ...

    async def find(self, cart_id: str) -> Cart | None: ...

    async def listed(self, tenant: str, key_id: str) -> Sequence[str]:
        """The newest carts of one API key that were not thrown away."""
        ...

    async def delete(self, cart_id: str, tenant: str, key_id: str, now: datetime) -> bool:
        """Throw a cart away; False: it had been before."""
        ...

    async def room_offers(self, tenant: str, room_rate_identifier: str) -> Sequence[Offer]:
        """What the tenant was shown of a room at its terms, the longest to live first."""
        ...

    async def property_of(self, hotel_identifier: str) -> Property | None: ...

    async def remember_payment(self, reference: str, tenant: str, trip_id: str) -> None:
        """The first trip that a reference named is the one it names."""
        ...

    async def trip_of_payment(self, reference: str, tenant: str) -> str | None: ...

    async def note_cancellation(self, trip_id: str, note: CancellationNote) -> None:
        """The first reason stands: nothing is cancelled twice."""
        ...

    async def cancellation_notes(self, trip_id: str) -> Sequence[CancellationNote]: ...

    async def bookings_page(
        self, tenant: str, limit: int, offset: int
    ) -> tuple[Sequence[BookingPlace], int]:
        """Some of the tenant's bookings, the newest first, and how many there are in all."""
        ...


# The log knows in which order bookings were made; the read model knows which there are.
BOOKINGS_PAGE = """
SELECT b.booking_id, b.trip_id
FROM tripledger.read_bookings b
JOIN tripledger.trip_events e ON e.originator_id = b.booking_id AND e.originator_version = 1
WHERE b.version = tripledger.live_version('bookings') AND b.tenant = $1
ORDER BY e.notification_id DESC LIMIT $2 OFFSET $3
"""

BOOKINGS_COUNT = """
SELECT count(*) FROM tripledger.read_bookings
WHERE version = tripledger.live_version('bookings') AND tenant = $1
"""


class PostgresCarts:
    """Implements `CartStore`."""

    def __init__(self, database: Database) -> None:
        self.pool = database.pool

    # --- carts

    async def begin(self, cart_id: str, tenant: str, key_id: str, now: datetime) -> None:
        await self.pool.execute(
            "INSERT INTO tripledger.carts (cart_id, tenant, key_id, created_at)"
            " VALUES ($1, $2, $3, $4) ON CONFLICT (cart_id) DO NOTHING",
            UUID(cart_id),
            tenant,
            key_id,
            now,
        )

    async def find(self, cart_id: str) -> Cart | None:
        row = await self.pool.fetchrow(
            "SELECT cart_id, tenant, key_id, deleted_at FROM tripledger.carts WHERE cart_id = $1",
            as_uuid(cart_id),
        )
        if row is None:
            return None
        return Cart(**{**dict(row), "cart_id": str(row["cart_id"])})

    async def listed(self, tenant: str, key_id: str) -> Sequence[str]:
        rows = await self.pool.fetch(
            "SELECT cart_id FROM tripledger.carts"
            " WHERE tenant = $1 AND key_id = $2 AND deleted_at IS NULL"
            " ORDER BY created_at DESC LIMIT $3",
            tenant,
            key_id,
            CARTS_MAX,
        )
        return [str(row["cart_id"]) for row in rows]

    async def delete(self, cart_id: str, tenant: str, key_id: str, now: datetime) -> bool:
        done = await self.pool.execute(
            "INSERT INTO tripledger.carts AS c (cart_id, tenant, key_id, created_at, deleted_at)"
            " VALUES ($1, $2, $3, $4, $4)"
            " ON CONFLICT (cart_id) DO UPDATE SET deleted_at = excluded.deleted_at"
            " WHERE c.deleted_at IS NULL",
            UUID(cart_id),
            tenant,
            key_id,
            now,
        )
        return rows_touched(done) == 1

    # --- rooms

    async def room_offers(self, tenant: str, room_rate_identifier: str) -> Sequence[Offer]:
        rows = await self.pool.fetch(
            "SELECT doc FROM tripledger.offers"
            " WHERE tenant = $1 AND room_rate_identifier = $2"
            " ORDER BY expires_at DESC LIMIT $3",
            tenant,
            as_uuid(room_rate_identifier),
            ROOM_OFFERS_MAX,
        )
        return [decode_offer(row["doc"]) for row in rows]

    async def property_of(self, hotel_identifier: str) -> Property | None:
        row = await self.pool.fetchrow(
            "SELECT supplier, property_id, latitude, longitude FROM tripledger.properties"
            " WHERE hotel_identifier = $1",
            as_uuid(hotel_identifier),
        )
        return Property(**dict(row)) if row is not None else None

    # --- payments and bookings

    async def remember_payment(self, reference: str, tenant: str, trip_id: str) -> None:
        await self.pool.execute(
            "INSERT INTO tripledger.payment_references (reference, tenant, trip_id)"
            " VALUES ($1, $2, $3) ON CONFLICT (reference) DO NOTHING",
            reference,
            tenant,
            UUID(trip_id),
        )

    async def trip_of_payment(self, reference: str, tenant: str) -> str | None:
        trip_id = await self.pool.fetchval(
            "SELECT trip_id FROM tripledger.payment_references"
            " WHERE reference = $1 AND tenant = $2",
            reference,
            tenant,
        )
        return str(trip_id) if trip_id is not None else None

    async def note_cancellation(self, trip_id: str, note: CancellationNote) -> None:
        await self.pool.execute(
            "INSERT INTO tripledger.cancellation_notes"
            " (booking_id, trip_id, type, person_id, sealed)"
            " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (booking_id) DO NOTHING",
            UUID(note.booking_id),
            UUID(trip_id),
            note.type,
            UUID(note.person_id),
            note.sealed,
        )

    async def cancellation_notes(self, trip_id: str) -> Sequence[CancellationNote]:
        rows = await self.pool.fetch(
            "SELECT booking_id::text, type, person_id::text, sealed"
            " FROM tripledger.cancellation_notes WHERE trip_id = $1",
            UUID(trip_id),
        )
        return [CancellationNote(**dict(row)) for row in rows]

    async def bookings_page(
        self, tenant: str, limit: int, offset: int
    ) -> tuple[Sequence[BookingPlace], int]:
        rows = await self.pool.fetch(BOOKINGS_PAGE, tenant, limit, offset)
        count = await self.pool.fetchval(BOOKINGS_COUNT, tenant)
        places = [
            BookingPlace(booking_id=str(row["booking_id"]), trip_id=str(row["trip_id"]))
            for row in rows
        ]
        return places, int(count)
