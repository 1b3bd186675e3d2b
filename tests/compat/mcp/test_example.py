"""The example books a trip and says so."""

from __future__ import annotations

import json
import re
import sys
from asyncio.subprocess import PIPE, create_subprocess_exec
from pathlib import Path

from tests.scenarios.world import World

EXAMPLE = Path(__file__).parents[3] / "examples" / "mcp_booking.py"


async def test_the_example_books_a_trip(world: World, tmp_path: Path) -> None:
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
    trip_id = re.findall(r"In one trip: (\S+)", said)[0]
    world.trips.append(trip_id)
    trip = await world.trip(trip_id)
    assert "completed" == trip["status"]
    assert re.search(r"^JNK-[A-Z0-9]{6}: completed, payment captured$", said, re.MULTILINE)
    for booking in trip["bookings"]:
        assert f"confirmed, {booking['supplier_reference']}" in said
