"""What a coded problem tells: did anything happen, may it be repeated as it is, who must act."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Happened = Literal["nothing", "unknown", "something"]
Actor = Literal["caller", "traveller", "supplier", "operator", "nobody"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemType:
    """`happened` tells what the refused request changed; `retryable` whether the very same request
    may succeed later; `retry_after_s` how long to wait first."""

    code: str
    status: int
    title: str
    advice: str
    retryable: bool = False
    happened: Happened = "nothing"
    who_must_act: Actor = "caller"
    retry_after_s: int | None = None


def problem(code: str, status: int, title: str, advice: str) -> ProblemType:
    """The caller must change something; nothing happened."""
    return ProblemType(code=code, status=status, title=title, advice=advice)


def done(code: str, title: str, advice: str) -> ProblemType:
    """What was asked for has been done before: nothing to do, least of all again."""
    return ProblemType(code=code, status=409, title=title, advice=advice, who_must_act="nobody")


def later(
    code: str, status: int, title: str, advice: str, *, retry_after_s: int, who: Actor = "nobody"
) -> ProblemType:
    """The same request may be repeated after a pause; nothing happened."""
    return ProblemType(
        code=code,
        status=status,
        title=title,
        advice=advice,
        retryable=True,
        who_must_act=who,
        retry_after_s=retry_after_s,
    )


def sent(code: str, status: int, title: str, advice: str, *, retry_after_s: int) -> ProblemType:
    """It may or may not have happened: read before anything else."""
    return ProblemType(
        code=code,
        status=status,
        title=title,
        advice=advice,
        retryable=True,
        happened="unknown",
        who_must_act="operator" if status == 500 else "nobody",
        retry_after_s=retry_after_s,
    )
