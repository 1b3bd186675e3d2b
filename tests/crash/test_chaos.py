"""Some of everything at once; `make soak` does all of it for as long as you like."""

from __future__ import annotations

import random

import pytest

from tests.crash.chaos import chaos

pytestmark = pytest.mark.timeout(600)

BLOWS = 8


async def test_whatever_is_killed_paused_stopped_and_cut_everything_happens_once() -> None:
    seed = random.randrange(2**32)
    async with chaos(seed) as raised:
        try:
            await raised.round(BLOWS)
        except Exception as error:
            error.add_note(f"seed {seed}, after {raised.story}")
            raise
