"""What became of a task: done, again later, or a person must look."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """Its outcome is recorded, or there was nothing to do any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """Try again after `pause`; `sent` tells whether its effect may have reached the provider."""

    pause: timedelta
    reason: str
    sent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """Trying again would not help."""

    reason: str


Outcome = Done | Again | Parked

PAUSE_FIRST_S = 1.0
PAUSE_MAX_S = 300.0
# More is beyond every limit, and in the end beyond numbers.
DOUBLED_MAX = 30


def backoff(attempts: int, first_s: float = PAUSE_FIRST_S, max_s: float = PAUSE_MAX_S) -> timedelta:
    """Doubling pauses, from a second up to five minutes for tasks; `attempts` counts from 1."""
    return timedelta(seconds=min(first_s * 2 ** min(attempts - 1, DOUBLED_MAX), max_s))
