"""A process in which the tests play single worlds; all that these need is imported there once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.pool import Pool
from unittest.mock import patch

import pytest

from tests.simulation.batch import start_worker


@pytest.fixture(scope="session")
def player() -> Iterator[Pool]:
    """Its sets of words have the order that they have in every run."""
    with patch.dict(os.environ, PYTHONHASHSEED="0"):
        pool = get_context("spawn").Pool(1, start_worker)
    with pool:
        yield pool
