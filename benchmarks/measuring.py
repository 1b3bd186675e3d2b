"""What a measurement is, and how several of one thing become one number."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """Operations per second; times of single ones where they can be seen."""

    per_second: float
    p50_ms: float | None = None
    p99_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One way of doing the thing that is measured. `run` gets the number of writers and seconds;
    `ready` prepares it and gives `run`, or raises `Absent`."""

    name: str
    ready: Callable[[], AbstractAsyncContextManager[Run]]


Run = Callable[[int, float], Awaitable[Measure]]


class Absent(Exception):
    """This contender cannot take part on this machine; the text says why."""


def measure(count: int, elapsed_s: float, times_s: Sequence[float]) -> Measure:
    ordered = sorted(times_s)
    return Measure(
        per_second=count / elapsed_s,
        p50_ms=1000 * at_share(ordered, 0.5),
        p99_ms=1000 * at_share(ordered, 0.99),
    )


def at_share(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def middle(measures: Sequence[Measure]) -> Measure:
    """The median of each figure over the rounds."""

    def of(figures: Sequence[float | None]) -> float | None:
        known = [figure for figure in figures if figure is not None]
        return median(known) if known else None

    return Measure(
        per_second=median(m.per_second for m in measures),
        p50_ms=of([m.p50_ms for m in measures]),
        p99_ms=of([m.p99_ms for m in measures]),
    )


async def hammered(
    operations: Sequence[Callable[[], Awaitable[object]]], writers: int, seconds: float
) -> Measure:
    """So many of the prepared operations as `writers` tasks manage, each one after another."""
    waiting = iter(operations)
    times: list[float] = []
    end = time.perf_counter() + seconds

    async def work() -> None:
        for operation in waiting:
            started = time.perf_counter()
            await operation()
            times.append(time.perf_counter() - started)
            if time.perf_counter() > end:
                return
        raise RuntimeError("more operations must be prepared")

    started = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(writers)))
    return measure(len(times), time.perf_counter() - started, times)
