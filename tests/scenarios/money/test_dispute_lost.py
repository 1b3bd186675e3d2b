"""A customer's bank takes the money back and keeps it; we do not give it back a second time."""

from __future__ import annotations

import pytest

from domain.errors import Refused
from tests.scenarios.money.paid import booked_and_paid
from tests.scenarios.world import World


async def test_a_dispute_that_is_lost_is_told_with_what_is_at_stake(world: World) -> None:
    paid = await booked_and_paid(world)
    await paid.decide(await paid.dispute(), "lost")
    await world.until_recorded(paid.trip_id, "trip.dispute-closed.v1")

    payment = await paid.payment()
    assert ("dispute_lost", paid.total) == (payment["status"], payment["disputed"]["amount"])
    assert ["payment_disputed", "dispute_lost"] == await paid.codes()
    lost = (await world.incidents(paid.trip_id))[-1]
    assert paid.total == lost["at_stake"]["amount"]


@pytest.mark.parametrize("status", ["open", "lost"])
async def test_a_disputed_payment_is_never_also_refunded(world: World, status: str) -> None:
    paid = await booked_and_paid(world)
    dispute_id = await paid.dispute()
    if status == "lost":
        await paid.decide(dispute_id, "lost")
        await world.until_recorded(paid.trip_id, "trip.dispute-closed.v1")
    else:
        await world.until_recorded(paid.trip_id, "trip.payment-disputed.v1")

    with pytest.raises(Refused) as refused:
        await paid.refund(1)

    wanted = "payment_disputed" if status == "open" else "refund_exceeds_payment"
    assert wanted == refused.value.code
    assert [] == await world.amounts("refund.created", paid.trip_id)


async def test_a_refund_that_meets_a_dispute_on_its_way_is_refused_and_told_of(
    world: World,
) -> None:
    """The bank was faster than we knew."""
    paid = await booked_and_paid(world)
    await world.webhooks("stripe", drop=True)
    await paid.dispute()
    await paid.refund(500)
    await world.until_recorded(paid.trip_id, "trip.refund-failed.v1")

    assert ["refund_failed"] == await paid.codes()
    assert [] == await world.amounts("refund.created", paid.trip_id)
