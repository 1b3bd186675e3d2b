"""An operator gives part of the money back."""

from __future__ import annotations

import asyncio

import pytest

from domain.errors import Refused
from tests.scenarios.money.paid import booked_and_paid
from tests.scenarios.world import World


async def test_a_partial_refund_asked_for_many_times_is_made_once(world: World) -> None:
    paid = await booked_and_paid(world)
    await asyncio.gather(*(paid.refund(1_000) for _ in range(5)))
    await world.until_recorded(paid.trip_id, "trip.refund-succeeded.v1")
    await paid.refund(1_000)
    await world.at_rest()

    payment = await paid.payment()
    assert ("partially_refunded", 1_000) == (payment["status"], payment["refunded"]["amount"])
    assert [1_000] == await world.amounts("refund.created", paid.trip_id)
    [scheduled] = [
        e for e in await world.events(paid.trip_id) if e["topic"] == "trip.refund-scheduled.v1"
    ]
    assert ("operator:ana", "The room was noisy.") == (
        scheduled["actor"],
        scheduled["data"]["reason"],
    )


async def test_two_operators_together_give_no_more_than_there_is(world: World) -> None:
    paid = await booked_and_paid(world)
    half = paid.total // 2 + 1
    answers = await asyncio.gather(
        paid.refund(half, "one"), paid.refund(half, "other"), return_exceptions=True
    )

    [refusal] = [answer for answer in answers if answer is not None]
    assert isinstance(refusal, Refused)
    assert "refund_exceeds_payment" == refusal.code
    await world.until_recorded(paid.trip_id, "trip.refund-succeeded.v1")
    assert [half] == await world.amounts("refund.created", paid.trip_id)


@pytest.mark.parametrize("mode", ["commit_then_reset", "commit_then_500"])
async def test_a_refund_whose_answer_is_lost_is_made_once(world: World, mode: str) -> None:
    paid = await booked_and_paid(world)
    await world.fault("stripe", "POST", "/v1/refunds", mode)
    await paid.refund(1_000)
    await world.until_recorded(paid.trip_id, "trip.refund-succeeded.v1")

    assert [1_000] == await world.amounts("refund.created", paid.trip_id)
