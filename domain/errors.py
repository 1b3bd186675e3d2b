"""Refusals: what the rules do not allow, each with a stable code."""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """The command is not allowed now; nothing was recorded.

    `code` is stable snake_case for programs, `detail` a sentence for people that says what to
    do, `facts` plain values that help the caller act (both totals of a changed price, say).
    """

    def __init__(self, code: str, detail: str, **facts: Any) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.facts = facts
