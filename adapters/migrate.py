"""Brings a database to this program's schema: numbered files, forward only, each applied once in
its own transaction and remembered with its checksum."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

MIGRATIONS = Path(__file__).parent / "migrations"
FILE_NAME = re.compile(r"(\d{4})_([a-z_]+)\.sql")
POSTGRES_VERSION_MIN = 15
# Any number will do; all versions of this program must use the same one.
LOCK = 7411650125010102

# What a file's first text is remembered by, where another that does the same took its place.
REPLACED = {
    # Only a superuser could apply it.
    11: "ff34ea44b1b69182ad7f2eac19d853d18041321d7077b77649ac781dbcb2bad0",
}

REMEMBERED = """
CREATE SCHEMA IF NOT EXISTS tripledger;
CREATE TABLE IF NOT EXISTS tripledger.migrations (
    number int PRIMARY KEY,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
"""


class MigrationRefused(Exception):
    """The database and the files do not belong together; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Migration:
    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def read_migrations(directory: Path = MIGRATIONS) -> tuple[Migration, ...]:
    """The files in their order; their numbers must be 1, 2, 3…"""
    found = []
    for path in sorted(directory.glob("*.sql")):
        match = FILE_NAME.fullmatch(path.name)
        if match is None:
            raise MigrationRefused(f"{path.name} is not named like 0001_some_words.sql")
        found.append(Migration(int(match[1]), match[2], path.read_text(encoding="utf-8")))
    if [m.number for m in found] != list(range(1, len(found) + 1)):
        raise MigrationRefused(f"migration files are missing: {[m.number for m in found]}")
    return tuple(found)


async def plan(url: str, directory: Path = MIGRATIONS) -> Sequence[Migration]:
    """What `migrate` would apply now."""
    connection = await asyncpg.connect(url)
    try:
        return await pending(connection, read_migrations(directory))
    finally:
        await connection.close()


async def check_current(url: str) -> None:
    """Refuse to work on a database that is not at this program's schema."""
    if missing := await plan(url):
        names = ", ".join(f"{m.number:04}_{m.name}" for m in missing)
        raise MigrationRefused(f"the database lacks {names}: run `tripledger migrate`")


async def migrate(url: str, directory: Path = MIGRATIONS) -> Sequence[Migration]:
    """Apply what is missing and answer it; any number of processes may do so at once."""
    migrations = read_migrations(directory)
    async with locked_connection(url) as connection:
        missing = await pending(connection, migrations)
        if missing:
            await connection.execute(REMEMBERED)
        for migration in missing:
            async with connection.transaction():
                await connection.execute(migration.sql)
                await connection.execute(
                    "INSERT INTO tripledger.migrations (number, name, checksum)"
                    " VALUES ($1, $2, $3)",
                    migration.number,
                    migration.name,
                    migration.checksum,
                )
        return missing


@asynccontextmanager
async def locked_connection(url: str) -> AsyncIterator[asyncpg.Connection]:
    """One migrator at a time; the lock goes with the connection."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", LOCK)
        yield connection
    finally:
        await connection.close()


async def pending(
    connection: asyncpg.Connection, migrations: Sequence[Migration]
) -> Sequence[Migration]:
    """The migrations not applied yet; refuses a database these files cannot have made."""
    version = connection.get_server_version()
    if version.major < POSTGRES_VERSION_MIN:
        raise MigrationRefused(
            f"Postgres {version.major} is too old: {POSTGRES_VERSION_MIN} or newer is needed"
        )
    if await connection.fetchval("SELECT to_regclass('tripledger.migrations')") is None:
        return migrations
    applied = await connection.fetch(
        "SELECT number, name, checksum FROM tripledger.migrations ORDER BY number"
    )
    if len(applied) > len(migrations):
        raise MigrationRefused(
            f"the database is at migration {applied[-1]['number']}, this program knows"
            f" {len(migrations)}: it is newer than the program"
        )
    for row, migration in zip(applied, migrations, strict=False):
        if row["number"] != migration.number or row["name"] != migration.name:
            raise MigrationRefused(
                f"the database has migration {row['number']:04}_{row['name']}, the files have"
                f" {migration.number:04}_{migration.name} in its place"
            )
        if row["checksum"] not in {migration.checksum, REPLACED.get(migration.number)}:
            raise MigrationRefused(
                f"{migration.number:04}_{migration.name} was changed after it was applied"
            )
    return migrations[len(applied) :]
