"""What is kept for a while is thrown away afterwards, and nothing sooner."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from adapters.database import Database
from adapters.offers import PostgresOffers
from domain.money import Money
from domain.suppliers import Offer
from service.workers.housekeeping import Housekeeper

NOW = datetime(2027, 1, 10, 12, 0, tzinfo=UTC)


class FixedClock:
    def now(self) -> datetime:
        return NOW


def offer(offer_id: str, expired_for: timedelta) -> Offer:
    return Offer(
        offer_id=offer_id,
        supplier="duffel",
        kind="stay",
        title="A room",
        price=Money(100, "EUR"),
        expires_at=NOW - expired_for,
    )


async def test_offers_are_remembered_for_a_day_after_they_expired(database: Database) -> None:
    offers = PostgresOffers(database)
    old, fresh = offer("old", timedelta(hours=25)), offer("fresh", timedelta(hours=23))
    await offers.put("ours", [old, fresh])

    day = timedelta(days=1)
    await Housekeeper({"offers": lambda now: offers.purge(now - day)}, FixedClock()).tidy()

    assert await offers.get("ours", "old") is None
    assert fresh == await offers.get("ours", "fresh")
