"""A request, the tasks it leads to and the calls they make are traces that name nobody."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from io import StringIO
from pathlib import Path

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from service.observability.tracing import OpenTelemetryTracer
from tests.scenarios.audit import audit
from tests.scenarios.privacy.canaries import PEOPLE, PERSONAL, found_in
from tests.scenarios.world import raised_world

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SENT = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01", "tracestate": "who=Serinuscanaria"}


def traces_off() -> str:
    return (
        "import sys, service.serving; from service.observability import spans;"
        "assert isinstance(spans.tracer_of_environment(), spans.NoTraces);"
        "assert not [m for m in sys.modules if m.startswith('opentelemetry')]"
    )


async def test_a_story_is_traced_by_templates_and_in_events_and_logs(
    logs: StringIO, database_url: str, tmp_path: Path
) -> None:
    exporter = InMemorySpanExporter()
    tracer = OpenTelemetryTracer(SimpleSpanProcessor(exporter))
    async with raised_world(database_url, tmp_path, tracer=tracer) as world:
        trip_id = await world.build_usual()
        path = f"/v1/trips/{trip_id}/travelers"
        put = await world.ask("PUT", path, PEOPLE, headers=SENT)
        await world.fault("stripe", "POST", "/v1/checkout/sessions", "http_500")
        await world.refused("GET", "/v1/events?email=ornithia@aviary-canary.dev")
        await world.pay_and_settle(trip_id)
        await world.at_rest()
        causes = [each.cause for each in await world.service.log.read_trip(trip_id)]
        await audit(world)
    spans = exporter.get_finished_spans()

    assert 200 == put.status
    [asked] = [s for s in spans if s.name == "PUT /v1/trips/{trip_id}/travelers" and mine(s)]
    assert (SpanKind.SERVER, 200) == (asked.kind, attribute(asked, "http.response.status_code"))
    assert [TRACE] == [c.trace for c in causes if c.trace == TRACE]
    assert None not in {c.trace for c in causes}
    assert 1 == logs.getvalue().count(f'"trace_id": "{TRACE}"')
    calls = Counter(s.name for s in spans if s.kind == SpanKind.CLIENT)
    assert 1 == calls["stripe POST /v1/payment_intents/{id}/capture"]
    assert 1 == calls["duffel POST /air/orders"]
    sessions = [s for s in spans if s.name == "stripe POST /v1/checkout/sessions"]
    assert Counter(["failed", None]) == Counter(attribute(s, "error.type") for s in sessions)
    assert {StatusCode.ERROR, StatusCode.UNSET} == {s.status.status_code for s in sessions}
    [capture] = [s for s in spans if s.name == "task capture_payment"]
    assert "done" == attribute(capture, "tripledger.outcome")
    assert capture.context.span_id in {s.parent.span_id for s in spans if s.parent}
    everything = "\n".join(span.to_json() for span in spans)
    assert set() == found_in(everything, PERSONAL)
    assert "?" not in everything


def mine(span: ReadableSpan) -> bool:
    return span.context.trace_id == int(TRACE, 16)


def attribute(span: ReadableSpan, name: str) -> object:
    return (span.attributes or {}).get(name)


def test_without_an_endpoint_nothing_of_tracing_is_even_imported() -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    done = subprocess.run(
        [sys.executable, "-c", traces_off()], env=env, capture_output=True, text=True, check=False
    )
    assert (0, "") == (done.returncode, done.stderr)
