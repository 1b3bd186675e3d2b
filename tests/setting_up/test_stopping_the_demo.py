"""Who has seen enough of the demo stops it at any moment."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT

import pytest

from tests.postgres import scratch_directory

ENDS_S_MAX = 120.0


@pytest.mark.timeout(180)
async def test_a_demo_that_is_still_setting_up_stops_when_told_and_leaves_nothing_running() -> None:
    with scratch_directory() as data_dir:
        env = {name: os.environ[name] for name in os.environ if not name.startswith("TRIPLEDGER_")}
        demo = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "service.cli", "demo", "--once"),
            env={**env, "TRIPLEDGER_DATA_DIR": str(data_dir)},
            stdout=PIPE,
            stderr=STDOUT,
        )
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
