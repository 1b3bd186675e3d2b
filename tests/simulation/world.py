"""One run: from a seed to a verdict. Hosts, providers and travellers under the drawn faults, then
calm, and a deadline by which everything must have settled; then the checkers look."""

from __future__ import annotations

import asyncio
import gc
import random
import traceback
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from adapters.api_keys import SCOPES, ApiKeys
from adapters.memory.outbox import MemoryOutbox, Waiting
from service.reconciling.run import Report
from tests.simulation.accounts import by_the_rules
from tests.simulation.afterwards.aftermath import Aftermath
from tests.simulation.checkers import CHECKERS, FAR_OFF, Evidence, Violation
from tests.simulation.director import Director
from tests.simulation.faults import Faults
from tests.simulation.loop import Host, SimulatedLoop, silent, simulate
from tests.simulation.machines import (
    DUFFEL,
    FRONT,
    PORT,
    STRIPE,
    HostClock,
    Machine,
    Storage,
    serve_duffel,
    serve_service,
    serve_stripe,
    service_of,
)
from tests.simulation.network import DIRECTOR, Network
from tests.simulation.planted import Composition
from tests.simulation.travellers import Browser, Memory, Traveller

CHAOS_S = (20.0, 60.0, 240.0)
# By then everything must have settled: an authorisation lives seven days.
SETTLED_S_MAX = 9 * 86_400.0
LOOK_S = 3_600.0
SETTLING = ("ready", "leased")
# In such a share of runs one waits until not even a deadline of days is left.
PATIENT_SHARE = 0.2
ROLES = {
    "api-1": frozenset({"api", "project"}),
    "api-2": frozenset({"api"}),
    "worker-1": frozenset({"work", "project"}),
    "worker-2": frozenset({"work"}),
}
SKEWS_S = (-40.0, -3.0, 0.0, 3.0, 40.0)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a run. `digest` is equal for equal runs; `reached` counts what was met."""

    seed: str
    violations: Sequence[Violation]
    story: Sequence[str]
    digest: str
    reached: Counter[str]
    virtual_s: float
    steps: int


@dataclass
class Run:
    """Everything of one run."""

    loop: SimulatedLoop
    seed: str
    planted: Composition
    story: list[str] = field(default_factory=list)
    reached: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.network = Network(self.loop, self.seed, self.tell)
        self.faults = Faults.drawn(self.seed, self.tell, self.reached, self.planted.needs)
        self.chance = random.Random(f"{self.seed}:people")
        self.storage = Storage(HostClock(self.loop))
        self.memory = Memory()
        self.people = Host(self.loop, "people")
        self.machines = [self.machine(name, number) for number, name in enumerate(ROLES)]
        self.network.balanced[(FRONT, PORT)] = [
            (machine.address, PORT) for machine in self.machines if "api" in ROLES[machine.name]
        ]
        self.providers = [
            Machine(self.loop, name, serve, self.faults, address=address)
            for name, serve, address in (
                ("stripe", serve_stripe, STRIPE),
                ("duffel", serve_duffel, DUFFEL),
            )
        ]

    def tell(self, what: str) -> None:
        self.story.append(f"{self.loop.now_s:12.3f}  {what}")
        self.network.digest.update(what.encode())

    def machine(self, name: str, number: int) -> Machine:
        skew_s = 0.0
        if "skew" in self.faults.enabled:
            skew_s = self.faults.chance.choice(SKEWS_S)
            self.reached["skew"] += 1
        serve = partial(
            serve_service, storage=self.storage, planted=self.planted, roles=ROLES[name]
        )
        address = f"127.0.0.{11 + number}"
        return Machine(self.loop, name, serve, self.faults, address=address, skew_s=skew_s)

    async def live(self) -> Verdict:
        self.tell(f"faults: {', '.join(sorted(self.faults.enabled)) or 'none'}")
        host = Host(self.loop, DIRECTOR)
        return await host.spawn(self.direct(host), "director")

    async def direct(self, host: Host) -> Verdict:
        key = await self.api_key()
        director = Director(self.loop, host, self.faults, self.machines)
        aftermath = self.aftermath(director, key)
        await asyncio.sleep(0.1)
        await director.begin(self.planted)
        travellers = [
            self.people.spawn(self.travel(number, key), f"traveller {number}")
            for number in range(self.chance.choice((1, 2, 2, 3)))
        ]
        if aftermath.early:
            travellers.append(host.spawn(aftermath.begin_early(), "what banks do"))
        await director.rage(self.chance.choice(CHAOS_S))
        await director.calm()
        await asyncio.gather(*travellers)
        if aftermath.early:
            await aftermath.banks_decide(failing=0.0)
        patient = self.chance.random() < PATIENT_SHARE
        settled = await self.settle(patient=patient)
        evidence = await self.evidence(director, key, settled=settled)
        violations = await broken_in(evidence)
        self.reached["restarts"] += sum(m.starts - 2 for m in self.machines)
        if aftermath.happens and not violations:
            settled = await aftermath.live(partial(self.settle, patient=patient))
            evidence = await self.evidence(
                director, key, settled=settled, reports=aftermath.reports
            )
            violations = await broken_in(evidence)
        self.note_reached(evidence)
        return Verdict(
            seed=self.seed,
            violations=violations,
            story=self.told_of(evidence, violations),
            digest=self.fingerprint(),
            reached=self.reached,
            virtual_s=self.loop.now_s,
            steps=self.loop.steps,
        )

    def aftermath(self, director: Director, key: str) -> Aftermath:
        chance = random.Random(f"{self.seed}:afterwards")
        return Aftermath(
            seed=self.seed,
            director=director,
            browser=Browser(key, chance, self.faults, self.memory),
            workers=[machine for machine in self.machines if "work" in ROLES[machine.name]],
            doors=[machine for machine in self.machines if "api" in ROLES[machine.name]],
            reached=self.reached,
            wanted=self.planted.befalls,
        )

    async def api_key(self) -> str:
        now = HostClock(self.loop).now()
        keys = ApiKeys(self.storage.keys)
        return (await keys.create("ours", "test", frozenset(SCOPES), now))[0]

    async def travel(self, number: int, key: str) -> None:
        chance = random.Random(f"{self.seed}:traveller:{number}")
        browser = Browser(key, chance, self.faults, self.memory)
        await asyncio.sleep(chance.choice((0.0, 0.0, 5.0, 30.0)))
        await Traveller(browser, chance, self.planted.paying).live()

    async def settle(self, *, patient: bool) -> bool:
        """Let time go on until no work is left; False: some always is. What waits for a far
        deadline is waited for only by the patient."""
        until = self.loop.time() + SETTLED_S_MAX
        while self.loop.time() < until:
            left = unfinished(self.storage.outbox, HostClock(self.loop).now(), patient=patient)
            if not left:
                self.reached["waited for every deadline"] += patient
                return True
            soonest = min(task.available_at for task in left)
            left_s = (soonest - HostClock(self.loop).now()).total_seconds()
            await asyncio.sleep(min(max(left_s, 0.0) + 2.0, LOOK_S))
        return False

    async def evidence(
        self, director: Director, key: str, *, settled: bool, reports: Sequence[Report] = ()
    ) -> Evidence:
        chance = random.Random(f"{self.seed}:auditor")
        asker = Browser(key, chance, self.faults, self.memory)
        journals = {
            provider: (await director.steer(provider, "GET", "/_sandbox/journal"))["entries"]
            for provider in ("stripe", "duffel")
        }
        trips, events = {}, {}
        for trip_id in self.memory.trips:
            trips[trip_id] = (await asker.ask("GET", f"/v1/trips/{trip_id}")).body
            told = await asker.ask("GET", f"/v1/trips/{trip_id}/events")
            events[trip_id] = told.body["events"]
        return Evidence(
            storage=self.storage,
            services=[service_of(machine) for machine in self.machines],
            memory=self.memory,
            journals=journals,
            trips=trips,
            events=events,
            complaints=self.loop.complaints,
            settled=settled,
            reports=reports,
        )

    def note_reached(self, evidence: Evidence) -> None:
        for events in evidence.events.values():
            self.reached.update(event["topic"] for event in events)
            for event in events:
                if event["topic"] == "trip.incident-opened.v1":
                    self.reached[f"incident {event['data']['code']}"] += 1
            rules = by_the_rules(events)
            part = [each for each in rules.gone if 0 < rules.paid[each] < rules.prices[each]]
            self.reached["cancelled what was paid in part"] += len(part)
        self.reached.update(f"trip {trip['status']}" for trip in evidence.trips.values())

    def told_of(self, evidence: Evidence, violations: Sequence[Violation]) -> list[str]:
        story = list(self.story)
        for trip_id in sorted({v.trip_id for v in violations if v.trip_id}):
            story.append(f"trip {trip_id}:")
            for event in evidence.events.get(trip_id, []):
                story.append(f"  {event['recorded_at']}  {event['topic']}  {event['data']}")
            for provider, entries in evidence.of_trip(trip_id).items():
                story += [f"  {provider}: {entry}" for entry in entries]
        return story

    def fingerprint(self) -> str:
        digest = self.network.digest.copy()
        digest.update(self.storage.log.digest().encode())
        return digest.hexdigest()


async def broken_in(evidence: Evidence) -> list[Violation]:
    return [violation for check in CHECKERS for violation in await check(evidence)]


def unfinished(outbox: MemoryOutbox, now: datetime, *, patient: bool) -> list[Waiting]:
    """The work that is not done and not put aside."""
    open_tasks = [task for task in outbox.tasks.values() if task.state in SETTLING]
    return [task for task in open_tasks if patient or task.kind not in FAR_OFF or task.due <= now]


def run(seed: str, planted: Composition | None = None) -> Verdict:
    """The verdict on one seed, the same each time."""
    with silent():
        verdict = judged(seed, planted or Composition())
        # Memory is swept only between runs, so that nothing in a run depends on it.
        gc.collect()
        return verdict


def judged(seed: str, planted: Composition) -> Verdict:
    runs: list[Run] = []

    async def story(loop: SimulatedLoop) -> Verdict:
        runs.append(Run(loop, seed, planted))
        return await runs[0].live()

    try:
        return simulate(seed, story)
    except Exception as error:
        if not runs:
            raise
        broken = traceback.format_exception_only(error) + traceback.format_tb(error.__traceback__)
        return Verdict(
            seed=seed,
            violations=[Violation("P1", f"the run ended early: {error!r}")],
            story=[*runs[0].story, *broken],
            digest=runs[0].fingerprint(),
            reached=runs[0].reached,
            virtual_s=runs[0].loop.now_s,
            steps=runs[0].loop.steps,
        )
