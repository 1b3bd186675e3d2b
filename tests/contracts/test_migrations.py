"""A database is brought to the schema once, by whoever comes first, and by no other files."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import asyncpg
import pytest

from adapters.database import open_database
from adapters.migrate import MIGRATIONS, MigrationRefused, migrate, plan, read_migrations

MIGRATION_FILES = sorted(path.name for path in MIGRATIONS.glob("*.sql"))
NAMES = [m.name for m in read_migrations()]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A copy of the migration files that a test may spoil."""
    return Path(shutil.copytree(MIGRATIONS, tmp_path / "migrations"))


async def remembered(url: str) -> list[str]:
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch("SELECT name FROM tripledger.migrations ORDER BY number")
    finally:
        await connection.close()
    return [row["name"] for row in rows]


async def tables(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        return int(
            await connection.fetchval(
                "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'tripledger'"
            )
        )
    finally:
        await connection.close()


async def test_migrating_twice_is_migrating_once(empty_database_url: str) -> None:
    assert [m.name for m in await plan(empty_database_url)] == NAMES
    assert await tables(empty_database_url) == 0

    assert [m.name for m in await migrate(empty_database_url)] == NAMES
    made = await tables(empty_database_url)
    assert list(await migrate(empty_database_url)) == []

    assert list(await plan(empty_database_url)) == []
    assert await remembered(empty_database_url) == NAMES
    assert await tables(empty_database_url) == made


async def test_of_many_migrators_at_once_one_does_the_work(empty_database_url: str) -> None:
    done = await asyncio.gather(*(migrate(empty_database_url) for _ in range(6)))

    assert sorted(len(applied) for applied in done) == [0, 0, 0, 0, 0, len(NAMES)]
    assert await remembered(empty_database_url) == NAMES


async def test_a_file_changed_after_it_was_applied_is_refused(
    database_url: str, files: Path
) -> None:
    changed = files / MIGRATION_FILES[1]
    changed.write_text(changed.read_text() + "\n-- one more thing\n")

    with pytest.raises(MigrationRefused, match="0002_work was changed"):
        await migrate(database_url, files)


async def test_a_database_newer_than_the_files_is_refused(database_url: str, files: Path) -> None:
    (files / MIGRATION_FILES[-1]).unlink()

    with pytest.raises(MigrationRefused, match="newer than the program"):
        await migrate(database_url, files)


async def test_a_file_that_is_missing_or_renamed_is_refused(database_url: str, files: Path) -> None:
    second = files / MIGRATION_FILES[1]
    renamed = second.rename(files / "0002_other.sql")
    with pytest.raises(MigrationRefused, match="0002_other"):
        await migrate(database_url, files)
    renamed.unlink()
    with pytest.raises(MigrationRefused, match="missing"):
        await migrate(database_url, files)
    (files / "notes.sql").write_text("SELECT 1")
    with pytest.raises(MigrationRefused, match="notes.sql"):
        await migrate(database_url, files)


async def test_a_new_file_is_applied_to_an_old_database(database_url: str, files: Path) -> None:
    number = len(NAMES) + 1
    (files / f"{number:04}_more.sql").write_text("CREATE TABLE tripledger.more (n int);")

    assert [m.name for m in await migrate(database_url, files)] == ["more"]
    assert await remembered(database_url) == [*NAMES, "more"]


async def test_a_file_that_fails_leaves_nothing_behind(database_url: str, files: Path) -> None:
    number = len(NAMES) + 1
    (files / f"{number:04}_broken.sql").write_text(
        "CREATE TABLE tripledger.half (n int); SELECT * FROM tripledger.nowhere;"
    )
    before = await tables(database_url)

    with pytest.raises(asyncpg.UndefinedTableError):
        await migrate(database_url, files)

    assert await tables(database_url) == before
    assert await remembered(database_url) == NAMES


async def test_the_service_does_not_work_on_a_database_that_lacks_migrations(
    empty_database_url: str, tmp_path: Path
) -> None:
    with pytest.raises(MigrationRefused, match="tripledger migrate"):
        async with open_database(empty_database_url, tmp_path):
            pass

    await migrate(empty_database_url)
    async with open_database(empty_database_url, tmp_path) as database:
        assert await database.pool.fetchval("SELECT count(*) FROM tripledger.trip_events") == 0
