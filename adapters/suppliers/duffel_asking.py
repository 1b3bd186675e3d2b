"""Questions to Duffel: answered, definitely refused, or to be asked again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from adapters.answers import NONSENSE, as_declared
from adapters.suppliers.duffel_outcomes import is_refusal
from adapters.suppliers.duffel_wire import Answer, DuffelWire, NoAnswer, NotSent, Problem
from domain.suppliers import JsonObject, SupplierUnavailable

T = TypeVar("T")


class QuestionRefused(Exception):
    """Duffel's definite no to a question."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


async def ask(
    wire: DuffelWire,
    method: str,
    path: str,
    *,
    data: JsonObject | None = None,
    query: dict[str, str] | None = None,
) -> Answer:
    """The answer, if it is a usable one; raises SupplierUnavailable or QuestionRefused."""
    try:
        answer = await wire.ask(method, path, data=data, query=query)
    except (NotSent, NoAnswer) as error:
        raise SupplierUnavailable(f"Duffel did not answer ({error})") from error
    if is_refusal(answer):
        raise QuestionRefused(answer.problem)
    if not 200 <= answer.status < 300 or answer.body is None or "data" not in answer.body:
        raise SupplierUnavailable(str(answer.problem))
    return answer


async def ask_data(
    wire: DuffelWire,
    method: str,
    path: str,
    *,
    data: JsonObject | None = None,
    query: dict[str, str] | None = None,
) -> Any:
    return (await ask(wire, method, path, data=data, query=query)).data


def understood(read: Callable[[], T]) -> T:
    """What was read from an answer; one that makes no sense counts as none."""
    try:
        return as_declared(read())
    except NONSENSE as error:
        raise SupplierUnavailable(
            f"Duffel's answer makes no sense ({type(error).__name__})"
        ) from error
