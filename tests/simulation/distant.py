"""Stores as a host sees them: at the end of a wire. Between any two steps the host may stop for a
while or for ever, and an answer may be lost before or after its effect."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from adapters.event_log.committer import LogUnreachable
from tests.simulation.faults import PAUSES_S, Faults
from tests.simulation.loop import NOBODY, Host, SimulatedLoop

WIRE_S = 0.0005
SLOW_FACTOR = 400
WAITING = {"changed"}
Method = Callable[..., Awaitable[Any]]


class Wire:
    """One host's way to the stores."""

    def __init__(
        self, loop: SimulatedLoop, host: Host, faults: Faults, crash: Callable[[], None]
    ) -> None:
        self.loop = loop
        self.host = host
        self.faults = faults
        self.crash = crash

    async def pass_over(self) -> None:
        reach_s = WIRE_S * (0.5 + self.faults.chance.random())
        if "slow_stores" in self.faults.enabled and self.faults.rates:
            self.faults.fired["slow_stores"] += 1
            reach_s *= 1 + SLOW_FACTOR * self.faults.chance.random() ** 6
        await asyncio.sleep(reach_s)
        if not self.host.alive:
            return
        if self.faults.strikes("crashes"):
            self.crash()
            await asyncio.sleep(0)
        if self.faults.strikes("pauses"):
            pause_s = self.faults.chance.choice(PAUSES_S)
            self.faults.told(f"{self.host.name} stands still for {pause_s} s")
            self.host.pause()
            self.loop.call_later(pause_s, self.host.wake, context=NOBODY)
            await asyncio.sleep(0)

    async def call(self, name: str, method: Method, *a: Any, **k: Any) -> Any:
        await self.pass_over()
        if self.faults.strikes("lost_stores"):
            self.faults.told(f"{self.host.name}: {name} never reached the store")
            raise lost(name)
        answer = await method(*a, **k)
        self.loop.network.digest.update(f"{self.host.name}:{name};".encode())
        await self.pass_over()
        if self.faults.strikes("lost_stores"):
            self.faults.told(f"{self.host.name}: the answer to {name} was lost")
            if name == "append" and self.faults.chance.random() < 0.5:
                # What the committer does as long as it can: ask again, and learn what became of it.
                return await method(*a, **k)
            raise lost(name)
        return answer


def lost(name: str) -> Exception:
    if name == "append":
        return LogUnreachable("the log did not answer; repeating is safe")
    return ConnectionResetError("connection to the database was lost")


class Distant:
    """A store whose every method goes over the wire."""

    def __init__(self, store: Any, wire: Wire) -> None:
        self._store = store
        self._wire = wire

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if not asyncio.iscoroutinefunction(found):
            return found
        way = self.waiting(found) if name in WAITING else partial(self._wire.call, name, found)
        # Whoever asks for it again is not held up here.
        self.__dict__[name] = way
        return way

    def waiting(
        self, wait: Callable[[float], Awaitable[None]]
    ) -> Callable[[float], Awaitable[None]]:
        async def hear(timeout_s: float) -> None:
            if self._wire.faults.strikes("deaf"):
                await asyncio.sleep(timeout_s)
            else:
                await wait(timeout_s)

        return hear
