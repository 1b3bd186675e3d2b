"""A fresh sandbox for each test, with or without somebody who takes its webhooks."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.sandbox.duffel.client import Duffel, Inbox, listening, running_duffel

WEBHOOK_SECRET = "whsec_of_the_test"


@pytest_asyncio.fixture
async def duffel() -> AsyncIterator[Duffel]:
    async with running_duffel() as running:
        yield running


@pytest_asyncio.fixture
async def inbox() -> AsyncIterator[tuple[Inbox, str]]:
    taking = Inbox()
    async with listening(taking.app()) as url:
        yield taking, f"{url}/hook"


@pytest_asyncio.fixture
async def told_duffel(inbox: tuple[Inbox, str]) -> AsyncIterator[tuple[Duffel, Inbox]]:
    """A sandbox that sends its webhooks to an inbox."""
    taking, url = inbox
    async with running_duffel(webhook_url=url, webhook_secret=WEBHOOK_SECRET) as running:
        yield running, taking
