"""Who has seen enough of the demo stops it at any moment and in any way."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from adapters.embedded_postgres import embedded_postgres
from tests.contracts.waiting import until
from tests.postgres import scratch_directory

ENDS_S_MAX = 120.0


async def started(data_dir: Path) -> Process:
    env = {name: os.environ[name] for name in os.environ if not name.startswith("TRIPLEDGER_")}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "service.cli", "demo"),
        env={**env, "TRIPLEDGER_DATA_DIR": str(data_dir)},
        stdout=PIPE,
        stderr=STDOUT,
    )


@pytest.mark.timeout(180)
async def test_a_demo_that_is_still_setting_up_stops_when_told_and_leaves_nothing_running() -> None:
    with scratch_directory() as data_dir:
        demo = await started(data_dir)
        assert demo.stdout is not None
        async with asyncio.timeout(ENDS_S_MAX):
            assert (await demo.stdout.readline()).startswith(b"Tripledger")
            demo.send_signal(signal.SIGINT)
            said, _ = await demo.communicate()

        assert (1, "Stopped before everything was told.") == (
            demo.returncode,
            said.decode().strip(),
        )
        assert not (data_dir / "demo.json").exists()
        assert not (data_dir / "postgres" / "postmaster.pid").exists()


@pytest.mark.timeout(180)
async def test_a_demo_is_alone_in_its_directory_and_when_killed_takes_its_processes_along() -> None:
    with scratch_directory() as data_dir:
        demo = await started(data_dir)
        described = data_dir / "demo.json"

        async def is_set_up() -> bool:
            return described.exists()

        await until(is_set_up, ENDS_S_MAX)
        places = json.loads(described.read_text())
        second = await started(data_dir)
        said, _ = await second.communicate()
        assert 1 == second.returncode
        assert "a demo is running in" in said.decode()

        demo.kill()
        await demo.communicate()
        for name in ("base_url", "stripe_url", "duffel_url"):
            await until(partial(nobody_answers, places[name]))
        async with embedded_postgres(data_dir / "postgres", clean_up="delete"):
            pass


async def nobody_answers(url: str) -> bool:
    parts = urlsplit(url)
    try:
        _, writer = await asyncio.open_connection(parts.hostname, parts.port)
    except ConnectionRefusedError:
        return True
    writer.close()
    return False
