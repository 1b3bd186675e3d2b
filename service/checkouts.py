"""Whether the checkout that a caller of `book` waits for is open, or why it will not be."""

from __future__ import annotations

from collections.abc import Sequence

from domain.dossier import Dossier
from domain.errors import Refused
from domain.trip.events import QuoteProblem
from domain.trip.lifecycle import status
from domain.trip.quoting import price_changed
from domain.trip.state import Checkout, Quote, Trip


def opened(dossier: Dossier) -> Checkout | None:
    """The checkout a caller of `book` waits for, None while it is under way; raises Refused."""
    trip = dossier.trip
    assert trip is not None, "only an existing trip is booked"
    match status(trip):
        case "quoting" | "opening":
            return None
        case "quoted":
            quote = trip.quote
            assert quote is not None, "a quoted trip has a quote"
            assert quote.total is not None, "a completed quote has a total"
            assert quote.shown_total is not None, "a completed quote knows what was shown"
            stated = quote.request.expected_total or quote.shown_total
            raise price_changed(stated, quote.total, quote.request.tolerance)
        case "draft":
            raise why_not(trip)
        case _:
            return trip.checkout


def why_not(trip: Trip) -> Refused:
    """The reason why a trip that was being booked is a draft again."""
    quote, checkout = trip.quote, trip.checkout
    if quote is not None and quote.status == "failed":
        return not_to_be_had(quote.problems)
    # A checkout that was refused for an earlier quote is no answer for this one.
    if checkout is not None and checkout.status == "refused" and of_quote(checkout, quote):
        return Refused(
            "payment_provider_refused",
            "The payment provider would not open a checkout for this trip.",
            provider_code=checkout.reason,
        )
    return Refused("trip_changed", "The trip was changed while it was being booked; book again.")


def of_quote(checkout: Checkout, quote: Quote | None) -> bool:
    return quote is not None and checkout.quote_id == quote.quote_id


def not_to_be_had(problems: Sequence[QuoteProblem]) -> Refused:
    codes = {problem.code for problem in problems}
    items = [
        {"item_id": problem.item_id, "code": problem.code, "detail": problem.detail}
        for problem in problems
    ]
    code = codes.pop() if len(codes) == 1 else "items_unavailable"
    return Refused(code, "; ".join(problem.detail for problem in problems), items=items)
