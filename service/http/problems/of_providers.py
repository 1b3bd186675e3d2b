"""Problems that come from payment providers, banks and suppliers."""

from __future__ import annotations

from service.http.problems.kinds import ProblemType, later, problem, sent

PAYING = (
    problem(
        "payment_refused",
        422,
        "The payment provider will not do this",
        "Read `detail`; the same request will be refused again.",
    ),
    problem(
        "payment_provider_refused",
        422,
        "The payment provider will not open this checkout",
        "Read `detail`; the same request will be refused again.",
    ),
)


SUPPLIERS = (
    ProblemType(
        code="supplier_rejected",
        status=502,
        title="The supplier refused; nothing was ordered",
        advice="Read `detail`, then search again or try another offer.",
        who_must_act="supplier",
    ),
    ProblemType(
        code="insufficient_balance",
        status=503,
        title="Our account at the supplier is empty; nothing was ordered",
        advice="An operator must top it up; the same request may be repeated afterwards.",
        retryable=True,
        who_must_act="operator",
        retry_after_s=300,
    ),
    later(
        "supplier_unavailable",
        503,
        "The supplier does not answer; nothing was ordered",
        "Repeat the request after Retry-After.",
        retry_after_s=5,
        who="supplier",
    ),
    later(
        "payment_provider_unavailable",
        503,
        "The payment provider does not answer; no money moved",
        "Repeat the request after Retry-After.",
        retry_after_s=5,
    ),
    sent(
        "outcome_unknown",
        504,
        "It is not known yet whether it happened",
        "Read the trip until it is settled; repeating with the same Idempotency-Key is safe.",
        retry_after_s=5,
    ),
)
