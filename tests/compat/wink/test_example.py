"""The example of a direct checkout books a room and says so."""

from __future__ import annotations

import json
import re
import sys
from asyncio.subprocess import PIPE, create_subprocess_exec
from pathlib import Path

from tests.scenarios.world import World

EXAMPLE = Path(__file__).parents[3] / "examples" / "direct_checkout.py"


async def test_the_example_books_a_room(wink_world: World, tmp_path: Path) -> None:
    world = wink_world
    demo = {"base_url": world.url, "api_key": world.key, "stripe_url": world.stripe_url}
    (tmp_path / "demo.json").write_text(json.dumps(demo))
    process = await create_subprocess_exec(
        sys.executable,
        str(EXAMPLE),
        stdout=PIPE,
        stderr=PIPE,
        env={"TRIPLEDGER_DATA_DIR": str(tmp_path)},
    )
    told, complaints = await process.communicate()
    assert 0 == process.returncode, complaints.decode()

    said = told.decode()
    trip_id = re.findall(r"^Cart: (\S+)$", said, re.MULTILINE)[0]
    world.trips.append(trip_id)
    trip = await world.until_status(trip_id, "completed")
    code = trip["bookings"][0]["code"]
    assert f"{code}: TEST_PAYMENT_SUCCEEDED" in said
