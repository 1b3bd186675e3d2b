"""Times and traces every request to a provider by what is asked for: ids in paths are left out,
and nothing of queries, headers and bodies is looked at."""

from __future__ import annotations

import re
from time import monotonic
from types import SimpleNamespace

import aiohttp

from service.observability.metrics import Metrics
from service.observability.spans import Tracer

# What is not spelled like a word of the API is an id.
WORD = re.compile(r"[a-z]+(_[a-z]+)*|v[0-9]+")


def operation_of(method: str, path: str) -> str:
    """`POST /v1/payment_intents/{id}/capture`."""
    parts = (part if WORD.fullmatch(part) else "{id}" for part in path.split("/") if part)
    return f"{method} /{'/'.join(parts)}"


def outcome_of(status: int) -> str:
    if status < 400:
        return "ok"
    if status >= 500:
        return "failed"
    return "busy" if status == 429 else "refused"


def watched(provider: str, metrics: Metrics, tracer: Tracer) -> aiohttp.TraceConfig:
    """What a client session tells of its requests, from the first byte out to the answer's head."""
    config = aiohttp.TraceConfig()

    async def begun(
        _: aiohttp.ClientSession, call: SimpleNamespace, told: aiohttp.TraceRequestStartParams
    ) -> None:
        call.operation = operation_of(told.method, told.url.path)
        call.started = monotonic()
        call.span = tracer.begun("client", f"{provider} {call.operation}")
        call.span.carry(told.headers)

    def over(call: SimpleNamespace, outcome: str) -> None:
        seconds = monotonic() - call.started
        metrics.calls.labels(provider, call.operation, outcome).observe(seconds)
        if outcome != "ok":
            call.span.fail(outcome)
        call.span.end()

    async def answered(
        _: aiohttp.ClientSession, call: SimpleNamespace, told: aiohttp.TraceRequestEndParams
    ) -> None:
        call.span.tell("http.response.status_code", told.response.status)
        over(call, outcome_of(told.response.status))

    async def lost(
        _: aiohttp.ClientSession, call: SimpleNamespace, _told: aiohttp.TraceRequestExceptionParams
    ) -> None:
        over(call, "no_answer")

    config.on_request_start.append(begun)
    config.on_request_end.append(answered)
    config.on_request_exception.append(lost)
    return config
