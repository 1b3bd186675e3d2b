"""Calls to Stripe for its SDK: followed nowhere, and read only as far as an answer can go."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import aiohttp
import stripe

from adapters.answers import read_whole

CONNECT_TIMEOUT_S = 5.0
# The largest answers there are, a hundred events with all they tell of, have some 1 MB.
ANSWER_BYTES_MAX = 16 * 1024 * 1024


class BoundedClient(stripe.HTTPClient):
    """Over a session of our own, which whoever made it closes."""

    name = "aiohttp"

    def __init__(self, session: aiohttp.ClientSession, timeout_s: float) -> None:
        super().__init__()
        self.session = session
        self.timeout = aiohttp.ClientTimeout(total=timeout_s, connect=CONNECT_TIMEOUT_S)

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """What was sent and got no answer may be repeated; an answer that breaks off or has no end
        is not asked for again."""
        try:
            answer = await self.session.request(
                method,
                url,
                headers=headers,
                data=post_data,
                timeout=self.timeout,
                allow_redirects=False,
            )
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            lost = f"no answer ({type(error).__name__})"
            raise stripe.APIConnectionError(  # type: ignore[no-untyped-call]
                lost, should_retry=True
            ) from error
        async with answer:
            return await read_whole(answer, ANSWER_BYTES_MAX), answer.status, answer.headers

    async def sleep_async(self, secs: float) -> None:
        await asyncio.sleep(secs)

    async def close_async(self) -> None:
        """Nothing here is ours to close."""
