"""The worker: claims due tasks under a lease, performs them side by side, gives back the rest."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from datetime import timedelta
from itertools import count
from time import monotonic

import structlog

from adapters.inbox import TASK_KIND as NOTICE_TASK
from domain.errors import Refused
from domain.log import Cause, EffectKind, Task, TripMoved
from domain.ports import Clock, Outbox
from domain.trip.commands import OpenIncident
from service.clock import elapsed_s
from service.handle import Road, standing_at
from service.observability.metrics import Metrics
from service.observability.spans import Span, Tracer
from service.people.forgetting import Forgetting
from service.workers.failing import pause_s
from service.workers.notices import NoticeWork
from service.workers.orders import OrderWork
from service.workers.outcomes import Again, Done, Outcome, Parked, backoff
from service.workers.payments import PaymentWork

log = structlog.get_logger()

# What does not succeed in so many tries is put aside for a person: a day and a half, by the pauses
# between, because a provider may repeat a failure under its key for a whole day.
ATTEMPTS_MAX = 400
# An effect whose performer itself keeps breaking is put aside sooner.
BROKEN_ATTEMPTS_MAX = 20
JITTER = 0.2
GIVE_BACK_S_MAX = 5.0


class Worker:
    """One process's hands. Any number of them may run, on any number of machines."""

    def __init__(
        self,
        road: Road,
        outbox: Outbox,
        payments: PaymentWork,
        orders: OrderWork,
        notices: NoticeWork,
        forgetting: Forgetting,
        clock: Clock,
        metrics: Metrics,
        tracer: Tracer,
        *,
        hands: int,
        lease_s: float,
        poll_s: float,
    ) -> None:
        self.road = road
        self.outbox = outbox
        self.notices = notices
        self.clock = clock
        self.metrics = metrics
        self.tracer = tracer
        self.hands = hands
        self.lease_s = lease_s
        self.poll_s = poll_s
        self.busy: set[asyncio.Task[None]] = set()
        self.stopping = asyncio.Event()
        self.woken = asyncio.Event()
        self.performers = {
            EffectKind.QUOTE_TRIP: orders.quote_trip,
            EffectKind.EXPIRE_QUOTE: orders.expire_quote,
            EffectKind.START_FULFILLMENT: orders.start_fulfillment,
            EffectKind.PLACE_ORDER: orders.place_order,
            EffectKind.FIND_ORDER: orders.find_order,
            EffectKind.CANCEL_ORDER: orders.cancel_order,
            EffectKind.CANCEL_SECOND_ORDER: orders.cancel_second_order,
            EffectKind.OPEN_CHECKOUT: payments.open_checkout,
            EffectKind.EXPIRE_CHECKOUT: payments.expire_checkout,
            EffectKind.CLOSE_CHECKOUT: payments.close_checkout,
            EffectKind.CAPTURE_PAYMENT: payments.capture,
            EffectKind.RELEASE_PAYMENT: payments.release,
            EffectKind.REFUND_PAYMENT: payments.refund,
            EffectKind.LOOK_AT_REFUND: payments.look_at_refund,
            EffectKind.GUARD_AUTHORIZATION: payments.guard_authorization,
            EffectKind.ERASE_PERSON: forgetting.erase,
        }

    async def run(self) -> None:
        """Work until `stop`; whatever goes wrong with the outbox, it is asked again."""
        ears = asyncio.create_task(self.listen(), name="hints of work")
        try:
            while not self.stopping.is_set():
                # What is told from here on is not in what is claimed now.
                self.woken.clear()
                try:
                    if not await self.take_up():
                        await self.rest()
                except Exception as error:
                    log.warning("outbox_unreachable", reason=type(error).__name__)
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self.stopping.wait(), self.poll_s)
        finally:
            ears.cancel()

    async def take_up(self) -> int:
        """Claim what is due, as much as there are free hands; answers how much that was."""
        free = self.hands - len(self.busy)
        tasks = await self.outbox.claim(self.clock.now(), free, self.lease_s) if free else ()
        for task in tasks:
            hand = asyncio.create_task(self.work(task), name=task.key)
            self.busy.add(hand)
            hand.add_done_callback(self.freed)
        return len(tasks)

    async def rest(self) -> None:
        """Until there may be work (a hint, a due time, a free hand, the next poll) or the end."""
        due = await self.outbox.next_due()
        pause = self.poll_s
        if due is not None and len(self.busy) < self.hands:
            pause = min(max((due - self.clock.now()).total_seconds(), 0.01), self.poll_s)
        with suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self.woken.wait()

    async def listen(self) -> None:
        """Pass hints on, in a task that lasts: the bell knows by the task what has been heard, and
        for a new one every old ring is news."""
        while True:
            await self.outbox.changed(self.poll_s)
            self.woken.set()

    def stop(self) -> None:
        self.stopping.set()
        self.woken.set()

    def freed(self, hand: asyncio.Task[None]) -> None:
        self.busy.discard(hand)
        self.woken.set()

    async def drain(self, timeout_s: float) -> None:
        """After `run` has ended: let what is under way finish; what does not is left where it is,
        and free for others at once."""
        if self.busy:
            await asyncio.wait(self.busy, timeout=timeout_s)
        for hand in self.busy:
            hand.cancel()
        if self.busy:
            await asyncio.wait(self.busy, timeout=GIVE_BACK_S_MAX)
        for hand in self.busy:
            hand.cancel()

    async def work(self, task: Task) -> None:
        # A task has a context of its own, and all that is logged in it says what it is about.
        known = {"effect": task.kind, "task_id": task.task_id, "trip_id": task.trip_id}
        structlog.contextvars.bind_contextvars(**{k: v for k, v in known.items() if v is not None})
        with self.tracer.within("consumer", f"task {task.kind}") as span:
            await self.work_within(task, span)

    async def work_within(self, task: Task, span: Span) -> None:
        started = monotonic()
        keeper = asyncio.create_task(self.keep(task))
        try:
            outcome = await self.perform(task)
        except asyncio.CancelledError:
            if not self.stopping.is_set():
                raise
            outcome = Again(pause=timedelta(), reason="the worker was stopped", sent=True)
        except Exception as error:
            outcome = broken(task, error)
        finally:
            keeper.cancel()
        word = type(outcome).__name__.lower()
        span.tell("tripledger.outcome", word)
        if task.trip_id is not None:
            span.tell("tripledger.trip_id", task.trip_id)
        seconds = monotonic() - started
        self.metrics.tasks.labels(task.kind, word).observe(seconds)
        log.info(
            "task", outcome=word, attempts=task.attempts, duration_ms=round(seconds * 1_000, 2)
        )
        await self.give_back(task, outcome)

    async def keep(self, task: Task) -> None:
        """Renew the lease while the work goes on, so that only a dead worker loses it."""
        while True:
            await asyncio.sleep(self.lease_s / 3)
            try:
                if not await self.outbox.renew(task, self.clock.now(), self.lease_s):
                    return
            except Exception as error:  # there may be time for another try
                log.warning("lease_not_renewed", reason=type(error).__name__)

    async def perform(self, task: Task) -> Outcome:
        if task.kind == NOTICE_TASK:
            return await self.notices.perform(task)
        assert task.trip_id is not None, "effects belong to a trip"
        dossier, position = await self.road.read(task.trip_id)
        standing_at(dossier, position)
        cause = Cause(tenant=None, actor=f"worker:{task.kind}", causation=task.key)
        return await self.performers[EffectKind(task.kind)](task, dossier, cause)

    async def give_back(self, task: Task, outcome: Outcome) -> None:
        """Try it for as long as the lease may last: after it somebody else takes the task up."""
        until = elapsed_s() + self.lease_s
        for failures in count(1):
            try:
                await self.hand_over(task, outcome)
                return
            except Exception as error:
                log.warning("task_not_given_back", reason=type(error).__name__)
            pause = pause_s(failures)
            if elapsed_s() + pause > until:
                return
            await asyncio.sleep(pause)

    async def hand_over(self, task: Task, outcome: Outcome) -> None:
        if isinstance(outcome, Again) and task.attempts >= ATTEMPTS_MAX:
            outcome = Parked(reason=outcome.reason)
        match outcome:
            case Done():
                await self.outbox.finish(task)
            case Again():
                pause = outcome.pause * (1 + JITTER * random.random())
                due = self.clock.now() + pause
                await self.outbox.retry(task, due, outcome.reason, sent=outcome.sent)
            case Parked():
                log.error("task_parked", reason=outcome.reason)
                await self.tell(task, outcome.reason)
                await self.outbox.park(task, outcome.reason)

    async def tell(self, task: Task, reason: str) -> None:
        """Whoever looks at the trip learns that work on it stands still, and what is at stake."""
        if task.trip_id is None or task.kind == NOTICE_TASK:
            return
        dossier, _ = await self.road.read(task.trip_id)
        checkout = dossier.trip.checkout if dossier.trip else None
        incident = OpenIncident(
            code="work_stopped",
            detail=f"{task.kind} was given up: {reason}",
            advice=f"Find the cause, then `tripledger tasks retry {task.task_id}`.",
            subject=task.key,
            at_stake=checkout.amount if checkout else None,
            now=self.clock.now(),
        )
        cause = Cause(tenant=None, actor=f"worker:{task.kind}", causation=task.key)
        await self.road.handle(task.trip_id, incident, cause)


def broken(task: Task, error: Exception) -> Outcome:
    """The performer itself failed. Whatever it had announced may have happened, so that mark
    stays; it is tried again, and in the end put aside."""
    known = isinstance(error, Refused | TripMoved)
    reason = str(error) if known else type(error).__name__
    log.warning("task_failed", reason=reason, exc_info=not known)
    if task.attempts >= BROKEN_ATTEMPTS_MAX:
        return Parked(reason=reason)
    return Again(pause=backoff(task.attempts), reason=reason, sent=True)
