"""Requests made out of the published document, good ones and bad ones and chains of them: no answer
is a fault, and none is undocumented in its status, its type or its shape."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from tests.scenarios.world import raised_world

# Always the same requests at first; for longer and other ones.
SEED = os.environ.get("TRIPLEDGER_CONTRACT_SEED", "1")
SECONDS = os.environ.get("TRIPLEDGER_CONTRACT_SECONDS", "30")
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
]
FINISHED_S_MAX = 280.0


@pytest.mark.timeout(300)
async def test_every_answer_is_documented(database_url: str, tmp_path: Path) -> None:
    """In a world of its own, because much goes on in it afterwards."""
    async with raised_world(database_url, tmp_path) as world:
        status, told = await asked(world.url, world.key, tmp_path)
        recorded = await world.service.log.last_position()

    assert 0 == status, told[-8_000:]
    assert recorded > 0


async def asked(url: str, key: str, place: Path) -> tuple[int | None, str]:
    """The tool's status, and what it tells."""
    asking = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{url}/openapi.json"),
        *("--header", f"Authorization: Bearer {key}"),
        *("--checks", ",".join(CHECKS), "--phases", "examples,fuzzing,stateful"),
        *("--max-time", SECONDS, "--suppress-health-check", "all", "--warnings", "off"),
        # The clock is everybody's, a reader that waits for news takes the time from others, and
        # MCP answers in its own protocol: tests/compat/mcp.
        *("--exclude-path-regex", "^/(v1/sandbox|v1/events|mcp)", "--seed", SEED),
        *("--request-timeout", "90", "--no-color"),
        cwd=place,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        told, _ = await asyncio.wait_for(asking.communicate(), FINISHED_S_MAX)
    finally:
        if asking.returncode is None:
            asking.kill()
            await asking.wait()

    return asking.returncode, told.decode()
