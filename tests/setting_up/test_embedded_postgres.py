"""The embedded Postgres starts on any machine: whatever its directory is called, whatever the
environment says of other servers and languages, and whatever was killed before."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import asyncpg
import pytest

from adapters.embedded_postgres import CONNECTIONS_MAX, PostgresFailed, embedded_postgres
from tests.postgres import scratch_directory

GIVING_UP = """
import shutil, sys
from pathlib import Path
from adapters.embedded_postgres import HANDLES, PostgresFailed
try:
    HANDLES.join(Path(sys.argv[1]), "stop")
except PostgresFailed:
    shutil.rmtree(Path(sys.argv[1]).parent)
"""


async def answer_of(directory: Path, question: str) -> str:
    async with embedded_postgres(directory) as url:
        connection = await asyncpg.connect(url)
        try:
            return str(await connection.fetchval(question))
        finally:
            await connection.close()


@pytest.mark.parametrize("name", ["it's a trip, ö + 50% & x#?", "deep/" * 30])
async def test_a_directory_may_have_any_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with scratch_directory() as above:
        directory, sockets = above / name / "pg", above / "s"
        sockets.mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(sockets))

        answer = await answer_of(directory, "SHOW unix_socket_directories")

        assert sockets == Path(answer).parent
        assert [] == list(sockets.iterdir())


async def test_what_the_environment_says_of_other_servers_and_languages_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    others = {"PGPORT": "6543", "PGHOST": "elsewhere", "PGUSER": "other", "PGCLIENTENCODING": "SQL"}
    for name, value in {**others, "LC_ALL": "xx_YY.UTF-8"}.items():
        monkeypatch.setenv(name, value)
    with scratch_directory() as above:
        asked = "SELECT upper('ö') || current_user || current_setting('port')"

        assert "Öpostgres5432" == await answer_of(above / "pg", asked)


async def test_a_server_that_was_killed_while_it_was_made_is_made_anew() -> None:
    with scratch_directory() as above:
        (above / "pg.part").mkdir()
        (above / "pg.part" / "PG_VERSION").write_text("18\n")

        assert str(CONNECTIONS_MAX) == await answer_of(above / "pg", "SHOW max_connections")
        assert ["pg", "pg.lock"] == sorted(path.name for path in above.iterdir())

        # Killed, and its pid is another's now; killed while that was being written.
        for pid_file in (f"{os.getpid()}\n{above / 'pg'}\n1\n5432\n\n", ""):
            (above / "pg" / "postmaster.pid").write_text(pid_file)
            assert "1" == await answer_of(above / "pg", "SELECT 1")


async def test_a_server_that_does_not_start_says_why() -> None:
    with scratch_directory() as above:
        (above / "pg").mkdir()
        (above / "pg" / "PG_VERSION").write_text("18\n")

        with pytest.raises(PostgresFailed, match=r"postgresql\.conf.*No such file"):
            await answer_of(above / "pg", "SELECT 1")


def test_who_could_not_start_a_server_leaves_nothing_behind_at_the_end() -> None:
    with scratch_directory() as above:
        (above / "trip" / "pg").mkdir(parents=True)
        (above / "trip" / "pg" / "PG_VERSION").write_text("18\n")

        subprocess.run([sys.executable, "-c", GIVING_UP, str(above / "trip" / "pg")], check=True)

        assert [] == list(above.iterdir())
