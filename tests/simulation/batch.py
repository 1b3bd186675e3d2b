"""Many runs, side by side: the seeds that ever failed first, then as many others as asked for."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from tests.simulation.afterwards.planted import PLANTED, planted_by_name
from tests.simulation.faults import ALL
from tests.simulation.planted import Composition
from tests.simulation.world import Verdict, run

KNOWN = Path(__file__).with_name("seeds.txt")
# What a batch must have met, or it has stopped testing something.
SOMETIMES = (
    *ALL,
    "restarts",
    "waited for every deadline",
    "trip draft",
    "trip completed",
    "trip failed",
    "trip cancelled",
    "trip.checkout-closed.v1",
    "trip.payment-failed.v1",
    "trip.payment-captured.v1",
    "trip.payment-released.v1",
    "trip.refund-succeeded.v1",
    "trip.fulfillment-failed.v1",
    "booking.order-unknown.v1",
    "booking.failed.v1",
    "booking.cancelled.v1",
)
# What one run in some dozens, or in a hundred, meets: missed only by a batch of so many.
RARELY = (
    "trip.incident-opened.v1",
    "trip.quote-failed.v1",
    "trip.checkout-expired.v1",
    "trip.refund-discovered.v1",
    "trip.refund-failed.v1",
    "trip.payment-disputed.v1",
    "money moved while people booked",
    "dashboard refund in full",
    "dashboard refund in part",
    "inquiry",
    "dispute won",
    "dispute lost",
    "refund failed later",
    "cancellation single",
    "cancellation group",
    "cancellation on expired terms",
    "cancellation on replaced terms",
    "dispute in another currency",
    "operator refund",
    "operator cancel",
    "operator retry",
    "operator assign",
    "operator resolve",
    "operator give_up",
    "operator close_checkout",
    "paid while it was closed",
    "refunded before it was booked",
    "incident booked_but_unpaid",
    "cancelled what was paid in part",
    "cancelled at the supplier",
    "incident order_cancelled_elsewhere",
    "ordered at the supplier for nobody",
    "ordered at the supplier for trip_id",
    "incident order_not_known",
    "ordered at the supplier for booking_id",
    "incident second_order_found",
    "moved by the airline",
    "incident booking_changed",
    "re-priced at the supplier",
    "incident order_price_differs",
    "operator release",
    "parked work tried again",
    "reconciling replayed",
    "reconciling repaired",
)
MANY = 2_000


@dataclass
class Batch:
    runs: int = 0
    failed: list[Verdict] = field(default_factory=list)
    reached: Counter[str] = field(default_factory=Counter)
    virtual_s: float = 0.0
    steps: int = 0
    digests: dict[str, str] = field(default_factory=dict)

    def take(self, verdict: Verdict) -> None:
        self.runs += 1
        self.reached.update(verdict.reached)
        self.virtual_s += verdict.virtual_s
        self.steps += verdict.steps
        self.digests[verdict.seed] = verdict.digest
        if verdict.violations:
            self.failed.append(verdict)

    @property
    def never(self) -> list[str]:
        """What should have happened at some time, and has not."""
        wanted = SOMETIMES + (RARELY if self.runs >= MANY else ())
        return [name for name in wanted if not self.reached[name]]

    def as_json(self) -> dict[str, Any]:
        return {
            "runs": self.runs,
            "virtual_days": round(self.virtual_s / 86_400, 1),
            "steps": self.steps,
            "failed": [
                {
                    "seed": verdict.seed,
                    "violations": [
                        {"promise": v.promise, "what": v.what, "trip_id": v.trip_id}
                        for v in verdict.violations
                    ],
                    "story": list(verdict.story),
                }
                for verdict in self.failed
            ],
            "reached": dict(sorted(self.reached.items())),
            "never": self.never,
            "digests": self.digests,
        }


def known_seeds() -> list[str]:
    lines = KNOWN.read_text().splitlines()
    return [seed for line in lines if (seed := line.split("#")[0].strip())]


def run_planted(seed: str, name: str | None) -> Verdict:
    return run(seed, planted_by_name(name) if name else Composition())


def convicts(verdict: Verdict, planted: str | None) -> bool:
    """Whether it broke a promise, if there is a planted mistake one of those that this breaks."""
    broken = {violation.promise for violation in verdict.violations}
    return bool(broken & PLANTED[planted].breaks if planted else broken)


def start_worker() -> None:
    """What was loaded before the first run is never looked through for garbage again."""
    gc.freeze()


def verdicts(seeds: Sequence[str], jobs: int, planted: str | None = None) -> Iterator[Verdict]:
    """In the order in which they come. Whoever has seen enough waits for no other."""
    if jobs == 1:
        start_worker()
        yield from (run_planted(seed, planted) for seed in seeds)
        return
    play = partial(run_planted, name=planted)
    with get_context("fork").Pool(jobs, start_worker) as pool:
        yield from pool.imap_unordered(play, seeds)
