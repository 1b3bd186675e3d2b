"""Moving time forward, for the sandbox only: this service's and both pretended providers'."""

from __future__ import annotations

from collections.abc import Sequence

import aiohttp

from adapters.sandbox_clock import SandboxClock
from service.http.answers import ClockReply, moment
from service.http.api import Answer, Call, Route
from service.http.decoding import NoQuery
from service.http.problems import Problem
from service.http.shapes import ClockBody

ANSWER_S_MAX = 10.0


def clock_routes(clock: SandboxClock, sandbox_urls: Sequence[str]) -> list[Route]:
    async def advance(call: Call[ClockBody, NoQuery]) -> Answer:
        # Ours first: what the sandboxes then say must not come from our future.
        now = await clock.advance(call.body.advance_s)
        timeout = aiohttp.ClientTimeout(total=ANSWER_S_MAX)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            for url in sandbox_urls:
                await move(session, url, call.body.advance_s)
        return Answer(body=ClockReply(now=moment(now)))

    return [
        Route(
            method="POST",
            path="/v1/sandbox/clock",
            handler=advance,
            summary="Move time forward, here and in both sandboxes",
            tag="sandbox",
            body=ClockBody,
            answer=ClockReply,
            problems=("supplier_unavailable",),
            body_example={"advance_s": 1_800},
        )
    ]


async def move(session: aiohttp.ClientSession, url: str, seconds: float) -> None:
    try:
        async with session.post(f"{url}/_sandbox/clock", json={"advance_s": seconds}) as answer:
            answer.raise_for_status()
    except (aiohttp.ClientError, TimeoutError):
        raise Problem(
            "supplier_unavailable",
            "A sandbox did not move its clock, so that the clocks differ now: restart the sandbox.",
        ) from None
