"""Whether this process lives, may be sent requests, and how it has been doing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import msgspec

from service.http.api import Answer, Call, Route
from service.http.decoding import NoQuery
from service.http.metrics import Gauge, HttpMetrics, exposition

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

# A check answers None when all is well, else a few words for an operator: no names, no secrets.
Check = Callable[[], Awaitable[str | None]]


class Health(msgspec.Struct, kw_only=True):
    status: str


class Readiness(msgspec.Struct, kw_only=True):
    """`checks` says `ok` or what is the matter, by the name of the check."""

    status: str
    checks: dict[str, str]


def health_routes(
    checks: Mapping[str, Check], metrics: HttpMetrics, gauges: tuple[Gauge, ...] = ()
) -> list[Route]:
    async def healthz(_: Call[None, NoQuery]) -> Answer:
        return Answer(body=Health(status="ok"))

    async def readyz(_: Call[None, NoQuery]) -> Answer:
        told = {name: await asked(check) for name, check in checks.items()}
        ready = all(word == "ok" for word in told.values())
        body = Readiness(status="ready" if ready else "not_ready", checks=told)
        return Answer(body=body, status=200 if ready else 503)

    async def show_metrics(_: Call[None, NoQuery]) -> Answer:
        return Answer(body=await exposition(metrics, gauges))

    return [
        Route(
            method="GET",
            path="/healthz",
            handler=healthz,
            summary="Does the process live?",
            tag="operations",
            answer=Health,
            public=True,
        ),
        Route(
            method="GET",
            path="/readyz",
            handler=readyz,
            summary="May requests be sent here?",
            description="Answers 503 with the same body while a check fails or on the way down.",
            tag="operations",
            answer=Readiness,
            public=True,
            also={503: "Not now: a check fails, or the process is on its way down."},
        ),
        Route(
            method="GET",
            path="/metrics",
            handler=show_metrics,
            summary="Counts and durations, for Prometheus",
            tag="operations",
            answer=bytes,
            media_type=METRICS_TYPE,
            public=True,
        ),
    ]


async def asked(check: Check) -> str:
    try:
        return await check() or "ok"
    except Exception as error:
        return f"failed: {type(error).__name__}"
