"""A Postgres of our own starts by itself, is shared by processes and stops with the last."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
import pytest_asyncio

from adapters.database import open_database
from tests.postgres import scratch_directory

READER = """
import asyncio, sys
from pathlib import Path
from adapters.database import open_database

async def main():
    async with open_database(None, Path(sys.argv[1])) as database:
        print(await database.pool.fetchval("SELECT count(*) FROM tripledger.offers"), flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)

asyncio.run(main())
"""


@pytest_asyncio.fixture
async def data_dir() -> AsyncIterator[Path]:
    with scratch_directory() as directory:
        yield directory


def running(data_dir: Path) -> bool:
    return (data_dir / "postgres" / "postmaster.pid").exists()


async def reader(data_dir: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        READER,
        str(data_dir),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )


async def put_offer(data_dir: Path) -> None:
    async with open_database(None, data_dir) as database:
        await database.pool.execute(
            "INSERT INTO tripledger.offers VALUES ('acme', 'off_1', '{}', now())"
        )


async def test_what_was_written_is_there_after_a_restart(data_dir: Path) -> None:
    await put_offer(data_dir)
    assert not running(data_dir)

    async with open_database(None, data_dir) as database:
        assert await database.pool.fetchval("SELECT count(*) FROM tripledger.offers") == 1
        assert running(data_dir)


async def test_several_users_in_one_process_share_the_server(data_dir: Path) -> None:
    async with AsyncExitStack() as stack:
        one = await stack.enter_async_context(open_database(None, data_dir))
        async with open_database(None, data_dir) as two:
            assert one.url == two.url
        assert await one.pool.fetchval("SELECT 1") == 1
    assert not running(data_dir)


async def test_several_processes_share_the_server_and_the_last_stops_it(data_dir: Path) -> None:
    await put_offer(data_dir)
    async with open_database(None, data_dir) as database:
        other = await reader(data_dir)
        assert other.stdout is not None
        async with asyncio.timeout(30):
            assert await other.stdout.readline() == b"1\n"
        pid = await database.pool.fetchval("SELECT pg_postmaster_start_time()")
    assert running(data_dir)
    async with open_database(None, data_dir) as database:
        assert await database.pool.fetchval("SELECT pg_postmaster_start_time()") == pid

    async with asyncio.timeout(30):
        await other.communicate(b"\n")
    assert other.returncode == 0
    assert not running(data_dir)


async def test_a_killed_process_neither_takes_the_server_along_nor_keeps_it(
    data_dir: Path,
) -> None:
    await put_offer(data_dir)
    other = await reader(data_dir)
    assert other.stdout is not None
    async with asyncio.timeout(30):
        assert await other.stdout.readline() == b"1\n"
    other.kill()
    await other.wait()
    assert running(data_dir)

    async with open_database(None, data_dir) as database:
        assert await database.pool.fetchval("SELECT count(*) FROM tripledger.offers") == 1
    assert not running(data_dir)


async def test_a_pid_file_that_names_somebody_else_does_not_stand_in_the_way(
    data_dir: Path,
) -> None:
    await put_offer(data_dir)
    pid_file = data_dir / "postgres" / "postmaster.pid"
    lines = [os.getpid(), data_dir / "postgres", 1, 5432, data_dir / "postgres", "", "1 1", "ready"]
    pid_file.write_text("\n".join(str(line) for line in lines) + "\n")

    async with open_database(None, data_dir) as database:
        assert await database.pool.fetchval("SELECT count(*) FROM tripledger.offers") == 1


async def test_the_server_is_reached_by_a_socket_only(data_dir: Path) -> None:
    async with open_database(None, data_dir) as database:
        connection = await asyncpg.connect(database.url)
        try:
            assert await connection.fetchval("SHOW listen_addresses") == ""
        finally:
            await connection.close()
