"""How long who follows the log rests after a failure: what soon is over is not waited for."""

from __future__ import annotations

from service.workers.outcomes import backoff

PAUSE_S_MIN, PAUSE_S_MAX = 0.1, 5.0


def pause_s(failures: int) -> float:
    """After so many in a row, from 1."""
    return backoff(failures, PAUSE_S_MIN, PAUSE_S_MAX).total_seconds()
