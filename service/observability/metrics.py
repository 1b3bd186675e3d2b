"""What one process counts and times about itself, for Prometheus. Labels are route templates,
kinds and codes: never ids, paths or tenants."""

from __future__ import annotations

from collections.abc import Iterable

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Histogram, Metric

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
LAGS_S = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
METHODS = frozenset(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
WEBHOOKS = "/v1/webhooks/"
# The time a counter began is no measure of anything here.
CREATED = "_created"


class Metrics:
    """A registry of its own, so that two services in one process count apart."""

    def __init__(self) -> None:
        own = self.registry = CollectorRegistry()
        requests = ["method", "route", "status"]
        self.requests = Counter(
            "tripledger_http_requests", "Requests answered.", requests, registry=own
        )
        self.durations = Histogram(
            "tripledger_http_request_seconds",
            "Time to answer, streams left out.",
            ["route"],
            buckets=SECONDS,
            registry=own,
        )
        self.replays = Counter(
            "tripledger_idempotency_replays",
            "Requests answered from what their Idempotency-Key had been answered before.",
            registry=own,
        )
        self.webhooks_refused = Counter(
            "tripledger_webhooks_refused",
            "Notifications refused at the door: badly signed, too old, unreadable.",
            ["provider"],
            registry=own,
        )
        self.conflicts = Counter(
            "tripledger_version_conflicts",
            "Appends that somebody else was faster than, and that were decided anew.",
            registry=own,
        )
        self.calls = Histogram(
            "tripledger_provider_call_seconds",
            "Calls to providers; outcome: ok, refused, busy, failed or no_answer.",
            ["provider", "operation", "outcome"],
            buckets=SECONDS,
            registry=own,
        )
        self.tasks = Histogram(
            "tripledger_task_seconds",
            "Tasks worked on; outcome: done, again or parked.",
            ["effect", "outcome"],
            buckets=SECONDS,
            registry=own,
        )
        self.deliveries = delivery_seconds(own)
        self.loop_lag = Histogram(
            "tripledger_event_loop_lag_seconds",
            "How late the event loop wakes what is due.",
            buckets=LAGS_S,
            registry=own,
        )

    def answered(self, method: str, route: str, status: int) -> None:
        """A request has its answer; `route` as it was declared."""
        self.requests.labels(method if method in METHODS else "other", route, status).inc()
        if route.startswith(WEBHOOKS) and 400 <= status < 500:
            self.webhooks_refused.labels(route.removeprefix(WEBHOOKS)).inc()

    def text(self, beside: Iterable[Metric] = ()) -> bytes:
        """All of it in Prometheus' text format, with what somebody else has measured."""
        return prometheus_client.generate_latest(Families([*self.registry.collect(), *beside]))


def delivery_seconds(registry: CollectorRegistry) -> Histogram:
    return Histogram(
        "tripledger_webhook_delivery_seconds",
        "Attempts to tell tenants; outcome: delivered, 3xx, 4xx, 5xx, or why none answered.",
        ["outcome"],
        buckets=SECONDS,
        registry=registry,
    )


class Families(CollectorRegistry):
    """Measurements to be written down once."""

    def __init__(self, measured: Iterable[Metric]) -> None:
        super().__init__()
        self.measured = list(measured)

    def collect(self) -> Iterable[Metric]:
        for metric in self.measured:
            metric.samples = [each for each in metric.samples if not each.name.endswith(CREATED)]
            yield metric
