"""Processes of the service, forked from one that has everything imported already: starting them is
cheap, and they are killed, paused and told to end like any other."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from service.serving import Role
from tests.contracts.waiting import until
from tests.crash.points import arm

STOP_S_MAX = 60.0
STAND_S_MAX = 90.0

forks = multiprocessing.get_context("forkserver")
forks.set_forkserver_preload([__name__, "pytest", "uvloop", "service.cli.running"])


@dataclass(frozen=True, slots=True)
class Part:
    """What a process is to play; at its `doom`, a named point, it sends itself the signal."""

    roles: Sequence[Role]
    doom: str | None = None
    passing: int = 1
    signal: signal.Signals = signal.SIGKILL


@dataclass(frozen=True, slots=True)
class Player:
    part: Part
    process: ForkServerProcess

    @property
    def alive(self) -> bool:
        return self.process.is_alive()

    def send(self, number: signal.Signals) -> None:
        assert self.process.pid is not None, "it has been started"
        os.kill(self.process.pid, number)

    async def ended(self) -> int:
        """Its exit code, as soon as there is one; minus the signal's number when it was killed."""
        over = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(self.process.sentinel, over.set)
        try:
            await over.wait()
        finally:
            loop.remove_reader(self.process.sentinel)
        self.process.join()
        assert self.process.exitcode is not None
        return self.process.exitcode

    async def stands_still(self) -> None:
        """Return when it has been stopped by SIGSTOP."""
        stat = Path(f"/proc/{self.process.pid}/stat")

        async def stopped() -> bool:
            return (await asyncio.to_thread(stat.read_text)).rpartition(")")[2].split()[0] == "T"

        await until(stopped, STAND_S_MAX)

    async def kill(self) -> None:
        """Nothing is finished, nothing is told."""
        self.send(signal.SIGKILL)
        await self.ended()

    async def stop(self) -> None:
        """It finishes what it does; it is killed if it never does, and that is a failure."""
        if not self.alive:
            return
        self.send(signal.SIGINT)
        self.send(signal.SIGCONT)
        try:
            async with asyncio.timeout(STOP_S_MAX):
                assert await self.ended() == 0
        except TimeoutError:
            await self.kill()
            raise


def start(part: Part, environment: Mapping[str, str], log: Path) -> Player:
    process = forks.Process(target=play, args=(part, dict(environment), log), daemon=True)
    process.start()
    return Player(part, process)


def play(part: Part, environment: dict[str, str], log: Path) -> None:
    """Runs in the new process: `tripledger serve`, with a doom where there is one."""
    from service.cli import main

    sink = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(sink, 2)
    os.environ.clear()
    os.environ.update(environment)
    if part.doom is not None:
        arm(part.doom, part.passing, part.signal)
    sys.argv = ["tripledger", "serve", *(word for role in part.roles for word in ("--role", role))]
    main()
