"""The one road to the log: read, decide, record all or nothing, and again if somebody was first."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import pytest
import structlog

from adapters.event_log.codec import EventCodec
from adapters.memory.event_log import MemoryEventLog
from adapters.memory.outbox import MemoryOutbox
from domain.dossier import TOPICS, DossierEvent, fold
from domain.errors import Refused
from domain.log import Append, Appended, Cause, TripMoved
from domain.process import advance
from domain.trip import commands as tc
from domain.trip import events as te
from service.handle import CONFLICT_PAUSE_S, CONFLICTS_MAX, Road, advance_all, new_id
from tests.rules import stories as s
from tests.simulation.loop import SimulatedLoop, simulate

CAUSE = Cause(tenant="acme", actor="key:1")
SOMEBODY = replace(CAUSE, actor="operator:1")
STRANGER = replace(CAUSE, tenant="other")
NOBODYS = replace(CAUSE, tenant=None)
START = tc.StartTrip(trip_id=s.TRIP, tenant="acme", now=s.NOW)
BOOK = s.book()
PAID = s.state(s.seen("authorized"))


def note(request_id: str) -> tc.NoteAction:
    return tc.NoteAction(
        action="looked", subject=s.TRIP, reason="why not", request_id=request_id, now=s.NOW
    )


class BusyLog(MemoryEventLog):
    """Somebody else is always first, as often as `others` says."""

    def __init__(self, others: int = 0) -> None:
        super().__init__(EventCodec(TOPICS), MemoryOutbox())
        self.others = others
        self.tries = 0

    async def append(self, append: Append) -> Appended:
        if append.cause.actor != SOMEBODY.actor:
            self.tries += 1
            if self.tries <= self.others:
                await Road(self).handle(s.TRIP, note(f"other-{self.tries}"), SOMEBODY)
        return await super().append(append)


async def told(facts: Sequence[DossierEvent] = s.DRAFT, others: int = 0) -> BusyLog:
    """A log in which this has happened."""
    log = BusyLog(others)
    numbered = Road(log).numbered(s.TRIP, (), facts)
    await log.append(Append(trip_id=s.TRIP, expected_position=0, events=numbered, cause=SOMEBODY))
    return log


async def test_what_a_command_leads_to_is_recorded_with_the_work_that_follows() -> None:
    log = await told(s.awaiting_payment())
    before = len(log.rows)

    handled = await Road(log).handle(s.TRIP, PAID, CAUSE)

    assert [s.PAID_BY_CARD, s.FULFILLMENT_SCHEDULED] == list(handled.events)
    recorded = await log.read_trip(s.TRIP)
    assert [*s.awaiting_payment(), *handled.events] == [r.event for r in recorded]
    assert fold(r.event for r in recorded) == handled.dossier
    assert before + 2 == handled.position == recorded[-1].position
    assert [f"guard_authorization:{s.PAYMENT}", f"start_fulfillment:{s.CHECKOUT}"] == sorted(
        row.key for row in log.outbox.tasks.values()
    )


async def test_every_event_has_an_id_its_stream_and_its_number_in_it() -> None:
    ids = iter([f"00000000-0000-4000-8000-{n:012}" for n in range(99)])
    road = Road(await told(s.opening()), lambda: next(ids))

    await road.handle(s.TRIP, s.opened(), CAUSE)

    before = len(s.opening())
    recorded = (await road.log.read_trip(s.TRIP))[before:]
    assert [
        (0, s.TRIP, before + 1),
        (1, s.FLIGHT_BOOKING, 1),
        (2, s.STAY_BOOKING, 1),
    ] == [(int(r.event_id[-12:]), r.stream_id, r.stream_version) for r in recorded]


async def test_what_is_so_already_records_nothing() -> None:
    log = await told(s.paid())

    handled = await Road(log).handle(s.TRIP, PAID, CAUSE)

    assert ((), len(s.paid())) == (handled.events, handled.position)
    assert fold(s.paid()) == handled.dossier
    assert len(s.paid()) == len(log.rows)
    assert {} == log.outbox.tasks


async def test_a_trip_is_started_where_none_was_and_nothing_else_can_be_asked_of_none() -> None:
    road = Road(BusyLog())
    with pytest.raises(Refused, match="There is no such trip") as refusal:
        await road.handle(s.TRIP, BOOK, CAUSE)
    assert "trip_not_found" == refusal.value.code

    handled = await road.handle(s.TRIP, START, CAUSE)

    assert ([s.STARTED], 1) == (list(handled.events), handled.position)


async def test_another_tenants_trip_is_as_absent_as_none() -> None:
    log = await told()
    road = Road(log)
    for asked in (
        road.read(s.TRIP, "other"),
        road.handle(s.TRIP, BOOK, STRANGER),
        road.handle(s.TRIP, replace(START, tenant="other"), STRANGER),
        Road(BusyLog()).read(s.TRIP),
    ):
        with pytest.raises(Refused) as refusal:
            await asked
        assert "trip_not_found" == refusal.value.code
    assert len(s.DRAFT) == len(log.rows)


@pytest.mark.parametrize("tenant", ["acme", None])
async def test_a_trip_is_read_with_the_position_of_its_newest_event(tenant: str | None) -> None:
    dossier, position = await Road(await told()).read(s.TRIP, tenant)

    assert (fold(s.DRAFT), len(s.DRAFT)) == (dossier, position)


async def test_who_saw_another_version_is_refused_and_told_the_present_one() -> None:
    road = Road(await told())
    with pytest.raises(Refused) as refusal:
        await road.handle(s.TRIP, BOOK, CAUSE, 3)
    assert ("precondition_failed", {"version": 4}) == (refusal.value.code, refusal.value.facts)
    assert "version 4, not 3" in str(refusal.value)

    assert 1 == len((await road.handle(s.TRIP, BOOK, CAUSE, 4)).events)


async def test_an_event_is_kept_with_its_cause_and_the_tenant_of_its_trip() -> None:
    road = Road(await told(), trace_id=lambda: "trace-now")
    known = replace(NOBODYS, request_id="r", causation="c", correlation="story", trace="trace")

    await road.handle(s.TRIP, note("1"), NOBODYS)
    await road.handle(s.TRIP, note("2"), known)

    first, second = [r.cause for r in await road.log.read_trip(s.TRIP)][-2:]
    assert replace(CAUSE, correlation=s.TRIP, trace="trace-now") == first
    assert replace(known, tenant="acme") == second


async def test_lines_logged_after_a_command_say_where_the_trip_stands() -> None:
    road = Road(await told(s.awaiting_payment()))
    for _ in ("recorded", "so already"):
        structlog.contextvars.clear_contextvars()
        handled = await road.handle(s.TRIP, PAID, CAUSE)
        assert {
            "tenant": "acme",
            "trip_id": s.TRIP,
            "position": handled.position,
        } == structlog.contextvars.get_contextvars()
    structlog.contextvars.clear_contextvars()


async def test_of_several_commands_all_are_recorded_at_once_or_none() -> None:
    log = await told()
    road = Road(log)
    cancel = tc.CancelBookings(cancellation_quote_id="cq_1", now=s.NOW)
    with pytest.raises(Refused):
        await road.handle_all(s.TRIP, (note("1"), BOOK, cancel), CAUSE)
    assert len(s.DRAFT) == len(log.rows)

    handled = await road.handle_all(s.TRIP, (note("1"), BOOK, note("2")), CAUSE)

    assert [te.OperatorActed, te.QuoteScheduled, te.OperatorActed] == [
        type(event) for event in handled.events
    ]
    assert 1 == log.tries


async def test_who_was_overtaken_decides_again_on_what_is_so_now() -> None:
    overtaken: list[None] = []
    log = await told(others=3)
    road = Road(log, on_conflict=lambda: overtaken.append(None))

    handled = await road.handle(s.TRIP, BOOK, CAUSE)

    assert [s.quote_scheduled()] == list(handled.events)
    assert len(s.DRAFT) + 4 == handled.dossier.version == handled.position == len(log.rows)
    assert 3 == len(overtaken)


def test_a_trip_that_never_holds_still_is_given_up_after_growing_pauses() -> None:
    async def story(loop: SimulatedLoop) -> tuple[int, float]:
        log = await told(others=CONFLICTS_MAX)
        begun = loop.time()
        with pytest.raises(TripMoved, match=f"moved {CONFLICTS_MAX} times"):
            await Road(log).handle(s.TRIP, BOOK, CAUSE)
        return log.tries, loop.time() - begun

    tries, waited = simulate("overtaken", story)

    assert CONFLICTS_MAX == tries
    longest = CONFLICT_PAUSE_S * (sum(range(1, 10)) + 10 * (CONFLICTS_MAX - 9))
    assert longest / 4 < waited < longest


def test_commands_that_follow_each_other_are_decided_as_if_one_after_the_other() -> None:
    before = fold(s.DRAFT)
    first = advance(BOOK, before)
    second = advance(note("1"), first.dossier)

    both = advance_all((BOOK, note("1")), before)

    assert (first.events + second.events, first.effects + second.effects, second.dossier) == (
        both.events,
        both.effects,
        both.dossier,
    )


def test_a_new_id_is_of_the_millisecond_it_is_made_in() -> None:
    before = time.time_ns() // 1_000_000
    made = UUID(new_id()).int >> 80
    after = time.time_ns() // 1_000_000

    assert sorted([before, made, after]) == [before, made, after]
