"""A fresh, migrated database for a test, copied from a template that is migrated once."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg

from adapters.embedded_postgres import HANDLES, embedded_postgres
from adapters.migrate import migrate, read_migrations
from tests.contracts.waiting import until

# Held while the template is looked for and made: test processes share one server.
TEMPLATE_LOCK = 7411650125010103

SERVER_PREFIX = "tripledger-test-"
ABANDONED_AFTER_S = 60
MEMORY_DISK = Path("/dev/shm")
MEMORY_DISK_BYTES_MIN = 1 << 30

# A test's data need not survive a power cut; asked for once, they hold for the whole server.
FAST_AND_FORGETFUL = (
    "ALTER SYSTEM SET fsync = off",
    "ALTER SYSTEM SET full_page_writes = off",
    "ALTER SYSTEM SET synchronous_commit = off",
    "SELECT pg_reload_conf()",
)


def with_database(url: str, name: str) -> str:
    """The same server, another database."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"/{name}"))


def scratch_disk() -> Path:
    """Memory where there is plenty: a database is hundreds of files, which disks make slowly."""
    usable = MEMORY_DISK.is_dir() and os.access(MEMORY_DISK, os.W_OK)
    if usable and shutil.disk_usage(MEMORY_DISK).free > MEMORY_DISK_BYTES_MIN:
        return MEMORY_DISK
    return Path(tempfile.gettempdir())


def abandoned_servers() -> list[Path]:
    """Servers of test runs that were killed: joining and leaving one removes it."""
    return [path for path in scratch_disk().glob(f"{SERVER_PREFIX}*") if is_ours_to_clear(path)]


def is_ours_to_clear(directory: Path) -> bool:
    """Whether nobody uses this server any more, and no other process of this run clears it."""
    try:
        if directory.stat().st_mtime > time.time() - ABANDONED_AFTER_S:
            return False
        pids = json.loads((directory / ".handle_pids.json").read_text() or "[]")
        if any(Path(f"/proc/{pid}").exists() for pid in pids):
            return False
        (directory / ".cleared").touch(exist_ok=False)
    except (FileNotFoundError, FileExistsError, NotADirectoryError):
        return False
    return True


@contextmanager
def scratch_directory() -> Iterator[Path]:
    """An empty directory, reached by a path short enough for a socket."""
    with tempfile.TemporaryDirectory(dir=scratch_disk(), prefix="tripledger-") as name:
        yield Path(name)


@asynccontextmanager
async def shared_server(run_id: str) -> AsyncIterator[str]:
    """The server named by TRIPLEDGER_TEST_DATABASE_URL, or one that all processes of this test
    run share and that vanishes with the last of them."""
    url = os.environ.get("TRIPLEDGER_TEST_DATABASE_URL")
    if url:
        yield url
        return
    for abandoned in abandoned_servers():
        async with embedded_postgres(abandoned, clean_up="delete"):
            pass
    directory = scratch_disk() / f"{SERVER_PREFIX}{run_id}"
    async with embedded_postgres(directory, clean_up="delete") as url:
        connection = await asyncpg.connect(url)
        try:
            for statement in FAST_AND_FORGETFUL:
                await connection.execute(statement)
        finally:
            await connection.close()
        yield url


@asynccontextmanager
async def own_server() -> AsyncIterator[tuple[Path, str]]:
    """A migrated server of a test's own, by directory and URL, which keeps its word: nothing of
    its safety is turned off."""
    with scratch_directory() as directory:
        async with embedded_postgres(directory / "pg", clean_up="delete") as url:
            await migrate(url)
            yield directory / "pg", url


async def stop_immediately(directory: Path) -> None:
    """An immediate shutdown: no checkpoint, no goodbye, recovery at the next start."""
    pid_file = directory / "postmaster.pid"

    async def gone() -> bool:
        return not pid_file.exists()

    os.kill(int(pid_file.read_text().splitlines()[0]), signal.SIGQUIT)
    await until(gone)


async def start_again(directory: Path) -> None:
    await asyncio.to_thread(start, directory)


def start(directory: Path) -> None:
    HANDLES.clusters[directory.resolve()].ensure_postgres_running()


async def make_template(server_url: str) -> str:
    """The name of a database at the present schema, made by whoever comes first."""
    checksums = "".join(m.checksum for m in read_migrations())
    name = f"tripledger_template_{hashlib.sha256(checksums.encode()).hexdigest()[:12]}"
    connection = await asyncpg.connect(server_url)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", TEMPLATE_LOCK)
        known = "SELECT datistemplate FROM pg_database WHERE datname = $1"
        finished = await connection.fetchval(known, name)
        if not finished:
            # One that is no template yet was left half made.
            await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            await connection.execute(f"CREATE DATABASE {name}")
            await migrate(with_database(server_url, name))
            await connection.execute(f"ALTER DATABASE {name} IS_TEMPLATE true")
    finally:
        await connection.close()
    return name


@asynccontextmanager
async def fresh_database(server_url: str, template: str | None) -> AsyncIterator[str]:
    """The URL of a database nobody else uses, copied from the template or empty."""
    name = f"tripledger_test_{uuid4().hex}"
    connection = await asyncpg.connect(server_url)
    try:
        # Copying files is cheaper than logging each page where nothing is flushed.
        source = f" TEMPLATE {template} STRATEGY file_copy" if template else ""
        await connection.execute(f"CREATE DATABASE {name}{source}")
        try:
            yield with_database(server_url, name)
        finally:
            await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await connection.close()
