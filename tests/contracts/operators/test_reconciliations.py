"""What both keepers of reconciliation reports promise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import cast

from adapters.operators.reconciliations import DEAD_AFTER, KEPT, Drift, Run
from domain.dossier import DossierEvent
from domain.log import NewEvent
from domain.money import Money
from tests.contracts.conftest import Stores
from tests.contracts.events import NOON, CheckedOut, append, event, new_id

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
OVERLAP = timedelta(minutes=10)
FIRST_LOOK = timedelta(days=2)
MISSED = Drift(
    key="notification_missed:evt_1",
    code="notification_missed",
    subject="evt_1",
    ours="nothing",
    theirs="charge.refunded of ch_1",
    at_stake=None,
    done="replayed",
    happened_at=NOON - HOUR,
)


def differing(key: str, tenant: str = "acme") -> Drift:
    return replace(
        MISSED,
        key=key,
        code="payment_differs",
        at_stake=Money(1200, "EUR"),
        done="incident",
        tenant=tenant,
        trip_id=new_id(),
        happened_at=None,
    )


async def due(stores: Stores, now: datetime) -> Run | None:
    return await stores.reconciliations.claim(
        now, every=HOUR, overlap=OVERLAP, first_look=FIRST_LOOK
    )


async def taken(stores: Stores, now: datetime) -> Run:
    run = await due(stores, now)
    assert run is not None
    return run


async def finished(stores: Stores, now: datetime, found: Sequence[Drift] = ()) -> Run:
    reports = stores.reconciliations
    run = await reports.begin(now, now - HOUR, None)
    for drift in found:
        await reports.add(run, drift, now)
    await reports.finish(run, now, len(found))
    return run


async def test_the_first_regular_run_looks_far_back_and_later_ones_take_up_the_last(
    stores: Stores,
) -> None:
    first = await taken(stores, NOON)
    await stores.reconciliations.finish(first, NOON + MINUTE, 3)
    second = await taken(stores, NOON + HOUR)

    assert (NOON, NOON - FIRST_LOOK) == (first.started_at, first.since)
    assert (NOON + HOUR, NOON - OVERLAP) == (second.started_at, second.since)
    assert (None, None, 0) == (second.trip_id, second.finished_at, second.compared)


async def test_a_regular_run_is_one_processs_until_the_next_is_due(stores: Stores) -> None:
    run = await taken(stores, NOON)
    assert await due(stores, NOON + MINUTE) is None

    await stores.reconciliations.finish(run, NOON + MINUTE, 0)
    assert await due(stores, NOON + HOUR - MINUTE) is None
    assert await due(stores, NOON + HOUR) is not None


async def test_a_run_that_gives_no_sign_of_life_is_done_by_another(stores: Stores) -> None:
    run = await taken(stores, NOON)
    await stores.reconciliations.alive(run, NOON + 2 * MINUTE, 20)

    assert await due(stores, NOON + DEAD_AFTER) is None
    again = await taken(stores, NOON + DEAD_AFTER + 2 * MINUTE)
    # Nothing was finished, so it looks as far back as a first one.
    assert again.started_at - FIRST_LOOK == again.since


async def test_a_run_of_one_trip_does_not_stand_for_one_of_all(stores: Stores) -> None:
    reports, trip_id = stores.reconciliations, new_id()
    one = await reports.begin(NOON, NOON - HOUR, trip_id)
    await reports.finish(one, NOON, 1)

    assert await reports.last() is None
    assert replace(one, finished_at=NOON, compared=1) == await reports.last(of_one_trip=True)
    assert trip_id == one.trip_id
    assert await due(stores, NOON) is not None


async def test_the_last_run_is_the_newest_that_ended(stores: Stores) -> None:
    ended = await finished(stores, NOON)
    await finished(stores, NOON - HOUR)
    await stores.reconciliations.begin(NOON + HOUR, NOON, None)

    last = await stores.reconciliations.last()
    assert last is not None
    assert ended.run_id == last.run_id


async def test_what_was_found_is_read_back_with_when_it_was_first_seen(stores: Stores) -> None:
    drift = differing("payment_differs:pi_1")
    await finished(stores, NOON - HOUR, [drift])
    run = await finished(stores, NOON, [MISSED, drift])

    assert [
        replace(drift, first_seen_at=NOON - HOUR),
        replace(MISSED, first_seen_at=NOON),
    ] == await stores.reconciliations.drifts(run)


async def test_a_drift_told_twice_by_one_run_is_one_and_what_was_done_last_counts(
    stores: Stores,
) -> None:
    drift = differing("payment_differs:pi_1")
    settled = replace(drift, done="settled", ours="something else")
    run = await finished(stores, NOON, [drift, settled])

    assert [
        replace(drift, done="settled", first_seen_at=NOON)
    ] == await stores.reconciliations.drifts(run)


async def test_a_tenant_sees_its_own_drifts_only(stores: Stores) -> None:
    ours, theirs = differing("a:1"), differing("b:2", tenant="globex")
    run = await finished(stores, NOON, [MISSED, ours, theirs])

    seen = await stores.reconciliations.drifts(run, "acme")
    assert [ours.key] == [drift.key for drift in seen]


async def test_old_runs_are_thrown_away_with_what_they_found(stores: Stores) -> None:
    drift = differing("payment_differs:pi_1")
    old = await finished(stores, NOON - KEPT - MINUTE, [drift])
    run = await finished(stores, NOON, [drift])

    assert [] == await stores.reconciliations.drifts(old)
    [seen] = await stores.reconciliations.drifts(run)
    assert NOON == seen.first_seen_at


async def test_what_was_accepted_stays_accepted(stores: Stores) -> None:
    reports = stores.reconciliations
    await reports.accept("order_of_nobody:1", "a colleague's", "ann", NOON)
    await reports.accept("order_of_nobody:1", "nobody knows", "bob", NOON + HOUR)

    assert {"order_of_nobody:1"} == await reports.accepted(["order_of_nobody:1", "other:2"])
    assert set() == await reports.accepted([])


async def test_trips_that_were_about_to_be_paid_and_have_moved_are_found(stores: Stores) -> None:
    early, late, idle = sorted(new_id() for _ in range(3))
    for trip_id in (early, late):
        await checked_out(stores, trip_id)
    stores.clock.time = NOON + HOUR
    await stores.log.append(append(idle, 0, [event(idle, 1)]))
    head = (await stores.log.read_trip(late))[-1].position
    await stores.log.append(append(late, head, [event(late, 2)]))

    trips_since = stores.reconciliations.trips_since
    assert [early, late] == await trips_since(NOON - MINUTE)
    assert [late] == await trips_since(NOON)
    assert [] == await trips_since(NOON + HOUR)


async def checked_out(stores: Stores, trip_id: str) -> None:
    initialized = NewEvent(
        event_id=new_id(),
        stream_id=trip_id,
        stream_version=1,
        event=cast(DossierEvent, CheckedOut()),
    )
    await stores.log.append(append(trip_id, 0, [initialized]))
