"""Counts and durations in the Prometheus text format."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping

BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
METHODS = frozenset(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])

# A gauge is asked for when somebody looks: its name, its help, and its values by label text.
GaugeValues = Mapping[str, float]
Gauge = tuple[str, str, Callable[[], Awaitable[GaugeValues]]]


class HttpMetrics:
    """Requests by method, route template and status; durations by route template."""

    def __init__(self) -> None:
        self.requests: dict[tuple[str, str, int], int] = defaultdict(int)
        self.durations: dict[str, list[int]] = {}
        self.seconds: dict[str, float] = defaultdict(float)

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        self.requests[(method if method in METHODS else "other", route, status)] += 1
        buckets = self.durations.setdefault(route, [0] * (len(BUCKETS_S) + 1))
        buckets[bisect_left(BUCKETS_S, seconds)] += 1
        self.seconds[route] += seconds

    def lines(self) -> list[str]:
        out = [
            "# HELP tripledger_http_requests_total Requests answered.",
            "# TYPE tripledger_http_requests_total counter",
        ]
        for (method, route, status), count in sorted(self.requests.items()):
            labels = f'method="{method}",route="{route}",status="{status}"'
            out.append(f"tripledger_http_requests_total{{{labels}}} {count}")
        out += [
            "# HELP tripledger_http_request_seconds Time to answer.",
            "# TYPE tripledger_http_request_seconds histogram",
        ]
        for route, buckets in sorted(self.durations.items()):
            out += self.histogram(route, buckets)
        return out

    def histogram(self, route: str, buckets: list[int]) -> list[str]:
        out = []
        seen = 0
        for limit, count in zip((*map(str, BUCKETS_S), "+Inf"), buckets, strict=True):
            seen += count
            labels = f'route="{route}",le="{limit}"'
            out.append(f"tripledger_http_request_seconds_bucket{{{labels}}} {seen}")
        labels = f'route="{route}"'
        out.append(f"tripledger_http_request_seconds_sum{{{labels}}} {self.seconds[route]:.6f}")
        out.append(f"tripledger_http_request_seconds_count{{{labels}}} {seen}")
        return out


async def exposition(metrics: HttpMetrics, gauges: tuple[Gauge, ...] = ()) -> bytes:
    out = metrics.lines()
    for name, text, values in gauges:
        out += [f"# HELP {name} {text}", f"# TYPE {name} gauge"]
        for labels, value in sorted((await values()).items()):
            out.append(f"{name}{{{labels}}} {value:g}" if labels else f"{name} {value:g}")
    return ("\n".join(out) + "\n").encode()
