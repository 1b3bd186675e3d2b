"""The sandbox clock only goes forward, and whatever waits on it wakes when it is moved."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from sandbox.clock import SandboxClock

HOUR = timedelta(hours=1)


def test_timers_fire_in_order_with_the_clock_at_their_due_time() -> None:
    clock = SandboxClock()
    start = clock.now()
    fired: list[tuple[str, datetime]] = []
    clock.at(start + 2 * HOUR, lambda: fired.append(("second", clock.now())))
    clock.at(start + HOUR, lambda: fired.append(("first", clock.now())))
    clock.at(start + 5 * HOUR, lambda: fired.append(("too late", clock.now())))
    clock.advance(4 * 3600)

    assert [name for name, _ in fired] == ["first", "second"]
    for hours, (_, at) in enumerate(fired, start=1):
        assert timedelta() <= at - (start + hours * HOUR) < timedelta(seconds=1)


def test_a_timer_set_by_a_timer_fires_in_the_same_move() -> None:
    clock = SandboxClock()
    fired: list[str] = []
    clock.after(60, lambda: clock.after(60, lambda: fired.append("inner")))
    clock.advance(121)

    assert fired == ["inner"]


async def test_sleepers_wake_when_the_clock_is_moved() -> None:
    clock = SandboxClock()
    sleeper = asyncio.create_task(clock.sleep(3_600))
    await asyncio.sleep(0)
    clock.advance(1_800)
    await asyncio.sleep(0)
    assert not sleeper.done()

    clock.advance(1_801)
    await asyncio.wait_for(sleeper, 60)


async def test_real_time_fires_timers_too() -> None:
    clock = SandboxClock()
    running = asyncio.create_task(clock.run_timers())
    fired = asyncio.Event()
    clock.after(0.02, fired.set)

    await asyncio.wait_for(fired.wait(), 60)
    running.cancel()


@pytest.mark.parametrize("seconds", [-1, float("nan"), 1e12])
def test_a_move_that_makes_no_sense_is_refused(seconds: float) -> None:
    clock = SandboxClock()

    with pytest.raises(ValueError, match="advance_s"):
        clock.advance(seconds)
