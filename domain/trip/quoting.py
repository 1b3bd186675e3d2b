"""Deciding prices: when a trip may be priced, and when a price may be charged."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from domain import ids
from domain.errors import Refused
from domain.money import Money, total
from domain.suppliers import PassengerType, RequoteAnswer, Unavailable
from domain.trip import commands as c
from domain.trip import events as e
from domain.trip.lifecycle import ensure_may, status
from domain.trip.state import Item, Quote, Trip

# What an airline needs of each traveler beyond a name.
FLIGHT_FIELDS = ("date_of_birth", "gender")


def book(command: c.Book, trip: Trip) -> list[e.TripEvent]:
    """Price the trip, or open a checkout for a price it has already; nothing if under way."""
    ensure_may("book", trip)
    match status(trip):
        case "quoting" | "opening":
            return []
        case "awaiting_payment":
            ensure_same_checkout(command.request, trip)
            return []
        case _:
            pass
    ensure_ready(trip, command.now)
    quote = trip.quote
    if quote is not None and payable(quote, trip, command.now):
        ensure_agreed(command.request, quote)
        return [requested(quote, command.request, trip, command.now)]
    return [
        e.QuoteScheduled(
            quote_id=command.quote_id,
            revision=trip.revision,
            request=command.request,
            scheduled_at=command.now,
        )
    ]


def ensure_same_checkout(request: e.BookRequest, trip: Trip) -> None:
    """An open checkout answers again only to who asks for the same kind at the same total. Who
    does not say what becomes of mixed results asks for `keep_confirmed`, and takes either."""
    checkout = trip.checkout
    assert checkout is not None, "awaiting payment without a checkout"
    if checkout.mode != request.mode or request.policy not in {checkout.policy, "keep_confirmed"}:
        raise Refused(
            "state_conflict",
            f"A {checkout.mode} checkout with {checkout.policy} is open; pay it, or edit the trip "
            "to close it.",
            mode=checkout.mode,
            policy=checkout.policy,
            group_id=checkout.group_id,
        )
    expected = request.expected_total
    if expected is not None and differs(expected, checkout.amount, request.tolerance):
        raise price_changed(expected, checkout.amount, request.tolerance)


def ensure_ready(trip: Trip, now: datetime) -> None:
    """Refuse to price a trip that could not be booked whatever it costs."""
    if not trip.items:
        raise Refused("trip_empty", "The trip has no items; add one first.")
    for item in trip.items:
        if item.offer.expires_at <= now:
            raise Refused(
                "offer_expired",
                f"The offer for {item.offer.title} has expired; remove it and search again.",
                item_id=item.item_id,
            )
        if item.price.amount <= 0:
            raise Refused("item_unpriced", f"{item.offer.title} has no price.")
    if not trip.travelers:
        raise Refused("travelers_missing", "Say who travels first (PUT travelers).")
    if trip.contact is None:
        raise Refused("contact_required", "Say whom to write to first (contact in PUT travelers).")
    for item in trip.items:
        ensure_travelers_fit(item, trip)


def ensure_travelers_fit(item: Item, trip: Trip) -> None:
    if item.offer.kind != "flight":
        return
    wanted = Counter(slot.passenger_type for slot in item.offer.passengers)
    given = Counter(traveler.passenger_type for traveler in trip.travelers)
    if wanted != given:
        raise Refused(
            "travelers_mismatch",
            f"{item.offer.title} was priced for {spelled(wanted)}, the trip has {spelled(given)}.",
            item_id=item.item_id,
        )
    for index, traveler in enumerate(trip.travelers):
        for name in FLIGHT_FIELDS:
            if name not in traveler.fields:
                raise Refused(
                    "traveler_field_required",
                    f"A flight needs the {name} of every traveler.",
                    pointer=f"/travelers/{index}/{name}",
                    traveler_id=traveler.traveler_id,
                )


def spelled(types: Counter[PassengerType]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(types.items())) or "nobody"


def payable(quote: Quote, trip: Trip, now: datetime) -> bool:
    """Whether this price is still the price of this trip."""
    return (
        quote.status == "completed"
        and quote.revision == trip.revision
        and quote.expires_at is not None
        and quote.expires_at > now
    )


def differs(expected: Money, actual: Money, tolerance: int) -> bool:
    return expected.currency != actual.currency or abs(actual.amount - expected.amount) > tolerance


def price_changed(old: Money, new: Money, tolerance: int) -> Refused:
    return Refused(
        "price_changed",
        f"The total is {new} now, not {old}. Show it, and book again with it as expected_total.",
        old_total=old,
        new_total=new,
        tolerance=tolerance,
    )


def ensure_agreed(request: e.BookRequest, quote: Quote) -> None:
    """A stated total must match; without one, the caller was told this price and asks again."""
    expected = request.expected_total
    assert quote.total is not None, "a completed quote has a total"
    if expected is not None and differs(expected, quote.total, request.tolerance):
        raise price_changed(expected, quote.total, request.tolerance)


def record_quote(command: c.RecordQuote, trip: Trip) -> list[e.TripEvent]:
    """All items' prices are in: complete the quote and, unless it got dearer, open a checkout."""
    quote = trip.quote
    if quote is None or quote.quote_id != command.quote_id or quote.status != "scheduled":
        return []
    problems = [
        problem
        for item in trip.items
        if (problem := find_problem(item, command.answers[item.item_id], trip, command.now))
    ]
    if problems:
        return [
            e.QuoteFailed(quote_id=quote.quote_id, problems=tuple(problems), failed_at=command.now)
        ]
    completed = complete(command, quote, trip)
    if must_ask(quote.request, completed):
        return [completed]
    return [completed, requested(completed, quote.request, trip, command.now)]


