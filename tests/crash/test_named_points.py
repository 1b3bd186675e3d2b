"""A process dies at a named point, another begins where it stopped, and everything has happened
once: what the providers' journals say is what the log says."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable

import pytest

from tests.crash import stories
from tests.crash.player import Part, Player
from tests.crash.points import POINTS
from tests.crash.stage import PatientWorld, Stage
from tests.outbound.receiving import receiving
from tests.scenarios.audit import audit

pytestmark = pytest.mark.timeout(180)

Story = Callable[[PatientWorld], Awaitable[str]]

AT_WORK: list[tuple[str, int, Story]] = [
    ("handle.before_append", 2, stories.usual),
    ("handle.after_append", 3, stories.usual),
    ("log.after_commit", 1, stories.usual),
    ("log.after_commit", 5, stories.usual),
    ("outbox.after_claim", 1, stories.usual),
    ("outbox.after_announce", 1, stories.usual),
    ("outbox.after_record", 3, stories.usual),
    ("outbox.after_finish", 4, stories.usual),
    ("inbox.before_mark", 1, stories.usual),
    ("projector.before_rows", 2, stories.usual),
    ("projector.after_rows", 2, stories.usual),
    *(
        (f"outbox.{edge}_effect.{effect}", 1, story)
        for effect, story in (
            ("open_checkout", stories.usual),
            ("order", stories.usual),
            ("capture", stories.usual),
            ("cancel", stories.undone),
            ("release", stories.undone),
            ("refund", stories.refunded),
            ("close_checkout", stories.edited),
        )
        for edge in ("before", "after")
    ),
]

AT_THE_DOOR: list[tuple[str, int, Story]] = [
    ("handle.before_append", 1, stories.usual),
    ("handle.after_append", 1, stories.usual),
    ("log.after_commit", 2, stories.usual),
    ("inbox.before_store", 1, stories.usual),
    ("inbox.after_store", 1, stories.usual),
    ("idempotency.after_begin", 3, stories.usual),
    ("idempotency.before_complete", 3, stories.usual),
    ("idempotency.after_complete", 3, stories.usual),
]

WHILE_TELLING = [
    "follower.before_follow",
    "follower.after_follow",
    "courier.before_post",
    "courier.after_post",
]


def test_every_point_is_died_at() -> None:
    assert set(POINTS) == {point for point, *_ in (*AT_WORK, *AT_THE_DOOR)} | set(WHILE_TELLING)


async def lived_through(stage: Stage, story: Story, doomed: Player) -> None:
    """The story, in whose course one process dies and another takes its place."""
    before = await stage.trips_begun()
    playing = asyncio.ensure_future(story(stage.world))
    death = asyncio.ensure_future(doomed.ended())
    await asyncio.wait({playing, death}, return_when=asyncio.FIRST_COMPLETED)
    if playing.done():
        await playing
    assert -signal.SIGKILL == await death
    await stage.follow(doomed)
    await playing
    await audit(stage.world)
    assert before + len(stage.world.trips) == await stage.trips_begun()


@pytest.mark.parametrize(("point", "passing", "story"), AT_WORK)
async def test_a_worker_that_dies_there_is_followed_by_another(
    stage: Stage, point: str, passing: int, story: Story
) -> None:
    stage.start("api")
    doomed = stage.cast(Part(("work", "project"), point, passing))
    await lived_through(stage, story, doomed)


@pytest.mark.parametrize(("point", "passing", "story"), AT_THE_DOOR)
async def test_a_door_that_falls_shut_there_is_opened_again(
    stage: Stage, point: str, passing: int, story: Story
) -> None:
    stage.start("work", "project")
    doomed = stage.cast(Part(("api",), point, passing))
    await lived_through(stage, story, doomed)


@pytest.mark.parametrize("point", WHILE_TELLING)
async def test_a_tenant_is_told_everything_by_whoever_follows_and_the_same_under_the_same_id(
    stage: Stage, point: str
) -> None:
    stage.start("api", "project")
    world = stage.world
    async with receiving() as receiver:
        endpoint = await world.call("POST", "/v1/webhook-endpoints", {"url": receiver.url})
        doomed = stage.cast(Part(("work",), point, 3))
        await lived_through(stage, stories.usual, doomed)
        events = {e["event_id"]: e["position"] for e in await world.events(world.trips[-1])}
        await receiver.until_ids(events)
        told = {got.message_id: got.body["data"]["position"] for got in receiver.got}
        await world.call("DELETE", f"/v1/webhook-endpoints/{endpoint['endpoint_id']}")

    assert events == {event_id: told[event_id] for event_id in events}
    if point == "courier.after_post":
        assert len(receiver.got) > len(told)
