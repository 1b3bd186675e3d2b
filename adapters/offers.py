"""The shelf of offers a tenant has seen in searches: only what lies here can go into a trip."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from adapters.database import Database, rows_touched
from domain.suppliers import Offer

encode_offer = msgspec.json.Encoder().encode
decode_offer = msgspec.json.Decoder(Offer).decode


class Offers(Protocol):
    async def put(self, tenant: str, offers: Sequence[Offer]) -> None:
        """Lay offers on the shelf; one that lies there is replaced."""
        ...

    async def get(self, tenant: str, offer_id: str) -> Offer | None:
        """The offer as it was seen, whether it has expired meanwhile or not."""
        ...

    async def purge(self, now: datetime) -> int:
        """Take away what has expired; answers how much that was."""
        ...


PUT = """
INSERT INTO tripledger.offers (tenant, offer_id, doc, expires_at, room_rate_identifier)
SELECT $1, u.offer_id, u.doc::json, u.expires_at, u.room_rate
FROM unnest($2::text[], $3::text[], $4::timestamptz[], $5::uuid[])
    AS u (offer_id, doc, expires_at, room_rate)
ON CONFLICT (tenant, offer_id)
DO UPDATE SET doc = excluded.doc, expires_at = excluded.expires_at,
    room_rate_identifier = excluded.room_rate_identifier
"""

# Whoever remembers a property's identifier may ask for a room there long after its offers are gone.
REMEMBER_PROPERTIES = """
INSERT INTO tripledger.properties (
    hotel_identifier, supplier, property_id, latitude, longitude
)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::float8[], $5::float8[])
ON CONFLICT (hotel_identifier) DO NOTHING
"""


class PostgresOffers:
    """Implements `Offers`."""

    def __init__(self, database: Database) -> None:
        self.pool = database.pool

    async def put(self, tenant: str, offers: Sequence[Offer]) -> None:
        shelved = newest(offers)
        await self.pool.execute(
            PUT,
            tenant,
            [offer.offer_id for offer in shelved],
            [encode_offer(offer).decode() for offer in shelved],
            [offer.expires_at for offer in shelved],
            [offer.details.get("room_rate_identifier") for offer in shelved],
        )
        if places := properties(shelved):
            await self.pool.execute(REMEMBER_PROPERTIES, *zip(*places, strict=True))

    async def get(self, tenant: str, offer_id: str) -> Offer | None:
        doc = await self.pool.fetchval(
            "SELECT doc FROM tripledger.offers WHERE tenant = $1 AND offer_id = $2",
            tenant,
            offer_id,
        )
        return decode_offer(doc) if doc is not None else None

    async def purge(self, now: datetime) -> int:
        return rows_touched(
            await self.pool.execute("DELETE FROM tripledger.offers WHERE expires_at <= $1", now)
        )


def newest(offers: Iterable[Offer]) -> Sequence[Offer]:
    """An offer named twice counts as its last; in one order, so that two writers never wait for
    each other in a circle."""
    by_id = {offer.offer_id: offer for offer in offers}
    return [by_id[offer_id] for offer_id in sorted(by_id)]


def properties(offers: Iterable[Offer]) -> list[tuple[str, str, str, float, float]]:
    """The properties that offers of stays name, each once and in one order."""
    found = {}
    for offer in offers:
        identifier = offer.details.get("hotel_identifier")
        where = offer.details.get("coordinates")
        property_id = offer.supplier_facts.get("property_id")
        if identifier and where and property_id:
            place = (identifier, offer.supplier, property_id)
            found[identifier] = (*place, float(where["latitude"]), float(where["longitude"]))
    return [found[identifier] for identifier in sorted(found)]
