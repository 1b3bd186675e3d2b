"""`book`: one checkout for a trip, however often it is asked for."""

from __future__ import annotations

from domain.money import Money
from domain.trip.events import BookRequest
from domain.trip.state import Checkout, Trip
from service.desk import BookAnswer, Desk
from service.http.answers import (
    BookItemReply,
    BookReply,
    PaymentSecretsReply,
    moment,
    money,
)
from service.http.api import Answer, Call, Route, etag
from service.http.decoding import NoQuery
from service.http.identity import authorize
from service.http.problems import FieldProblem, Problem
from service.http.redirects import Redirects
from service.http.shapes import BookBody, MoneyInput
from service.http.trips import cause_of
from service.http.views import ancillary_reply

BOOK_PROBLEMS = (
    "trip_empty",
    "travelers_missing",
    "travelers_mismatch",
    "traveler_field_required",
    "invalid_travelers",
    "contact_required",
    "price_changed",
    "item_unpriced",
    "items_unavailable",
    "offer_expired",
    "sold_out",
    "ancillary_unavailable",
    "supplier_rejected",
    "supplier_unavailable",
    "currency_mismatch",
    "trip_changed",
    "checkout_in_progress",
    "state_conflict",
    "checkout_closing",
    "payment_processing",
    "already_checked_out",
    "redirect_not_allowed",
    "payment_provider_refused",
    "payment_refused",
    "payment_provider_unavailable",
    "outcome_unknown",
)


# What direct mode answers lets its holder take the payment.
DIRECT_SCOPES = ("payments:write",)


def book_routes(desk: Desk, redirects: Redirects) -> list[Route]:
    async def book(call: Call[BookBody, NoQuery]) -> Answer:
        trip_id, cause = call.path["trip_id"], cause_of(call)
        if call.body.mode == "direct":
            authorize(call.caller, DIRECT_SCOPES)
        if call.body.redirect_url is not None:
            await redirects.check(call.body.redirect_url, call.caller.tenant)
        dossier, _ = await desk.road.read(trip_id, cause.tenant)
        assert dossier.trip is not None, "read answers trips"
        booked = await desk.book(trip_id, request_of(call.body, dossier.trip), cause)
        if booked.secrets is not None:
            authorize(call.caller, DIRECT_SCOPES)
        return Answer(body=book_reply(booked), headers={"ETag": etag(booked.dossier.version)})

    return [
        Route(
            method="POST",
            path="/v1/trips/{trip_id}/book",
            handler=book,
            summary="Price everything, open one checkout",
            description="Waits for the quote and the checkout. Asked again, it answers the same "
            "checkout until that is over, with or without an Idempotency-Key. `hosted` answers a "
            "URL where the traveller pays, `direct` (needs `payments:write`) the secrets for a "
            "payment sheet.",
            tag="trips",
            body=BookBody,
            answer=BookReply,
            scopes=("payments:propose",),
            secret=True,
            problems=BOOK_PROBLEMS,
            body_example={"mode": "hosted", "expected_total": 84_230},
        )
    ]


def request_of(body: BookBody, trip: Trip) -> BookRequest:
    return BookRequest(
        mode=body.mode,
        policy=body.fulfillment_policy,
        redirect_url=body.redirect_url,
        expected_total=amount_of(body.expected_total, trip),
        tolerance=tolerance_of(body.tolerance, trip),
    )


def amount_of(given: int | MoneyInput | None, trip: Trip) -> Money | None:
    """A bare number counts minor units of the trip's currency."""
    if given is None:
        return None
    if isinstance(given, MoneyInput):
        return Money(given.amount, given.currency)
    return Money(given, trip.currency) if trip.currency is not None else None


def tolerance_of(given: int | MoneyInput | None, trip: Trip) -> int:
    amount = amount_of(given, trip)
    if amount is None:
        return 0
    if trip.currency is not None and amount.currency != trip.currency:
        detail = f"The trip is in {trip.currency}: state the tolerance in it."
        raise Problem(
            "currency_mismatch",
            detail,
            errors=[FieldProblem(pointer="/tolerance", code="currency_mismatch", detail=detail)],
        )
    return amount.amount


def book_reply(booked: BookAnswer) -> BookReply:
    checkout, trip = booked.checkout, booked.dossier.trip
    assert trip is not None, "a booked trip exists"
    group = booked.dossier.group(checkout.checkout_id)
    secrets = booked.secrets
    return BookReply(
        status="success",
        trip_id=trip.trip_id,
        version=booked.dossier.version,
        session_id=session_of(checkout),
        checkout_url=checkout.url,
        group_id=checkout.group_id or "",
        booking_codes=[booking.code for booking in group],
        total=money(checkout.amount),
        expires_at=moment(checkout.expires_at),
        items=[
            BookItemReply(
                item_id=item.item_id,
                kind=item.offer.kind,
                title=item.offer.title,
                price=money(item.price),
                available_ancillaries=[ancillary_reply(extra) for extra in item.available],
            )
            for item in trip.items
        ],
        payment=PaymentSecretsReply(
            client_secret=secrets.client_secret,
            ephemeral_key=secrets.ephemeral_key,
            customer_id=secrets.customer_id,
        )
        if secrets is not None
        else None,
    )


def session_of(checkout: Checkout) -> str:
    """What names the checkout at the payment provider: a session, or in direct mode the payment."""
    return checkout.session_id or checkout.payment_id or checkout.checkout_id
