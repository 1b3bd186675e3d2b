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
INSERT INTO tripledger.offers (tenant, offer_id, doc, expires_at)
SELECT $1, u.offer_id, u.doc::json, u.expires_at
FROM unnest($2::text[], $3::text[], $4::timestamptz[]) AS u (offer_id, doc, expires_at)
ON CONFLICT (tenant, offer_id)
DO UPDATE SET doc = excluded.doc, expires_at = excluded.expires_at
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
        )

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
