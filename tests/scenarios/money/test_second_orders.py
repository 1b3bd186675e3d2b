"""The supplier shows one more order for what is ordered already."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from domain.booking.commands import RecordFinding
from domain.suppliers import OrderConfirmed
from domain.trip.lifecycle import status
from service.workers.orders import bare_request
from tests.scenarios.money.paid import OPERATOR
from tests.scenarios.world import DEPARTURE, World


async def order_again(world: World, trip_id: str, flight: Any) -> OrderConfirmed:
    """Somebody orders the same once more at the supplier, and it is taken for the trip's."""
    service = world.service
    dossier, _ = await service.road.read(trip_id)
    trip, [booking] = dossier.trip, dossier.bookings
    assert trip is not None
    assert "completed" == status(trip)
    offer = await service.desk.shelf.get("ours", flight["offer_id"])
    assert offer is not None
    travelers, contact = await service.people.open(trip)
    assert contact is not None
    answer = await service.suppliers["duffel"].order(
        replace(
            bare_request(dossier, booking, 2),
            offer=offer,
            price=offer.price,
            travelers=travelers,
            contact=contact,
            metadata={},
        )
    )
    assert isinstance(answer, OrderConfirmed)
    found = RecordFinding(
        booking_id=booking.booking_id, answer=answer, final=False, now=service.clock.now()
    )
    for _ in ("once", "again"):
        await service.road.handle(trip_id, found, OPERATOR)
    return answer


@pytest.mark.parametrize("free", [True, False])
async def test_a_second_order_is_told_of_and_cancelled_where_that_is_free(
    world: World, free: bool
) -> None:
    day = f"{DEPARTURE:%d %b %Y}".lstrip("0")
    title = f"LHR → JFK, {day}, Duffel Airways {'Flex' if free else 'Basic'}"
    flight, same = [await world.find_flight(title=title) for _ in range(2)]
    trip_id = await world.build(flight)
    first = (await world.pay_and_settle(trip_id))["bookings"][0]
    second = await order_again(world, trip_id, same)
    await world.at_rest()

    [incident] = await world.incidents(trip_id)
    assert "second_order_found" == incident["code"]
    assert second.supplier_order_id in incident["detail"]
    dossier, _ = await world.service.road.read(trip_id)
    assert dossier.trip is not None
    assert [not free] == [i.open for i in dossier.trip.incidents]
    assert [free] == [o.cancelled for o in dossier.bookings[0].second_orders]
    cancelled = [
        e["order_id"] for e in await world.everything("duffel") if e["kind"] == "order.cancelled"
    ]
    assert [second.supplier_order_id] * free == cancelled
    assert first == (await world.trip(trip_id))["bookings"][0]
