"""What the simulation has found in the product, each as a small story of its own."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any, cast

from adapters.inbox import TASK_KIND, Notice
from adapters.memory.doors import MemoryInbox
from adapters.memory.event_log import MemoryEventLog
from adapters.memory.outbox import MemoryOutbox
from domain.log import Append, Cause, Task
from domain.trip.events import CheckoutRequested
from service.codec import codec_of
from service.handle import Road
from service.workers.loop import ATTEMPTS_MAX, Worker
from service.workers.notices import NoticeWork
from service.workers.outcomes import Again
from service.workers.payments import PaymentWork
from tests.rules.stories import NOW, opening
from tests.simulation.loop import SimulatedLoop, simulate
from tests.simulation.machines import EPOCH, HostClock, settings
from tests.simulation.network import Network

POLL_S = 5.0
MINUTE_S = 60.0
NOBODY = cast(Any, None)


class CountedOutbox(MemoryOutbox):
    claims = 0

    async def claim(self, *asked: Any) -> Any:
        self.claims += 1
        return await super().claim(*asked)


def test_a_worker_without_work_looks_no_more_often_than_its_poll() -> None:
    outbox = CountedOutbox()

    async def story(loop: SimulatedLoop) -> None:
        Network(loop, "idle", lambda told: None)
        performers = cast(Any, type("NoWork", (), {"__getattr__": lambda *_: None})())
        worker = Worker(
            NOBODY,
            outbox,
            performers,
            performers,
            NOBODY,
            performers,
            HostClock(loop),
            hands=2,
            lease_s=60,
            poll_s=POLL_S,
        )
        working = asyncio.create_task(worker.run())
        # One ring long ago is no news for the rest of the day.
        outbox.put("expire_quote", "later", "quote-1", EPOCH + timedelta(days=1))
        await asyncio.sleep(MINUTE_S)
        worker.stop()
        await working

    simulate("idle", story)

    assert 2 <= outbox.claims <= 2 + 2 * MINUTE_S / POLL_S


def test_a_notice_waits_as_long_as_the_checkout_it_is_about() -> None:
    """Stripe may tell of a checkout whose making we learn of only hours later."""

    async def story(loop: SimulatedLoop) -> float:
        Network(loop, "notice", lambda told: None)
        outbox = MemoryOutbox()
        log = MemoryEventLog(codec_of(settings()), outbox, HostClock(loop))
        road, inbox = Road(log), MemoryInbox(outbox)
        facts = list(opening())
        trip_id = facts[0].trip_id
        await log.append(
            Append(
                trip_id=trip_id,
                expected_position=0,
                events=road.numbered(trip_id, (), facts),
                cause=Cause(tenant="acme", actor="key:1"),
            )
        )
        [checkout_id] = [f.checkout_id for f in facts if isinstance(f, CheckoutRequested)]
        known = {"trip_id": trip_id, "checkout_id": checkout_id, "object_id": "cus_1"}
        await inbox.store("stripe", "evt_1", "evt_1", "customer.created", known, NOW)
        notice = cast(Notice, await inbox.find("stripe", "evt_1"))
        work = NoticeWork(inbox, PaymentWork(road, NOBODY, HostClock(loop), ""), NOBODY)
        waited = timedelta()
        for attempts in range(1, ATTEMPTS_MAX):
            outcome = await work.perform(task_of(notice, attempts))
            assert isinstance(outcome, Again)
            waited += outcome.pause
        return waited.total_seconds()

    assert simulate("notice", story) >= 6 * 3_600


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
