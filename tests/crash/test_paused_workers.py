"""A worker stands still in the middle of an effect until long after its lease; another has done its
work when it wakes, and it does no harm."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable

import pytest

from tests.crash import stories
from tests.crash.player import Part
from tests.crash.stage import PAST_LEASES_S, PatientWorld, Stage
from tests.scenarios.audit import audit

pytestmark = pytest.mark.timeout(180)

Story = Callable[[PatientWorld], Awaitable[str]]

EFFECTS: list[tuple[str, Story]] = [
    ("open_checkout", stories.usual),
    ("order", stories.over),
    ("capture", stories.usual),
    ("cancel", stories.undone),
    ("release", stories.undone),
    ("refund", stories.refunded),
    ("close_checkout", stories.edited),
]


@pytest.mark.parametrize("edge", ["before", "after"])
@pytest.mark.parametrize(("effect", "story"), EFFECTS)
async def test_a_worker_that_wakes_after_its_lease_does_no_harm(
    stage: Stage, edge: str, effect: str, story: Story
) -> None:
    stage.start("api", "project")
    point = f"outbox.{edge}_effect.{effect}"
    sleeper = stage.cast(Part(("work",), point, signal=signal.SIGSTOP))

    playing = asyncio.ensure_future(story(stage.world))
    await sleeper.stands_still()
    stage.start("work")
    await stage.world.advance(PAST_LEASES_S)
    await playing
    await stage.world.at_rest()
    sleeper.send(signal.SIGCONT)
    await sleeper.stop()

    await audit(stage.world)
