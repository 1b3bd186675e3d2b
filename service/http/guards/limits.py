"""How often a caller and its tenant may ask, across all processes. Each process takes tokens from
the shared buckets in handfuls and ahead of need, so that a request seldom waits for one: in
exchange up to one handful per process may be spent beyond the limit, and is made up for later."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

import structlog

from adapters.database import CONNECTION_LOST
from adapters.doors.rate_limits import Buckets, Rate, Taken
from service.clock import elapsed_s
from service.http.identity import Caller
from service.http.problems import Problem

HANDFUL_MAX = 100
# A process takes this share of a burst at a time.
HANDFULS_IN_A_BURST = 10
# Callers whose tokens a process holds at once; who is pushed out starts with a new handful.
SHARES_MAX = 10_000

log = structlog.get_logger("service.limits")


@dataclass(frozen=True, slots=True)
class Verdict:
    """`remaining` and `full_in_s` are as this process knows them."""

    rate: Rate
    remaining: int
    retry_after_s: float | None = None

    @property
    def allowed(self) -> bool:
        return self.retry_after_s is None

    def headers(self) -> dict[str, str]:
        burst = self.rate.burst
        return {
            "RateLimit-Limit": str(burst),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(ceil((burst - self.remaining) / self.rate.per_s)),
        }


class Share:
    """What this process holds of one bucket. `left` below zero is owed to the bucket."""

    __slots__ = ("dry_until", "in_bucket", "left", "taking")

    def __init__(self, burst: int) -> None:
        self.left = 0
        self.in_bucket = burst
        self.dry_until = 0.0
        self.taking: asyncio.Task[None] | None = None


class Meter:
    """This process's shares of buckets that all processes draw from."""

    def __init__(self, buckets: Buckets, now: Callable[[], float] = elapsed_s) -> None:
        self.buckets = buckets
        self.now = now
        self.shares: dict[str, Share] = {}

    async def admit(self, bucket: str, rate: Rate) -> Verdict:
        share = self.shares.get(bucket) or self.new_share(bucket, rate)
        handful = handful_of(rate)
        while share.left <= -handful and self.now() >= share.dry_until:
            await asyncio.shield(share.taking or self.take(bucket, rate, share))
        if share.left <= 0 and (wait_s := share.dry_until - self.now()) > 0:
            return Verdict(rate, 0, wait_s)
        share.left -= 1
        if 2 * share.left < handful and share.taking is None and self.now() >= share.dry_until:
            self.take(bucket, rate, share)
        return Verdict(rate, min(rate.burst, max(0, share.left + share.in_bucket)))

    def dry_for_s(self, bucket: str) -> float:
        """How long nothing more is to be had of the bucket, as this process knows; 0: there is
        something left, or nobody has asked."""
        share = self.shares.get(bucket)
        return 0.0 if share is None or share.left > 0 else max(0.0, share.dry_until - self.now())

    def new_share(self, bucket: str, rate: Rate) -> Share:
        while len(self.shares) >= SHARES_MAX:
            del self.shares[next(iter(self.shares))]
        share = self.shares[bucket] = Share(rate.burst)
        return share

    def take(self, bucket: str, rate: Rate, share: Share) -> asyncio.Task[None]:
        wanted = handful_of(rate) - share.left
        share.taking = asyncio.create_task(self.taken(bucket, wanted, rate, share))
        return share.taking

    async def taken(self, bucket: str, wanted: int, rate: Rate, share: Share) -> None:
        try:
            taken = await self.buckets.take(bucket, wanted, rate)
        except CONNECTION_LOST as error:
            # Limits are for fairness: without their database they stop nobody.
            log.warning("limits_not_counted", reason=type(error).__name__)
            taken = Taken(wanted, 0, 0.0)
        finally:
            share.taking = None
        share.left += taken.granted
        share.in_bucket = taken.remaining
        if taken.granted < wanted:
            share.dry_until = self.now() + taken.wait_s


def handful_of(rate: Rate) -> int:
    return max(1, min(HANDFUL_MAX, rate.burst // HANDFULS_IN_A_BURST))


class RateLimits:
    """The limits of a caller and of its tenant; None: no limit."""

    def __init__(self, meter: Meter, *, caller: Rate | None, tenant: Rate | None) -> None:
        self.meter = meter
        self.caller = caller
        self.tenant = tenant

    async def admit(self, caller: Caller) -> Verdict | None:
        """The verdict that is nearest to its limit; None: nothing is limited."""
        verdict = None
        for rate, bucket in (
            (self.caller, f"caller {caller.tenant} {caller.actor}"),
            (self.tenant, f"tenant {caller.tenant}"),
        ):
            if rate is None:
                continue
            found = await self.meter.admit(bucket, rate)
            if not found.allowed:
                return found
            if verdict is None or found.remaining < verdict.remaining:
                verdict = found
        return verdict


def too_many(verdict: Verdict) -> Problem:
    assert verdict.retry_after_s is not None, "the verdict refuses"
    return Problem(
        "rate_limited",
        f"More than {verdict.rate.per_s:g} requests a second: {verdict.rate.burst} at once, then "
        "steadily.",
        facts={"retry_after_s": max(1, ceil(verdict.retry_after_s))},
    )