def find_problem(
    item: Item, answer: RequoteAnswer, trip: Trip, now: datetime
) -> e.QuoteProblem | None:
    if isinstance(answer, Unavailable):
        return e.QuoteProblem(item_id=item.item_id, code=answer.code, detail=answer.detail)
    if answer.price.currency != trip.currency:
        return e.QuoteProblem(
            item_id=item.item_id,
            code="currency_mismatch",
            detail=f"The supplier now asks for {answer.price.currency}.",
        )
    if answer.price.amount <= 0:
        return e.QuoteProblem(
            item_id=item.item_id, code="item_unpriced", detail="The supplier named no price."
        )
    if answer.expires_at <= now:
        return e.QuoteProblem(
            item_id=item.item_id, code="offer_expired", detail="The offer has just expired."
        )
    return None


def complete(command: c.RecordQuote, quote: Quote, trip: Trip) -> e.QuoteCompleted:
    lines = []
    for item in trip.items:
        answer = command.answers[item.item_id]
        assert not isinstance(answer, Unavailable), "problems were looked for before"
        lines.append(
            e.QuoteLine(
                item_id=item.item_id,
                price=answer.price,
                expires_at=answer.expires_at,
                supplier_quote_id=answer.supplier_quote_id,
                refundable=answer.refundable,
                holdable=answer.holdable,
                conditions=answer.conditions,
                ancillaries=answer.ancillaries,
            )
        )
    shown = trip.shown_total
    assert shown is not None, "a trip is priced only with items"
    return e.QuoteCompleted(
        quote_id=quote.quote_id,
        lines=tuple(lines),
        total=total((line.price for line in lines), shown.currency),
        shown_total=shown,
        expires_at=min(line.expires_at for line in lines),
        completed_at=command.now,
    )


def must_ask(request: e.BookRequest, quote: e.QuoteCompleted) -> bool:
    """A total that was stated must match; one that was only shown may have fallen, not risen."""
    if request.expected_total is not None:
        return differs(request.expected_total, quote.total, request.tolerance)
    return quote.total.amount > quote.shown_total.amount + request.tolerance


def requested(
    quote: Quote | e.QuoteCompleted, request: e.BookRequest, trip: Trip, now: datetime
) -> e.CheckoutRequested:
    assert quote.total is not None, "only a completed quote is charged"
    assert quote.expires_at is not None, "only a completed quote is charged"
    attempt = len(trip.checkouts) + 1
    return e.CheckoutRequested(
        checkout_id=ids.checkout_id(trip.trip_id, attempt),
        attempt=attempt,
        quote_id=quote.quote_id,
        mode=request.mode,
        policy=request.policy,
        amount=quote.total,
        redirect_url=request.redirect_url,
        expires_at=quote.expires_at,
        requested_at=now,
    )


def expire_quote(command: c.ExpireQuote, trip: Trip) -> list[e.TripEvent]:
    quote = trip.quote
    if quote is None or quote.quote_id != command.quote_id or status(trip) != "quoted":
        return []
    return [e.QuoteExpired(quote_id=quote.quote_id, expired_at=command.now)]
