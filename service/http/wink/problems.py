"""How refusals are told in Wink's contract: with its statuses, and with everything a client needs
to know repeated in `properties`, where that contract documents it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from domain.money import Money
from service.http.problems import CATALOGUE, Dialect, Problem, ProblemDocument, ProblemType
from service.http.problems import document as native_document
from service.http.problems.answers import MEDIA_TYPE

# Under which all its calls stand in the published contract.
TAG = "compatible"

# What Wink answers with another status, or calls by another name.
WORDS = {
    "validation_failed": "invalid_request",
    "trip_not_found": "cart_not_found",
    "trip_empty": "cart_empty",
    "sold_out": "inventory_unavailable",
    "offer_expired": "inventory_unavailable",
    "offer_not_found": "inventory_unavailable",
    "items_unavailable": "inventory_unavailable",
    "item_unpriced": "inventory_unavailable",
    "supplier_rejected": "inventory_unavailable",
}
# Facts of the rules under the names clients of this contract know.
NAMES = {"group_id": "groupIdentifier", "item_id": "identifier"}


def spoken(code: str) -> str:
    return WORDS.get(code, code)


def document(problem: Problem, instance: str, request_id: str) -> ProblemDocument:
    code = spoken(problem.kind.code)
    told = Problem(code, problem.detail, errors=problem.errors, facts=problem.facts)
    shown = native_document(told, instance=instance, request_id=request_id)
    nested = renamed(shown.properties)
    nested |= {
        NAMES.get(name, name): major(value)
        for name, value in problem.facts.items()
        if isinstance(value, Money)
    }
    if found := items(problem):
        nested["items"] = found
    nested |= {"code": code, "retryable": shown.retryable, "requestId": request_id}
    return msgspec.structs.replace(shown, properties=nested)


def items(problem: Problem) -> list[dict[str, Any]]:
    """What is wrong with which item; a refusal that names one item is told per item as well."""
    if isinstance(told := problem.facts.get("items"), list):
        return [renamed(each) for each in told]
    item_id = problem.facts.get("item_id")
    if item_id is None:
        return []
    return [{"identifier": item_id, "code": problem.kind.code, "detail": problem.detail}]


def renamed(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {NAMES.get(name, name): value for name, value in facts.items()}


def major(amount: Money) -> dict[str, Any]:
    """Money as this contract writes it: a number of whole units, every digit of it ours."""
    return {"amount": msgspec.Raw(str(amount.to_decimal()).encode()), "currency": amount.currency}


def status(kind: ProblemType) -> int:
    return CATALOGUE[spoken(kind.code)].status


WINK = Dialect(
    media_type=MEDIA_TYPE,
    shape=ProblemDocument,
    status=status,
    document=document,
)
