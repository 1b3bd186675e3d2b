"""What commands open: the settings, the database, the log."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.database import Database, open_database
from adapters.event_log.postgres import PostgresEventLog
from service.codec import codec_of
from service.serving import plain_url
from service.settings import Settings

COMMAND_CONNECTIONS = 4


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
