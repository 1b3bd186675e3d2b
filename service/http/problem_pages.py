"""What each problem code means: the pages that the `type` of a problem points to."""

from __future__ import annotations

import msgspec

from service.http.api import Answer, Call, Route
from service.http.decoding import NoQuery
from service.http.problems import CATALOGUE, Problem, ProblemType
from service.http.problems.kinds import Actor, Happened


class ProblemPage(msgspec.Struct, kw_only=True):
    """A code: `happened` tells what a request refused with it has changed, `retryable` whether the
    very same request may succeed later."""

    type: str
    code: str
    status: int
    title: str
    happened: Happened
    retryable: bool
    retry_after_s: int | None
    who_must_act: Actor
    advice: str


class ProblemPages(msgspec.Struct, kw_only=True):
    problems: list[ProblemPage]


def page(kind: ProblemType) -> ProblemPage:
    return ProblemPage(
        type=f"/problems/{kind.code}",
        code=kind.code,
        status=kind.status,
        title=kind.title,
        happened=kind.happened,
        retryable=kind.retryable,
        retry_after_s=kind.retry_after_s,
        who_must_act=kind.who_must_act,
        advice=kind.advice,
    )


async def list_problems(_: Call[None, NoQuery]) -> Answer:
    return Answer(body=ProblemPages(problems=[page(kind) for kind in CATALOGUE.values()]))


async def explain_problem(call: Call[None, NoQuery]) -> Answer:
    kind = CATALOGUE.get(call.path["problem_code"])
    if kind is None:
        raise Problem("problem_not_found", "There is no such problem code.")
    return Answer(body=page(kind))


PROBLEM_ROUTES = [
    Route(
        method="GET",
        path="/problems",
        handler=list_problems,
        summary="Every problem code and what it means",
        tag="operations",
        answer=ProblemPages,
        public=True,
    ),
    Route(
        method="GET",
        path="/problems/{problem_code}",
        handler=explain_problem,
        summary="What a problem code means",
        tag="operations",
        answer=ProblemPage,
        public=True,
    ),
]
