"""What the simulation has found in the product, each as a small story of its own."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from adapters.inbox import TASK_KIND, Notice
from adapters.memory.doors import MemoryInbox
from adapters.memory.event_log import MemoryEventLog
from adapters.memory.outbox import MemoryOutbox
from domain.log import Append, Cause, Task
from domain.trip.commands import RecordCheckoutRefused
from domain.trip.events import CheckoutRequested
from service.codec import codec_of
from service.handle import Road
from service.observability.metrics import Metrics
from service.observability.spans import NoTraces
from service.workers.loop import ATTEMPTS_MAX, Worker
from service.workers.notices import NoticeWork
from service.workers.outcomes import Again, Done, Outcome
from service.workers.payments import PaymentWork
from tests.rules.stories import NOW, opening
from tests.simulation.loop import SimulatedLoop, simulate
from tests.simulation.machines import EPOCH, HostClock, settings
from tests.simulation.network import Network

POLL_S = 5.0
LEASE_S = 60.0
AWAY_TRIES = 5
MINUTE_S = 60.0
NOBODY = cast(Any, None)
CAUSE = Cause(tenant="acme", actor="key:1")


class CountedOutbox(MemoryOutbox):
    claims = 0

    async def claim(self, *asked: Any) -> Any:
        self.claims += 1
        return await super().claim(*asked)


class OutboxThatIsAway(MemoryOutbox):
    """Cannot be reached by who is finished with a task, for the first few times."""

    def __init__(self) -> None:
        super().__init__()
        self.tries = 0
        self.finished = asyncio.Event()

    async def finish(self, task: Task) -> None:
        self.tries += 1
        if self.tries <= AWAY_TRIES:
            raise ConnectionError("away")
        await super().finish(task)
        self.finished.set()


def worker_of(loop: SimulatedLoop, outbox: MemoryOutbox, notices: object = None) -> Worker:
    performers = cast(Any, type("NoWork", (), {"__getattr__": lambda *_: None})())
    return Worker(
        NOBODY,
        outbox,
        performers,
        performers,
        cast(Any, notices),
        performers,
        HostClock(loop),
        Metrics(),
        NoTraces(),
        hands=2,
        lease_s=LEASE_S,
        poll_s=POLL_S,
    )


def test_a_worker_without_work_looks_no_more_often_than_its_poll() -> None:
    outbox = CountedOutbox()

    async def story(loop: SimulatedLoop) -> None:
        Network(loop, "idle", lambda told: None)
        worker = worker_of(loop, outbox)
        working = asyncio.create_task(worker.run())
        # One ring long ago is no news for the rest of the day.
        outbox.put("expire_quote", "later", "quote-1", EPOCH + timedelta(days=1))
        await asyncio.sleep(MINUTE_S)
        worker.stop()
        await working

    simulate("idle", story)

    assert 2 <= outbox.claims <= 2 + 2 * MINUTE_S / POLL_S


def test_what_is_done_is_given_back_as_soon_as_the_outbox_can_be_reached_again() -> None:
    """Whoever waits for a trip does not wait for the end of a lease that nobody needs."""
    outbox = OutboxThatIsAway()
    done = list[str]()

    class Notices:
        async def perform(self, task: Task) -> Outcome:
            done.append(task.key)
            return Done()

    async def story(loop: SimulatedLoop) -> float:
        Network(loop, "away", lambda told: None)
        worker = worker_of(loop, outbox, Notices())
        outbox.put(TASK_KIND, "once", "notice-1", EPOCH)
        began = loop.time()
        working = asyncio.create_task(worker.run())
        await outbox.finished.wait()
        took_s = loop.time() - began
        worker.stop()
        await working
        return took_s

    took_s = simulate("away", story)

    assert (["once"], AWAY_TRIES + 1) == (done, outbox.tries)
    assert took_s < LEASE_S / 2


@dataclass
class Noticed:
    """A trip whose checkout is being opened, and a notice about it that came early."""

    road: Road
    work: NoticeWork
    notice: Notice
    trip_id: str
    checkout_id: str


async def noticed(loop: SimulatedLoop) -> Noticed:
    Network(loop, "notice", lambda told: None)
    outbox = MemoryOutbox()
    road = Road(MemoryEventLog(codec_of(settings()), outbox, HostClock(loop)))
    inbox = MemoryInbox(outbox)
    facts = list(opening())
    trip_id = facts[0].trip_id
    events = road.numbered(trip_id, (), facts)
    await road.log.append(Append(trip_id=trip_id, expected_position=0, events=events, cause=CAUSE))
    [checkout_id] = [f.checkout_id for f in facts if isinstance(f, CheckoutRequested)]
    known = {"trip_id": trip_id, "checkout_id": checkout_id, "object_id": "cus_1"}
    await inbox.store("stripe", "evt_1", "evt_1", "customer.created", known, NOW)
    notice = cast(Notice, await inbox.find("stripe", "evt_1"))
    payments = PaymentWork(road, NOBODY, HostClock(loop), "")
    return Noticed(road, NoticeWork(inbox, payments, NOBODY), notice, trip_id, checkout_id)


def test_a_notice_waits_as_long_as_the_checkout_it_is_about() -> None:
    """Stripe may tell of a checkout whose making we learn of only hours later."""

    async def story(loop: SimulatedLoop) -> float:
        about = await noticed(loop)
        waited = timedelta()
        for attempts in range(1, ATTEMPTS_MAX):
            outcome = await about.work.perform(task_of(about.notice, attempts))
            assert isinstance(outcome, Again)
            waited += outcome.pause
        return waited.total_seconds()

    assert simulate("notice", story) >= 24 * 3_600


def test_a_notice_about_a_checkout_that_was_given_up_is_done_with() -> None:
    async def story(loop: SimulatedLoop) -> Outcome:
        about = await noticed(loop)
        given_up = RecordCheckoutRefused(
            checkout_id=about.checkout_id, code="payment_provider_unavailable", detail="", now=NOW
        )
        await about.road.handle(about.trip_id, given_up, CAUSE)
        return await about.work.perform(task_of(about.notice, 1))

    assert Done() == simulate("given up", story)


def task_of(notice: Notice, attempts: int) -> Task:
    return Task(
        task_id=1,
        kind=TASK_KIND,
        key="webhook:stripe:evt_1",
        trip_id=None,
        subject=notice.inbox_id,
        due=NOW,
        attempts=attempts,
        sent_before=False,
        lease="lease",
    )
