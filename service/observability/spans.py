"""Traces as the rest of the program sees them. Off (nothing is made, nothing imported) unless an
endpoint is named and the extra `tracing` is installed."""

from __future__ import annotations

import os
from collections.abc import Iterator, MutableMapping
from contextlib import AbstractContextManager, contextmanager
from importlib.util import find_spec
from typing import Literal, Protocol

import structlog

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
TRACEPARENT = "traceparent"

log = structlog.get_logger("service.observability")

Kind = Literal["server", "client", "consumer"]


class Span(Protocol):
    def tell(self, name: str, value: str | int) -> None: ...

    def fail(self, reason: str) -> None:
        """It went wrong; `reason` is a word of ours."""
        ...

    def carry(self, headers: MutableMapping[str, str]) -> None:
        """Put its ids into the headers of a request (W3C traceparent)."""
        ...

    def end(self) -> None: ...


class Tracer(Protocol):
    def begun(self, kind: Kind, name: str) -> Span:
        """A span below the current one, to be ended by the caller."""
        ...

    def within(self, kind: Kind, name: str, parent: str = "") -> AbstractContextManager[Span]:
        """The current span until the block ends, below the W3C traceparent if there is one."""
        ...

    def trace_id(self) -> str | None:
        """Of the current span, as 32 hexadecimal digits."""
        ...

    def close(self) -> None:
        """Send what was not sent yet."""
        ...


class NoSpan:
    def tell(self, name: str, value: str | int) -> None: ...

    def fail(self, reason: str) -> None: ...

    def carry(self, headers: MutableMapping[str, str]) -> None: ...

    def end(self) -> None: ...


NO_SPAN = NoSpan()


class NoTraces:
    def begun(self, kind: Kind, name: str) -> Span:
        return NO_SPAN

    @contextmanager
    def within(self, kind: Kind, name: str, parent: str = "") -> Iterator[Span]:
        yield NO_SPAN

    def trace_id(self) -> str | None:
        return None

    def close(self) -> None: ...


def tracer_of_environment() -> Tracer:
    if not any(os.environ.get(name) for name in ENDPOINTS):
        return NoTraces()
    if find_spec("opentelemetry") is None or find_spec("opentelemetry.sdk") is None:
        log.warning("tracing_not_installed", reason="install tripledger[tracing]")
        return NoTraces()
    from service.observability.tracing import OpenTelemetryTracer

    return OpenTelemetryTracer.exporting()
