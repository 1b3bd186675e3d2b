"""An event loop whose time is virtual, whose callbacks belong to hosts that can be crashed or
paused between any two of them, and under which every source of chance is seeded."""

from __future__ import annotations

import asyncio
import gc
import heapq
import logging
import os
import random
import socket
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import Context, ContextVar, copy_context
from typing import TYPE_CHECKING, Any, TypeVar, cast
from unittest.mock import patch

import aiohttp.connector
import stripe
import structlog

if TYPE_CHECKING:
    from tests.simulation.network import Network

STEPS_AT_ONE_INSTANT_MAX = 200_000

HOST: ContextVar[Host | None] = ContextVar("host", default=None)
# Where callbacks run that are no host's: of the director and of the laws of nature.
NOBODY = Context()
T = TypeVar("T")


class StandsStill(Exception):
    """Nobody will ever do anything again, or nobody lets time go on."""


class Host:
    """One running process: what it has scheduled runs while it lives and is not paused. A restart
    is a new host; a dead one never runs another line, not even `finally`."""

    def __init__(self, loop: SimulatedLoop, name: str) -> None:
        self.loop = loop
        self.name = name
        self.alive = True
        self.stash: list[asyncio.Handle] | None = None
        self.context: Context = copy_context()
        self.context.run(HOST.set, self)

    def admits(self, handle: asyncio.Handle) -> bool:
        """Whether to run it now; a paused host keeps it for later."""
        if not self.alive:
            return False
        if self.stash is not None:
            self.stash.append(handle)
            return False
        return True

    def spawn(self, work: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        return self.loop.create_task(work, name=name, context=self.context)

    def crash(self) -> None:
        self.alive = False
        self.stash = None
        self.loop.network.drop(self)

    def pause(self) -> None:
        if self.alive and self.stash is None:
            self.stash = []

    def wake(self) -> None:
        stash, self.stash = self.stash, None
        if self.alive and stash:
            self.loop._ready.extend(stash)


class NumberedTask(asyncio.Task):  # type: ignore[type-arg]
    """Sets of tasks are walked in the order of their numbers, not of their addresses."""

    count = 0

    def __init__(self, *args: Any, **options: Any) -> None:
        NumberedTask.count += 1
        self.number = NumberedTask.count
        super().__init__(*args, **options)

    def __hash__(self) -> int:
        return self.number


class SimulatedLoop(asyncio.BaseEventLoop):
    """Jumps to the next timer when nothing is left to do now. Connections are the network's."""

    network: Network

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0
        self.timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self.timers_set = 0
        self.steps = 0
        self.at_this_instant = 0
        self.complaints: list[str] = []
        self.set_task_factory(
            lambda loop, work, **options: NumberedTask(work, loop=loop, **options)
        )
        self.set_exception_handler(self.complain)

    def time(self) -> float:
        return self.now_s

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., object], *args: Any, context: Any = None
    ) -> asyncio.TimerHandle:
        """Timers of one instant fire in the order in which they were set."""
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        self.timers_set += 1
        heapq.heappush(self.timers, (when, self.timers_set, timer))
        return timer

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """It is passed over when its time comes."""

    def _run_once(self) -> None:
        ready, timers = self._ready, self.timers  # type: ignore[attr-defined]
        while timers and timers[0][2]._cancelled:
            heapq.heappop(timers)
        if not ready:
            if not timers:
                raise StandsStill("nothing is left to do, ever")
            if timers[0][0] > self.now_s:
                self.now_s = timers[0][0]
                self.at_this_instant = 0
        while timers and timers[0][0] <= self.now_s:
            ready.append(heapq.heappop(timers)[2])
        for _ in range(len(ready)):
            handle = ready.popleft()
            if handle._cancelled:
                continue
            host = handle._context.get(HOST)
            if host is not None and not host.admits(handle):
                continue
            self.steps += 1
            self.at_this_instant += 1
            handle._run()
        if self.at_this_instant > STEPS_AT_ONE_INSTANT_MAX:
            raise StandsStill(f"time does not go on at {self.now_s} s")

    def complain(self, _loop: object, context: dict[str, Any]) -> None:
        """What nobody has caught; what dead hosts leave open is not complained of."""
        error = context.get("exception")
        where = traceback.format_tb(error.__traceback__) if error else []
        # A web server that loses its client in mid-step stumbles over that in its own code.
        if where and "aiohttp" not in where[-1]:
            self.complaints.append(f"{context['message']}: {error!r} {''.join(where[-2:])}")

    def _process_events(self, event_list: object) -> None:
        """There are no files to watch."""

    def _write_to_self(self) -> None:
        """There are no other threads to be woken by."""

    def run_in_executor(self, *_: Any) -> Any:
        raise StandsStill("threads are not simulated")

    async def getaddrinfo(self, host: Any, port: Any, **_: Any) -> Any:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port))]

    async def sock_connect(self, sock: socket.socket, address: Any) -> None:
        await self.network.reach(sock, address)

    async def create_connection(self, protocol_factory: Any, *_: Any, **options: Any) -> Any:
        return self.network.connect(options["sock"], protocol_factory)

    async def create_server(
        self, protocol_factory: Any, host: Any = None, port: Any = None, **_: Any
    ) -> Any:
        return self.network.listen(protocol_factory, host, port)


@contextmanager
def seeded(seed: str, loop: SimulatedLoop) -> Iterator[None]:
    """Every random number, id and key comes from the seed, and nothing depends on when memory is
    swept."""
    entropy = random.Random(f"{seed}:entropy")

    def urandom(size: int) -> bytes:
        return entropy.randbytes(size)

    state = random.getstate()
    random.seed(f"{seed}:random")
    NumberedTask.count = 0
    with ExitStack() as stack:
        stack.enter_context(patch.object(os, "urandom", urandom))
        stack.enter_context(patch.object(random, "_urandom", urandom))
        stack.enter_context(patch.object(time, "time_ns", lambda: int(loop.time() * 1e9)))
        stack.enter_context(patch.object(aiohttp.connector, "monotonic", loop.time))
        # It would tell Stripe how long the last call took of real time.
        stack.enter_context(patch.object(stripe, "enable_telemetry", False))
        gc.disable()
        try:
            yield
        finally:
            gc.enable()
            random.setstate(state)


def simulate(seed: str, story: Callable[[SimulatedLoop], Coroutine[Any, Any, T]]) -> T:
    """What the story answers when it has run alone on a loop of its own."""
    loop = SimulatedLoop()
    with seeded(seed, loop):
        try:
            return loop.run_until_complete(story(loop))
        finally:
            abandon(loop)


def abandon(loop: SimulatedLoop) -> None:
    """Pull the plug on whatever was under way."""
    for task in asyncio.all_tasks(loop):
        cast(Any, task)._log_destroy_pending = False
    loop._ready.clear()  # type: ignore[attr-defined]
    loop.timers.clear()
    loop.close()


@contextmanager
def silent() -> Iterator[None]:
    """Nothing is logged, and what coroutines say in being thrown away is not heard."""
    config = structlog.get_config()
    deaf = structlog.make_filtering_bound_logger(logging.CRITICAL)
    logging.disable(logging.CRITICAL)
    structlog.configure(wrapper_class=deaf, cache_logger_on_first_use=False)
    with patch.object(sys, "unraisablehook", lambda _: None), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            structlog.configure(**config)
            logging.disable(logging.NOTSET)
