"""What commands open: the settings, the database, the log."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from getpass import getuser

from adapters.database import Database, open_database
from adapters.event_log.postgres import PostgresEventLog
from service.codec import codec_of
from service.serving import plain_url
from service.settings import Settings

COMMAND_CONNECTIONS = 4
OPERATOR_VARIABLE = "TRIPLEDGER_OPERATOR"


def operator() -> str:
    """Who types, as it is recorded with what they do: TRIPLEDGER_OPERATOR, else who is logged in
    on this machine."""
    try:
        return os.environ.get(OPERATOR_VARIABLE) or getuser()
    except (KeyError, OSError):
        return "unknown"


@asynccontextmanager
async def database() -> AsyncIterator[Database]:
    settings = Settings.load()
    async with open_database(
        plain_url(settings), settings.data_dir, pool_size=COMMAND_CONNECTIONS
    ) as opened:
        yield opened


@asynccontextmanager
async def event_log() -> AsyncIterator[PostgresEventLog]:
    codec = codec_of(Settings.load())
    async with database() as opened, PostgresEventLog.opened(opened, codec) as log:
        yield log
