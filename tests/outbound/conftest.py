"""A world whose tenants are told by webhook, and their receivers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.outbound.receiving import Receiver, receiving
from tests.scenarios.world import World, raised_world


@pytest_asyncio.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with raised_world(database_url, tmp_path) as world:
        yield world


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest_asyncio.fixture
async def other_receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver
