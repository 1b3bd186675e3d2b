"""`tripledger` as people and scripts call it."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path


async def tripledger(
    database_url: str | None, directory: Path, *words: str
) -> tuple[int | None, str, str]:
    """The exit code, what was answered, and what was complained of."""
    unset = {"TRIPLEDGER_DATABASE_URL", "TRIPLEDGER_DATA_DIR"}
    env = {name: value for name, value in os.environ.items() if name not in unset}
    env |= {"TRIPLEDGER_DATA_DIR": str(directory), "TRIPLEDGER_OPERATOR": "ada", "COLUMNS": "200"}
    if database_url is not None:
        env["TRIPLEDGER_DATABASE_URL"] = database_url
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "service.cli", *words),
        env=env,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, complaints = await process.communicate()
    return process.returncode, out.decode(), complaints.decode()
