"""Single statements share connections that are kept at hand, and nobody else goes without."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from adapters.database import CONNECTION_LOST, Connection, connect_pool
from tests.contracts.waiting import until

PID = "SELECT pg_backend_pid()"


async def test_one_statement_after_another_goes_over_one_connection(database_url: str) -> None:
    async with await connect_pool(database_url, size=4) as pool:
        pids = {await pool.fetchval(PID) for _ in range(5)}
        assert (1, pool.get_size()) == (len(pids), pool.get_idle_size())


async def test_statements_at_once_leave_connections_for_transactions(database_url: str) -> None:
    async with await connect_pool(database_url, size=6) as pool:
        await asyncio.gather(*(pool.fetchval("SELECT pg_sleep(0.01)") for _ in range(8)))
        async with pool.acquire() as one, pool.acquire() as another:
            assert await one.fetchval(PID) != await another.fetchval(PID)
            assert 1 == await pool.fetchval("SELECT 1")


async def test_a_killed_connection_is_replaced_and_a_refused_statement_is_not_its_end(
    database_url: str,
) -> None:
    async with await connect_pool(database_url, size=4) as pool:
        with pytest.raises(asyncpg.UndefinedTableError):
            await pool.execute("SELECT * FROM nowhere")
        killed = await pool.fetchval(PID)
        killer = await asyncpg.connect(database_url)
        assert await killer.fetchval("SELECT pg_terminate_backend($1)", killed)
        await killer.close()
        try:
            found = await pool.fetchval(PID)
        except CONNECTION_LOST:
            found = await pool.fetchval(PID)
        assert killed != found


async def test_a_connection_that_was_lost_while_at_hand_is_replaced(database_url: str) -> None:
    async with await connect_pool(database_url, size=4) as pool:
        lost = await pool.fetchval(PID)
        [at_hand] = pool.at_hand
        killer = await asyncpg.connect(database_url)
        assert await killer.fetchval("SELECT pg_terminate_backend($1)", lost)
        await killer.close()

        async def seen_off() -> bool:
            return at_hand._con is None

        await until(seen_off)
        assert lost != await pool.fetchval(PID)
        assert 1 == len(pool.at_hand)


async def test_a_statement_that_is_given_up_spoils_nothing(database_url: str) -> None:
    async with await connect_pool(database_url, size=4) as pool:
        waiting = asyncio.create_task(pool.fetchval("SELECT pg_sleep(60)"))
        activity = "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)'"
        while not await pool.fetchval(activity):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert [1, 2, 3] == [await pool.fetchval("SELECT $1::int", n) for n in (1, 2, 3)]


async def test_what_is_at_hand_does_not_keep_the_pool_from_closing(database_url: str) -> None:
    pool = await connect_pool(database_url, size=6)
    await pool.fetchval("SELECT 1")
    running = asyncio.create_task(pool.fetchval("SELECT 1 FROM pg_sleep(0.05)"))
    await asyncio.sleep(0)
    await pool.close()
    assert 1 == await running
    with pytest.raises(asyncpg.InterfaceError):
        await pool.fetchval("SELECT 1")


async def test_what_every_postgres_has_is_asked_about_once_and_what_is_ours_each_time(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Connection, "known", {})
    asked = []
    for array in (
        "uuid[]",
        "uuid[]",
        "int4[]",
        "tripledger.checkpoints[]",
        "tripledger.checkpoints[]",
    ):
        connection = await asyncpg.connect(database_url, connection_class=Connection)
        seen: list[str] = []
        connection.add_query_logger(lambda record: seen.append(record.query))  # noqa: B023
        assert await connection.fetchval(f"SELECT ARRAY[]::{array}") == []
        await connection.close()
        asked.append(any("typeinfo_tree" in query for query in seen))

    assert [True, False, True, True, True] == asked
