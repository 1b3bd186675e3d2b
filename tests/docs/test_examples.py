"""What the README and the examples tell a newcomer to type is typed here, and does what is said."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from service.settings_rules import PREFIX
from tests.scenarios.world import World, raised_world

ROOT = Path(__file__).parents[2]
TOUR_S_MAX = 60.0
TOUR = re.compile(r"^## Five minutes with curl\n(.*?)^## ", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)

pytestmark = pytest.mark.skipif(
    any(shutil.which(tool) is None for tool in ("bash", "curl", "jq")),
    reason="the tours need bash, curl and jq",
)


@pytest_asyncio.fixture
async def stage(database_url: str, tmp_path: Path) -> AsyncIterator[tuple[World, Path]]:
    """A running service, and a directory where a newcomer would find the demo and the command."""
    (tmp_path / ".tripledger").mkdir()
    (tmp_path / ".venv").symlink_to(sys.prefix)
    async with raised_world(database_url, tmp_path / "service") as world:
        described = {
            "base_url": world.url,
            "api_key": world.key,
            "stripe_url": world.stripe_url,
            "duffel_url": world.duffel_url,
            "database_url": database_url,
        }
        (tmp_path / ".tripledger" / "demo.json").write_text(json.dumps(described))
        yield world, tmp_path


async def typed(command: list[str], directory: Path) -> str:
    """What the command printed; it must end well."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    process = await asyncio.create_subprocess_exec(
        *command, cwd=directory, env=env, stdout=PIPE, stderr=PIPE
    )
    async with asyncio.timeout(TOUR_S_MAX):
        printed, complained = await process.communicate()
    assert process.returncode == 0, printed.decode() + complained.decode()
    return printed.decode()


async def kinds(world: World, provider: str) -> list[str]:
    journal = await world.steer(provider, "GET", "/_sandbox/journal")
    return [entry["kind"] for entry in journal["entries"]]


async def trips_told_of(world: World) -> dict[str, list[str]]:
    """What is recorded, by trip, in the order the trips were started."""
    page: Any = await world.call("GET", "/v1/events?limit=500")
    told: dict[str, list[str]] = {}
    for event in page["events"]:
        told.setdefault(event["trip_id"], []).append(event["topic"])
    return told


async def test_the_tour_of_the_readme_loses_an_answer_and_finds_one_order(
    stage: tuple[World, Path],
) -> None:
    world, directory = stage
    tour = TOUR.search((ROOT / "README.md").read_text(encoding="utf-8"))
    assert tour is not None
    blocks = BLOCK.findall(tour[1])
    assert len(blocks) > 5
    script = directory / "readme.sh"
    script.write_text("set -euo pipefail\n" + "\n".join(blocks))

    printed = await typed(["bash", str(script)], directory)

    told = await trips_told_of(world)
    assert len(told) == 1
    ((_, events),) = told.items()
    assert events.count("booking.order-unknown.v1") == 1
    assert events.count("booking.confirmed.v1") == 1
    assert (await kinds(world, "duffel")).count("order.created") == 1
    assert (await kinds(world, "stripe")).count("payment.captured") == 1
    assert "No usable answer to the order" in printed


async def test_the_tour_by_script_books_two_trips_and_orders_each_once(
    stage: tuple[World, Path],
) -> None:
    world, directory = stage

    await typed([str(ROOT / "examples" / "tour.sh")], directory)

    told = list((await trips_told_of(world)).values())
    assert [events.count("booking.order-unknown.v1") for events in told] == [0, 1]
    assert [events.count("booking.confirmed.v1") for events in told] == [1, 1]
    assert (await kinds(world, "duffel")).count("order.created") == 2
    assert (await kinds(world, "stripe")).count("payment.captured") == 2
    assert (await kinds(world, "stripe")).count("checkout_session.created") == 2


async def test_the_tour_by_script_says_how_to_start_a_demo_that_is_not_there(
    tmp_path: Path,
) -> None:
    process = await asyncio.create_subprocess_exec(
        str(ROOT / "examples" / "tour.sh"), cwd=tmp_path, stdout=PIPE, stderr=PIPE
    )

    printed, complained = await process.communicate()

    assert process.returncode == 1
    assert printed == b""
    assert b"make demo" in complained
