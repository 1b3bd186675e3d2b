"""Where the aftermath plays: the hosts, the providers, a browser, and a chance of its own."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from domain.errors import Refused
from service.app import Service
from tests.simulation.director import Director
from tests.simulation.machines import Machine, service_of
from tests.simulation.travellers import Browser

ANSWERED_S_MAX = 900.0
MINUTE_S, HOUR_S, DAY_S = 60.0, 3_600.0, 86_400.0
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Paid:
    """Money that was taken for a trip, as the provider's journal tells."""

    payment_id: str
    trip_id: str
    amount: int


@dataclass
class Stage:
    """`calm`: no faults, so that whoever is asked answers."""

    chance: random.Random
    director: Director
    browser: Browser
    workers: Sequence[Machine]
    doors: Sequence[Machine]
    reached: Counter[str]
    calm: bool = False

    def tell(self, what: str) -> None:
        self.director.faults.told(f"aftermath: {what}")

    def meet(self, what: str) -> None:
        self.reached[what] += 1
        self.tell(what)

    def likely(self, share: float) -> bool:
        return self.chance.random() < share

    async def on(
        self, machine: Machine, work: Callable[[Service], Coroutine[Any, Any, T]]
    ) -> T | None:
        """What came of it on that host; None: it was refused, or the host has died over it."""
        task = machine.host.spawn(work(service_of(machine)), "asked of it")
        done, _ = await asyncio.wait({task}, timeout=ANSWERED_S_MAX)
        if not done:
            return None
        error = task.exception()
        if error is None:
            return task.result()
        self.tell(f"{machine.name}: {error!r}")
        if self.calm and not isinstance(error, Refused):
            raise error
        return None

    async def journal(self, provider: str) -> list[dict[str, Any]]:
        told = await self.director.steer(provider, "GET", "/_sandbox/journal")
        entries: list[dict[str, Any]] = told["entries"]
        return entries

    async def paid(self) -> list[Paid]:
        return [
            Paid(
                payment_id=entry["payment_intent"],
                trip_id=entry["metadata"]["trip_id"],
                amount=entry["amount"],
            )
            for entry in await self.journal("stripe")
            if entry["kind"] == "payment.captured" and "trip_id" in entry["metadata"]
        ]

    async def at_stripe(self, path: str, body: dict[str, Any]) -> Any:
        """What the provider answers; None: it refuses, as when nothing is left to give back."""
        told = await self.browser.at_stripe(f"/_sandbox/{path}", body)
        return told.body if told.status < 300 else None
