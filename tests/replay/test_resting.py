"""A follower that fails tries again at once, and less and less often while it goes on failing."""

from __future__ import annotations

from service.workers.failing import PAUSE_S_MAX, pause_s


def test_pauses_double_from_a_tenth_of_a_second_to_five() -> None:
    assert [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0] == [pause_s(n) for n in range(1, 9)]


def test_no_number_of_failures_is_too_large() -> None:
    assert PAUSE_S_MAX == pause_s(1_000_000)
