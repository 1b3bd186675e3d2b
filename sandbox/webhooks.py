"""Webhooks as a provider sends them: signed, at least once, in no promised order, retried for days
on the sandbox clock, and as badly as the controls ask for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any

import aiohttp

from sandbox.clock import SandboxClock
from sandbox.witnesses import Seen, tell

ATTEMPT_TIMEOUT_S = 10.0
RETRY_FIRST_S = 1.0
RETRY_PAUSE_MAX_S = 3_600.0
RETRY_FOR_S = 72 * 3_600.0
REORDER_WINDOW_S = 0.3
DUPLICATES_MAX = 100
LOG_ENTRIES_MAX = 10_000

Sign = Callable[[bytes, str, int], dict[str, str]]
"""Headers that vouch for a body: (raw body, secret, epoch seconds) to headers."""


class BadControls(ValueError):
    """Controls that cannot be understood; the message says which are possible."""


@dataclass(frozen=True, kw_only=True)
class Controls:
    """In force until changed. `duplicate` counts the extra copies of each event; `early` makes the
    provider await the first delivery before it answers the call that caused it."""

    duplicate: int = 0
    drop: bool = False
    delay_s: float = 0.0
    reorder: bool = False
    old_secret: bool = False
    early: bool = False

    @classmethod
    def parsed(cls, wanted: dict[str, Any]) -> Controls:
        kinds: dict[str, type | tuple[type, ...]] = {"duplicate": int, "delay_s": (int, float)}
        for name, value in wanted.items():
            if name not in {each.name for each in fields(cls)}:
                known = ", ".join(each.name for each in fields(cls))
                raise BadControls(f"unknown control {name!r}; controls are: {known}")
            kind = kinds.get(name, bool)
            if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
                raise BadControls(f"{name} has a value of the wrong type: {value!r}")
        controls = cls(**wanted)
        if not 0 <= controls.duplicate <= DUPLICATES_MAX or controls.delay_s < 0:
            raise BadControls(f"duplicate is 0 to {DUPLICATES_MAX}, delay_s is not negative")
        return controls


@dataclass(kw_only=True)
class Endpoint:
    url: str
    secret: str
    old_secret: str
    event_types: frozenset[str] = frozenset({"*"})

    def wants(self, event_type: str) -> bool:
        return "*" in self.event_types or event_type in self.event_types


@dataclass(frozen=True, kw_only=True)
class Delivery:
    number: int
    endpoint: Endpoint
    event_id: str
    event_type: str
    body: bytes


@dataclass(kw_only=True)
class Webhooks:
    """Delivers events to every endpoint that wants them and remembers each attempt."""

    clock: SandboxClock
    sign: Sign
    endpoints: list[Endpoint] = field(default_factory=list)
    controls: Controls = field(default_factory=Controls)
    log: list[dict[str, Any]] = field(default_factory=list)
    number: int = 0
    first_attempts: dict[asyncio.Task[None], int] = field(default_factory=dict)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    held: list[Delivery] = field(default_factory=list)
    http: aiohttp.ClientSession | None = None

    def register(
        self,
        url: str,
        secret: str,
        *,
        old_secret: str | None = None,
        event_types: frozenset[str] = frozenset({"*"}),
    ) -> Endpoint:
        endpoint = Endpoint(
            url=url,
            secret=secret,
            old_secret=old_secret or f"{secret}_retired",
            event_types=event_types,
        )
        self.endpoints.append(endpoint)
        return endpoint

    def wanted_by(self, event_type: str) -> int:
        return sum(endpoint.wants(event_type) for endpoint in self.endpoints)

    def send(self, event_id: str, event_type: str, body: bytes) -> None:
        tell(Seen(provider="stripe" if event_id.startswith("evt_") else "duffel", answer=body))
        for endpoint in self.endpoints:
            if not endpoint.wants(event_type):
                continue
            self.number += 1
            delivery = Delivery(
                number=self.number,
                endpoint=endpoint,
                event_id=event_id,
                event_type=event_type,
                body=body,
            )
            if self.controls.drop:
                self.note(delivery, 0, "dropped")
            elif self.controls.reorder:
                self.hold_for_reordering(delivery)
            else:
                self.start([delivery])

    def hold_for_reordering(self, delivery: Delivery) -> None:
        self.held.append(delivery)
        if len(self.held) == 1:
            self.track(self.release_held(), delivery.number)

    async def release_held(self) -> None:
        """What came within the window goes out last come, first served, one after the other."""
        await asyncio.sleep(REORDER_WINDOW_S)
        held, self.held = self.held, []
        await self.deliver(held[::-1])

    def start(self, deliveries: list[Delivery]) -> None:
        self.track(self.deliver(deliveries), deliveries[-1].number)

    def track(self, work: Any, number: int) -> None:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
        self.first_attempts[task] = number
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        task.add_done_callback(lambda done: self.first_attempts.pop(done, None))

    async def deliver(self, deliveries: list[Delivery]) -> None:
        controls = self.controls
        if controls.delay_s:
            await self.clock.sleep(controls.delay_s)
        for delivery in deliveries:
            for _ in range(1 + controls.duplicate):
                if not await self.attempt(delivery, 1, controls):
                    self.retry_later(delivery, controls)

    def retry_later(self, delivery: Delivery, controls: Controls) -> None:
        task = asyncio.get_running_loop().create_task(self.retry(delivery, controls))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def retry(self, delivery: Delivery, controls: Controls) -> None:
        pause_s, waited_s, attempt = RETRY_FIRST_S, 0.0, 1
        while waited_s < RETRY_FOR_S:
            await self.clock.sleep(pause_s)
            waited_s += pause_s
            pause_s = min(pause_s * 2, RETRY_PAUSE_MAX_S)
            attempt += 1
            if await self.attempt(delivery, attempt, controls):
                return
        self.note(delivery, attempt, "gave_up")

    async def attempt(self, delivery: Delivery, attempt: int, controls: Controls) -> bool:
        endpoint = delivery.endpoint
        secret = endpoint.old_secret if controls.old_secret else endpoint.secret
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            **self.sign(delivery.body, secret, self.clock.epoch()),
        }
        if self.http is None:
            self.http = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=ATTEMPT_TIMEOUT_S)
            )
        try:
            async with self.http.post(
                endpoint.url, data=delivery.body, headers=headers, allow_redirects=False
            ) as answer:
                await answer.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            self.note(delivery, attempt, "failed", error=type(error).__name__)
            return False
        accepted = 200 <= answer.status < 300
        self.note(
            delivery, attempt, "delivered" if accepted else "failed", http_status=answer.status
        )
        return accepted

    def note(self, delivery: Delivery, attempt: int, outcome: str, **details: Any) -> None:
        del self.log[: max(0, len(self.log) - LOG_ENTRIES_MAX + 1)]
        self.log.append(
            {
                "at": self.clock.now().isoformat(),
                "event_id": delivery.event_id,
                "event_type": delivery.event_type,
                "url": delivery.endpoint.url,
                "attempt": attempt,
                "outcome": outcome,
                **details,
            }
        )

    async def settle(self, *, after: int) -> None:
        """Wait for the first attempts of the events sent after the one of that number."""
        begun = [task for task, number in self.first_attempts.items() if number > after]
        if begun:
            await asyncio.wait(begun)

    async def close(self) -> None:
        for task in list(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        if self.http is not None:
            await self.http.close()
