"""The calls of Wink's direct checkout that concern bookings: reading and cancelling them."""

from __future__ import annotations

from service.http.api import Route
from service.http.wink import answers as a
from service.http.wink.bookings import Bookings
from service.http.wink.cancelling import Cancelling
from service.http.wink.problems import TAG
from service.http.wink.shapes import CancellationBody, GroupQuery, PageQuery, StateQuery


def booking_routes(bookings: Bookings) -> list[Route]:
    reads = ("trips:read",)
    return [
        Route(
            method="GET",
            path="/api/booking/list",
            handler=bookings.page,
            summary="All bookings, page by page",
            description="The newest first; pages are counted from zero.",
            tag=TAG,
            query=PageQuery,
            answer=a.BookingPageReply,
            scopes=reads,
        ),
        Route(
            method="GET",
            path="/api/booking/state",
            handler=bookings.by_state,
            summary="Bookings whose stay is ahead, or over",
            description="Among the newest thousand.",
            tag=TAG,
            query=StateQuery,
            answer=list[a.WinkBookingReply],
            scopes=reads,
        ),
        Route(
            method="GET",
            path="/api/booking/group/{groupIdentifier}",
            handler=bookings.of_group,
            summary="All bookings of one checkout",
            tag=TAG,
            answer=list[a.WinkBookingReply],
            scopes=reads,
        ),
        Route(
            method="GET",
            path="/api/booking/tx/{paymentIdentifier}",
            handler=bookings.of_payment,
            summary="All bookings of one payment",
            description="By Stripe's id of the PaymentIntent or of the Checkout Session.",
            tag=TAG,
            answer=list[a.WinkBookingReply],
            scopes=reads,
            problems=("payment_provider_unavailable", "outcome_unknown"),
        ),
        Route(
            method="GET",
            path="/api/booking/{bookingIdentifier}",
            handler=bookings.show,
            summary="A booking",
            description="`statusHistory` is told from the log: every change, by whom, and why.",
            tag=TAG,
            answer=a.WinkBookingReply,
            scopes=reads,
        ),
    ]


def cancelling_routes(cancelling: Cancelling) -> list[Route]:
    problems = (
        "not_cancellable",
        "already_cancelled",
        "cancellation_quote_stale",
        "supplier_unavailable",
        "outcome_unknown",
        "version_conflict",
    )
    one = "/api/booking/{bookingIdentifier}"
    group = "/api/booking/group/{groupIdentifier}"
    return [
        Route(
            method="GET",
            path=f"{group}/refund-preview",
            handler=cancelling.preview_group,
            summary="What would cancelling a checkout's bookings give back?",
            tag=TAG,
            query=GroupQuery,
            answer=a.GroupRefundPreviewReply,
            scopes=("trips:read",),
            problems=("supplier_unavailable",),
        ),
        Route(
            method="GET",
            path=f"{one}/refund-preview",
            handler=cancelling.preview,
            summary="What would cancelling a booking give back?",
            description="Asks the supplier; nothing is recorded, and nothing is promised.",
            tag=TAG,
            answer=a.RefundPreviewReply,
            scopes=("trips:read",),
            problems=("supplier_unavailable",),
        ),
        Route(
            method="PATCH",
            path=group,
            handler=cancelling.cancel_group,
            summary="Cancel the bookings of a checkout",
            description="Answers those that were cancelled now: none where all had been before.",
            tag=TAG,
            body=CancellationBody,
            query=GroupQuery,
            answer=list[a.WinkBookingReply],
            scopes=("payments:write",),
            problems=problems,
        ),
        Route(
            method="PATCH",
            path=one,
            handler=cancelling.cancel,
            summary="Cancel a booking",
            tag=TAG,
            body=CancellationBody,
            answer=a.WinkBookingReply,
            scopes=("payments:write",),
            problems=problems,
        ),
    ]
