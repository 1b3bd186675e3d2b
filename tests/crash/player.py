"""Processes of the service that play a part, some of them to their doom."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from service.serving import Role
from tests.contracts.waiting import until
from tests.crash.points import arm
from tests.forking import Forked, fork, nothing

STAND_S_MAX = 90.0


@dataclass(frozen=True, slots=True)
class Part:
    """What a process is to play; at its `doom`, a named point, it sends itself the signal."""

    roles: Sequence[Role]
    doom: str | None = None
    passing: int = 1
    signal: signal.Signals = signal.SIGKILL


@dataclass(frozen=True, slots=True)
class Player(Forked):
    part: Part

    async def stands_still(self) -> None:
        """Return when it has been stopped by SIGSTOP."""
        stat = Path(f"/proc/{self.process.pid}/stat")

        async def stopped() -> bool:
            return (await asyncio.to_thread(stat.read_text)).rpartition(")")[2].split()[0] == "T"

        await until(stopped, STAND_S_MAX)


def start(part: Part, environment: Mapping[str, str], log: Path) -> Player:
    """`tripledger serve` in the roles of its part."""
    words = ("serve", *(word for role in part.roles for word in ("--role", role)))
    first = partial(arm, part.doom, part.passing, part.signal) if part.doom else nothing
    return Player(fork(environment, *words, complaints=log, first=first), part)
