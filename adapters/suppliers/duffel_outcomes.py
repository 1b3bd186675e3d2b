"""What each answer of Duffel means for an order, as data: whether it exists, certainly does not,
or has to be looked for. An answer that no row names is never taken for a refusal."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from adapters.suppliers.duffel_wire import Answer


class Verdict(StrEnum):
    """What is known about the order after the answer."""

    CREATED = "created"
    REFUSED = "refused"  # certainly nothing was created
    DEFERRED = "deferred"  # nothing was created; look once, then the same may be sent again
    UNKNOWN = "unknown"  # an order may exist or come to exist


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of answer. `code` may hold `*`; `refusal` is our word where it was refused."""

    status: int
    code: str
    verdict: Verdict
    refusal: str = ""


CREATED, REFUSED = Verdict.CREATED, Verdict.REFUSED
DEFERRED, UNKNOWN = Verdict.DEFERRED, Verdict.UNKNOWN
ANY = "*"

# The first row that fits decides.
ORDER_OUTCOMES: tuple[Row, ...] = (
    Row(201, ANY, CREATED),
    # Booked, but not to be seen yet; or accepted, and a webhook tells the outcome.
    Row(200, ANY, UNKNOWN),
    Row(202, ANY, UNKNOWN),
    Row(422, "offer_expired", REFUSED, "offer_expired"),
    Row(422, "offer_no_longer_available", REFUSED, "sold_out"),
    Row(422, "rate_unavailable", REFUSED, "sold_out"),
    Row(422, "price_changed", REFUSED, "price_changed"),
    Row(422, "payment_amount_does_not_match_order_amount", REFUSED, "price_changed"),
    Row(422, "payment_currency_does_not_match_order_currency", REFUSED, "price_changed"),
    Row(422, "ancillary_service_not_available", REFUSED, "ancillary_unavailable"),
    Row(422, "insufficient_balance", REFUSED, "insufficient_balance"),
    Row(422, "payment_declined", REFUSED, "insufficient_balance"),
    Row(422, "high_fraud_risk", REFUSED, "supplier_rejected"),
    Row(422, "invalid_order_create_type", REFUSED, "supplier_rejected"),
    Row(422, "payments_not_allowed_for_order_type", REFUSED, "supplier_rejected"),
    Row(422, "duplicate_passenger_name", REFUSED, "invalid_travelers"),
    Row(422, "invalid_*", REFUSED, "invalid_travelers"),
    Row(422, "validation_*", REFUSED, "invalid_travelers"),
    Row(422, "duplicate_booking", UNKNOWN),
    Row(422, "order_creation_already_attempted", UNKNOWN),
    Row(422, "offer_request_already_booked", UNKNOWN),
    Row(422, "booking_already_attempted", UNKNOWN),
    # Paying for a hold.
    Row(422, "already_paid", UNKNOWN),
    Row(422, "past_payment_required_by_date", REFUSED, "offer_expired"),
    Row(422, "schedule_changed", REFUSED, "supplier_rejected"),
    Row(422, "already_cancelled", REFUSED, "supplier_rejected"),
    Row(422, "order_type_not_eligible_for_payment", REFUSED, "supplier_rejected"),
    # Refused before anything was executed.
    Row(400, ANY, REFUSED, "supplier_rejected"),
    Row(401, ANY, REFUSED, "supplier_rejected"),
    Row(403, ANY, REFUSED, "supplier_rejected"),
    Row(404, "not_found", REFUSED, "offer_expired"),
    Row(406, ANY, REFUSED, "supplier_rejected"),
    Row(429, ANY, DEFERRED),
    Row(500, ANY, UNKNOWN),
    # Documented: there is no order and nothing was paid.
    Row(502, "order_not_created", REFUSED, "supplier_rejected"),
    Row(502, "airline_unknown", UNKNOWN),
    Row(502, "airline_internal", UNKNOWN),
    # Documented: no booking was created.
    Row(503, ANY, DEFERRED),
    Row(504, ANY, UNKNOWN),
)
ANYTHING_ELSE = Row(0, ANY, UNKNOWN)


def outcome_of(answer: Answer) -> Row:
    """The row of an answer. What is not JSON comes from something in between: unknown."""
    if answer.body is None:
        return ANYTHING_ELSE
    code = answer.problem.code
    for row in ORDER_OUTCOMES:
        if row.status == answer.status and fnmatchcase(code, row.code):
            return row
    return ANYTHING_ELSE


# What a refused question about an offer means: it is not to be had.
UNAVAILABLE: dict[str, str] = {
    "offer_expired": "offer_expired",
    "not_found": "offer_expired",
    "offer_no_longer_available": "sold_out",
    "offer_request_already_booked": "sold_out",
    "rate_unavailable": "sold_out",
    "ancillary_service_not_available": "ancillary_unavailable",
}
CANCELLATION_REFUSALS: dict[str, str] = {
    "order_not_cancellable": "not_cancellable",
    "booking_not_cancellable": "not_cancellable",
    "order_cancellation_stale": "cancellation_quote_stale",
}
REJECTED = "supplier_rejected"


REFUSAL_STATUSES = frozenset({400, 404, 409, 410, 422})


def is_refusal(answer: Answer) -> bool:
    """A definite no to a question. All else, our own rejected token included, is no answer to it,
    and it may be asked again."""
    return answer.body is not None and answer.status in REFUSAL_STATUSES
