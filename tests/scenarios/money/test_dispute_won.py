"""A customer's bank takes the money back, and the dispute is won."""

from __future__ import annotations

from tests.scenarios.money.paid import booked_and_paid
from tests.scenarios.world import World


async def test_a_dispute_that_is_won_gives_the_money_back_to_us(world: World) -> None:
    paid = await booked_and_paid(world)
    dispute_id = await paid.dispute()
    await world.until_recorded(paid.trip_id, "trip.payment-disputed.v1")

    disputed = await paid.payment()
    assert ("disputed", paid.total) == (disputed["status"], disputed["disputed"]["amount"])
    [told] = disputed["disputes"]
    assert (dispute_id, "open", "fraudulent") == (
        told["dispute_id"],
        told["status"],
        told["reason"],
    )

    await paid.decide(dispute_id, "won")
    await world.until_recorded(paid.trip_id, "trip.dispute-closed.v1")

    closed = await paid.payment()
    assert ("captured", 0, "won") == (
        closed["status"],
        closed["disputed"]["amount"],
        closed["disputes"][0]["status"],
    )
    topics = await world.topics(paid.trip_id)
    assert [1, 1, 1] == [
        topics.count(f"trip.{kind}.v1")
        for kind in ("payment-disputed", "dispute-closed", "incident-resolved")
    ]


async def test_notifications_of_a_dispute_come_late_twice_and_in_any_order(world: World) -> None:
    paid = await booked_and_paid(world)
    await world.webhooks("stripe", duplicate=2, reorder=True)
    await paid.decide(await paid.dispute(), "won")
    await world.until_recorded(paid.trip_id, "trip.dispute-closed.v1")
    await world.at_rest()

    topics = await world.topics(paid.trip_id)
    assert 1 == topics.count("trip.payment-disputed.v1") == topics.count("trip.dispute-closed.v1")
    assert "captured" == (await paid.payment())["status"]
