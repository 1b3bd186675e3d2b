"""What befalls the trips that are booked: refunds from the provider's dashboard, disputes, refunds
that fail days later, cancellations on quoted terms, operators at work, what is done at the
supplier's desk, trips that hang, and nobody is told of it; and reconciling, which is to find all
that was not heard of."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from service.app import Service
from service.reconciling.run import Report, Scope
from tests.simulation.afterwards.hanging import Hanging
from tests.simulation.afterwards.operators import Operators
from tests.simulation.afterwards.stage import DAY_S, HOUR_S, Paid, Stage
from tests.simulation.afterwards.supplier_desk import SupplierDesk
from tests.simulation.director import Director
from tests.simulation.machines import EPOCH, Machine
from tests.simulation.travellers import Browser, GaveUp, Told

# In such a share of worlds something befalls the trips; in such a share of these at once.
SHARE = 0.35
STORMY_SHARE = 0.25
EARLY_SHARE = 0.1
FAILING_SHARE = 0.3
# Longer than anything that has moved still counts as moving.
STILL_S = 61.0
# So long news take that nothing holds up.
NEWS_S = 5.0
# Longer than any terms of a cancellation bind.
TERMS_S = 2 * HOUR_S
NEWS: tuple[dict[str, Any], ...] = (
    {},
    {"drop": True},
    {"drop": True},
    {"duplicate": 2},
    {"reorder": True},
    {"delay_s": 7_200},
)
PATHS = (
    ("POST", "/v1/refunds"),
    ("GET", "/v1/refunds*"),
    ("GET", "/v1/disputes*"),
    ("GET", "/v1/events"),
    ("GET", "/v1/payment_intents*"),
)
MODES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("reset_before", {}),
    ("commit_then_reset", {}),
    ("http_503", {}),
    ("rate_limited", {}),
    ("cut_body", {}),
    ("refund_pending", {}),
)
STALE = "cancellation_quote_stale"
# A bank may count in a currency of its own.
ELSEWHERE = {"currency": "usd"}


@dataclass
class Aftermath:
    """`reports` are what the last comparisons found, once everything had come to rest."""

    seed: str
    director: Director
    browser: Browser
    workers: Sequence[Machine]
    doors: Sequence[Machine]
    reached: Counter[str]
    wanted: Sequence[str] = ()
    reports: list[Report] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(f"{self.seed}:aftermath")
        self.happens = bool(self.wanted) or self.chance.random() < SHARE
        self.early = self.happens and self.chance.random() < EARLY_SHARE
        self.stormy = self.happens and self.chance.random() < STORMY_SHARE
        self.stage = Stage(
            self.chance, self.director, self.browser, self.workers, self.doors, self.reached
        )
        self.operators = Operators(self.stage)
        self.hanging = Hanging(self.stage, self.operators)
        self.desk = SupplierDesk(self.stage)
        self.acts: dict[str, Callable[[Paid], Awaitable[None]]] = {
            "dashboard refund": self.refund_in_the_dashboard,
            "dispute": self.dispute,
            "cancellation": self.cancel,
            "operator": self.operators.operate,
            "unpaid checkout": self.hanging.leave_unpaid,
            "lost order": self.hanging.lose_orders,
            "part of the money": self.cancel_what_is_paid_in_part,
            "work put aside": self.hanging.put_aside,
            "supplier cancels": self.desk.cancel,
            "supplier sells": self.desk.sell,
            "supplier changes": self.desk.change,
        }
        self.tell, self.meet = self.stage.tell, self.stage.meet
        self.paid, self.at_stripe = self.stage.paid, self.stage.at_stripe

    # --- how it goes

    async def begin_early(self) -> None:
        """While people still book: what their banks do, and people at the dashboard, does not
        wait for us."""
        for _ in range(self.chance.choice((2, 4, 8))):
            await asyncio.sleep(self.chance.expovariate(1 / 20))
            if paid := await self.paid():
                name = self.chance.choice(("dashboard refund", "dispute"))
                await self.acts[name](self.chance.choice(paid))
            await self.reconcile()
        self.meet("money moved while people booked")

    async def live(self, settle: Callable[[], Awaitable[bool]]) -> bool:
        """Let it happen, then let all come to rest; answers whether it did."""
        self.stage.calm = not self.stormy
        news = self.chance.choice(NEWS)
        self.tell(f"the payment provider's news: {news or 'as usual'}")
        await self.director.steer("stripe", "POST", "/_sandbox/webhooks", news)
        if self.stormy:
            await self.storm()
        paid = await self.paid()
        if paid:
            acts = sorted(self.wanted or self.acts)
            names = self.chance.sample(acts, min(len(acts), self.chance.choice((1, 2, 3, 3))))
            await asyncio.gather(*(self.act(name, paid) for name in names))
        await self.reconcile()
        await asyncio.sleep(self.chance.choice((1.0, HOUR_S, 3 * DAY_S)))
        await self.banks_decide(FAILING_SHARE)
        await self.reconcile()
        await self.operators.settle_incidents(await self.trips())
        await self.director.steer("stripe", "POST", "/_sandbox/webhooks", {})
        if self.stormy:
            await self.director.calm()
        self.stage.calm = True
        await self.operators.retry_parked(await self.trips())
        return await self.come_to_rest(settle)

    async def trips(self) -> list[str]:
        return list(dict.fromkeys(each.trip_id for each in await self.paid()))

    async def act(self, name: str, paid: Sequence[Paid]) -> None:
        await asyncio.sleep(self.chance.choice((0.0, 0.01, 1.0, 60.0)))
        await self.acts[name](self.chance.choice(paid))

    async def storm(self) -> None:
        """The same faults as while people booked, and the provider at its worst with refunds."""
        faults = self.director.faults
        faults.rates = dict(faults.drawn_rates)
        for _ in range(self.chance.choice((1, 3))):
            (method, path), (mode, options) = self.chance.choice(PATHS), self.chance.choice(MODES)
            times = self.chance.choice((1, 3))
            await self.director.fault("stripe", method, path, mode, times=times, **options)

    async def come_to_rest(self, settle: Callable[[], Awaitable[bool]]) -> bool:
        """Everything is compared twice: what the first time puts right is right the second."""
        self.stage.calm = settled = True
        for _ in range(2):
            await self.banks_decide(failing=0.0)
            settled = await settle() and settled
            await asyncio.sleep(STILL_S)
            report = await self.stage.on(self.chance.choice(self.workers), self.compare_everything)
            assert report is not None, "in the calm everybody answers"
            self.reports.append(report)
        return await settle() and settled

    async def compare_everything(self, service: Service) -> Report:
        return await service.reconciler.reconcile(Scope(since=EPOCH - timedelta(days=1)))

    async def reconcile(self) -> None:
        """The regular comparison, on one host or on both at once, or while no worker works."""
        await asyncio.sleep(self.chance.choice((0.0, STILL_S, STILL_S)))
        hosts = self.chance.choice((self.workers[:1], self.workers, self.doors[:1]))
        idle = [each.host for each in self.workers] if hosts == self.doors[:1] else []
        for host in idle:
            host.pause()
        looks = (self.stage.on(each, self.look) for each in hosts)
        for report in await asyncio.gather(*looks):
            if report is not None:
                told = Counter(drift.done for drift in report.drifts)
                self.reached.update(f"reconciling {done}" for done in told)
                self.tell(f"reconciled: {dict(told)}")
        for host in idle:
            host.wake()

    async def look(self, service: Service) -> Report | None:
        return await service.reconciler.look()

    # --- what banks do, and people at the provider's dashboard

    async def refund_in_the_dashboard(self, paid: Paid) -> None:
        part = self.chance.choice((None, 1, paid.amount // 3, paid.amount // 2))
        body: dict[str, Any] = {} if part is None else {"amount": part}
        body["pending"] = self.chance.random() < 0.3
        refund = await self.at_stripe(f"payment_intents/{paid.payment_id}/refund", body)
        if refund is not None:
            self.meet(f"dashboard refund in {'full' if part is None else 'part'}")

    async def dispute(self, paid: Paid) -> None:
        half = {"amount": paid.amount // 2}
        body = self.chance.choice(({}, half, half | ELSEWHERE, {"inquiry": True}))
        path = f"payment_intents/{paid.payment_id}/dispute"
        dispute = await self.at_stripe(path, body)
        if dispute is None:
            return
        self.meet("inquiry" if body.get("inquiry") else "dispute opened")
        if "currency" in body:
            self.meet("dispute in another currency")
        await asyncio.sleep(self.chance.choice((0.0, 30.0, DAY_S)))
        status = self.chance.choice(("won", "lost", None))
        if status and not body.get("inquiry"):
            await self.at_stripe(f"disputes/{dispute['id']}/close", {"status": status})
            self.meet(f"dispute {status}")

    async def banks_decide(self, failing: float) -> None:
        """No refund stays on its way for ever; such a share of them, also of those that have
        arrived, comes back. Returns when the news of it are there, unless they are lost or late."""
        entries = await self.stage.journal("stripe")
        ended = {e["refund"] for e in entries if e["kind"] in {"refund.succeeded", "refund.failed"}}
        made = sorted({e["refund"] for e in entries if e["kind"] == "refund.created"} - ended)
        for refund_id in made:
            if self.chance.random() < failing:
                await self.at_stripe(f"refunds/{refund_id}/fail", {})
                self.meet("refund failed later")
            elif await self.at_stripe(f"refunds/{refund_id}/succeed", {}) is not None:
                self.meet("refund succeeded later")
        await asyncio.sleep(NEWS_S)

    # --- what customers do

    async def cancel_what_is_paid_in_part(self, paid: Paid) -> None:
        booked = await self.hanging.pay_in_part(paid)
        if booked is not None:
            await self.cancel(booked)

    async def cancel(self, paid: Paid) -> None:
        """On terms that bind, or on such as do not any more."""
        path = f"/v1/trips/{paid.trip_id}"
        try:
            trip = (await self.browser.ask("GET", path)).body
            codes = [b["code"] for b in trip["bookings"] if b["status"] == "confirmed"]
            chosen = self.chance.choice((codes, codes, codes[:1]))
            await self.cancel_on_terms(path, {"booking_codes": chosen} if chosen else {})
        except GaveUp as gave_up:
            self.tell(f"nobody answered {gave_up}")

    async def cancel_on_terms(self, path: str, wanted: dict[str, Any]) -> None:
        terms = await self.browser.ask("POST", f"{path}/cancellation-quote", wanted)
        if terms.status != 200:
            return
        how = self.chance.choice(("binding", "expired", "replaced"))
        if how == "expired":
            await asyncio.sleep(TERMS_S)
        if how == "replaced":
            await self.browser.ask("POST", f"{path}/cancellation-quote", wanted)
        told = await self.commit(path, terms.body["cancellation_quote_id"])
        if told.status == 200:
            self.meet(f"cancellation {'single' if len(terms.body['lines']) == 1 else 'group'}")
        elif told.body["code"] == STALE:
            self.meet(f"cancellation on {how} terms")
            await self.cancel_on_terms(path, wanted)

    async def commit(self, path: str, quote_id: str) -> Told:
        body = {"cancellation_quote_id": quote_id}
        clicks = [
            self.browser.ask("POST", f"{path}/cancel", body)
            for _ in range(self.chance.choice((1, 2)))
        ]
        told = (await asyncio.gather(*clicks))[-1]
        if told.status == 200:
            self.browser.memory.cancelled_on.append((told.body["trip_id"], quote_id))
        return told
