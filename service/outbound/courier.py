"""Delivers: claims what is due, signs it, sends it, and keeps what came of it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from time import time

import structlog

from adapters.outbound.deliveries import FAILURES_MANY, Claimed, PostgresDeliveries, Verdict
from adapters.outbound.posting import Attempted, Poster
from adapters.outbound.signing import SealedSecrets, signature_headers
from domain.log import Cause
from domain.ports import Clock
from domain.trip.commands import OpenIncident
from service.handle import Road
from service.observability.metrics import Metrics
from service.outbound.payload import Payloads
from service.version import VERSION

log = structlog.get_logger()

# Between the tries of one delivery: three days and a little more, all together.
PAUSES = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 30, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 79_200)
)
JITTER = 0.2
# An endpoint that has taken nothing for so long is told nothing any more.
FAILING_MAX = timedelta(days=3)
# One that fails and fails is asked by a single delivery at a time, and more and more seldom.
REST_MIN = timedelta(seconds=10)
REST_MAX = timedelta(minutes=15)
# Longer than an attempt may take.
LEASE_S = 60.0
GIVE_BACK_S_MAX = 5.0
REST_BETWEEN_LOOKS_S_MIN = 0.2

GONE = "it answered 410 Gone"
FAILED_TOO_LONG = "every attempt of three days failed"


class Courier:
    """One process's deliveries. Any number of couriers may run, on any number of machines."""

    def __init__(
        self,
        deliveries: PostgresDeliveries,
        secrets: SealedSecrets,
        payloads: Payloads,
        poster: Poster,
        road: Road,
        clock: Clock,
        metrics: Metrics,
        *,
        hands: int,
        poll_s: float,
        seconds: Callable[[], float] = time,
    ) -> None:
        """`seconds` since 1970 are what receivers compare a signature's time with: the world's,
        however far the sandbox's clock was moved."""
        self.deliveries = deliveries
        self.secrets = secrets
        self.payloads = payloads
        self.poster = poster
        self.road = road
        self.clock = clock
        self.metrics = metrics
        self.hands = hands
        self.poll_s = poll_s
        self.seconds = seconds
        self.busy: set[asyncio.Task[None]] = set()
        self.woken = asyncio.Event()

    async def run(self) -> None:
        """Until it is cancelled; what is under way then is given back."""
        ears = asyncio.create_task(self.listen(), name="hints of deliveries")
        try:
            while True:
                self.woken.clear()
                try:
                    if not await self.take_up():
                        await self.rest()
                except Exception as error:
                    log.warning("deliveries_unreachable", reason=type(error).__name__)
                    await asyncio.sleep(self.poll_s)
        finally:
            ears.cancel()
            for hand in self.busy:
                hand.cancel()
            if self.busy:
                await asyncio.wait(self.busy, timeout=GIVE_BACK_S_MAX)
            await self.poster.aclose()

    async def take_up(self) -> int:
        free = self.hands - len(self.busy)
        now = self.clock.now()
        claimed = await self.deliveries.claim(now, free, LEASE_S) if free else ()
        for each in claimed:
            hand = asyncio.create_task(self.deliver(each), name=each.delivery.delivery_id)
            self.busy.add(hand)
            hand.add_done_callback(self.freed)
        return len(claimed)

    async def rest(self) -> None:
        """Until there may be something to deliver: a hint, a due time, a free hand, a poll."""
        due = await self.deliveries.next_due()
        pause = self.poll_s
        if due is not None and len(self.busy) < self.hands:
            left = (due - self.clock.now()).total_seconds()
            pause = min(max(left, REST_BETWEEN_LOOKS_S_MIN), self.poll_s)
        with suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self.woken.wait()

    async def listen(self) -> None:
        while True:
            await self.deliveries.changed(self.poll_s)
            self.woken.set()

    def freed(self, hand: asyncio.Task[None]) -> None:
        self.busy.discard(hand)
        self.woken.set()

    async def deliver(self, claimed: Claimed) -> None:
        try:
            attempted = await self.attempt(claimed)
            now = self.clock.now()
            verdict = verdict_on(claimed, attempted, now)
            if verdict.disabled_because is not None:
                await self.tell(claimed, verdict.disabled_because, now)
            await self.deliveries.record(claimed, attempted, verdict, now)
        except asyncio.CancelledError:
            await self.deliveries.give_back(claimed)
            raise
        except Exception as error:  # the lease runs out and somebody else takes it up
            log.warning("delivery_not_recorded", reason=type(error).__name__, exc_info=True)

    async def attempt(self, claimed: Claimed) -> Attempted:
        try:
            body, headers = await self.signed(claimed)
        except Exception as error:  # ours to mend, and kept where it is looked for
            log.error("webhook_not_sent", reason=type(error).__name__, exc_info=True)
            return Attempted(status=None, error="not_sent", duration_ms=0)
        attempted = await self.poster.post(claimed.endpoint.url, body, headers)
        seconds = attempted.duration_ms / 1_000
        self.metrics.deliveries.labels(outcome_of(attempted)).observe(seconds)
        return attempted

    async def signed(self, claimed: Claimed) -> tuple[bytes, dict[str, str]]:
        """The body and its headers, signed by every secret that is good now."""
        endpoint, now = claimed.endpoint, self.clock.now()
        body = await self.payloads.body(claimed)
        good = [secret for secret in endpoint.secrets if secret.is_good(now)]
        opened = [await self.secrets.open(endpoint.endpoint_id, each.sealed) for each in good]
        signatures = signature_headers(claimed.delivery.event_id, int(self.seconds()), body, opened)
        own = {"Content-Type": "application/json", "User-Agent": f"Tripledger/{VERSION}"}
        return body, signatures | own

    async def tell(self, claimed: Claimed, because: str, now: datetime) -> None:
        """The tenant finds it in the feed, and operators among the incidents, before it is so:
        told twice it is recorded once."""
        endpoint, trip_id = claimed.endpoint, claimed.delivery.trip_id
        log.error("webhook_endpoint_disabled", tenant=endpoint.tenant, reason=because)
        if trip_id is None:
            return
        incident = OpenIncident(
            code="webhook_endpoint_disabled",
            detail=f"Webhook endpoint {endpoint.endpoint_id} is told nothing any more: {because}. "
            "This trip's event was the last that was tried.",
            advice="Mend the receiver, then enable the endpoint: it goes on where it stood still.",
            subject=endpoint.endpoint_id,
            at_stake=None,
            now=now,
        )
        cause = Cause(tenant=None, actor="worker:webhooks", causation=claimed.delivery.delivery_id)
        await self.road.handle(trip_id, incident, cause)


