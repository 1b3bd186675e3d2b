"""A refund succeeds, and days later the customer's bank sends the money back."""

from __future__ import annotations

from tests.scenarios.money.paid import booked_and_paid
from tests.scenarios.world import World

DAYS_S = 5 * 24 * 3600


async def test_it_is_owed_again_and_refunded_once_more(world: World) -> None:
    paid = await booked_and_paid(world)
    await paid.refund(900)
    await world.until_recorded(paid.trip_id, "trip.refund-succeeded.v1")
    [first] = (await paid.payment())["refunds"]
    [entry] = [
        e for e in await world.journal("stripe", paid.trip_id) if e["kind"] == "refund.created"
    ]
    await world.advance(DAYS_S)

    await paid.fail(entry["refund"])
    await world.until_recorded(paid.trip_id, "trip.refund-failed.v1")

    failed = await paid.payment()
    assert ("refund_failed", 0) == (failed["status"], failed["refunded"]["amount"])
    [incident] = await world.incidents(paid.trip_id)
    assert ("refund_failed", 900) == (incident["code"], incident["at_stake"]["amount"])

    await paid.refund(900, "request-2")
    await world.until_recorded(paid.trip_id, "trip.refund-succeeded.v1", 2)
    await paid.resolve("refund_failed", first["refund_id"])

    again = await paid.payment()
    assert ("partially_refunded", 900) == (again["status"], again["refunded"]["amount"])
    assert [900, 900] == await world.amounts("refund.created", paid.trip_id)
    assert [900] == await world.amounts("refund.failed", paid.trip_id)
