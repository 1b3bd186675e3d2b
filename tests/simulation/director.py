"""Brings the drawn faults about while it is chaotic, and then makes everything work again."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from typing import Any

import aiohttp

from tests.simulation.faults import (
    DUFFEL_MODES,
    DUFFEL_PATHS,
    ORDER_PATHS,
    STRIPE_MODES,
    STRIPE_PATHS,
    WEBHOOKS,
    Faults,
)
from tests.simulation.loop import Host, SimulatedLoop
from tests.simulation.machines import CALM_POLL_S, DUFFEL_URL, STRIPE_URL, HostClock, Machine
from tests.simulation.planted import Composition

URLS = {"stripe": STRIPE_URL, "duffel": DUFFEL_URL}
NO_CONTROLS: dict[str, Any] = {}
# In such a share of worlds the supplier sells one offer as often as it is ordered.
SELLING_TWICE_SHARE = 0.5
OFTEN = 1_000
# More often than a client tries again by itself.
AT_FIRST = 4


class Director:
    """Acts from a host of its own, which no fault befalls."""

    def __init__(
        self, loop: SimulatedLoop, host: Host, faults: Faults, machines: Sequence[Machine]
    ) -> None:
        self.loop = loop
        self.host = host
        self.faults = faults
        self.chance: random.Random = faults.chance
        self.machines = machines
        self.session = aiohttp.ClientSession()
        self.pause_s = self.chance.choice((1.0, 3.0, 10.0))
        self.acts = {
            "partitions": self.partition,
            "stripe": self.break_stripe,
            "duffel": self.break_duffel,
            "webhooks": self.disturb_webhooks,
            "resets": self.reset,
            "crashes": self.crash,
            "pauses": self.pause,
        }

    async def steer(self, provider: str, method: str, path: str, body: Any = None) -> Any:
        async with self.session.request(method, URLS[provider] + path, json=body) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json()

    async def ask(self, provider: str, method: str, path: str, body: Any = None) -> Any:
        """None: it is refused."""
        async with self.session.request(method, URLS[provider] + path, json=body) as answer:
            return await answer.json() if answer.status < 300 else None

    async def begin(self, planted: Composition) -> None:
        """What is wrong before the first traveller comes."""
        for provider, method, path, mode in planted.begins:
            await self.fault(provider, method, path, mode, times=AT_FIRST)
        if "slow_network" in self.faults.enabled:
            self.loop.network.weather.jitter_s = self.chance.choice((0.05, 0.5, 5.0))
            self.faults.fired["slow_network"] += 1
        if "stripe" in self.faults.enabled:
            for _ in range(self.chance.choice((0, 2, 4))):
                await self.break_stripe()
        if "duffel" in self.faults.enabled:
            for _ in range(self.chance.choice((2, 4))):
                await self.break_at("duffel", ORDER_PATHS, DUFFEL_MODES)
        if self.chance.random() < SELLING_TWICE_SHARE:
            # Nobody who sends each order once will ever notice.
            for method, path in ORDER_PATHS:
                await self.fault("duffel", method, path, "sells_twice", times=OFTEN)
        for _ in range(self.chance.choice((0, 2, 5))):
            await self.act()

    async def rage(self, seconds: float) -> None:
        """Chaos for so long: one thing after the other of those the seed has switched on."""
        until = self.loop.time() + seconds
        while self.loop.time() < until:
            await self.act()
            await asyncio.sleep(self.chance.expovariate(1 / self.pause_s))

    async def act(self) -> None:
        names = sorted(self.faults.enabled & self.acts.keys())
        if names:
            name = self.chance.choice(names)
            self.faults.fired[name] += 1
            await self.acts[name]()

    async def partition(self) -> None:
        names = [machine.name for machine in self.machines] + ["stripe", "duffel"]
        one, other = self.chance.sample(names, 2)
        pairs = {(one, other)} | ({(other, one)} if self.chance.random() < 0.5 else set())
        lasts_s = self.chance.choice((1.0, 10.0, 60.0, 300.0))
        self.faults.told(f"partition {sorted(pairs)} for {lasts_s} s")
        weather = self.loop.network.weather
        weather.cut |= pairs

        def heal() -> None:
            weather.cut -= pairs
            for pipe in list(self.loop.network.pipes):
                pipe.heal()

        self.loop.call_later(lasts_s, heal)

    async def break_stripe(self) -> None:
        await self.break_at("stripe", STRIPE_PATHS, STRIPE_MODES)

    async def break_duffel(self) -> None:
        await self.break_at("duffel", DUFFEL_PATHS, DUFFEL_MODES)

    async def break_at(
        self,
        provider: str,
        paths: Sequence[tuple[str, str]],
        modes: Sequence[tuple[str, dict[str, Any]]],
    ) -> None:
        (method, path), (mode, options) = self.chance.choice(paths), self.chance.choice(modes)
        times = self.chance.choice((1, 1, 1, 3))
        await self.fault(provider, method, path, mode, times=times, **options)

    async def fault(
        self, provider: str, method: str, path: str, mode: str, *, times: int, **options: Any
    ) -> None:
        self.faults.told(f"{provider}: {mode} at {method} {path}, {times} times")
        rule = {"match": {"method": method, "path": path}, "mode": mode, "times": times, **options}
        await self.steer(provider, "POST", "/_sandbox/faults", rule)

    async def disturb_webhooks(self) -> None:
        provider = self.chance.choice(("stripe", "duffel"))
        controls = self.chance.choice((NO_CONTROLS, *WEBHOOKS))
        self.faults.told(f"{provider}: webhooks {controls or 'as usual'}")
        await self.steer(provider, "POST", "/_sandbox/webhooks", controls)

    async def reset(self) -> None:
        share = self.chance.choice((0.0, 0.02, 0.1))
        self.faults.told(f"connections break with chance {share}")
        self.loop.network.weather.reset_chance = share

    async def crash(self) -> None:
        self.chance.choice(list(self.machines)).crash()

    async def pause(self) -> None:
        machine = self.chance.choice(list(self.machines))
        seconds = self.chance.choice((5.0, 60.0, 400.0))
        self.faults.told(f"{machine.name} is stopped for {seconds} s")
        machine.host.pause()
        self.loop.call_later(seconds, machine.host.wake)

    async def calm(self) -> None:
        """No more faults; whatever was stopped goes on, and every process is started anew."""
        self.faults.told("calm: everything works again")
        self.faults.calm_down()
        self.loop.network.heal()
        for provider in URLS:
            await self.steer(provider, "DELETE", "/_sandbox/faults")
            await self.steer(provider, "POST", "/_sandbox/webhooks", NO_CONTROLS)
        for machine in self.machines:
            machine.host.wake()
        await asyncio.sleep(5.0)
        for machine in self.machines:
            machine.clock = HostClock(self.loop)
            machine.poll_s = CALM_POLL_S
            machine.replace()
        await asyncio.sleep(5.0)
