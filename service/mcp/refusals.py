"""Refusals as a model can act on them: a code, whether to try again, what to do instead."""

from __future__ import annotations

from typing import Any

from service.http.problems import Problem, document
from service.mcp.text import cleaned, cleaned_all

NEXT = {
    "validation_failed": "Correct the fields named in details.errors and call again.",
    "trip_empty": "Search, then call trip with add_item.",
    "travelers_missing": "Ask who travels, then call trip with upsert_travelers.",
    "travelers_mismatch": "Call trip with upsert_travelers so that number and passenger types "
    "match, or search again for those who really travel.",
    "traveler_field_required": "Ask the traveler for the field, then call trip with "
    "upsert_travelers. Never make it up.",
    "placeholder_traveler": "Ask the traveler for the real data. Never make it up.",
    "contact_required": "Ask for e-mail and telephone, then call trip with "
    "upsert_travelers.contact.",
    "price_changed": "Show the traveler both totals; if they agree to details.new_total, call book "
    "again.",
    "offer_not_found": "Search again and use the trip_item_token of an offer from that answer.",
    "offer_expired": "Search again, then call trip with remove_item and add_item to swap it.",
    "sold_out": "Search again, then call trip with remove_item and add_item to swap it.",
    "items_unavailable": "Swap or remove the items in details.items by trip, then call book again.",
    "duplicate_item": "It is in the trip already. Call get_trip and go on.",
    "already_checked_out": "It is paid. Call get_trip; do not book again.",
    "trip_not_found": "Use a trip_id that trip has answered, or start a trip without trip_id.",
    "item_not_found": "Call get_trip and use an item_id from there.",
    "insufficient_scope": "This key may not do it. Tell the user; do not repeat the call.",
}


def refusal(problem: Problem, request_id: str) -> dict[str, Any]:
    """`details` holds the facts: the fields to fix, both totals, the items that are gone."""
    kind = problem.kind
    told = document(problem, instance="/mcp", request_id=request_id)
    facts = {k: v for k, v in told.properties.items() if k not in GUIDANCE}
    error: dict[str, Any] = {
        "code": kind.code,
        "message": cleaned(problem.detail),
        "retryable": kind.retryable,
        "happened": kind.happened,
        "who_must_act": kind.who_must_act,
        "next": NEXT.get(kind.code, kind.advice),
        "request_id": request_id,
        "details": cleaned_all(facts),
    }
    if kind.retry_after_s is not None:
        error["retry_after_s"] = kind.retry_after_s
    if told.errors:
        error["details"]["errors"] = [
            {"field": each.pointer, "code": each.code, "message": cleaned(each.detail)}
            for each in told.errors
        ]
    return {"error": error}


GUIDANCE = frozenset(["happened", "who_must_act", "advice"])
