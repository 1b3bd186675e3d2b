"""What a measurement is, how rivals are measured in turns, and how rounds become one number."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """Operations per second; times of single ones where they can be seen."""

    per_second: float
    p50_ms: float | None = None
    p99_ms: float | None = None


class Absent(Exception):
    """This contender cannot take part on this machine; the text says why."""


# Gets the number of callers at once and the seconds it may take.
Run = Callable[[int, float], Awaitable[Measure]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One way of doing the thing that is measured; `ready` prepares it, or raises `Absent`."""

    name: str
    ready: Callable[[], AbstractAsyncContextManager[Run]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """One thing, done by rivals, with 1, 8, … callers at once. `aims` are ratios: ours to theirs,
    by rival and number of callers."""

    title: str
    unit: str
    ours: str
    contenders: Sequence[Contender]
    callers: Sequence[int] = (1,)
    aims: dict[tuple[str, int], float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of a contest: every round of every contender, and who could not take part."""

    contest: Contest
    rounds: dict[tuple[str, int], list[Measure]]
    absent: dict[str, str]

    def middle(self, name: str, callers: int) -> Measure:
        return middle(self.rounds[name, callers])

    def ratio(self, rival: str, callers: int) -> float:
        """How many times the rival's figure ours is."""
        ours = self.middle(self.contest.ours, callers).per_second
        return ours / self.middle(rival, callers).per_second


async def held(
    contest: Contest, *, rounds: int, seconds: float, told: Callable[[str], None]
) -> Result:
    """Everybody once, and everybody again: what disturbs the machine disturbs all alike."""
    found: dict[tuple[str, int], list[Measure]] = {}
    absent: dict[str, str] = {}
    async with AsyncExitStack() as stack:
        runs = {}
        for contender in contest.contenders:
            told(f"{contest.title}: preparing {contender.name}")
            try:
                runs[contender.name] = await stack.enter_async_context(contender.ready())
            except Absent as reason:
                absent[contender.name] = str(reason)
        for number in range(1, rounds + 1):
            for callers in contest.callers:
                for name, run in runs.items():
                    told(f"{contest.title}: round {number} of {rounds}, {callers} at once, {name}")
                    found.setdefault((name, callers), []).append(await run(callers, seconds))
    return Result(contest=contest, rounds=found, absent=absent)


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
    operations: Sequence[Callable[[], Awaitable[object]]], callers: int, seconds: float
) -> Measure:
    """So many of the prepared operations as `callers` tasks manage, each one after another; when
    none is left before the time is up, that was it."""
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

    started = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(callers)))
    return measure(len(times), time.perf_counter() - started, times)
