"""`tripledger` in processes of its own, forked from one that has imported the service already: to
start one is cheap, and it is killed, paused and told to end like any other."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

STOP_S_MAX = 60.0

forks = multiprocessing.get_context("forkserver")
# All but the commands themselves, which look at their environment when they are imported.
IMPORTED = ("pytest", "uvloop", "cyclopts", "rich.progress", "adapters.memory", "service.serving")
forks.set_forkserver_preload([__name__, *IMPORTED])


@dataclass(frozen=True, slots=True)
class Forked:
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

    async def kill(self) -> None:
        """SIGKILL: nothing is finished, nothing is told."""
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


class Done(NamedTuple):
    code: int
    answer: str
    complaints: str

    @classmethod
    def of(cls, code: int, answer: Path, complaints: Path) -> Done:
        return cls(code, answer.read_text(), complaints.read_text())


def nothing() -> None:
    """What most processes do before they begin."""


def fork(
    environment: Mapping[str, str],
    *words: str,
    answer: Path = Path(os.devnull),
    complaints: Path = Path(os.devnull),
    first: Callable[[], None] = nothing,
) -> ForkServerProcess:
    """`tripledger <words>` in this environment and no other, writing to these files. `first` is
    called in the new process before anything else."""
    told = (dict(environment), words, answer, complaints, first)
    process = forks.Process(target=play, args=told, daemon=True)
    process.start()
    return process


def play(
    environment: dict[str, str],
    words: tuple[str, ...],
    answer: Path,
    complaints: Path,
    first: Callable[[], None],
) -> None:
    """Runs in the new process."""
    os.environ.clear()
    os.environ.update(environment)
    for descriptor, path in ((1, answer), (2, complaints)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), descriptor)
    from service.cli import main

    first()
    sys.argv = ["tripledger", *words]
    main()


async def command(environment: Mapping[str, str], *words: str) -> Done:
    """What comes of `tripledger <words>` in this environment and no other."""
    with TemporaryDirectory() as place:
        answer, complaints = Path(place, "answer"), Path(place, "complaints")
        forked = Forked(fork(environment, *words, answer=answer, complaints=complaints))
        try:
            code = await forked.ended()
        finally:
            if forked.alive:
                await forked.kill()
        return Done.of(code, answer, complaints)
