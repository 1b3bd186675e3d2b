"""What happened in the world and was never told: comparing finds it, once, whoever compares."""

from __future__ import annotations

from collections import Counter

from domain.payments import ProviderEvent
from tests.reconciling.comparing import everything, found, one, reconciled
from tests.scenarios.audit import audit
from tests.scenarios.world import World


async def captured_payment(world: World, trip_id: str) -> str:
    [entry] = [e for e in await world.journal("stripe", trip_id) if e["kind"] == "payment.captured"]
    return str(entry["payment_intent"])


async def test_a_payment_whose_notification_never_came_is_found_and_the_trip_completes(
    world: World,
) -> None:
    await world.webhooks("stripe", drop=True)
    trip_id = await world.build_usual()
    booked = await world.book(trip_id)
    await world.pay(booked["session_id"])
    await world.at_rest()
    before = await world.trip(trip_id)

    report = await everything(world)
    trip = await world.until_status(trip_id, "completed", "failed")
    await everything(world)
    again = await everything(world)

    missed = [d for d in report.drifts if d.code == "notification_missed"]
    assert ("awaiting_payment", "completed") == (before["status"], trip["status"])
    assert {"replayed"} == {drift.done for drift in missed}
    assert {trip_id} == {drift.trip_id for drift in missed}
    assert 1 == (await world.topics(trip_id)).count("trip.payment-succeeded.v1")
    assert [booked["total"]["amount"]] == await world.amounts("payment.captured", trip_id)
    assert ([], []) == (list(report.staying), list(again.drifts))
    assert [] == await world.incidents(trip_id)
    await audit(world)


async def test_a_dry_run_says_what_it_would_do_and_changes_nothing(world: World) -> None:
    await world.webhooks("stripe", drop=True)
    trip_id = await world.build_usual()
    booked = await world.book(trip_id)
    await world.pay(booked["session_id"])
    await world.at_rest()
    topics = await world.topics(trip_id)
    events: list[ProviderEvent] = list(
        await world.service.payments.events_since(world.service.poller.since)
    )

    report = await everything(world, dry_run=True)

    assert Counter({("payment_not_heard_of", "would_repair"): 1}) == found(report)
    assert {event.event_id for event in events} == {
        drift.subject for drift in report.drifts if drift.done == "would_replay"
    }
    assert topics == await world.topics(trip_id)
    inbox = "SELECT count(*) FROM tripledger.inbox WHERE provider = 'stripe'"
    runs = "SELECT count(*) FROM tripledger.reconciliations"
    assert world.service.database is not None
    pool = world.service.database.pool
    assert (0, 0) == (await pool.fetchval(inbox), await pool.fetchval(runs))


async def test_a_refund_made_in_the_dashboard_is_found_though_nobody_told(world: World) -> None:
    trip_id = await world.build_usual()
    await world.pay_and_settle(trip_id)
    payment_id = await captured_payment(world, trip_id)
    await world.at_rest()
    await world.webhooks("stripe", drop=True)
    path = f"/_sandbox/payment_intents/{payment_id}/refund"
    await world.steer("stripe", "POST", path, {"amount": 1_000})

    code, told = await reconciled(world, "--trip", trip_id)
    await world.at_rest()
    second, told_again = await reconciled(world, "--trip", trip_id)

    assert (0, 0) == (code, told["staying"])
    assert "money_back_not_heard_of" in {drift["code"] for drift in told["drifts"]} or {
        "replayed"
    } == {drift["done"] for drift in told["drifts"]}
    assert (0, []) == (second, told_again["drifts"])
    topics = Counter(await world.topics(trip_id))
    assert (1, 1) == (topics["trip.refund-discovered.v1"], topics["trip.refund-succeeded.v1"])
    assert 1_000 == (await world.trip(trip_id))["payment"]["refunded"]["amount"]


async def test_an_order_whose_answer_was_lost_is_found_and_confirmed(world: World) -> None:
    await world.fault("duffel", "POST", "/air/orders", "commit_then_reset")
    await world.webhooks("duffel", drop=True)
    trip_id = await world.build(await world.find_flight())
    booked = await world.book(trip_id)
    await world.pay(booked["session_id"])
    await world.until_recorded(trip_id, "booking.order-unknown.v1")

    report = await one(world, trip_id)
    trip = await world.until_status(trip_id, "completed", "failed")

    assert "completed" == trip["status"]
    assert [] == list(report.staying)
    assert 1 == (await world.topics(trip_id)).count("booking.confirmed.v1")
    await audit(world)
