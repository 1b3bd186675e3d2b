"""What an operator does is what was shown beforehand, happens once, and stands in the trip's own
timeline with who did it and why."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from domain.errors import Refused
from domain.log import Cause
from domain.money import Money
from domain.operating import Action, Wanted
from domain.trip.commands import OpenIncident
from domain.trip.events import OperatorActed
from projections import timeline
from service.operating.desk import REASON_CHARS_MAX, Acted, OperatorDesk
from tests.contracts.events import new_id
from tests.outbound.receiving import receiving
from tests.scenarios.world import World, raised_world

ADA = Cause(tenant=None, actor="operator:ada")
WHY = "The customer called."


@pytest_asyncio.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with raised_world(database_url, tmp_path) as raised:
        yield raised


def desk(world: World) -> OperatorDesk:
    return world.service.operating


async def subject_of(world: World, trip_id: str, action: Action) -> str:
    found = [each for each in await desk(world).offers(trip_id) if each.action == action]
    assert len(found) == 1, found
    return found[0].subject


async def done(world: World, trip_id: str, action: Action, **how: Any) -> Acted:
    """Shown, done as shown, and told."""
    wanted = Wanted(
        action=action,
        subject=await subject_of(world, trip_id, action),
        reason=WHY,
        request_id=new_id(),
        **how,
    )
    before = await world.events(trip_id)
    preview = await desk(world).preview(trip_id, wanted)
    assert before == await world.events(trip_id)

    acted = await desk(world).act(trip_id, wanted, ADA, preview.version)

    assert list(preview.events) == [type(event).__name__ for event in acted.events]
    assert list(preview.told) == [timeline.sentence(event) for event in acted.events]
    again = await desk(world).act(trip_id, wanted, ADA, preview.version)
    assert () == again.events
    log = await world.service.log.read_trip(trip_id)
    acts = [r for r in log if isinstance(r.event, OperatorActed)]
    [noted] = [r for r in acts if r.event.request_id == wanted.request_id]  # type: ignore[union-attr]
    assert ("operator:ada", WHY) == (noted.cause.actor, noted.event.reason)  # type: ignore[union-attr]
    return acted


async def test_an_open_checkout_is_closed(world: World) -> None:
    trip_id = await world.build_usual()
    session = (await world.book(trip_id))["session_id"]

    await done(world, trip_id, "close_checkout")

    await world.until_status(trip_id, "draft")
    assert 400 <= await world.cannot_pay(session)


async def test_a_payment_nobody_told_us_of_is_seen_by_looking(world: World) -> None:
    trip_id = await world.build_usual()
    booked = await world.book(trip_id)
    await world.webhooks("stripe", drop=True)
    await world.pay(booked["session_id"])
    assert "awaiting_payment" == (await world.trip(trip_id))["status"]

    acted = await done(world, trip_id, "look")

    assert "What was seen is recorded." == acted.note
    assert "completed" == (await world.until_status(trip_id, "completed"))["status"]


async def test_a_part_is_refunded_once(world: World) -> None:
    trip_id = await world.build_usual()
    await world.pay_and_settle(trip_id)

    await done(world, trip_id, "refund", amount=Money(1000, "EUR"))
    await world.until_recorded(trip_id, "trip.refund-succeeded.v1")

    assert [1000] == await world.amounts("refund.created", trip_id)
    too_much = Wanted(
        action="refund",
        subject=await subject_of(world, trip_id, "refund"),
        reason=WHY,
        request_id=new_id(),
        amount=Money(100_000_000, "EUR"),
    )
    before = await world.events(trip_id)
    for attempt in (
        desk(world).preview(trip_id, too_much),
        desk(world).act(trip_id, too_much, ADA),
    ):
        with pytest.raises(Refused) as refusal:
            await attempt
        assert "refund_exceeds_payment" == refusal.value.code
    assert before == await world.events(trip_id)


async def test_a_trip_is_cancelled_on_quoted_terms(world: World) -> None:
    trip_id = await world.build_usual()
    await world.pay_and_settle(trip_id)
    assert "cancel" not in {each.action for each in await desk(world).offers(trip_id)}

    quoted = await done(world, trip_id, "quote_cancellation")
    await done(world, trip_id, "cancel")

    assert quoted.note is not None
    assert "cancelled" == (await world.until_status(trip_id, "cancelled"))["status"]


async def test_work_that_was_put_aside_is_tried_again(world: World) -> None:
    trip_id = await world.build_usual()
    await world.pay_and_settle(trip_id)
    await world.at_rest()
    pool = world.service.database.pool  # type: ignore[union-attr]
    await pool.execute(
        "UPDATE tripledger.tasks SET state = 'parked', reason = 'it was refused', attempts = 3"
        " WHERE trip_id = $1 AND kind = 'capture_payment'",
        trip_id,
    )

    await done(world, trip_id, "retry")

    await world.at_rest()
    assert {"done"} == {
        task.state
        for task in await world.service.outbox.listed(trip_id=trip_id)
        if task.kind == "capture_payment"
    }
    assert 1 == (await world.kinds("stripe", trip_id))["payment.captured"]


async def test_an_incident_is_taken_on_and_settled(world: World) -> None:
    trip_id = await world.build_usual()
    opened = OpenIncident(
        code="refund_unknown",
        detail="What?",
        advice="Ask.",
        subject="x",
        at_stake=Money(5, "EUR"),
        now=world.service.clock.now(),
    )
    await world.service.road.handle(trip_id, opened, ADA)

    await done(world, trip_id, "assign", owner="bob")
    assert "resolve" in {each.action for each in await desk(world).offers(trip_id)}
    await done(world, trip_id, "resolve")

    assert {"assign", "resolve"}.isdisjoint(
        each.action for each in await desk(world).offers(trip_id)
    )


async def test_a_confirmation_is_told_once_more_to_whoever_is_told(world: World) -> None:
    async with receiving() as receiver:
        await world.call(
            "POST", "/v1/webhook-endpoints", {"url": receiver.url, "events": ["trip.fulfilled.v1"]}
        )
        trip_id = await world.build_usual()
        await world.pay_and_settle(trip_id)
        await receiver.until(1)

        note = (await done(world, trip_id, "resend")).note
        first, second = await receiver.until(2)

        assert "It is sent again to 1 webhook endpoint." == note
        assert (first.message_id, first.body) == (second.message_id, second.body)
        assert "trip.fulfilled.v1" == second.body["type"]
        assert 1 == (await world.topics(trip_id)).count("trip.operator-acted.v1")


async def test_where_nobody_is_told_no_confirmation_can_be_told_again(world: World) -> None:
    async with receiving() as receiver:
        await world.call(
            "POST", "/v1/webhook-endpoints", {"url": receiver.url, "events": ["booking.*"]}
        )
        trip_id = await world.build_usual()
        await world.pay_and_settle(trip_id)

        offers = await desk(world).offers(trip_id)

        assert {"refund", "quote_cancellation"} == {each.action for each in offers}


async def test_nothing_is_done_without_a_reason_to_another_tenant_or_to_what_has_moved(
    world: World,
) -> None:
    trip_id = await world.build_usual()
    await world.book(trip_id)
    subject = await subject_of(world, trip_id, "close_checkout")
    before = await world.events(trip_id)

    async def code(
        reason: str = WHY,
        cause: Cause = ADA,
        version: int | None = None,
        action: Action = "close_checkout",
    ) -> str:
        wanted = Wanted(action=action, subject=subject, reason=reason, request_id=new_id())
        with pytest.raises(Refused) as refusal:
            await desk(world).act(trip_id, wanted, cause, version)
        return refusal.value.code

    assert "validation_failed" == await code(reason=" ")
    assert "validation_failed" == await code(reason="x" * (REASON_CHARS_MAX + 1))
    assert "trip_not_found" == await code(cause=Cause(tenant="other", actor="operator:eve"))
    assert "precondition_failed" == await code(version=1)
    assert "state_conflict" == await code(action="release")
    with pytest.raises(Refused):
        await desk(world).offers(trip_id, "other")
    assert before == await world.events(trip_id)
