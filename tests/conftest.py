"""What any test may ask for: a real Postgres, and a migrated database of its own."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from hypothesis import settings

from adapters.database import Database, connect_database
from sandbox.witnesses import witnesses
from tests.postgres import fresh_database, make_template, shared_server
from tests.published.exchanges import Judge
from tests.published.stripe_spec import stripe_spec

TEST_POOL_CONNECTIONS_MAX = 4

# How fast the machine is shows in the bench, not in a property. CI tries the same examples each
# time, so that a change is judged by what it changed; everybody else's runs look anywhere.
settings.register_profile("unhurried", settings(), deadline=None)
settings.register_profile("ci", settings(), deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("HYPOTHESIS_PROFILE") == "ci" else "unhurried")


@pytest.fixture(scope="session")
def judge() -> Iterator[Judge | None]:
    """Sees all that passes between us and the sandboxes; None: what they publish is not at hand."""
    if stripe_spec() is None:
        yield None
        return
    judge = Judge()
    witnesses.append(judge.see)
    yield judge
    witnesses.remove(judge.see)


@pytest.fixture(autouse=True)
def contracts_are_kept(judge: Judge | None) -> Iterator[None]:
    """The test in which a provider's contract was first departed from fails."""
    yield
    assert judge is None or [] == judge.problems()


@pytest_asyncio.fixture(scope="session")
async def postgres_server(testrun_uid: str) -> AsyncIterator[str]:
    """The URL of a Postgres where databases may be made; all test processes share it."""
    async with shared_server(testrun_uid) as url:
        yield url


@pytest_asyncio.fixture(scope="session")
async def postgres_template(postgres_server: str) -> str:
    return await make_template(postgres_server)


@pytest_asyncio.fixture
async def database_url(postgres_server: str, postgres_template: str) -> AsyncIterator[str]:
    """A migrated database of the test's own."""
    async with fresh_database(postgres_server, postgres_template) as url:
        yield url


@pytest_asyncio.fixture
async def empty_database_url(postgres_server: str) -> AsyncIterator[str]:
    """A database of the test's own without any schema."""
    async with fresh_database(postgres_server, None) as url:
        yield url


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A migrated database of the test's own, connected."""
    async with connect_database(database_url, pool_size=TEST_POOL_CONNECTIONS_MAX) as database:
        yield database
