"""A fulfilled trip is cancelled: quoted first, then on exactly the quoted terms, refunded once."""

from __future__ import annotations

import asyncio

from tests.scenarios.world import World


async def fulfilled(world: World) -> tuple[str, dict[str, int]]:
    """A fulfilled trip of a flight with a cancellation fee and a stay that is refunded in full;
    the bookings' prices by their codes."""
    trip_id = await world.build(
        await world.find_flight(refundable=True), await world.find_stay(refundable=True)
    )
    trip = await world.pay_and_settle(trip_id)
    assert trip["status"] == "completed"
    return trip_id, {b["code"]: b["price"]["amount"] for b in trip["bookings"]}


async def quote(world: World, trip_id: str, *codes: str) -> dict[str, object]:
    body = {"booking_codes": list(codes)} if codes else {}
    terms: dict[str, object] = await world.call(
        "POST", f"/v1/trips/{trip_id}/cancellation-quote", body
    )
    return terms


async def test_the_whole_trip_is_cancelled_and_the_quoted_refund_is_paid_once(
    world: World,
) -> None:
    trip_id, prices = await fulfilled(world)
    terms = await quote(world, trip_id)
    body = {"cancellation_quote_id": terms["cancellation_quote_id"]}
    path = f"/v1/trips/{trip_id}/cancel"

    await asyncio.gather(*(world.call("POST", path, body) for _ in range(5)))
    trip = await world.until(
        trip_id, lambda trip: trip["payment"]["status"] in {"partially_refunded", "refunded"}
    )
    await world.at_rest()

    assert trip["status"] == "cancelled"
    assert ["cancelled", "cancelled"] == [b["status"] for b in trip["bookings"]]
    refunded = sum(await world.amounts("refund.created", trip_id))
    assert terms["refund"]["amount"] == refunded  # type: ignore[index]
    assert 0 < refunded < sum(prices.values())
    undone = await world.kinds("duffel", trip_id)
    assert (1, 1) == (undone["order.cancelled"], undone["stay_booking.cancelled"])


async def test_one_booking_is_cancelled_and_the_other_stays(world: World) -> None:
    trip_id, _ = await fulfilled(world)
    trip = await world.trip(trip_id)
    stay = next(b for b in trip["bookings"] if "→" not in b["title"])
    terms = await quote(world, trip_id, stay["code"])

    path = f"/v1/trips/{trip_id}/cancel"
    await world.call("POST", path, {"cancellation_quote_id": terms["cancellation_quote_id"]})
    await world.at_rest()

    trip = await world.trip(trip_id)
    assert trip["status"] == "completed"
    assert {"cancelled", "confirmed"} == {b["status"] for b in trip["bookings"]}
    assert [stay["price"]["amount"]] == await world.amounts("refund.created", trip_id)


async def test_terms_that_were_replaced_or_never_told_cancel_nothing(world: World) -> None:
    trip_id, _ = await fulfilled(world)
    old = await quote(world, trip_id)
    await quote(world, trip_id)
    path = f"/v1/trips/{trip_id}/cancel"
    before = await world.topics(trip_id)

    told = [
        await world.refused("POST", path, {"cancellation_quote_id": quote_id})
        for quote_id in (old["cancellation_quote_id"], "made-up")
    ]

    assert [(422, "cancellation_quote_stale")] * 2 == [(status, code) for status, code, _ in told]
    assert before == await world.topics(trip_id)
    assert 0 == (await world.kinds("duffel", trip_id))["order.cancelled"]


async def test_terms_expire(world: World) -> None:
    trip_id, _ = await fulfilled(world)
    terms = await quote(world, trip_id)
    await world.advance(2 * 3600)

    body = {"cancellation_quote_id": terms["cancellation_quote_id"]}
    status, code, _ = await world.refused("POST", f"/v1/trips/{trip_id}/cancel", body)

    assert (422, "cancellation_quote_stale") == (status, code)
    assert [] == await world.amounts("refund.created", trip_id)


async def test_the_suppliers_lost_answer_to_a_cancellation_is_asked_for_again(
    world: World,
) -> None:
    trip_id, _ = await fulfilled(world)
    terms = await quote(world, trip_id)
    await world.fault(
        "duffel", "POST", "/air/order_cancellations/*/actions/confirm", "commit_then_reset"
    )

    body = {"cancellation_quote_id": terms["cancellation_quote_id"]}
    await world.call("POST", f"/v1/trips/{trip_id}/cancel", body)
    await world.at_rest()

    assert 1 == (await world.kinds("duffel", trip_id))["order.cancelled"]
    refunded = sum(await world.amounts("refund.created", trip_id))
    assert terms["refund"]["amount"] == refunded  # type: ignore[index]
