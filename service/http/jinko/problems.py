"""Problems in Jinko's envelope, `{"error": {"code", "message", "details"}}`, under the statuses its
documents give them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from service.http.problems import Dialect, Problem, ProblemDocument, ProblemType, document

VALIDATION_FAILED = "VALIDATION_FAILED"
SHAPE = frozenset(["invalid_request", "malformed_json", "validation_failed"])

# Where Jinko's meaning of a status parts from the native one. 400: refused before any rule was
# asked; 409: the trip's state does not allow it; 422: the supplier's side has it no more, or at
# another price.
STATUSES: dict[str, int] = {
    **dict.fromkeys(("validation_failed", "placeholder_traveler", "dates_in_past"), 400),
    **dict.fromkeys(
        (
            "trip_empty",
            "travelers_missing",
            "travelers_mismatch",
            "traveler_field_required",
            "contact_required",
            "too_many_items",
            "too_many_travelers",
            "duplicate_item",
            "currency_mismatch",
        ),
        409,
    ),
    **dict.fromkeys(
        (
            "price_changed",
            "offer_expired",
            "items_unavailable",
            "sold_out",
            "supplier_rejected",
        ),
        422,
    ),
}


class ErrorReply(msgspec.Struct, frozen=True, kw_only=True):
    """`details` says by `retryable` whether the same request may succeed later, by `field` what to
    fix, by `happened` and `who_must_act` how things stand."""

    code: str
    message: str
    details: dict[str, Any]


class ErrorEnvelope(msgspec.Struct, frozen=True, kw_only=True):
    error: ErrorReply


def status_of(kind: ProblemType) -> int:
    return STATUSES.get(kind.code, kind.status)


def code_of(kind: ProblemType) -> str:
    return VALIDATION_FAILED if kind.code in SHAPE else kind.code.upper()


def envelope(problem: Problem, instance: str, request_id: str) -> ErrorEnvelope:
    told = document(problem, instance=instance, request_id=request_id)
    return ErrorEnvelope(
        error=ErrorReply(
            code=code_of(problem.kind), message=told.detail, details=details_of(problem, told)
        )
    )


def details_of(problem: Problem, told: ProblemDocument) -> dict[str, Any]:
    details: dict[str, Any] = {
        **told.properties,
        "retryable": told.retryable,
        "request_id": told.request_id,
    }
    if fields := [dotted(error.pointer) for error in told.errors if error.pointer]:
        details["field"] = fields[0]
        details["fields"] = [
            {"field": field, "code": error.code, "message": error.detail}
            for field, error in zip(fields, pointed(told), strict=True)
        ]
    elif isinstance(pointer := problem.facts.get("pointer"), str):
        details["field"] = dotted(f"/upsert_travelers{pointer}")
    if problem.kind.retry_after_s is not None:
        details["retry_after_s"] = problem.kind.retry_after_s
    return details


def pointed(told: ProblemDocument) -> Iterable[Any]:
    return [error for error in told.errors if error.pointer]


def dotted(pointer: str) -> str:
    """`/upsert_travelers/travelers/0/first_name` as `upsert_travelers.travelers.0.first_name`."""
    return pointer.removeprefix("/").replace("/", ".")


JINKO = Dialect(
    media_type="application/json", shape=ErrorEnvelope, status=status_of, document=envelope
)
