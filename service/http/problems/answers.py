"""Turns refusals into RFC 9457 answers (`application/problem+json`) out of the one catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from typing import Any, Literal

import msgspec
import structlog
from aiohttp import web

from adapters.event_log.appending import LogUnreachable
from domain.errors import Refused
from domain.log import TripMoved
from domain.money import Money
from domain.payments import PaymentOutcomeUnknown, PaymentProviderBusy, PaymentRefused
from domain.suppliers import SupplierUnavailable, WebhookRejected
from service.http.problems.catalogue import CATALOGUE
from service.http.problems.kinds import ProblemType

MEDIA_TYPE = "application/problem+json"

# What a refusal is answered as while its code is not in the catalogue; a test keeps that from
# happening with the rules' own codes.
UNKNOWN_CODE = "state_conflict"

log = structlog.get_logger(__name__)


class FieldProblem(msgspec.Struct, frozen=True, kw_only=True):
    """One field that must be fixed: `pointer` is a JSON Pointer (RFC 6901) into the body, or the
    name of a query parameter with `in` = `query`."""

    pointer: str
    code: str
    detail: str
    location: Literal["body", "query", "path", "header"] = msgspec.field(default="body", name="in")


class ProblemDocument(msgspec.Struct, frozen=True, kw_only=True):
    """RFC 9457 problem details with this service's members."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    retryable: bool
    request_id: str
    properties: dict[str, Any]
    errors: list[FieldProblem]


class Problem(Exception):
    """A request that is answered with a problem; `facts` go into its `properties`."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        errors: Sequence[FieldProblem] = (),
        facts: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.kind = CATALOGUE[code]
        self.detail = detail
        self.errors = tuple(errors)
        self.facts = dict(facts or {})
        self.headers = dict(headers or {})

    @classmethod
    def of(cls, refused: Refused) -> Problem:
        """A refusal of the rules in the words of HTTP."""
        code = refused.code
        if code not in CATALOGUE:
            log.error("problem_code_unknown", code=code)
            code = UNKNOWN_CODE
        return cls(code, refused.detail, facts=refused.facts)


# What the outside world may raise through a handler; the details are ours, not theirs.
OUTSIDE: dict[type[Exception], tuple[str, str]] = {
    LogUnreachable: ("outcome_unknown", "The log did not say whether it was recorded."),
    TripMoved: ("version_conflict", "The trip never held still while this waited."),
    SupplierUnavailable: ("supplier_unavailable", "The supplier gave no usable answer."),
    PaymentProviderBusy: ("payment_provider_unavailable", "The payment provider is busy."),
    PaymentOutcomeUnknown: ("outcome_unknown", "The payment provider's answer got lost."),
    PaymentRefused: ("payment_refused", "The payment provider refused the request."),
    WebhookRejected: ("webhook_rejected", "The signature, its time or the body is not acceptable."),
}


def problem_of(error: Exception) -> Problem | None:
    """The problem an exception stands for; None: it is a fault of this program."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, Refused):
        return Problem.of(error)
    for kind, (code, detail) in OUTSIDE.items():
        if isinstance(error, kind):
            return Problem(code, detail)
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How a family of routes puts problems: its statuses, its media type, its document made of
    (problem, instance, request id)."""

    media_type: str
    shape: type[msgspec.Struct]
    status: Callable[[ProblemType], int]
    document: Callable[[Problem, str, str], msgspec.Struct]


def answer(
    problem: Problem, *, instance: str, request_id: str, dialect: Dialect | None = None
) -> web.Response:
    spoken = dialect or NATIVE
    kind = problem.kind
    headers = dict(problem.headers)
    wait = problem.facts.get("retry_after_s", kind.retry_after_s)
    if wait is not None:
        headers.setdefault("Retry-After", str(max(1, round(float(wait)))))
    return web.Response(
        status=spoken.status(kind),
        body=msgspec.json.encode(spoken.document(problem, instance, request_id)),
        content_type=spoken.media_type,
        headers=headers,
    )


def document(problem: Problem, *, instance: str, request_id: str) -> ProblemDocument:
    kind = problem.kind
    return ProblemDocument(
        type=f"/problems/{kind.code}",
        title=kind.title,
        status=kind.status,
        detail=problem.detail,
        instance=instance,
        code=kind.code,
        retryable=kind.retryable,
        request_id=request_id,
        properties={name: plain(value) for name, value in problem.facts.items()} | guidance(kind),
        errors=list(problem.errors),
    )


NATIVE = Dialect(
    media_type=MEDIA_TYPE,
    shape=ProblemDocument,
    status=lambda kind: kind.status,
    document=lambda problem, instance, request_id: document(
        problem, instance=instance, request_id=request_id
    ),
)


def guidance(kind: ProblemType) -> dict[str, Any]:
    return {
        "happened": kind.happened,
        "who_must_act": kind.who_must_act,
        "advice": kind.advice,
    }


def plain(value: object) -> Any:
    """A fact of the rules as JSON can carry it."""
    if isinstance(value, Money):
        return {"amount": value.amount, "currency": value.currency}
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each) for each in value]
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    return msgspec.to_builtins(value, str_keys=True)
