"""Somebody refunds a payment at the provider without telling us."""

from __future__ import annotations

import pytest

from tests.scenarios.money.paid import booked_and_paid
from tests.scenarios.world import World


@pytest.mark.parametrize(("share", "status"), [(1, "refunded"), (4, "partially_refunded")])
async def test_a_refund_made_in_the_dashboard_is_recorded_once_as_such(
    world: World, share: int, status: str
) -> None:
    paid = await booked_and_paid(world)
    await world.webhooks("stripe", duplicate=1)
    refund_id = await paid.refund_in_the_dashboard(amount=paid.total // share)
    await world.until_recorded(paid.trip_id, "trip.refund-succeeded.v1")
    await world.at_rest()

    payment = await paid.payment()
    assert status == payment["status"]
    assert [(refund_id, "succeeded", "made_at_provider", paid.total // share)] == [
        (r["refund_id"], r["status"], r["reason"], r["amount"]["amount"])
        for r in payment["refunds"]
    ]
    topics = await world.topics(paid.trip_id)
    assert 1 == topics.count("trip.refund-discovered.v1")
    assert [paid.total // share] == await world.amounts("refund.created", paid.trip_id)


async def test_it_is_found_in_the_providers_list_when_the_webhook_is_lost(world: World) -> None:
    paid = await booked_and_paid(world)
    await world.webhooks("stripe", drop=True)
    await paid.refund_in_the_dashboard(amount=700)
    assert "captured" == (await paid.payment())["status"]

    assert await world.service.poller.look()
    await world.until_recorded(paid.trip_id, "trip.refund-succeeded.v1")

    assert 700 == (await paid.payment())["refunded"]["amount"]


async def test_what_was_refunded_by_hand_is_not_refunded_again(world: World) -> None:
    paid = await booked_and_paid(world)
    await paid.refund_in_the_dashboard(amount=paid.total - 100)
    await world.until_recorded(paid.trip_id, "trip.refund-succeeded.v1")
    await paid.refund(100)
    await world.until_recorded(paid.trip_id, "trip.refund-succeeded.v1", 2)

    assert "refunded" == (await paid.payment())["status"]
    assert [paid.total - 100, 100] == await world.amounts("refund.created", paid.trip_id)