def outcome_of(attempted: Attempted) -> str:
    if attempted.status is None:
        return attempted.error or "no_answer"
    return "delivered" if attempted.delivered else f"{attempted.status // 100}xx"


def verdict_on(claimed: Claimed, attempted: Attempted, now: datetime) -> Verdict:
    """What an attempt means. An endpoint that is told in order never passes an event by: it is
    disabled first. A test is tried once."""
    delivery, endpoint = claimed.delivery, claimed.endpoint
    if attempted.delivered:
        return Verdict(state="delivered", due=delivery.due)
    if attempted.gone:
        return Verdict(state="open", due=now, disabled_because=GONE)
    if delivery.position is None:
        return Verdict(state="failed", due=delivery.due)
    if endpoint.failing_since is not None and now - endpoint.failing_since >= FAILING_MAX:
        return Verdict(state="open", due=now, disabled_because=FAILED_TOO_LONG)
    last = delivery.attempts > len(PAUSES)
    if last and not endpoint.ordered:
        return Verdict(state="failed", due=delivery.due, rest_until=rest_of(claimed, now))
    pause = PAUSES[min(delivery.attempts, len(PAUSES)) - 1] * (1 + JITTER * random.random())
    return Verdict(state="open", due=now + pause, rest_until=rest_of(claimed, now))


def rest_of(claimed: Claimed, now: datetime) -> datetime | None:
    many = claimed.endpoint.failures + 1 - FAILURES_MANY
    return now + min(REST_MIN * 2 ** min(many, 10), REST_MAX) if many >= 0 else None
