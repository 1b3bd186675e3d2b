"""How long who follows the log rests after a failure: what soon is over is not waited for."""

from __future__ import annotations

PAUSE_S_MIN, PAUSE_S_MAX = 0.1, 5.0
DOUBLED_MAX = 6


def pause_s(failures: int) -> float:
    """After so many in a row, from 1."""
    return float(min(PAUSE_S_MIN * 2 ** min(failures - 1, DOUBLED_MAX), PAUSE_S_MAX))
