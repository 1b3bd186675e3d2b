"""`tripledger mcp`: the tools for agents, over stdin and stdout."""

from __future__ import annotations

import asyncio
import os
from importlib.util import find_spec
from pathlib import Path

from service.cli.output import FAILED, OK, USAGE, stop
from service.settings import Settings

KEY_VARIABLE = "TRIPLEDGER_API_KEY"


def mcp(
    *,
    url: str | None = None,
    api_key: str | None = None,
) -> int:
    """Serve the MCP tools over stdin and stdout, handing on to a running service.

    Parameters
    ----------
    url
        Where the service is; unset: TRIPLEDGER_PUBLIC_URL, else host and port of the settings.
    api_key
        Whose trips; better set TRIPLEDGER_API_KEY (or TRIPLEDGER_API_KEY_FILE), which other users
        of this machine cannot see.
    """
    if find_spec("mcp") is None:
        stop(USAGE, "MCP is not installed here: install the package with its extra `mcp`.")
    key = api_key or key_of_environment()
    if not key:
        stop(USAGE, f"Set {KEY_VARIABLE} to an API key (`tripledger keys create` makes one).")
    from service.mcp.stdio import ServiceUnreachable, hand_on

    base_url = (url or Settings.load().base_url).rstrip("/")
    try:
        asyncio.run(hand_on(base_url, key))
    except ServiceUnreachable as error:
        stop(FAILED, str(error))
    return OK


def key_of_environment() -> str | None:
    file = os.environ.get(f"{KEY_VARIABLE}_FILE")
    if file is not None:
        return Path(file).read_text(encoding="utf-8").strip()
    return os.environ.get(KEY_VARIABLE)
