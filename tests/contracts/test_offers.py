"""What both shelves of offers promise."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from domain.money import Money
from domain.suppliers import Offer, PassengerSlot
from tests.contracts.conftest import Stores
from tests.contracts.events import NOON

OFFER = Offer(
    offer_id="off_1",
    supplier="duffel",
    kind="flight",
    title="LHR to JFK",
    price=Money(12345, "GBP"),
    expires_at=NOON + timedelta(minutes=30),
    passengers=(PassengerSlot(passenger_id="pas_1", passenger_type="ADULT"),),
    refundable=None,
    holdable=True,
    details={"slices": [{"origin": "LHR", "nul": "\0"}]},
    supplier_facts={"owner": "ZZ", "order": [3, 1, 2]},
)


async def test_an_offer_comes_back_as_it_was_seen(stores: Stores) -> None:
    await stores.offers.put("acme", [OFFER, replace(OFFER, offer_id="off_2", holdable=None)])

    assert await stores.offers.get("acme", "off_1") == OFFER
    assert await stores.offers.get("acme", "off_3") is None


async def test_an_offer_seen_again_is_replaced(stores: Stores) -> None:
    dearer = replace(OFFER, price=Money(20000, "GBP"))
    await stores.offers.put("acme", [OFFER])
    await stores.offers.put("acme", [OFFER, dearer])
    await stores.offers.put("acme", [])

    assert await stores.offers.get("acme", "off_1") == dearer


async def test_a_tenant_sees_its_own_shelf_only(stores: Stores) -> None:
    await stores.offers.put("acme", [OFFER])

    assert await stores.offers.get("globex", "off_1") is None


async def test_expired_offers_are_purged(stores: Stores) -> None:
    longer = replace(OFFER, offer_id="off_2", expires_at=NOON + timedelta(hours=1))
    await stores.offers.put("acme", [OFFER, longer])

    assert await stores.offers.purge(NOON + timedelta(minutes=30)) == 1
    assert await stores.offers.get("acme", "off_1") is None
    assert await stores.offers.get("acme", "off_2") == longer
