"""`tripledger` as people and scripts call it."""

from __future__ import annotations

import os
from pathlib import Path

from tests.forking import Done, command


async def tripledger(database_url: str | None, directory: Path, *words: str) -> Done:
    """With this database, or an embedded one in the directory, by the operator Ada."""
    unset = {"TRIPLEDGER_DATABASE_URL", "TRIPLEDGER_DATA_DIR"}
    env = {name: value for name, value in os.environ.items() if name not in unset}
    env |= {"TRIPLEDGER_DATA_DIR": str(directory), "TRIPLEDGER_OPERATOR": "ada", "COLUMNS": "200"}
    if database_url is not None:
        env["TRIPLEDGER_DATABASE_URL"] = database_url
    return await command(env, *words)
