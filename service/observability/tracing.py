"""Traces for OpenTelemetry: requests, tasks and calls to providers as spans. They carry templates,
kinds and words of ours: no paths, queries, headers, bodies or messages."""

from __future__ import annotations

import os
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager

import structlog
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from service.observability.spans import TRACEPARENT, Kind, Span
from service.version import VERSION

KINDS = {"server": SpanKind.SERVER, "client": SpanKind.CLIENT, "consumer": SpanKind.CONSUMER}
# Only the ids travel: tracestate and baggage could hold anything a stranger wrote.
CONTEXT = TraceContextTextMapPropagator()


class OpenTelemetrySpan:
    def __init__(self, span: trace.Span) -> None:
        self.span = span

    def tell(self, name: str, value: str | int) -> None:
        self.span.set_attribute(name, value)

    def fail(self, reason: str) -> None:
        self.span.set_attribute("error.type", reason)
        self.span.set_status(Status(StatusCode.ERROR))

    def carry(self, headers: MutableMapping[str, str]) -> None:
        CONTEXT.inject(headers, trace.set_span_in_context(self.span))
        headers.pop("tracestate", None)

    def end(self) -> None:
        self.span.end()


class OpenTelemetryTracer:
    """Its own provider, so that nothing is set for the whole process."""

    def __init__(self, processor: SpanProcessor) -> None:
        name = os.environ.get("OTEL_SERVICE_NAME", "tripledger")
        resource = Resource.create({"service.name": name, "service.version": VERSION})
        self.provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self.provider.add_span_processor(processor)
        self.tracer = self.provider.get_tracer("tripledger", VERSION)

    @classmethod
    def exporting(cls) -> OpenTelemetryTracer:
        """To where the `OTEL_EXPORTER_OTLP_*` variables say."""
        return cls(BatchSpanProcessor(OTLPSpanExporter()))

    def begun(self, kind: Kind, name: str) -> Span:
        return OpenTelemetrySpan(self.tracer.start_span(name, kind=KINDS[kind]))

    @contextmanager
    def within(self, kind: Kind, name: str, parent: str = "") -> Iterator[Span]:
        context = CONTEXT.extract({TRACEPARENT: parent}) if parent else None
        with (
            self.tracer.start_as_current_span(
                name,
                context,
                KINDS[kind],
                record_exception=False,
                set_status_on_exception=False,
            ) as span,
            structlog.contextvars.bound_contextvars(trace_id=hexadecimal(span)),
        ):
            yield OpenTelemetrySpan(span)

    def trace_id(self) -> str | None:
        span = trace.get_current_span()
        return hexadecimal(span) if span.get_span_context().is_valid else None

    def close(self) -> None:
        self.provider.shutdown()


def hexadecimal(span: trace.Span) -> str:
    return trace.format_trace_id(span.get_span_context().trace_id)
