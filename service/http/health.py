"""Whether this process lives, may be sent requests, and how it has been doing."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import msgspec

from service.http.api import Answer, Call, Route
from service.http.decoding import NoQuery
from service.http.identity import unauthenticated
from service.observability.metrics import Metrics
from service.observability.spans import NoTraces, Tracer
from service.observability.standing import Standing

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

# A check answers None when all is well, else a few words for an operator: no names, no secrets.
Check = Callable[[], Awaitable[str | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposed:
    """What is seen of this process. `/metrics` is shown to whoever sends the token, and without one
    to everybody if `to_anybody`."""

    metrics: Metrics = field(default_factory=Metrics)
    tracer: Tracer = field(default_factory=NoTraces)
    standing: Standing | None = None
    token: str = ""
    to_anybody: bool = True

    async def text(self) -> bytes:
        beside = await self.standing.families() if self.standing is not None else ()
        return self.metrics.text(beside)

    def admit(self, authorization: str) -> None:
        if self.token:
            sent, wanted = authorization.encode(), f"Bearer {self.token}".encode()
            if not hmac.compare_digest(sent, wanted):
                raise unauthenticated("Metrics are shown for the metrics token alone.")
        elif not self.to_anybody:
            raise unauthenticated("Metrics are shown to nobody until a metrics token is set.")


class Health(msgspec.Struct, kw_only=True):
    status: str


class Readiness(msgspec.Struct, kw_only=True):
    """`checks` says `ok` or what is the matter, by the name of the check."""

    status: str
    checks: dict[str, str]


def health_routes(checks: Mapping[str, Check], exposed: Exposed) -> list[Route]:
    async def healthz(_: Call[None, NoQuery]) -> Answer:
        return Answer(body=Health(status="ok"))

    async def readyz(_: Call[None, NoQuery]) -> Answer:
        told = {name: await asked(check) for name, check in checks.items()}
        ready = all(word == "ok" for word in told.values())
        body = Readiness(status="ready" if ready else "not_ready", checks=told)
        return Answer(body=body, status=200 if ready else 503)

    async def show_metrics(call: Call[None, NoQuery]) -> Answer:
        exposed.admit(call.headers.get("Authorization", ""))
        return Answer(body=await exposed.text())

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
            summary="Counts, durations and how things stand, for Prometheus",
            description="For the bearer token in `TRIPLEDGER_METRICS_TOKEN`; in the sandbox for "
            "everybody when none is set.",
            tag="operations",
            answer=bytes,
            media_type=METRICS_TYPE,
            problems=("unauthenticated",),
            public=True,
        ),
    ]


async def asked(check: Check) -> str:
    try:
        return await check() or "ok"
    except Exception as error:
        return f"failed: {type(error).__name__}"
